/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SERVICE_METRICS_METRICS_TEXT_H
#define SERVICE_METRICS_METRICS_TEXT_H

/*
 * The daemon's figures as metrics: podgate-metrics(7) says what each means. Names and units follow
 * https://prometheus.io/docs/practices/naming/. A family is there whether or not it has samples
 * yet. Any thread.
 */

#include <stdio.h>

#include "service/metrics/policy_series.h"
#include "service/views/status_figures.h"

/* Writes them to a stream; that it failed shows in ferror(). */
void metrics_text_write(
	FILE *to, const struct status_figures *figures, const struct policy_series *series);

#endif
