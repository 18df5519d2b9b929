/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/metrics/policy_series.h"

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A policy with series of its own. They show what it was hit since `base`. */
struct line {
	char *namespace_name;	  /* to free(); the others are behind it in the same bytes */
	const char *name, *label; /* label: "NAMESPACE/NAME" */
	uint64_t born;		  /* as policy_hit.born */
	bool met;		  /* by the update under way */
	struct policy_hit_counts base[DIRECTION_COUNT], shown[DIRECTION_COUNT];
};

struct policy_series {
	/* in the order in which policy_hits_visit() visits */
	struct line lines[POLICY_SERIES_MOST];
	size_t count;
	uint64_t born; /* the last name that an earlier update has met */
	/*
	 * What lines that are gone had shown: "other" is the total less all that was ever shown by
	 * a line.
	 */
	struct policy_hit_counts retired[DIRECTION_COUNT], other[DIRECTION_COUNT];
};

struct update {
	struct policy_series *series;
	const struct cluster *cluster;
	size_t next;  /* the first line that is not before the name visited last */
	size_t known; /* how many lines there were; behind them new ones wait to be sorted in */
	uint64_t born;
};

int policy_series_create(struct policy_series **out)
{
	*out = calloc(1, sizeof(**out));
	return *out == NULL ? -ENOMEM : 0;
}

void policy_series_free(struct policy_series *series)
{
	if (series == NULL)
		return;
	for (size_t i = 0; i < series->count; i++)
		free(series->lines[i].namespace_name);
	free(series);
}

static void add(struct policy_hit_counts *to, const struct policy_hit_counts *more)
{
	to->denied += more->denied;
	to->audited += more->audited;
	to->cut += more->cut;
}

static void subtract(struct policy_hit_counts *from, const struct policy_hit_counts *less)
{
	from->denied -= less->denied;
	from->audited -= less->audited;
	from->cut -= less->cut;
}

/* As policy_hits orders them. */
static int compare(const struct line *line, const char *namespace_name, const char *name)
{
	const int order = strcmp(line->namespace_name, namespace_name);

	return order != 0 ? order : strcmp(line->name, name);
}

static int compare_lines(const void *a, const void *pb)
{
	const struct line *b = pb;

	return compare(a, b->namespace_name, b->name);
}

/*
 * What it was hit before counts only if no earlier update has met it, and so none of it was shown
 * under "other".
 */
static void open_line(struct policy_series *series, const struct policy_hit *hit)
{
	const size_t first = strlen(hit->namespace_name) + 1, second = strlen(hit->name) + 1;
	struct line *line = &series->lines[series->count];
	char *text;

	if (series->count == POLICY_SERIES_MOST ||
		asprintf(&text, "%s%c%s%c%s/%s", hit->namespace_name, '\0', hit->name, '\0',
			hit->namespace_name, hit->name) < 0)
		return;
	*line = (struct line){.namespace_name = text,
		.name = text + first,
		.label = text + first + second,
		.born = hit->born,
		.met = true};
	memcpy(hit->born > series->born ? line->shown : line->base, hit->sides, sizeof(hit->sides));
	series->count++;
}

static void meet(const struct policy_hit *hit, void *context)
{
	struct update *update = context;
	struct policy_series *series = update->series;
	struct line *line;
	int order = -1;

	if (hit->born > update->born)
		update->born = hit->born;
	while (update->next < update->known) {
		order = compare(&series->lines[update->next], hit->namespace_name, hit->name);
		if (order >= 0)
			break;
		update->next++;
	}
	if (cluster_policy(update->cluster, hit->namespace_name, hit->name) == NULL)
		return; /* deleted: a line of its own is not met, and retires */
	if (order != 0) {
		open_line(series, hit);
		return;
	}
	line = &series->lines[update->next];
	/* forgotten, and hit anew: this line retires, and the next update opens one */
	if (line->born != hit->born)
		return;
	line->met = true;
	for (int side = 0; side < DIRECTION_COUNT; side++) {
		line->shown[side] = hit->sides[side];
		subtract(&line->shown[side], &line->base[side]);
	}
}

/* Takes out the lines that were not met, and sorts in those that are new. */
static void settle_lines(struct policy_series *series)
{
	size_t kept = 0;

	for (size_t i = 0; i < series->count; i++) {
		struct line *line = &series->lines[i];

		if (line->met) {
			line->met = false;
			series->lines[kept++] = *line;
			continue;
		}
		for (int side = 0; side < DIRECTION_COUNT; side++)
			add(&series->retired[side], &line->shown[side]);
		free(line->namespace_name);
	}
	series->count = kept;
	qsort(series->lines, kept, sizeof(series->lines[0]), compare_lines);
}

void policy_series_update(
	struct policy_series *series, struct policy_hits *hits, const struct cluster *cluster)
{
	struct update update = {
		.series = series, .cluster = cluster, .known = series->count, .born = series->born};

	policy_hits_visit(hits, series->other, meet, &update);
	series->born = update.born;
	settle_lines(series);
	for (int side = 0; side < DIRECTION_COUNT; side++) {
		subtract(&series->other[side], &series->retired[side]);
		for (size_t i = 0; i < series->count; i++)
			subtract(&series->other[side], &series->lines[i].shown[side]);
	}
}

void policy_series_visit(const struct policy_series *series,
	void (*visit)(const char *policy, const struct policy_hit_counts sides[DIRECTION_COUNT],
		void *context),
	void *context)
{
	for (size_t i = 0; i < series->count; i++)
		visit(series->lines[i].label, series->lines[i].shown, context);
	visit("other", series->other, context);
}
