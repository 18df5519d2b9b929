/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef TESTS_SUPPORT_JSON_READ_BACK_H
#define TESTS_SUPPORT_JSON_READ_BACK_H

/* What a writer wrote, as a value to look into. Header only. */

#include <cjson/cJSON.h>

#include "config/text/json_writer.h"

/* NULL when the writer failed, or when it is not JSON. Empties the writer. */
static inline cJSON *json_read_back(struct json_writer *writer)
{
	cJSON *json = writer->err != 0 ? NULL : cJSON_ParseWithLength(writer->text, writer->length);

	json_writer_deinit(writer);
	return json;
}

#endif
