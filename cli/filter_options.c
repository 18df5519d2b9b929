/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/filter_options.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cli/output.h"
#include "cli/since.h"
#include "enforcer/log/record_time.h"
#include "service/control/filter.h"

enum { COUNT_MOST = 1000000000 };

static cJSON *read_count(const char *text, char problem[OPTIONS_PROBLEM])
{
	char *end;
	unsigned long long count;

	errno = 0;
	count = strtoull(text, &end, 10);
	if (text[0] >= '0' && text[0] <= '9' && *end == '\0' && errno == 0 && count <= COUNT_MOST)
		return cJSON_CreateNumber((double)count);
	snprintf(problem, OPTIONS_PROBLEM, "--limit needs a number of flows, 0 for all, not \"%s\"",
		text);
	return NULL;
}

static cJSON *read_time(const char *text, char problem[OPTIONS_PROBLEM])
{
	char utc[RECORD_TIME_TEXT];
	uint64_t since_ns;
	const int err = since_parse(&since_ns, text, time(NULL));

	if (err == 0)
		return cJSON_CreateString(record_time_format(since_ns, utc));
	if (err == -ERANGE)
		snprintf(problem, OPTIONS_PROBLEM, "--since %s is not in the past", text);
	else
		snprintf(problem, OPTIONS_PROBLEM,
			"--since takes so long ago (10m, 1h30m) or a time (10:00, "
			"2026-11-24T09:00:00Z), not \"%s\"",
			text);
	return NULL;
}

static int take(const struct option_row *row, const char *text, char problem[OPTIONS_PROBLEM])
{
	const struct filter_field *field = filter_field_find(
		strcmp(row->name, "ns") == 0 ? "namespace" : row->name);
	cJSON *value = NULL;

	snprintf(problem, OPTIONS_PROBLEM, "out of memory");
	switch (field->type) {
	case FILTER_IS_FLAG:
		value = cJSON_CreateTrue();
		break;
	case FILTER_IS_COUNT:
		value = read_count(text, problem);
		break;
	case FILTER_IS_TIME:
		value = read_time(text, problem);
		break;
	case FILTER_IS_NAME: /* which the daemon checks */
	case FILTER_IS_OBJECT:
	case FILTER_IS_PROTOCOL:
		value = cJSON_CreateString(text);
		break;
	}
	cJSON_DeleteItemFromObjectCaseSensitive(row->value, field->name); /* the last one counts */
	if (value != NULL && cJSON_AddItemToObject(row->value, field->name, value))
		return 0;
	cJSON_Delete(value);
	return -EINVAL;
}

const struct option_type filter_option = {.form = "NAME", .take = take};
const struct option_type filter_option_flag = {.take = take};

cJSON *filter_options_request(const char *command)
{
	cJSON *request = cJSON_CreateObject();

	if (cJSON_AddStringToObject(request, "command", command) != NULL)
		return request;
	output_problem("out of memory");
	cJSON_Delete(request);
	return NULL;
}
