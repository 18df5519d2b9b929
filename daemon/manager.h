/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef DAEMON_MANAGER_H
#define DAEMON_MANAGER_H

/*
 * The daemon as the service manager sees it (notify.h): ready, reloading, stopping, a line about
 * what it does (`systemctl status` shows it), and alive. For the latter each worker is sent a
 * message through its own queue's socket, and the watchdog is fed only when all have taken theirs.
 * A worker that hangs, or has ended, leaves packets without a verdict, and only a new start helps.
 * For the loop's thread.
 */

#include <uv.h>

#include "enforcer/publish/enforcement.h"
#include "enforcer/publish/publish.h"

struct manager;

struct manager_options {
	uv_loop_t *loop;
	const struct settings *settings;
	struct enforcement *enforcement;
	const struct publisher *publisher;
};

/*
 * Everything runs: says so. Without a service manager *out is NULL, which the others take. 0 or
 * -errno.
 */
int manager_ready(struct manager **out, const struct manager_options *options);
/* The start goes on and takes its time: asks for more of it when that is due. */
void manager_starting(void);
/* The manifests are about to be read again; the manager is told when all of it is enforced. */
void manager_reloading(struct manager *manager);
/* To be called when the loop is to end; the memory goes with the close callback. */
void manager_stopping(struct manager *manager);

#endif
