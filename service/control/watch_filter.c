/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/control/watch_filter.h"

#include <stddef.h>
#include <string.h>

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

static bool end_matches(const struct watch_filter *filter, const cJSON *end)
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

static unsigned int verdict_bit(const char *verdict)
{
	static const struct {
		const char *verdict;
		unsigned int bit;
	} rows[] = {
		{"allow", WATCH_ALLOWED},
		{"deny", WATCH_DENIED},
		{"audit-deny", WATCH_AUDITED},
		{"revoke", WATCH_REVOKED},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (strcmp(verdict, rows[i].verdict) == 0)
			return rows[i].bit;
	return WATCH_UNJUDGED;
}

bool watch_filter_matches(const struct watch_filter *filter, const cJSON *record)
{
	if (cJSON_GetObjectItemCaseSensitive(record, "event") != NULL)
		return true;
	if (filter->verdicts != 0 &&
		(filter->verdicts & verdict_bit(text_of(record, "verdict"))) == 0)
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
