/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SERVICE_METRICS_METRICS_H
#define SERVICE_METRICS_METRICS_H

/*
 * What metrics_listen serves, over HTTP: /metrics (metrics_text.h), /healthz and /readyz
 * (health.h). On a thread of its own: so what strangers send is read beside the loop and not on it,
 * a flood of theirs costs this thread a bounded part of a CPU and nobody else anything, and whether
 * the loop lives can be answered by one that is not the loop. The figures come from the loop
 * (figures_query.h); while it does not hand them over, /metrics answers 503.
 *
 * All functions are for the loop's thread.
 */

#include <uv.h>

#include "enforcer/log/policy_hits.h"
#include "process/problem.h"
#include "service/http/http_server.h"
#include "service/views/status_figures.h"

struct metrics;

/*
 * Binds and listens; what connects waits for metrics_start(). With `inherited` not negative, that
 * socket listens there already, and is the callee's. 0; or -errno with a sentence and its remedy in
 * `problem`.
 */
int metrics_open(struct metrics **out, uv_loop_t *loop, const char *listen, int inherited,
	char problem[PROBLEM_SIZE]);
int metrics_listener(const struct metrics *metrics); /* the listening socket, for handing it on */
/*
 * Begins to serve. What the sources name is borrowed, and runs, until metrics_stop(). 0 or -errno.
 */
int metrics_start(
	struct metrics *metrics, const struct status_sources *sources, struct policy_hits *hits);
/*
 * Ends the thread and closes all; the last of the memory goes when the loop has run a close
 * callback. NULL is allowed.
 */
void metrics_stop(struct metrics *metrics);

#endif
