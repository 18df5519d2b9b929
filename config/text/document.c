/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config/text/document.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/text/json_reader.h"
#include "config/text/node_builder.h"
#include "config/text/text_stream.h"
#include "config/text/utf8.h"
#include "config/text/yaml_reader.h"

/* The input of one reading, and its output. */
struct input {
	const char *file;
	struct byte_source source; /* of UTF-8 */
	struct node_builder *builder;
	struct document_list *list;
	char *converted; /* the text, when it was UTF-16 */
};

static void lose_rest(const struct input *input)
{
	input->list->broken++;
	input->list->truncated = true;
}

static void report_whole(
	const struct input *input, const char *code, const char *hint, const char *text)
{
	diag_add(input->builder->diags, DIAG_ERROR, (struct source_pos){.file = input->file}, code,
		hint, "%s", text);
	lose_rest(input);
}

static bool looks_like_json(const struct byte_source *source)
{
	char bytes[4096];
	uint64_t offset = 0;
	ssize_t got;

	while ((got = byte_source_read(source, offset, bytes, sizeof(bytes))) > 0) {
		for (ssize_t i = offset == 0 && got >= 3 && memcmp(bytes, "\xEF\xBB\xBF", 3) == 0
				? 3
				: 0;
			i < got; i++) {
			if (strchr(" \t\r\n", bytes[i]) != NULL && bytes[i] != '\0')
				continue;
			/* Two braces begin a template: YAML's reader knows what to say about it. */
			if (bytes[i] == '{' && i + 1 < got && bytes[i + 1] == '{')
				return false;
			return bytes[i] == '{' || bytes[i] == '[';
		}
		offset += (uint64_t)got;
	}
	return false;
}

static int read_yaml(const struct input *input)
{
	struct text_stream stream;
	int err = text_stream_init(
		&stream, &input->source, input->file, true, input->builder->diags);

	if (err != 0)
		return err;
	err = yaml_read(input->builder, &stream, &input->list->broken);
	if (err == -E2BIG || (err == 0 && stream.stopped)) {
		input->list->truncated = true;
		err = 0;
	}
	text_stream_deinit(&stream);
	return err;
}

static void report_json(const struct input *input, const struct json_fault *fault)
{
	diag_add(input->builder->diags, DIAG_ERROR, fault->pos, "json-syntax", NULL, "%s",
		fault->problem);
}

/*
 * A text that JSON's reader refuses may still be YAML, in which braces are another way to write
 * mappings. When neither reads it, the finding of JSON's reader is nearer the mistake. Missing
 * quotes are an exception: YAML does without them.
 */
static int read_json_as_yaml(
	struct input *input, const struct diag_list *before, const struct json_fault *fault)
{
	struct document_list as_yaml = {0}, *list = input->list;
	/* of YAML's reader; those of the visitor stay */
	struct diag_list *diags = input->builder->diags, syntax;
	int err;

	*diags = *before;
	diag_list_init(&syntax, diags->arena);
	node_builder_drop_all(input->builder);
	input->list = &as_yaml;
	input->builder->diags = &syntax;
	err = read_yaml(input);
	input->list = list;
	input->builder->diags = diags;
	if (as_yaml.broken > 0 && !fault->bare)
		report_json(input, fault);
	for (size_t i = 0; (as_yaml.broken == 0 || fault->bare) && i < syntax.count; i++)
		diag_add(diags, syntax.items[i].severity, syntax.items[i].pos, syntax.items[i].code,
			syntax.items[i].hint, "%s", syntax.items[i].text);
	list->broken += as_yaml.broken;
	list->truncated |= as_yaml.truncated;
	return err;
}

static int read_json(struct input *input)
{
	/* a list only grows: this is its state to go back to */
	const struct diag_list before = *input->builder->diags;
	struct json_fault fault = {.bare = false};
	struct text_stream stream;
	int err = text_stream_init(
		&stream, &input->source, input->file, false, input->builder->diags);

	if (err != 0)
		return err;
	err = json_read(input->builder, &stream, &fault);
	text_stream_deinit(&stream);
	if (stream.stopped) {
		report_whole(input, stream.stop_code, NULL, stream.stop_reason);
		return err == -ENOMEM ? err : 0;
	}
	if (err == -EOVERFLOW || err == -E2BIG) {
		lose_rest(input);
		return 0;
	}
	if (err != -EINVAL)
		return err;
	if (!fault.at_end)
		return read_json_as_yaml(input, &before, &fault);
	report_json(input, &fault);
	lose_rest(input);
	return 0;
}

