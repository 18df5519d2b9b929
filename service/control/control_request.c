/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/control/control_request.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "config/text/utf8.h"
#include "enforcer/log/record_time.h"
#include "policy/values/flow.h"

static const char *const command_names[] = {
	[CONTROL_STATUS] = "status",
	[CONTROL_WATCH] = "watch",
	[CONTROL_EXPLAIN] = "explain",
	[CONTROL_JUDGE] = "judge",
	[CONTROL_RELOAD] = "reload",
	[CONTROL_DIAGS] = "diags",
	[CONTROL_HAND_OVER] = "hand_over",
	[CONTROL_FLOWS] = "flows",
	[CONTROL_POLICIES] = "policies",
};

enum { COMMAND_COUNT = sizeof(command_names) / sizeof(command_names[0]) };

static int fail(char problem[CONTROL_PROBLEM], const char *sentence)
{
	snprintf(problem, CONTROL_PROBLEM, "%s", sentence);
	return -EINVAL;
}

static int check_text(const char *line, size_t length, char problem[CONTROL_PROBLEM])
{
	struct utf8_fault fault;

	if (utf8_check(line, length, true, &fault) == 0)
		return 0;
	snprintf(problem, CONTROL_PROBLEM, "the request is not text: byte %zu is %s", fault.offset,
		fault.problem);
	return -EINVAL;
}

/*
 * cJSON ends a text at \u0000, so "shop/web\u0000x" would be taken for shop/web; and of a field
 * that is there twice it gives the first. Neither is what was asked.
 */
static int check_zeros(const char *line, size_t length, char problem[CONTROL_PROBLEM])
{
	for (size_t i = 0; i + 1 < length; i++) {
		if (line[i] != '\\')
			continue;
		if (length - i >= 6 && memcmp(line + i, "\\u0000", 6) == 0)
			return fail(problem,
				"a text of the request has \\u0000 in it, which no name has");
		i++; /* whatever it escapes is no beginning of another escape */
	}
	return 0;
}

/* The fields that a command takes besides itself. */
static const char *const *fields_of(enum control_command command)
{
	static const char *const none[] = {NULL},
				 *const explain[] = {"source", "destination", NULL},
				 *const judge[] = {"rows", NULL},
				 *const watch[] = {"deny", "allow", "audit", "revoked", "namespace",
					 "pod", "policy", "since", NULL},
				 *const flows[] = {"namespace", "pod", "deny", "allow", "protocol",
					 "limit", "all", NULL},
				 *const policies[] = {"namespace", "pod", NULL},
				 *const hand_over[] = {"protocol", "step", NULL};

	switch (command) {
	case CONTROL_EXPLAIN:
		return explain;
	case CONTROL_JUDGE:
		return judge;
	case CONTROL_WATCH:
		return watch;
	case CONTROL_FLOWS:
		return flows;
	case CONTROL_POLICIES:
		return policies;
	case CONTROL_HAND_OVER:
		return hand_over;
	default:
		return none;
	}
}

static bool has_name(const char *const *names, const char *name)
{
	while (*names != NULL && strcmp(*names, name) != 0)
		names++;
	return *names != NULL;
}

/* A misspelt filter would list everything, and somebody would believe it. */
static int check_fields(
	enum control_command command, const cJSON *json, char problem[CONTROL_PROBLEM])
{
	const char *const *known = fields_of(command);

	/* At most some eight fields get past the first that is unknown or twice. */
	for (const cJSON *field = json->child; field != NULL; field = field->next) {
		const char *twice = NULL;

		if (strcmp(field->string, "command") != 0 && !has_name(known, field->string)) {
			snprintf(problem, CONTROL_PROBLEM, "%s takes no \"%.64s\"",
				command_names[command], field->string);
			return -EINVAL;
		}
		for (const cJSON *other = json->child; other != field; other = other->next)
			if (strcmp(other->string, field->string) == 0)
				twice = field->string;
		if (twice != NULL) {
			snprintf(problem, CONTROL_PROBLEM, "\"%.64s\" is there twice", twice);
			return -EINVAL;
		}
	}
	return 0;
}

