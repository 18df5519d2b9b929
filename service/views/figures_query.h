/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SERVICE_VIEWS_FIGURES_QUERY_H
#define SERVICE_VIEWS_FIGURES_QUERY_H

/*
 * How another thread gets the daemon's figures from the loop, whole. The loop gathers them ten
 * times a second at most, however often it is asked. The asking thread waits half a second for a
 * loop that does not answer. After that it does not wait again until the loop has answered: the
 * limit holds for the thread, not for each of its clients.
 */

#include <stdbool.h>

#include <uv.h>

#include "process/pulse.h"
#include "service/views/status_figures.h"

struct figures_query;

/* ---- on the loop's thread ---- */

int figures_query_open(struct figures_query **out, uv_loop_t *loop); /* 0 or -errno */
/* What to gather from. Before the other thread begins; borrowed until figures_query_close(). */
void figures_query_set_sources(struct figures_query *query, const struct status_sources *sources);
/* A thread that waits, now or later, gets no figures. */
void figures_query_stop(struct figures_query *query);
/*
 * After the other thread has ended. The memory goes when the loop has run the close callback. NULL
 * is allowed.
 */
void figures_query_close(struct figures_query *query);

/* ---- on the one other thread ---- */

/*
 * Figures that are at most a tenth of a second old. The query owns them; they are good until the
 * next call. NULL: the loop does not answer.
 */
const struct status_figures *figures_query_get(struct figures_query *query);
/*
 * Calls the loop, and says whether it has answered earlier calls. The caller repeats this: so the
 * loop has a pulse.
 */
struct pulse figures_query_pulse(struct figures_query *query);

#endif
