/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SERVICE_VIEWS_STATUS_DESK_H
#define SERVICE_VIEWS_STATUS_DESK_H

/*
 * Where another thread asks the loop for the daemon's figures, and gets them handed over whole. The
 * loop gathers them ten times a second at most, however often it is asked. Whoever asks waits half
 * a second for a loop that does not answer, and after that nobody waits until it has: that is the
 * asking thread's patience, not that of each client of its.
 */

#include <stdbool.h>

#include <uv.h>

#include "process/pulse.h"
#include "service/views/status_figures.h"

struct status_desk;

/* ---- on the loop's thread ---- */

int status_desk_open(struct status_desk **out, uv_loop_t *loop); /* 0 or -errno */
/* What to gather from. Before the other thread begins; borrowed until status_desk_close(). */
void status_desk_set_sources(struct status_desk *desk, const struct status_sources *sources);
/* Whoever waits, or comes to, goes away without figures. */
void status_desk_stop(struct status_desk *desk);
/*
 * After the other thread has ended; the memory goes when the loop has run the close callback. NULL
 * is allowed.
 */
void status_desk_close(struct status_desk *desk);

/* ---- on the one other thread ---- */

/*
 * Figures not older than a tenth of a second, the desk's, good until the next call; NULL: the loop
 * does not answer.
 */
const struct status_figures *status_desk_get(struct status_desk *desk);
/*
 * Calls the loop, and tells whether it has answered earlier calls. To be asked now and then: it is
 * what makes a pulse.
 */
struct pulse status_desk_pulse(struct status_desk *desk);

#endif
