/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/explain_text.h"

#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "cli/answer.h"
#include "cli/output.h"

enum { PLACE_MOST = 600, POLICY_MOST = 340, END_MOST = 400 };

static unsigned int number_of(const cJSON *object, const char *field)
{
	const double value = answer_number(object, field);

	return value > 0 && value <= UINT_MAX ? (unsigned int)value : 0;
}

/* "shop/web (10.0.0.5)", or the address alone; into `buffer`, which it returns. */
static const char *long_end(const cJSON *end, char buffer[END_MOST])
{
	const char *pod = answer_text(end, "pod");

	if (*pod != '\0')
		snprintf(buffer, END_MOST, "%s/%s (%s)", answer_text(end, "namespace"), pod,
			answer_text(end, "address"));
	else
		snprintf(buffer, END_MOST, "%s", answer_text(end, "address"));
	return buffer;
}

/* "shop/web", or the address of an end that is no pod. */
static const char *short_end(const cJSON *end, char buffer[END_MOST])
{
	const char *pod = answer_text(end, "pod");

	if (*pod == '\0')
		return answer_text(end, "address");
	snprintf(buffer, END_MOST, "%s/%s", answer_text(end, "namespace"), pod);
	return buffer;
}

static const char *policy_name(const cJSON *policy, char buffer[POLICY_MOST])
{
	snprintf(buffer, POLICY_MOST, "%s/%s", answer_text(policy, "namespace"),
		answer_text(policy, "name"));
	return buffer;
}

/* " (db.yaml:4:9)", or "" for what has no place. */
static const char *place_of(const cJSON *object, char buffer[PLACE_MOST])
{
	const char *file = answer_text(object, "file");

	buffer[0] = '\0';
	if (*file != '\0')
		snprintf(buffer, PLACE_MOST, " %s(%s:%u:%u)%s", output_color(COLOR_DIM), file,
			number_of(object, "line"), number_of(object, "column"),
			output_color(COLOR_NONE));
	return buffer;
}

static enum output_color color_of(const char *verdict)
{
	if (strcmp(verdict, "deny") == 0 || strcmp(verdict, "denied") == 0)
		return COLOR_RED;
	if (strcmp(verdict, "audit-deny") == 0 || strcmp(verdict, "audit-denied") == 0)
		return COLOR_YELLOW;
	return COLOR_GREEN;
}

static bool is_self(const cJSON *flow)
{
	const cJSON *source = answer_get(flow, "source");
	const cJSON *destination = answer_get(flow, "destination");

	return *answer_text(source, "pod") != '\0' &&
		strcmp(answer_text(source, "pod"), answer_text(destination, "pod")) == 0 &&
		strcmp(answer_text(source, "namespace"), answer_text(destination, "namespace")) ==
		0;
}

static void print_isolating(const cJSON *side, const char *indent)
{
	const cJSON *policy;
	char name[POLICY_MOST], place[PLACE_MOST];
	const unsigned int more = number_of(side, "isolated_by_more");

	cJSON_ArrayForEach(policy, answer_get(side, "isolated_by"))
		printf("%s    isolated  by %s%s%s%s\n", indent, policy_name(policy, name),
			answer_true(policy, "audit") ? " [audit]" : "",
			answer_true(policy, "in_part") ? " [has errors]" : "",
			place_of(policy, place));
	if (more > 0)
		printf("%s              and %u more policies\n", indent, more);
}

static void print_field(const cJSON *side, const char *name, const char *indent)
{
	const char *text = answer_text(side, name);

	if (*text != '\0')
		printf("%s    %-8s  %s\n", indent, name, text);
}

/* The rule that came nearest, what of it missed, and what would mend it. */
static void print_miss(const cJSON *side, const char *indent)
{
	const char *field = answer_text(side, "field"), *rule = answer_text(side, "rule"),
		   *fix = answer_text(side, "fix");
	char name[POLICY_MOST], place[PLACE_MOST];

	policy_name(answer_get(side, "policy"), name);
	if (*rule != '\0')
		printf("%s    nearest   %s of %s\n", indent, rule, name);
	else
		printf("%s    nearest   %s\n", indent, name);
	if (*field != '\0')
		printf("%s    field     %s%s\n", indent, field, place_of(side, place));
	print_field(side, "wanted", indent);
	print_field(side, "had", indent);
	if (*fix != '\0')
		printf("%s    %sfix%s       %s\n", indent, output_color(COLOR_BOLD),
			output_color(COLOR_NONE), fix);
}

