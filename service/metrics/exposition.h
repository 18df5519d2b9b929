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

#include "enforcer/publish/histogram.h"

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

struct exposition_label {
	const char *name, *value; /* value: any bytes; they are escaped */
};
/* LABELS({"queue", text}, {"verdict", "deny"}); NULL is none. */
#define LABELS(...) ((const struct exposition_label[]){__VA_ARGS__, {NULL, NULL}})

void exposition_integer(
	struct exposition *out, uint64_t value, const struct exposition_label *labels);
void exposition_seconds(
	struct exposition *out, uint64_t nanoseconds, const struct exposition_label *labels);
/* The samples of a family of kind EXPOSITION_HISTOGRAM, in seconds. */
void exposition_durations(struct exposition *out, const struct histogram *histogram);

/* A family that is one sample without labels. */
void exposition_one(struct exposition *out, enum exposition_kind kind, const char *name,
	uint64_t value, const char *help);
/*
 * A gauge with a sample a choice, of which one is 1. The choice in force is number `chosen` of
 * `count`.
 */
void exposition_choice(struct exposition *out, const char *label, const char *const *choices,
	size_t count, size_t chosen);

#endif