static int parse_command(
	enum control_command *out, const cJSON *json, char problem[CONTROL_PROBLEM])
{
	const cJSON *name = cJSON_GetObjectItemCaseSensitive(json, "command");

	if (!cJSON_IsString(name))
		return fail(problem, "the request has no \"command\", a string");
	for (int i = 0; i < COMMAND_COUNT; i++) {
		if (strcmp(name->valuestring, command_names[i]) != 0)
			continue;
		*out = (enum control_command)i;
		return 0;
	}
	return fail(problem,
		"unknown command; there are status, flows, policies, watch, explain, judge, reload "
		"and diags");
}

/* A missing field leaves "". */
static int parse_name(const cJSON *json, const char *field, bool with_slash, char *out, size_t size,
	char problem[CONTROL_PROBLEM])
{
	const cJSON *value = cJSON_GetObjectItemCaseSensitive(json, field);

	if (value == NULL)
		return 0;
	if (!cJSON_IsString(value) || value->valuestring[0] == '\0' ||
		strlen(value->valuestring) >= size ||
		(strchr(value->valuestring, '/') != NULL) != with_slash) {
		snprintf(problem, CONTROL_PROBLEM, "\"%s\" must be a string, %s", field,
			with_slash ? "NAMESPACE/NAME" : "a name");
		return -EINVAL;
	}
	snprintf(out, size, "%s", value->valuestring);
	return 0;
}

/* A missing field is false. */
static int parse_flag(
	const cJSON *json, const char *field, bool *out, char problem[CONTROL_PROBLEM])
{
	const cJSON *value = cJSON_GetObjectItemCaseSensitive(json, field);

	if (value != NULL && !cJSON_IsBool(value)) {
		snprintf(problem, CONTROL_PROBLEM, "\"%s\" must be true or false", field);
		return -EINVAL;
	}
	*out = cJSON_IsTrue(value);
	return 0;
}

/* "deny" is all that did not simply pass, as it has always been. */
static int parse_verdicts(unsigned int *out, const cJSON *json, char problem[CONTROL_PROBLEM])
{
	static const struct {
		const char *field;
		unsigned int bits;
	} rows[] = {
		{"allow", WATCH_ALLOWED},
		{"deny", WATCH_DENIED | WATCH_AUDITED | WATCH_REVOKED | WATCH_UNJUDGED},
		{"audit", WATCH_AUDITED},
		{"revoked", WATCH_REVOKED},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		bool wanted;

		if (parse_flag(json, rows[i].field, &wanted, problem) != 0)
			return -EINVAL;
		*out |= wanted ? rows[i].bits : 0;
	}
	return 0;
}

static int parse_since(uint64_t *out, const cJSON *json, char problem[CONTROL_PROBLEM])
{
	const cJSON *value = cJSON_GetObjectItemCaseSensitive(json, "since");

	if (value == NULL)
		return 0;
	if (cJSON_IsString(value) && record_time_parse(out, value->valuestring) == 0) {
		*out += *out == 0; /* 0 stands for "not at all" */
		return 0;
	}
	return fail(problem, "\"since\" must be a time such as \"2026-11-24T10:00:00Z\"");
}

static int parse_watch(
	struct control_request *out, const cJSON *json, char problem[CONTROL_PROBLEM])
{
	struct watch_filter *filter = &out->filter;
	int err = parse_verdicts(&filter->verdicts, json, problem);

	if (err == 0)
		err = parse_name(json, "namespace", false, filter->namespace_name,
			sizeof(filter->namespace_name), problem);
	if (err == 0)
		err = parse_name(json, "pod", true, filter->pod, sizeof(filter->pod), problem);
	if (err == 0)
		err = parse_name(
			json, "policy", true, filter->policy, sizeof(filter->policy), problem);
	return err != 0 ? err : parse_since(&out->since_ns, json, problem);
}

