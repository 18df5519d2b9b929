/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "enforcer/control_request.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "config/utf8.h"

static const char *const command_names[] = {
	[CONTROL_STATUS] = "status",
	[CONTROL_WATCH] = "watch",
	[CONTROL_EXPLAIN] = "explain",
	[CONTROL_JUDGE] = "judge",
	[CONTROL_RELOAD] = "reload",
	[CONTROL_DIAGS] = "diags",
	[CONTROL_HAND_OVER] = "hand_over",
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
	snprintf(problem, CONTROL_PROBLEM, "the request is not text: byte %zu is %s", fault.offset, fault.problem);
	return -EINVAL;
}

static int parse_command(enum control_command *out, const cJSON *json, char problem[CONTROL_PROBLEM])
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
	return fail(problem, "unknown command; there are status, watch, explain, judge, reload and diags");
}

/* A missing field leaves "". */
static int parse_name(const cJSON *json, const char *field, bool with_slash, char *out, size_t size,
	char problem[CONTROL_PROBLEM])
{
	const cJSON *value = cJSON_GetObjectItemCaseSensitive(json, field);

	if (value == NULL)
		return 0;
	if (!cJSON_IsString(value) || value->valuestring[0] == '\0' || strlen(value->valuestring) >= size ||
	    (strchr(value->valuestring, '/') != NULL) != with_slash) {
		snprintf(problem, CONTROL_PROBLEM, "\"%s\" must be a string, %s", field,
			with_slash ? "NAMESPACE/NAME" : "a name");
		return -EINVAL;
	}
	snprintf(out, size, "%s", value->valuestring);
	return 0;
}

static int parse_filter(struct watch_filter *out, const cJSON *json, char problem[CONTROL_PROBLEM])
{
	const cJSON *deny = cJSON_GetObjectItemCaseSensitive(json, "deny");
	int err;

	if (deny != NULL && !cJSON_IsBool(deny))
		return fail(problem, "\"deny\" must be true or false");
	out->deny = cJSON_IsTrue(deny);
	err = parse_name(json, "namespace", false, out->namespace_name, sizeof(out->namespace_name), problem);
	if (err == 0)
		err = parse_name(json, "pod", true, out->pod, sizeof(out->pod), problem);
	if (err == 0)
		err = parse_name(json, "policy", true, out->policy, sizeof(out->policy), problem);
	return err;
}

int control_request_parse(struct control_request *out, const char *line, size_t length, char problem[CONTROL_PROBLEM])
{
	struct control_request request = {0};
	const char *end;
	int err = check_text(line, length, problem);

	if (err != 0)
		return err;
	/* cJSON stops at the value's end; what follows must be blank, or this is more than one request. */
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
	if (err == 0 && request.command == CONTROL_WATCH)
		err = parse_filter(&request.filter, request.json, problem);
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

/* ---- filters ---- */

static const char *text_of(const cJSON *object, const char *field)
{
	const cJSON *value = cJSON_GetObjectItemCaseSensitive(object, field);

	return cJSON_IsString(value) ? value->valuestring : "";
}

/* Whether `wanted`, NAMESPACE/NAME, is what these two fields of `object` say together. */
static bool is_named(const cJSON *object, const char *namespace_field, const char *name_field, const char *wanted)
{
	const char *namespace_name = text_of(object, namespace_field);
	const size_t length = strlen(namespace_name);

	return strncmp(wanted, namespace_name, length) == 0 && wanted[length] == '/' &&
	       strcmp(wanted + length + 1, text_of(object, name_field)) == 0;
}

static bool end_matches(const struct watch_filter *filter, const cJSON *end)
{
	if (filter->namespace_name[0] != '\0' && strcmp(text_of(end, "namespace"), filter->namespace_name) != 0)
		return false;
	return filter->pod[0] == '\0' || is_named(end, "namespace", "pod", filter->pod);
}

static bool side_names_policy(const cJSON *side, const char *wanted)
{
	const cJSON *policy;

	if (is_named(cJSON_GetObjectItemCaseSensitive(side, "policy"), "namespace", "name", wanted))
		return true;
	cJSON_ArrayForEach(policy, cJSON_GetObjectItemCaseSensitive(side, "isolated_by"))
		if (is_named(policy, "namespace", "name", wanted))
			return true;
	return false;
}

bool watch_filter_matches(const struct watch_filter *filter, const cJSON *record)
{
	if (cJSON_GetObjectItemCaseSensitive(record, "event") != NULL)
		return true;
	if (filter->deny && strcmp(text_of(record, "verdict"), "allow") == 0)
		return false;
	if (!end_matches(filter, cJSON_GetObjectItemCaseSensitive(record, "source")) &&
	    !end_matches(filter, cJSON_GetObjectItemCaseSensitive(record, "destination")))
		return false;
	return filter->policy[0] == '\0' ||
	       side_names_policy(cJSON_GetObjectItemCaseSensitive(record, "egress"), filter->policy) ||
	       side_names_policy(cJSON_GetObjectItemCaseSensitive(record, "ingress"), filter->policy);
}
