/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config/text/json_writer.h"

#include <errno.h>
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/text/utf8.h"

enum {
	FIRST_CAPACITY = 1024,
	ESCAPE_MOST = 6, /* \u001f */
	NUMBER_TEXT = 32,
};

/* Whole numbers below have at most 15 digits, which cJSON prints as they are. */
#define EXACT_MOST 1000000000000000ULL

/* Where `more` bytes can be written; NULL when that can't be. */
static char *room(struct json_writer *writer, size_t more)
{
	size_t capacity = writer->capacity == 0 ? FIRST_CAPACITY : writer->capacity;
	char *larger;

	if (writer->err != 0)
		return NULL;
	if (more <= writer->capacity - writer->length)
		return writer->text + writer->length;
	while (capacity - writer->length < more && capacity <= SIZE_MAX / 2)
		capacity *= 2;
	larger = capacity - writer->length < more ? NULL : reallocarray(writer->text, capacity, 1);
	if (larger == NULL) {
		writer->err = -ENOMEM;
		return NULL;
	}
	writer->text = larger;
	writer->capacity = capacity;
	return larger + writer->length;
}

void json_writer_deinit(struct json_writer *writer)
{
	free(writer->text);
	*writer = (struct json_writer){.text = NULL};
}

void json_writer_clear(struct json_writer *writer)
{
	*writer = (struct json_writer){.text = writer->text, .capacity = writer->capacity};
}

void json_raw(struct json_writer *writer, const char *bytes, size_t length)
{
	char *out = room(writer, length);

	if (out == NULL || length == 0)
		return;
	memcpy(out, bytes, length);
	writer->length += length;
}

/* A comma and the key, which stand before a value. */
static void begin_value(struct json_writer *writer, const char *key)
{
	const size_t length = key == NULL ? 0 : strlen(key);
	char *out = room(writer, length + strlen(",\"\":"));

	if (out == NULL)
		return;
	if (writer->comma)
		*out++ = ',';
	if (key != NULL) {
		*out++ = '"';
		memcpy(out, key, length);
		out += length;
		*out++ = '"';
		*out++ = ':';
	}
	writer->length = (size_t)(out - writer->text);
	writer->comma = true;
}

void json_value(struct json_writer *writer, const char *key, const char *bytes, size_t length)
{
	begin_value(writer, key);
	json_raw(writer, bytes, length);
}

static void begin(struct json_writer *writer, const char *key, const char *bracket)
{
	json_value(writer, key, bracket, 1);
	writer->comma = false;
}

static void end(struct json_writer *writer, const char *bracket)
{
	json_raw(writer, bracket, 1);
	writer->comma = true;
}

void json_begin_object(struct json_writer *writer, const char *key)
{
	begin(writer, key, "{");
}

void json_end_object(struct json_writer *writer)
{
	end(writer, "}");
}

void json_begin_array(struct json_writer *writer, const char *key)
{
	begin(writer, key, "[");
}

void json_end_array(struct json_writer *writer)
{
	end(writer, "]");
}

static char *write_escape(char *out, unsigned char byte)
{
	static const char hex[] = "0123456789abcdef", letters[] = "btn\0fr"; /* \b is 8 */

	*out++ = '\\';
	if (byte == '"' || byte == '\\') {
		*out++ = (char)byte;
	} else if (byte >= '\b' && byte <= '\r' && byte != '\v') {
		*out++ = letters[byte - '\b'];
	} else {
		memcpy(out, "u00", 3);
		out[3] = hex[byte >> 4];
		out[4] = hex[byte & 15];
		out += 5;
	}
	return out;
}

void json_text(struct json_writer *writer, const char *key, const char *text)
{
	const size_t length = strlen(text);
	char *out;

	begin_value(writer, key);
	out = room(writer, length < SIZE_MAX / 8 ? ESCAPE_MOST * length + 2 : SIZE_MAX);
	if (out == NULL)
		return;
	*out++ = '"';
	for (size_t i = 0; i < length; i++) {
		const unsigned char byte = (unsigned char)text[i];

		if (byte < 0x20 || byte == '"' || byte == '\\')
			out = write_escape(out, byte);
		else
			*out++ = text[i];
	}
	*out++ = '"';
	writer->length = (size_t)(out - writer->text);
}

void json_text_unless_empty(struct json_writer *writer, const char *key, const char *text)
{
	if (*text != '\0')
		json_text(writer, key, text);
}

void json_number(struct json_writer *writer, const char *key, uint64_t number)
{
	char digits[NUMBER_TEXT], *first = digits + sizeof(digits);

	if (number >= EXACT_MOST) {
		json_double(writer, key, (double)number);
		return;
	}
	do
		*--first = (char)('0' + number % 10);
	while ((number /= 10) != 0);
	json_value(writer, key, first, (size_t)(digits + sizeof(digits) - first));
}

/* As print_number() of cJSON.c: 17 digits only where 15 would be read as another number. */
void json_double(struct json_writer *writer, const char *key, double number)
{
	char text[NUMBER_TEXT] = "null"; /* JSON has no infinity */
	double read, larger;

	if (isfinite(number)) {
		snprintf(text, sizeof(text), "%1.15g", number);
		read = strtod(text, NULL);
		larger = fabs(read) > fabs(number) ? fabs(read) : fabs(number);
		if (fabs(read - number) > larger * DBL_EPSILON)
			snprintf(text, sizeof(text), "%1.17g", number);
	}
	json_value(writer, key, text, strlen(text));
}

void json_bool(struct json_writer *writer, const char *key, bool value)
{
	json_value(writer, key, value ? "true" : "false", value ? 4 : 5);
}

void json_bool_if_true(struct json_writer *writer, const char *key, bool value)
{
	if (value)
		json_bool(writer, key, true);
}

void json_end_line(struct json_writer *writer)
{
	char *out = room(writer, 2);

	if (out == NULL)
		return;
	memcpy(out, "\n", 2);
	utf8_mend(writer->text + writer->line, writer->length - writer->line);
	writer->line = ++writer->length;
	writer->comma = false;
}

void json_refusal(struct json_writer *writer, const char *error)
{
	json_begin_object(writer, NULL);
	json_bool(writer, "ok", false);
	json_text(writer, "error", error);
	json_end_object(writer);
}
