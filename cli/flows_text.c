/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/flows_text.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "cli/answer.h"

enum { FROM, TO, PROTOCOL, STATE, SINCE, BYTES, MARK, WHY, COLUMNS };

static const char *const headings[COLUMNS] = {
	[FROM] = "from",
	[TO] = "to",
	[PROTOCOL] = "protocol",
	[STATE] = "state",
	[SINCE] = "since",
	[BYTES] = "bytes sent/back",
	[MARK] = "verdict",
	[WHY] = "by",
};

enum { END_MOST = 512, SIDE_MOST = 512 };

static bool is(const cJSON *object, const char *field, const char *value)
{
	return strcmp(answer_text(object, field), value) == 0;
}

/*
 * "shop/web:40112", "203.0.113.10:443", "[2001:db8::1]:443", "10.0.0.1"; into `buffer`, which it
 * returns.
 */
static const char *end_text(const cJSON *end, char buffer[END_MOST])
{
	const char *address = answer_text(end, "address");
	const bool bracketed = strchr(address, ':') != NULL && answer_get(end, "port") != NULL;
	int length;

	if (answer_get(end, "pod") != NULL)
		length = snprintf(buffer, END_MOST, "%s/%s", answer_text(end, "namespace"),
			answer_text(end, "pod"));
	else
		length = snprintf(buffer, END_MOST, bracketed ? "[%s]" : "%s", address);
	if (answer_get(end, "port") != NULL && length > 0 && length < END_MOST)
		snprintf(buffer + length, (size_t)(END_MOST - length), ":%.0f",
			answer_number(end, "port"));
	return buffer;
}

static void set_ends(struct table *table, struct table_row *row, const cJSON *flow)
{
	char to[END_MOST], via[END_MOST];

	table_set(table, row, FROM, COLOR_NONE, "%s", end_text(answer_get(flow, "source"), to));
	end_text(answer_get(flow, "destination"), to);
	if (answer_get(flow, "via") != NULL)
		table_set(table, row, TO, COLOR_NONE, "%s via %s", to,
			end_text(answer_get(flow, "via"), via));
	else
		table_set(table, row, TO, COLOR_NONE, "%s", to);
	table_set(table, row, PROTOCOL, COLOR_NONE, "%s", answer_text(flow, "protocol"));
}

static void set_state(struct table *table, struct table_row *row, const cJSON *flow)
{
	const char *state = answer_text(flow, "state");
	const bool offloaded = answer_true(flow, "offloaded");
	const cJSON *bytes = answer_get(flow, "bytes");

	if (*state == '\0')
		state = answer_true(flow, "replied") ? "replied" : "unreplied";
	table_set(table, row, STATE, offloaded ? COLOR_YELLOW : COLOR_NONE, "%s%s", state,
		offloaded ? ", in a flowtable" : "");
	/* "2026-11-24T10:00:00.123456Z", to the second */
	if (strlen(answer_text(flow, "since")) > 19)
		table_set(table, row, SINCE, COLOR_NONE, "%.19sZ", answer_text(flow, "since"));
	if (cJSON_GetArraySize(bytes) == 2)
		table_set(table, row, BYTES, COLOR_NONE, "%.0f/%.0f",
			cJSON_GetArrayItem(bytes, 0)->valuedouble,
			cJSON_GetArrayItem(bytes, 1)->valuedouble);
}

/* What a person wants to know first: does it pass, and will it go on passing? */
static void set_mark(struct table *table, struct table_row *row, const cJSON *flow)
{
	const bool isolated = !is(answer_get(flow, "egress"), "verdict", "open") ||
		!is(answer_get(flow, "ingress"), "verdict", "open");

	if (is(flow, "mark", "revoked"))
		table_set(table, row, MARK, COLOR_RED, "CUT");
	else if (is(flow, "verdict", "deny"))
		table_set(table, row, MARK, COLOR_RED, "to be cut");
	else if (is(flow, "verdict", "audit-deny"))
		table_set(table, row, MARK, COLOR_YELLOW, "would deny");
	else if (is(flow, "mark", "allowed"))
		table_set(table, row, MARK, COLOR_GREEN, "allowed");
	else if (cJSON_IsFalse(answer_get(flow, "judged")) || !isolated)
		table_set(table, row, MARK, COLOR_NONE, "-");
	else
		table_set(table, row, MARK, COLOR_NONE, "not yet judged");
}

