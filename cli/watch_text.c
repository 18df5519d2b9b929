/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/watch_text.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "cli/answer.h"
#include "cli/output.h"

/* The time of day of an RFC 3339 text, to the millisecond: "16:09:21.123". */
static void print_time(const cJSON *record)
{
	const char *time = answer_text(record, "time");

	if (strlen(time) >= 23)
		printf("%.12s ", time + 11);
}

static void print_verdict(const cJSON *record)
{
	static const struct {
		const char *verdict, *shown;
		enum output_color color;
	} rows[] = {
		{"allow", "allow", COLOR_GREEN},
		{"deny", "DENY", COLOR_RED},
		{"audit-deny", "would deny", COLOR_YELLOW},
		{"revoke", "CUT", COLOR_RED},
		{"unreadable", "UNREADABLE", COLOR_RED},
		{"overload", "OVERLOAD", COLOR_RED},
	};
	const char *verdict = answer_text(record, "verdict");

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (strcmp(verdict, rows[i].verdict) != 0)
			continue;
		printf("%s%-10s%s ", output_color(rows[i].color), rows[i].shown,
			output_color(COLOR_NONE));
		return;
	}
	printf("%-10s ", verdict);
}

/* Names before addresses: "shop/web", "10.0.0.7". */
static void print_end(const cJSON *end)
{
	if (answer_get(end, "pod") != NULL)
		printf("%s/%s", answer_text(end, "namespace"), answer_text(end, "pod"));
	else
		printf("%s", answer_text(end, "address"));
}

static void print_flow(const cJSON *record)
{
	const cJSON *destination = answer_get(record, "destination");

	print_end(answer_get(record, "source"));
	printf(" -> ");
	if (answer_get(destination, "pod") == NULL &&
		strchr(answer_text(destination, "address"), ':') != NULL &&
		answer_get(destination, "port") != NULL)
		printf("[%s]", answer_text(destination, "address"));
	else
		print_end(destination);
	if (answer_get(destination, "port") != NULL)
		printf(":%.0f", answer_number(destination, "port"));
	printf("/%s", answer_text(record, "protocol"));
}

static void print_isolating(const cJSON *side)
{
	const cJSON *policy;
	bool first = true;

	cJSON_ArrayForEach(policy, answer_get(side, "isolated_by")) {
		printf("%s%s/%s", first ? "" : ", ", answer_text(policy, "namespace"),
			answer_text(policy, "name"));
		first = false;
	}
}

/*
 * What parts the rule from the flow. A field is named by its whole path, which begins with the
 * rule.
 */
static void print_miss(const cJSON *side, const char *direction)
{
	const char *miss = answer_text(side, "miss");

	if (strcmp(miss, "no-rules") == 0) {
		printf(" admits nothing (no %s rules)", direction);
		return;
	}
	if (strcmp(miss, "audited") == 0) {
		printf(" %s would admit it, but the policy is in audit mode",
			answer_text(side, "rule"));
		return;
	}
	printf(" %s",
		answer_get(side, "field") != NULL ? answer_text(side, "field")
						  : answer_text(side, "rule"));
	if (answer_get(side, "wanted") != NULL)
		printf(" wants %s", answer_text(side, "wanted"));
	if (answer_get(side, "had") != NULL)
		printf("; has %s", answer_text(side, "had"));
	if (strcmp(miss, "peer-and-port") == 0)
		printf("; no port of the rule fits, either");
}

/* The rule that admits, or the nearest miss; without one, who isolates. */
static void print_side(const cJSON *record, const char *direction)
{
	const cJSON *side = answer_get(record, direction), *policy = answer_get(side, "policy");

	if (cJSON_GetArraySize(answer_get(side, "isolated_by")) == 0)
		return;
	printf("  %s: ", direction);
	if (policy == NULL) {
		print_isolating(side);
		return;
	}
	printf("%s/%s", answer_text(policy, "namespace"), answer_text(policy, "name"));
	if (answer_get(side, "miss") != NULL)
		print_miss(side, direction);
	else
		printf(" %s", answer_text(side, "rule"));
}

/* Those that denied; of an allowed flow, all that had a say. */
static void print_why(const cJSON *record)
{
	const cJSON *denied = answer_get(record, "denied"), *direction;

	if (*answer_text(record, "group") != '\0')
		printf("  by the group %s", answer_text(record, "group"));
	if (answer_true(record, "link_local"))
		printf("  link-local: whose address this is, nobody knows (setting link_local)");
	if (cJSON_GetArraySize(denied) == 0) {
		print_side(record, "egress");
		print_side(record, "ingress");
		return;
	}
	cJSON_ArrayForEach(direction, denied)
		if (cJSON_IsString(direction))
			print_side(record, direction->valuestring);
}

void watch_text_print(const cJSON *record)
{
	print_time(record);
	if (strcmp(answer_text(record, "event"), "lost") == 0) {
		printf("%s%.0f lines lost here%s\n", output_color(COLOR_YELLOW),
			answer_number(record, "count"), output_color(COLOR_NONE));
		return;
	}
	print_verdict(record);
	if (answer_get(record, "cause") != NULL)
		printf("packet: %s", answer_text(record, "cause"));
	else if (answer_get(record, "protocol") != NULL)
		print_flow(record);
	else
		printf("packets dropped by the kernel, %s being full",
			answer_true(record, "flood") ? "the queue of floods" : "a queue");
	print_why(record);
	if (answer_number(record, "repeat") > 1)
		printf("  %s(%.0f times)%s", output_color(COLOR_DIM),
			answer_number(record, "repeat"), output_color(COLOR_NONE));
	printf("\n");
}
