/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/support/stream_reader.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

static void take_line(struct stream_reader *reader, const char *line, size_t length)
{
	cJSON *json = cJSON_ParseWithLength(line, length);

	if (json == NULL)
		fail_msg("no JSON: %.*s", (int)length, line);
	if (reader->count < STREAM_READER_LINES)
		reader->lines[reader->count] = json;
	else
		cJSON_Delete(json);
	reader->count++;
}

enum stream_step stream_reader_read(struct stream_reader *reader, struct stream *stream)
{
	struct json_writer piece = {.text = NULL};
	const enum stream_step step = stream->next(stream, &piece);
	const char *line = piece.text, *newline;

	assert_int_equal(piece.err, 0);
	reader->pieces++;
	if (piece.length > reader->longest)
		reader->longest = piece.length;
	while (piece.length > 0 && line < piece.text + piece.length) {
		newline = memchr(line, '\n', (size_t)(piece.text + piece.length - line));
		assert_non_null(newline);
		take_line(reader, line, (size_t)(newline - line));
		line = newline + 1;
	}
	json_writer_deinit(&piece);
	return step;
}

void stream_reader_read_all(struct stream_reader *reader, struct stream *stream)
{
	*reader = (struct stream_reader){.count = 0};
	while (stream_reader_read(reader, stream) == STREAM_MORE)
		;
	stream->free(stream);
}

void stream_reader_deinit(struct stream_reader *reader)
{
	for (size_t i = 0; i < reader->count && i < STREAM_READER_LINES; i++)
		cJSON_Delete(reader->lines[i]);
	reader->count = 0;
}

const cJSON *stream_reader_at(const cJSON *line, const char *path)
{
	char copy[128], *save = NULL;

	snprintf(copy, sizeof(copy), "%s", path);
	for (char *name = strtok_r(copy, ".", &save); name != NULL;
		name = strtok_r(NULL, ".", &save))
		line = cJSON_GetObjectItemCaseSensitive(line, name);
	return line;
}

void stream_reader_expect_text(const cJSON *line, const char *path, const char *wanted)
{
	const cJSON *value = stream_reader_at(line, path);

	if (!cJSON_IsString(value))
		fail_msg("no text at %s", path);
	assert_string_equal(value->valuestring, wanted);
}

void stream_reader_expect_number(const cJSON *line, const char *path, double wanted)
{
	const cJSON *value = stream_reader_at(line, path);

	if (!cJSON_IsNumber(value))
		fail_msg("no number at %s", path);
	if (value->valuedouble != wanted)
		fail_msg("%s is %g, not %g", path, value->valuedouble, wanted);
}
