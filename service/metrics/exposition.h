/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SERVICE_METRICS_EXPOSITION_H
#define SERVICE_METRICS_EXPOSITION_H

/*
 * The text format that Prometheus reads, version 0.0.4: families, each with its help and type, and
 * their samples. https://prometheus.io/docs/instrumenting/exposition_formats/ says how it is
 * written. Pure but for the stream; a failed write shows in ferror(). One thread a stream.
 */

#include <stdint.h>
#include <stdio.h>

#include "service/views/figures.h"

#define EXPOSITION_CONTENT_TYPE "text/plain; version=0.0.4; charset=utf-8"

struct exposition {
	FILE *to;
	const char *family; /* begun last */
};

enum exposition_kind { EXPOSITION_COUNTER, EXPOSITION_GAUGE, EXPOSITION_HISTOGRAM };

/*
 * Begins a family. All its samples follow, before the next one begins. `name` is borrowed until
 * then.
 */
void exposition_begin(
	struct exposition *out, enum exposition_kind kind, const char *name, const char *help);

/*
 * LABELS({"queue", text}, {"verdict", "deny"}); NULL is none. Values may have any bytes: they are
 * escaped.
 */
#define LABELS(...) ((const struct figure_label[]){__VA_ARGS__, {NULL, NULL}})

void exposition_integer(struct exposition *out, uint64_t value, const struct figure_label *labels);
void exposition_seconds(
	struct exposition *out, uint64_t nanoseconds, const struct figure_label *labels);
/* The samples of a family of kind EXPOSITION_HISTOGRAM, in seconds. */
void exposition_durations(struct exposition *out, const struct histogram *histogram);

#endif