static int parse_protocol(struct list_filter *out, const cJSON *json, char problem[CONTROL_PROBLEM])
{
	const cJSON *value = cJSON_GetObjectItemCaseSensitive(json, "protocol");

	if (value == NULL)
		return 0;
	out->has_protocol = true;
	if (cJSON_IsString(value) && flow_protocol_parse(&out->protocol, value->valuestring) == 0)
		return 0;
	return fail(problem,
		"\"protocol\" must be one of TCP, UDP, SCTP, ICMP, ICMPv6 or a number, as a "
		"string");
}

static int parse_limit(struct list_filter *out, const cJSON *json, char problem[CONTROL_PROBLEM])
{
	const cJSON *value = cJSON_GetObjectItemCaseSensitive(json, "limit");
	const double most = 9007199254740992.0; /* up to there every whole number is one in JSON */

	if (value == NULL)
		return 0;
	if (!cJSON_IsNumber(value) || !(value->valuedouble >= 0 && value->valuedouble <= most) ||
		value->valuedouble != (double)(uint64_t)value->valuedouble)
		return fail(problem, "\"limit\" must be a whole number, 0 for no limit");
	out->limit = (uint64_t)value->valuedouble;
	return 0;
}

static int parse_list(struct list_filter *out, const cJSON *json, char problem[CONTROL_PROBLEM])
{
	int err = parse_name(json, "namespace", false, out->namespace_name,
		sizeof(out->namespace_name), problem);

	if (err == 0)
		err = parse_name(json, "pod", true, out->pod, sizeof(out->pod), problem);
	return err;
}

static int parse_flows(struct list_filter *out, const cJSON *json, char problem[CONTROL_PROBLEM])
{
	int err = parse_list(out, json, problem);

	if (err == 0)
		err = parse_flag(json, "all", &out->all, problem);
	if (err == 0)
		err = parse_flag(json, "deny", &out->denied, problem);
	if (err == 0)
		err = parse_flag(json, "allow", &out->allowed, problem);
	if (err == 0)
		err = parse_protocol(out, json, problem);
	return err != 0 ? err : parse_limit(out, json, problem);
}

/*
 * The fields of the command's own. Those of explain and judge are read with the snapshot
 * (explain_json.h).
 */
static int parse_fields(struct control_request *out, char problem[CONTROL_PROBLEM])
{
	switch (out->command) {
	case CONTROL_WATCH:
		return parse_watch(out, out->json, problem);
	case CONTROL_FLOWS:
		return parse_flows(&out->list, out->json, problem);
	case CONTROL_POLICIES:
		return parse_list(&out->list, out->json, problem);
	default:
		return 0;
	}
}

int control_request_parse(
	struct control_request *out, const char *line, size_t length, char problem[CONTROL_PROBLEM])
{
	struct control_request request = {0};
	const char *end;
	int err = check_text(line, length, problem);

	if (err == 0)
		err = check_zeros(line, length, problem);
	if (err != 0)
		return err;
	/*
	 * cJSON stops at the value's end; what follows must be blank, or this is more than one
	 * request.
	 */
	request.json = cJSON_ParseWithLengthOpts(line, length, &end, 0);
	if (request.json == NULL)
		return fail(problem, "the request is not JSON");
	while (end < line + length && strchr(" \t\r\n", *end) != NULL)
		end++;
	if (end != line + length)
		err = fail(problem, "something follows the request on its line");
	else if (!cJSON_IsObject(request.json))
		err = fail(problem, "the request is not a JSON object");
	else
		err = parse_command(&request.command, request.json, problem);
	if (err == 0)
		err = check_fields(request.command, request.json, problem);
	if (err == 0)
		err = parse_fields(&request, problem);
	if (err != 0) {
		cJSON_Delete(request.json);
		return err;
	}
	*out = request;
	return 0;
}

void control_request_deinit(struct control_request *request)
{
	cJSON_Delete(request->json);
	request->json = NULL;
}