/*
 * "ingress: shop/db ingress[0].from[1]"; of a denial, the nearest rule and where it parts. "" for
 * an open side.
 */
static const char *side_text(const cJSON *flow, const char *direction, char buffer[SIDE_MOST])
{
	const cJSON *side = answer_get(flow, direction), *policy = answer_get(side, "policy");
	const char *rule = *answer_text(side, "peer") != '\0' ? answer_text(side, "peer")
							      : answer_text(side, "rule");
	const char *miss = answer_text(side, "miss");

	buffer[0] = '\0';
	if (policy == NULL)
		return buffer;
	if (strcmp(miss, "no-rules") == 0)
		snprintf(buffer, SIDE_MOST, "%s: %s/%s admits nothing", direction,
			answer_text(policy, "namespace"), answer_text(policy, "name"));
	else if (*miss != '\0')
		snprintf(buffer, SIDE_MOST, "%s: no rule; nearest %s/%s %s (%s)", direction,
			answer_text(policy, "namespace"), answer_text(policy, "name"), rule, miss);
	else
		snprintf(buffer, SIDE_MOST, "%s: %s/%s %s", direction,
			answer_text(policy, "namespace"), answer_text(policy, "name"), rule);
	return buffer;
}

static void set_why(struct table *table, struct table_row *row, const cJSON *flow)
{
	char egress[SIDE_MOST], ingress[SIDE_MOST];

	side_text(flow, "egress", egress);
	side_text(flow, "ingress", ingress);
	if (cJSON_IsFalse(answer_get(flow, "judged")))
		table_set(table, row, WHY, COLOR_NONE, "not judged: the gateway's own");
	else if (answer_true(flow, "link_local"))
		table_set(table, row, WHY, COLOR_NONE,
			"link-local: whose address this is, nobody knows");
	else if (*egress == '\0' && *ingress == '\0')
		table_set(table, row, WHY, COLOR_NONE, "open: no policy isolates");
	else
		table_set(table, row, WHY, COLOR_NONE, "%s%s%s", egress,
			*egress != '\0' && *ingress != '\0' ? ", " : "", ingress);
}

static void add_flow(struct table *table, const cJSON *flow)
{
	struct table_row *row = table_add(table);

	set_ends(table, row, flow);
	set_state(table, row, flow);
	set_mark(table, row, flow);
	set_why(table, row, flow);
}

static int print_block(struct flows_text *out)
{
	out->shown += out->table.count;
	table_sort(&out->table);
	return table_print(&out->table);
}

static void print_end(const cJSON *end)
{
	const double left_out = answer_number(end, "left_out"),
		     skipped = answer_number(end, "skipped");

	printf("%.0f flow%s of %.0f in the kernel's table", answer_number(end, "listed"),
		answer_number(end, "listed") == 1 ? "" : "s", answer_number(end, "seen"));
	if (left_out > 0)
		printf("; %s%.0f more left out%s (--limit 0 shows all)", output_color(COLOR_YELLOW),
			left_out, output_color(COLOR_NONE));
	if (skipped > 0)
		printf("; %.0f could not be read", skipped);
	printf("\n");
}

void flows_text_init(struct flows_text *out)
{
	*out = (struct flows_text){.shown = 0};
	table_init(&out->table, headings, COLUMNS);
}

void flows_text_deinit(struct flows_text *out)
{
	table_deinit(&out->table);
}

int flows_text_show(cJSON *line, void *context)
{
	struct flows_text *out = context;
	int err;

	if (answer_get(line, "ok") != NULL)
		return 0;
	if (answer_get(line, "end") == NULL) {
		add_flow(&out->table, line);
		return out->table.count < TABLE_BLOCK ? 0 : print_block(out);
	}
	err = print_block(out);
	if (answer_get(line, "seen") != NULL) /* not where it was given up: the error says that */
		print_end(line);
	return err;
}
