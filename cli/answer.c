/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/answer.h"

#include <stddef.h>

const cJSON *answer_get(const cJSON *object, const char *field)
{
	return cJSON_GetObjectItemCaseSensitive(object, field);
}

const char *answer_text(const cJSON *object, const char *field)
{
	const cJSON *value = answer_get(object, field);

	return cJSON_IsString(value) ? value->valuestring : "";
}

bool answer_true(const cJSON *object, const char *field)
{
	return cJSON_IsTrue(answer_get(object, field));
}

double answer_number(const cJSON *object, const char *field)
{
	const cJSON *value = answer_get(object, field);

	return cJSON_IsNumber(value) ? value->valuedouble : 0;
}
