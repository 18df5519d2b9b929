/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef DAEMON_EVENTS_H
#define DAEMON_EVENTS_H

/*
 * What the daemon does when something happens: the callbacks of its parts, whose context is the
 * struct daemon. On the loop's thread, except for events_lines_ready().
 */

#include "daemon/parts.h"

/* The loop, and its handles. 0; or -errno, which the log has said. */
int events_open_loop(struct daemon *daemon);
int events_start_signals(struct daemon *daemon);
/*
 * Begins to close everything that keeps the loop going; the loop ends when the last job is done.
 * May be called again.
 */
void events_stop(struct daemon *daemon);
/* Logs what an operator must know, where it is not as at the last call (problems.h). */
void events_log_problems(struct daemon *daemon);

void events_manifests_progress(void *context); /* a large manifest is read before the loop runs */
void events_source_read(void *context, bool changed, uint64_t since_ns); /* a source_done */
void events_published(void *context);
void events_lines_ready(void *context); /* on the log thread */
void events_handed_over(void *context);
void events_helper_ended(void *context);

#endif
