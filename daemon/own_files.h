/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef DAEMON_OWN_FILES_H
#define DAEMON_OWN_FILES_H

/*
 * The files that the daemon writes: the verdict log and the objects in the state directory. Their
 * folders are given to the user that podgate will be, and they are opened as that user, which
 * will have to rotate the log. For the main thread, before there are others.
 */

#include "config/state/state_keeper.h"
#include "enforcer/log/verdict_log.h"
#include "enforcer/privilege/confinement.h"

/*
 * `lines_ready` is called on the log thread (verdict_log.h). 0; or -errno, which podgate's log has
 * said, and what was opened is in *log and *keeper.
 */
int own_files_open(const struct confinement *confinement, void (*lines_ready)(void *context),
	void *context, struct verdict_log **log, struct state_keeper **keeper);

#endif
