/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/policies_text.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "cli/answer.h"

enum { POLICY, ISOLATES, PODS, DENIED, LAST, PLACE, COLUMNS };
enum { NAMES_MOST = 3, CELL_MOST = 512 };

static const char *const headings[COLUMNS] = {
	[POLICY] = "policy",
	[ISOLATES] = "isolates",
	[PODS] = "pods",
	[DENIED] = "denied",
	[LAST] = "last",
	[PLACE] = "where",
};

/* A cell under construction: what does not fit is left out. */
struct cell {
	char text[CELL_MOST];
	size_t length;
};

static void append(struct cell *cell, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
static void append(struct cell *cell, const char *format, ...)
{
	va_list args;
	int length;

	va_start(args, format);
	length = vsnprintf(
		cell->text + cell->length, sizeof(cell->text) - cell->length, format, args);
	va_end(args);
	if (length > 0)
		cell->length += (size_t)length;
	if (cell->length >= sizeof(cell->text))
		cell->length = sizeof(cell->text) - 1;
}

static void set_name(struct table *table, struct table_row *row, const cJSON *policy)
{
	const bool audit = strcmp(answer_text(policy, "mode"), "audit") == 0;

	const bool in_part = answer_get(policy, "in_part") != NULL;

	table_set(table, row, POLICY,
		in_part		? COLOR_RED
			: audit ? COLOR_YELLOW
				: COLOR_NONE,
		"%s/%s%s%s", answer_text(policy, "namespace"), answer_text(policy, "name"),
		audit ? " [audit]" : "", in_part ? " [has errors]" : "");
}

/* "ingress by 2 rules, egress by none" */
static void set_directions(struct table *table, struct table_row *row, const cJSON *policy)
{
	struct cell cell = {.length = 0};
	const cJSON *direction;

	cJSON_ArrayForEach(direction, answer_get(policy, "isolates")) {
		const char *name = cJSON_IsString(direction) ? direction->valuestring : "?";
		const double rules = answer_number(answer_get(policy, "rules"), name);

		append(&cell, "%s%s by ", cell.length > 0 ? ", " : "", name);
		if (rules == 0)
			append(&cell, "no rule");
		else
			append(&cell, "%.0f rule%s", rules, rules == 1 ? "" : "s");
	}
	table_set(table, row, ISOLATES, COLOR_NONE, "%s", cell.length > 0 ? cell.text : "nothing");
}

static void set_pods(struct table *table, struct table_row *row, const cJSON *pods)
{
	const double selected = answer_number(pods, "selected"),
		     local = answer_number(pods, "local");
	struct cell cell = {.length = 0};
	const cJSON *name;
	int named = 0;

	if (selected == 0) {
		table_set(table, row, PODS, COLOR_YELLOW, "NONE");
		return;
	}
	append(&cell, "%.0f: ", selected);
	cJSON_ArrayForEach(name, answer_get(pods, "names")) {
		if (named == NAMES_MOST || !cJSON_IsString(name))
			break;
		append(&cell, "%s%s", named > 0 ? ", " : "", name->valuestring);
		named++;
	}
	if (selected > named)
		append(&cell, "...");
	if (local < selected)
		append(&cell, " (%.0f here)", local);
	table_set(table, row, PODS, COLOR_NONE, "%s", cell.text);
}

static void set_hits(struct table *table, struct table_row *row, const cJSON *hits)
{
	const double denied = answer_number(hits, "denied"),
		     audited = answer_number(hits, "audited"), cut = answer_number(hits, "cut");
	struct cell cell = {.length = 0};

	if (denied > 0 || (audited == 0 && cut == 0))
		append(&cell, "%.0f", denied);
	if (audited > 0)
		append(&cell, "%swould have %.0f", cell.length > 0 ? ", " : "", audited);
	if (cut > 0)
		append(&cell, "%scut %.0f", cell.length > 0 ? ", " : "", cut);
	table_set(table, row, DENIED, COLOR_NONE, "%s", cell.text);
	if (strlen(answer_text(hits, "last")) > 19)
		table_set(table, row, LAST, COLOR_NONE, "%.19sZ", answer_text(hits, "last"));
}

static void add_policy(struct policies_text *out, const cJSON *policy)
{
	struct table *table = &out->table;
	struct table_row *row = table_add(table);

	set_name(table, row, policy);
	set_directions(table, row, policy);
	set_pods(table, row, answer_get(policy, "pods"));
	set_hits(table, row, answer_get(policy, "hits"));
	if (answer_get(policy, "file") != NULL)
		table_set(table, row, PLACE, COLOR_DIM, "%s:%.0f", answer_text(policy, "file"),
			answer_number(policy, "line"));
	out->without_pods += answer_number(answer_get(policy, "pods"), "selected") == 0;
}

static void print_end(const struct policies_text *out, const cJSON *end)
{
	const double listed = answer_number(end, "listed");

	printf("%.0f polic%s", listed, listed == 1 ? "y" : "ies");
	if (listed < out->all)
		printf(" of %.0f", out->all);
	if (out->without_pods > 0)
		printf("; %s%zu select%s no pod%s (podgate check says more)",
			output_color(COLOR_YELLOW), out->without_pods,
			out->without_pods == 1 ? "s" : "", output_color(COLOR_NONE));
	printf("\n");
}

void policies_text_init(struct policies_text *out)
{
	*out = (struct policies_text){.all = 0};
	table_init(&out->table, headings, COLUMNS);
}

void policies_text_deinit(struct policies_text *out)
{
	table_deinit(&out->table);
}

int policies_text_show(cJSON *line, void *context)
{
	struct policies_text *out = context;
	int err;

	if (answer_get(line, "ok") != NULL) {
		out->all = answer_number(line, "in_force");
		return 0;
	}
	if (answer_get(line, "end") == NULL) {
		add_policy(out, line);
		return out->table.count < TABLE_BLOCK ? 0 : table_print(&out->table);
	}
	err = table_print(&out->table);
	print_end(out, line);
	return err;
}