/* What admits: the most exact of its parts that the rule has. */
static void print_admission(const cJSON *side, const char *indent)
{
	const char *peer = answer_text(side, "peer"), *port = answer_text(side, "port");
	char name[POLICY_MOST], place[PLACE_MOST];

	policy_name(answer_get(side, "policy"), name);
	printf("%s    admitted  by %s of %s", indent,
		*peer != '\0' ? peer : answer_text(side, "rule"), name);
	if (*port != '\0')
		printf(", with %s", strstr(port, "ports") != NULL ? strstr(port, "ports") : port);
	printf("%s\n", place_of(side, place));
}

static void print_side(
	const cJSON *flow, const char *direction, const char *end_name, const char *indent)
{
	const cJSON *side = answer_get(flow, direction);
	const cJSON *end = answer_get(flow, end_name);
	const char *verdict = answer_text(side, "verdict"), *why = "";
	char buffer[END_MOST];
	const bool open = strcmp(verdict, "open") == 0;

	if (open && is_self(flow))
		why = ": a pod always reaches itself";
	else if (open && *answer_text(end, "pod") == '\0')
		why = ": no pod, so no policy isolates it";
	else if (open && answer_true(flow, "ipv6_off"))
		why = ": no policy is enforced for IPv6";
	else if (open && cJSON_GetArraySize(answer_get(side, "isolated_by")) == 0)
		why = ": no policy isolates it";
	else if (open)
		why = ": only policies in audit mode isolate it";
	else if (cJSON_IsFalse(answer_get(side, "enforced")))
		why = " (in audit mode)";
	printf("%s  %-7s of %s: %s%s%s%s\n", indent, direction, short_end(end, buffer),
		output_color(color_of(verdict)), verdict, output_color(COLOR_NONE), why);
	if (answer_true(side, "disagrees"))
		printf("%s    podgate's reasons do not lead to this verdict: please report it, "
		       "with these manifests\n",
			indent);
	if (number_of(end, "claimants") > 1)
		printf("%s    contested %u pods have the address %s: the policies of each hold, "
		       "and this pod's decide here\n",
			indent, number_of(end, "claimants"), answer_text(end, "address"));
	print_isolating(side, indent);
	if (*answer_text(side, "miss") != '\0')
		print_miss(side, indent);
	else if (strcmp(verdict, "allowed") == 0)
		print_admission(side, indent);
}

static bool same_reasons(const cJSON *flow, const cJSON *before)
{
	static const char *const directions[] = {"egress", "ingress"};

	for (size_t i = 0; i < sizeof(directions) / sizeof(directions[0]); i++)
		if (!cJSON_Compare(answer_get(flow, directions[i]),
			    answer_get(before, directions[i]), true))
			return false;
	return true;
}

static void print_verdict(const cJSON *flow, const char *indent)
{
	const cJSON *destination = answer_get(flow, "destination");
	const char *verdict = answer_text(flow, "verdict");
	char from[END_MOST], to[END_MOST];

	long_end(answer_get(flow, "source"), from);
	long_end(destination, to);
	printf("%s%s%s%s  %s -> %s  %s", indent, output_color(color_of(verdict)), verdict,
		output_color(COLOR_NONE), from, to, answer_text(flow, "protocol"));
	if (number_of(destination, "port") != 0)
		printf(" %u", number_of(destination, "port"));
	if (strcmp(verdict, "audit-deny") == 0)
		printf("  (passes, because of audit mode)");
	printf("\n");
	if (answer_true(flow, "link_local"))
		printf("%s  a link-local address says nothing of whose it is: setting link_local\n",
			indent);
	if (answer_true(flow, "to_group"))
		printf("%s  a multicast or broadcast address: a bridge delivers what is sent there "
		       "only by ports where each pod behind\n"
		       "%s  admits it, as if it were sent to that pod (setting group_traffic); the "
		       "verdict here is about the address\n",
			indent, indent);
	if (answer_true(flow, "ipv6_off"))
		printf("%s  IPv6 is not enforced here, whatever the policies say: setting ipv6 is "
		       "off\n",
			indent);
}

void explain_text_print(const cJSON *flow, const cJSON *before, const char *indent)
{
	print_verdict(flow, indent);
	if (before != NULL && same_reasons(flow, before)) {
		printf("%s  for the same reasons\n", indent);
		return;
	}
	print_side(flow, "egress", "source", indent);
	print_side(flow, "ingress", "destination", indent);
}
