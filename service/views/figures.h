/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SERVICE_VIEWS_FIGURES_H
#define SERVICE_VIEWS_FIGURES_H

/*
 * The table of the daemon's figures (figure_rows.h): status writes the numbers of a section from
 * it, and service/metrics all metrics. Immutable; any thread may read it. A getter reads the struct
 * status_figures that it is given and nothing else.
 */

#include <stddef.h>
#include <stdint.h>

#include "config/text/json_writer.h"
#include "enforcer/publish/histogram.h"
#include "service/views/status_figures.h"

enum figure_kind {
	FIGURE_COUNTER,
	FIGURE_GAUGE,
	FIGURE_TRUTH,	   /* a gauge, 0 or 1 */
	FIGURE_COUNTER_NS, /* nanoseconds, which Prometheus gets in seconds */
	FIGURE_GAUGE_NS,
	FIGURE_HISTOGRAM, /* as these */
};

/* What a row has a value for. */
enum figure_of { OF_ONE, OF_QUEUE, OF_SOURCE, OF_CAUSE };

/* Where status -o json has it. */
enum figure_section {
	SECTION_NONE,
	SECTION_FAIL_MODES,
	SECTION_POLICIES,
	SECTION_SOURCE,
	SECTION_MANIFESTS,
	SECTION_RULES,
	SECTION_BRIDGES,
	SECTION_FLOW_TABLE,
	SECTION_QUEUE,
	SECTION_PUBLISH,
	SECTION_SWEEP,
	SECTION_CLASSES,
	SECTION_LOG,
};

struct figure_label {
	const char *name, *value;
};
enum { FIGURE_LABELS = 2 };

/*
 * A row begins a metric (`metric` is set), has a sample of the metric that was begun last
 * (`is_sample`), or both. A row that is neither is for status only.
 */
struct figure {
	const char *metric, *help;
	enum figure_kind kind;
	bool is_sample;
	enum figure_of of;
	struct figure_label labels[FIGURE_LABELS]; /* besides figure_label()'s */
	enum figure_section section;
	const char *key; /* in that section, or NULL */
	uint64_t (*get)(const struct status_figures *f, size_t i);
	/* Of FIGURE_HISTOGRAM. */
	const struct histogram *(*durations)(const struct status_figures *f);
	/* Finds `labels` when they are not constant; or NULL. */
	void (*find_labels)(const struct status_figures *f, size_t i,
		struct figure_label labels[FIGURE_LABELS]);
};

extern const struct figure figure_table[];
extern const size_t figure_table_length;

/* How many values a row has; `i` of its functions is less. */
size_t figures_count(const struct status_figures *f, enum figure_of of);
/* The label that says which queue, source or cause a value is of; {NULL} for OF_ONE. */
struct figure_label figures_label(
	const struct status_figures *f, enum figure_of of, size_t i, char number[12]);

/* Writes the members of a section, in the order of the table. */
void figures_write(struct json_writer *to, const struct status_figures *f,
	enum figure_section section, size_t i);

#endif
