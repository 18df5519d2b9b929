/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/metrics/metrics_text.h"

#include <string.h>

#include "service/metrics/exposition.h"
#include "service/views/figures.h"

static void write_hit(
	const char *policy, const struct policy_hit_counts sides[DIRECTION_COUNT], void *context)
{
	struct exposition *out = context;

	for (int side = 0; side < DIRECTION_COUNT; side++) {
		const struct {
			const char *verdict;
			uint64_t count;
		} hits[] = {
			{verdict_name(VERDICT_DENY), sides[side].denied},
			{verdict_name(VERDICT_AUDIT_DENY), sides[side].audited},
			{"revoke", sides[side].cut},
		};

		for (size_t i = 0; i < sizeof(hits) / sizeof(hits[0]); i++)
			if (hits[i].count > 0)
				exposition_integer(out, hits[i].count,
					LABELS({"policy", policy},
						{"direction", direction_name((enum direction)side)},
						{"verdict", hits[i].verdict}));
	}
}

/* A sample for each of what the row has values for. */
static void write_samples(struct exposition *out, const struct status_figures *f,
	const struct figure *figure, enum figure_kind kind)
{
	for (size_t i = 0; i < figures_count(f, figure->of); i++) {
		struct figure_label labels[1 + FIGURE_LABELS + 1] = {{NULL, NULL}}, *own = labels;
		char number[12];

		*own = figures_label(f, figure->of, i, number);
		own += own->name != NULL;
		memcpy(own, figure->labels, sizeof(figure->labels));
		if (figure->find_labels != NULL)
			figure->find_labels(f, i, own);
		if (kind == FIGURE_COUNTER_NS || kind == FIGURE_GAUGE_NS)
			exposition_seconds(out, figure->get(f, i), labels);
		else
			exposition_integer(out, figure->get(f, i), labels);
	}
}

void metrics_text_write(
	FILE *to, const struct status_figures *f, const struct policy_series *series)
{
	static const enum exposition_kind kinds[] = {
		[FIGURE_COUNTER] = EXPOSITION_COUNTER,
		[FIGURE_GAUGE] = EXPOSITION_GAUGE,
		[FIGURE_TRUTH] = EXPOSITION_GAUGE,
		[FIGURE_COUNTER_NS] = EXPOSITION_COUNTER,
		[FIGURE_GAUGE_NS] = EXPOSITION_GAUGE,
		[FIGURE_HISTOGRAM] = EXPOSITION_HISTOGRAM,
	};
	struct exposition out = {.to = to};
	enum figure_kind kind = FIGURE_GAUGE;

	for (const struct figure *figure = figure_table;
		figure < figure_table + figure_table_length; figure++) {
		if (figure->metric != NULL) {
			kind = figure->kind;
			exposition_begin(&out, kinds[kind], figure->metric, figure->help);
			if (strcmp(figure->metric, "podgate_policy_hits_total") == 0)
				policy_series_visit(series, write_hit, &out);
		}
		if (figure->durations != NULL)
			exposition_durations(&out, figure->durations(f));
		if (figure->is_sample)
			write_samples(&out, f, figure, kind);
	}
}