static uint32_t utf16_unit(const char *at, bool big_endian)
{
	const unsigned char first = (unsigned char)at[0], second = (unsigned char)at[1];

	return big_endian ? (uint32_t)first << 8 | second : (uint32_t)second << 8 | first;
}

/*
 * UTF-16 text (RFC 2781) behind its byte order mark, as UTF-8 in `out`, which has room for
 * length / 2 * 3 bytes. Half a pair becomes U+FFFD, and so does half a unit at the end. Returns the
 * length.
 */
static size_t utf16_to_utf8(const char *bytes, size_t length, char *out)
{
	const bool big_endian = (unsigned char)bytes[0] == 0xFE;
	const char *end = bytes + length, *at = bytes + 2;
	size_t used = 0;

	while (end - at >= 2) {
		uint32_t code = utf16_unit(at, big_endian), low;

		at += 2;
		if (code >= 0xD800 && code <= 0xDBFF && end - at >= 2) {
			low = utf16_unit(at, big_endian);
			if (low >= 0xDC00 && low <= 0xDFFF) {
				code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
				at += 2;
			}
		}
		if (code >= 0xD800 && code <= 0xDFFF)
			code = 0xFFFD;
		used += utf8_encode(code, out + used);
	}
	if (at < end)
		used += utf8_encode(0xFFFD, out + used);
	return used;
}

/*
 * UTF-16, which PowerShell's > writes, is converted whole: it may be as large as one object. 0 or
 * -errno.
 */
static int convert_utf16(struct input *input)
{
	char mark[2], *bytes;
	ssize_t got = byte_source_read(&input->source, 0, mark, sizeof(mark));

	if (got < 2 || (memcmp(mark, "\xFF\xFE", 2) != 0 && memcmp(mark, "\xFE\xFF", 2) != 0))
		return 0;
	if (input->source.length > input->builder->limits.bytes)
		return -EFBIG;
	bytes = malloc((size_t)input->source.length);
	input->converted = malloc((size_t)input->source.length / 2 * 3 + 3);
	if (bytes == NULL || input->converted == NULL) {
		free(bytes);
		return -ENOMEM;
	}
	got = byte_source_read(&input->source, 0, bytes, (size_t)input->source.length);
	if (got >= 2)
		input->source = byte_source_of_text(
			input->converted, utf16_to_utf8(bytes, (size_t)got, input->converted));
	free(bytes);
	return got < 0 ? (int)got : 0;
}

static int read_documents(struct input *input)
{
	char text[96];
	int err;

	if (input->source.length > input->builder->limits.file_bytes) {
		snprintf(text, sizeof(text), "%llu bytes are more than the %llu that are read",
			(unsigned long long)input->source.length,
			(unsigned long long)input->builder->limits.file_bytes);
		report_whole(input, "too-large", "split the file", text);
		return 0;
	}
	err = convert_utf16(input);
	if (err == 0)
		return looks_like_json(&input->source) ? read_json(input) : read_yaml(input);
	if (err == -ENOMEM)
		return err;
	if (err == -EFBIG)
		report_whole(input, "not-utf8", "save it as UTF-8",
			"the file is UTF-16, and too large to be converted");
	else
		report_whole(input, "unreadable", NULL, strerror(-err));
	return 0;
}

static int read_all(struct document_list *out, const char *file, const struct byte_source *source,
	const struct document_limits *limits, struct arena *arena, struct diag_list *diags,
	const struct document_visitor *visitor)
{
	struct document_list list = {0};
	struct node_builder builder;
	struct input input = {.file = file, .source = *source, .builder = &builder, .list = &list};
	int err = node_builder_init(&builder, file, limits, arena, diags, visitor);

	if (err != 0)
		return err;
	err = read_documents(&input);
	if (err == 0 && visitor == NULL)
		err = node_builder_finish(&builder, &list);
	node_builder_deinit(&builder);
	free(input.converted);
	if (err == 0)
		*out = list;
	return err;
}

int document_read(struct document_list *out, const char *file, const struct byte_source *source,
	const struct document_limits *limits, struct arena *arena, struct diag_list *diags)
{
	return read_all(out, file, source, limits, arena, diags, NULL);
}

int document_visit(struct document_list *out, const char *file, const struct byte_source *source,
	const struct document_limits *limits, struct diag_list *diags,
	const struct document_visitor *visitor)
{
	return read_all(out, file, source, limits, NULL, diags, visitor);
}

const struct node *node_get(const struct node *mapping, const char *key)
{
	if (mapping == NULL || mapping->kind != NODE_MAPPING)
		return NULL;
	for (size_t i = 0; i < mapping->count; i++)
		if (strcmp(mapping->entries[i].key->text, key) == 0)
			return mapping->entries[i].value;
	return NULL;
}
