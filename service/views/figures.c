/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/views/figures.h"

#include <stdio.h>

#include "service/views/health.h"

/* ---- values that are computed ---- */

static bool is_ready(const struct status_figures *f)
{
	char reason[HEALTH_REASON];

	return health_ready(f, reason);
}

/* Causes are numbered behind PACKET_OK. */
static enum packet_error cause(size_t i)
{
	return (enum packet_error)(PACKET_OK + 1 + (int)i);
}

static uint64_t unreadable_by(const struct status_figures *f, size_t i)
{
	uint64_t sum = 0;

	for (size_t queue = 0; queue < f->queue_count; queue++)
		sum += f->queues[queue].stats.unreadable[cause(i)];
	return sum;
}

static uint64_t unreadable_in(const struct status_queue *queue)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < PACKET_ERROR_COUNT; i++)
		sum += queue->stats.unreadable[i];
	return sum;
}

static uint64_t errors_in(const struct worker_stats *stats)
{
	return stats->bad_messages + stats->receive_errors + stats->verdict_errors;
}

static uint64_t classes_learned(const struct learner_stats *stats)
{
	uint64_t sum = 0;

	for (int kind = 0; kind < LEARNER_KINDS; kind++)
		for (int family = 0; family < LEARNER_FAMILIES; family++)
			sum += stats->learned[kind][family];
	return sum;
}

static void find_rules_labels(
	const struct status_figures *f, size_t i, struct figure_label labels[FIGURE_LABELS])
{
	(void)i;
	labels[0] = (struct figure_label){
		"backend", f->rules.backend == BACKEND_LEGACY ? "legacy" : "nft"};
	labels[1] = (struct figure_label){"ipv6", f->rules.ipv6 ? "true" : "false"};
}

static void find_role(
	const struct status_figures *f, size_t i, struct figure_label labels[FIGURE_LABELS])
{
	const enum gate_role role = f->queues[i].role;

	labels[0] = (struct figure_label){"role",
		role == GATE_REPLY	     ? "reply"
			: role == GATE_FLOOD ? "flood"
					     : "new"};
}

/* ---- a getter for each row, named after its line ---- */

#define JOIN_NAMES(a, b) a##b
#define JOIN(a, b) JOIN_NAMES(a, b)
#define GET JOIN(get_, __LINE__)
#define GETTER(value) \
	static uint64_t GET(const struct status_figures *f, size_t i) \
	{ \
		(void)f; \
		(void)i; \
		return (uint64_t)(value); \
	}
#define GROUP(title)
#define FIGURE(section, key, kind, metric, value, help) GETTER(value)
#define FAMILY(kind, metric, label_names, help)
#define SAMPLE(section, key, value, ...) GETTER(value)
#define EACH(what, section, key, value, ...) GETTER(value)
#define INFO(what, find) GETTER(1)
#define DURATIONS(metric, place, help) \
	static const struct histogram *GET(const struct status_figures *f) \
	{ \
		return &f->place; \
	}
#define STATUS(what, section, key, value) GETTER(value)
#include "service/views/figure_rows.h"

/* ---- the table ---- */

/* clang-format off */
#define IN(name, its_key) .section = SECTION_##name, .key = its_key, .get = GET
#define GROUP(title)
#define FIGURE(section_, key_, kind_, metric_, value_, help_) \
	{.metric = #metric_, .help = help_, .kind = FIGURE_##kind_, .is_sample = true, \
	 IN(section_, key_)},
#define FAMILY(kind_, metric_, label_names_, help_) \
	{.metric = #metric_, .help = help_, .kind = FIGURE_##kind_},
#define SAMPLE(section_, key_, value_, ...) \
	{.is_sample = true, .labels = {__VA_ARGS__}, IN(section_, key_)},
#define EACH(what_, section_, key_, value_, ...) \
	{.is_sample = true, .of = OF_##what_, .labels = {__VA_ARGS__}, IN(section_, key_)},
#define INFO(what_, find_) \
	{.is_sample = true, .of = OF_##what_, .get = GET, .find_labels = find_},
#define DURATIONS(metric_, histogram_, help_) \
	{.metric = #metric_, .help = help_, .kind = FIGURE_HISTOGRAM, .durations = GET},
#define STATUS(what_, section_, key_, value_) {.of = OF_##what_, IN(section_, key_)},
const struct figure figure_table[] = {
#include "service/views/figure_rows.h"
};
/* clang-format on */
const size_t figure_table_length = sizeof(figure_table) / sizeof(figure_table[0]);

size_t figures_count(const struct status_figures *f, enum figure_of of)
{
	switch (of) {
	case OF_QUEUE:
		return f->queue_count;
	case OF_SOURCE:
		return f->source_count;
	case OF_CAUSE:
		return PACKET_ERROR_COUNT - 1;
	case OF_ONE:
		break;
	}
	return 1;
}

struct figure_label figures_label(
	const struct status_figures *f, enum figure_of of, size_t i, char number[12])
{
	switch (of) {
	case OF_QUEUE:
		snprintf(number, 12, "%u", f->queues[i].number);
		return (struct figure_label){"queue", number};
	case OF_SOURCE:
		return (struct figure_label){"source", f->sources[i].name};
	case OF_CAUSE:
		return (struct figure_label){"cause", packet_error_name(cause(i))};
	case OF_ONE:
		break;
	}
	return (struct figure_label){NULL, NULL};
}

void figures_write(struct json_writer *to, const struct status_figures *f,
	enum figure_section section, size_t i)
{
	for (const struct figure *figure = figure_table;
		figure < figure_table + figure_table_length; figure++) {
		if (figure->section != section || figure->key == NULL)
			continue;
		if (figure->kind == FIGURE_TRUTH)
			json_bool(to, figure->key, figure->get(f, i) != 0);
		else
			json_number(to, figure->key, figure->get(f, i));
	}
}
