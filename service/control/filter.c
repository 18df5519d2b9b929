/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/control/filter.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "enforcer/log/record_time.h"
#include "policy/values/flow.h"

static const struct filter_field fields[] = {
	{"namespace", FILTER_IS_NAME, offsetof(struct filter, namespace_name)},
	{"pod", FILTER_IS_OBJECT, offsetof(struct filter, pod)},
	{"policy", FILTER_IS_OBJECT, offsetof(struct filter, policy)},
	{"deny", FILTER_IS_FLAG, offsetof(struct filter, denied)},
	{"allow", FILTER_IS_FLAG, offsetof(struct filter, allowed)},
	{"audit", FILTER_IS_FLAG, offsetof(struct filter, audited)},
	{"revoked", FILTER_IS_FLAG, offsetof(struct filter, revoked)},
	{"all", FILTER_IS_FLAG, offsetof(struct filter, all)},
	{"protocol", FILTER_IS_PROTOCOL, offsetof(struct filter, protocol)},
	{"limit", FILTER_IS_COUNT, offsetof(struct filter, limit)},
	{"since", FILTER_IS_TIME, offsetof(struct filter, since_ns)},
};

const struct filter_field *filter_field_find(const char *name)
{
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		if (strcmp(fields[i].name, name) == 0)
			return &fields[i];
	return NULL;
}

/* ---- reading ---- */

static bool read_name(char *out, size_t size, bool with_slash, const char *text)
{
	if (*text == '\0' || strlen(text) >= size || (strchr(text, '/') != NULL) != with_slash)
		return false;
	memcpy(out, text, strlen(text) + 1);
	return true;
}

/* Up to 2^53 every whole number is one in JSON. */
static bool read_count(uint64_t *out, const cJSON *value)
{
	if (!cJSON_IsNumber(value) ||
		!(value->valuedouble >= 0 && value->valuedouble <= 9007199254740992.0) ||
		value->valuedouble != (double)(uint64_t)value->valuedouble)
		return false;
	*out = (uint64_t)value->valuedouble;
	return true;
}

/* False, with what it must be in `wanted`. */
static bool read_field(struct filter *out, const struct filter_field *field, const cJSON *value,
	const char **wanted)
{
	void *to = (char *)out + field->offset;
	const char *text = cJSON_IsString(value) ? value->valuestring : "";

	switch (field->type) {
	case FILTER_IS_FLAG:
		*wanted = "true or false";
		*(bool *)to = cJSON_IsTrue(value);
		return cJSON_IsBool(value);
	case FILTER_IS_NAME:
		*wanted = "a string, a name";
		return read_name(to, FILTER_NAMESPACE, false, text);
	case FILTER_IS_OBJECT:
		*wanted = "a string, NAMESPACE/NAME";
		return read_name(to, FILTER_NAME, true, text);
	case FILTER_IS_PROTOCOL:
		*wanted = "one of TCP, UDP, SCTP, ICMP, ICMPv6 or a number, as a string";
		out->has_protocol = true;
		return flow_protocol_parse(to, text) == 0;
	case FILTER_IS_COUNT:
		*wanted = "a whole number, 0 for no limit";
		return read_count(to, value);
	case FILTER_IS_TIME:
		*wanted = "a time such as \"2026-11-24T10:00:00Z\"";
		if (record_time_parse(to, text) != 0)
			return false;
		*(uint64_t *)to += *(uint64_t *)to == 0; /* 0 stands for "not at all" */
		return true;
	}
	return false;
}

int filter_read(struct filter *out, const char *const *names, const cJSON *request,
	char problem[PROBLEM_SIZE])
{
	for (; *names != NULL; names++) {
		const cJSON *value = cJSON_GetObjectItemCaseSensitive(request, *names);
		const char *wanted = "";

		if (value == NULL || read_field(out, filter_field_find(*names), value, &wanted))
			continue;
		snprintf(problem, PROBLEM_SIZE, "\"%s\" must be %s", *names, wanted);
		return -EINVAL;
	}
	return 0;
}

/* ---- lines of the verdict log ---- */

static const char *text_of(const cJSON *object, const char *field)
{
	const cJSON *value = cJSON_GetObjectItemCaseSensitive(object, field);

	return cJSON_IsString(value) ? value->valuestring : "";
}

/* Whether `wanted`, NAMESPACE/NAME, is what these two fields of `object` say together. */
static bool is_named(const cJSON *object, const char *namespace_field, const char *name_field,
	const char *wanted)
{
	const char *namespace_name = text_of(object, namespace_field);
	const size_t length = strlen(namespace_name);

	return strncmp(wanted, namespace_name, length) == 0 && wanted[length] == '/' &&
		strcmp(wanted + length + 1, text_of(object, name_field)) == 0;
}

static bool end_matches(const struct filter *filter, const cJSON *end)
{
	if (filter->namespace_name[0] != '\0' &&
		strcmp(text_of(end, "namespace"), filter->namespace_name) != 0)
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

/* "deny" is all that did not simply pass. */
static bool verdict_matches(const struct filter *filter, const char *verdict)
{
	if (!filter->denied && !filter->allowed && !filter->audited && !filter->revoked)
		return true;
	if (strcmp(verdict, "allow") == 0)
		return filter->allowed;
	return filter->denied || (filter->audited && strcmp(verdict, "audit-deny") == 0) ||
		(filter->revoked && strcmp(verdict, "revoke") == 0);
}

bool filter_matches(const struct filter *filter, const cJSON *record)
{
	if (cJSON_GetObjectItemCaseSensitive(record, "event") != NULL)
		return true;
	if (!verdict_matches(filter, text_of(record, "verdict")))
		return false;
	if (!end_matches(filter, cJSON_GetObjectItemCaseSensitive(record, "source")) &&
		!end_matches(filter, cJSON_GetObjectItemCaseSensitive(record, "destination")))
		return false;
	return filter->policy[0] == '\0' ||
		side_names_policy(
			cJSON_GetObjectItemCaseSensitive(record, "egress"), filter->policy) ||
		side_names_policy(
			cJSON_GetObjectItemCaseSensitive(record, "ingress"), filter->policy);
}
