/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BENCH_LOAD_REPORT_H
#define BENCH_LOAD_REPORT_H

/*
 * What a subcommand says at its end: one JSON object in one line of standard output. Memory that
 * runs out shows when it is printed.
 */

#include <cjson/cJSON.h>
#include <stdint.h>

#include "bench/load/histogram.h"

/* NULL without memory; all others take that. */
cJSON *report_new(void);
/* every digit: cJSON would take a double */
void report_count(cJSON *report, const char *name, uint64_t value);
void report_real(cJSON *report, const char *name, double value);
/* name: {"count", "p50", "p90", "p99", "p999", "max", "mean"}; all 0 when nothing was measured. */
void report_histogram(cJSON *report, const char *name, const struct histogram *histogram);
/* Prints and frees it. Returns the exit code: 0, or LOAD_PROBLEM after a line on standard error. */
int report_print(cJSON *report);

#endif
