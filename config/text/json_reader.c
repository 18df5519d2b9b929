/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config/text/json_reader.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "config/text/utf8.h"

/*
 * The text to read lies in [at, end): a piece of the stream, or `window`, when something began in
 * the piece before. `line` and `column` belong to `marked`, which trails `at`: positions cost one
 * walk over the input altogether.
 */
struct json_reader {
	struct node_builder *builder;
	struct text_stream *stream;
	const char *at, *end;
	const char *marked;
	uint32_t line, column;
	char *window;
	size_t window_capacity;
	char *scratch; /* a text with its escapes undone */
	size_t scratch_capacity;
	size_t objects;	       /* builder->objects, when it was looked at last */
	uint64_t object_start; /* offset in the source to which it had been read then */
	int err;	       /* why there is no more text, unless it is at its end */
	struct json_fault *fault;
};

static struct source_pos position(struct json_reader *reader)
{
	for (; reader->marked < reader->at; reader->marked++) {
		if (*reader->marked == '\n') {
			reader->line++;
			reader->column = 1;
		} else if (((unsigned char)*reader->marked & 0xC0) != 0x80) {
			reader->column++;
		}
	}
	return (struct source_pos){
		.file = reader->builder->file, .line = reader->line, .column = reader->column};
}

/*
 * Moves what is not read yet into the window, which gets room for `more` bytes behind it. 0 or
 * -ENOMEM.
 */
static int move_to_window(struct json_reader *reader, size_t more)
{
	const size_t left = (size_t)(reader->end - reader->at), wanted = left + more;
	char *larger;

	if (wanted > reader->window_capacity) {
		larger = malloc(wanted * 2);
		if (larger == NULL)
			return -ENOMEM;
		memcpy(larger, reader->at, left);
		free(reader->window);
		reader->window = larger;
		reader->window_capacity = wanted * 2;
	} else {
		memmove(reader->window, reader->at, left);
	}
	reader->at = reader->marked = reader->window;
	reader->end = reader->window + left;
	return 0;
}

enum { PIECE_MOST = 128 * 1024 };

/*
 * Puts more of the text behind what is there; pointers into it move. False at its end, or when
 * reader->err says why.
 */
static bool read_more(struct json_reader *reader)
{
	const char *piece;
	size_t length;

	if (reader->err != 0)
		return false;
	position(reader);
	if (reader->objects != reader->builder->objects) {
		reader->objects = reader->builder->objects;
		reader->object_start = reader->stream->offset;
	}
	if (reader->stream->offset - reader->object_start > reader->builder->limits.bytes) {
		diag_add(reader->builder->diags, DIAG_ERROR, position(reader), "too-large",
			"split it", "an object of more than %zu bytes is not read",
			reader->builder->limits.bytes);
		reader->err = -E2BIG;
		return false;
	}
	if (reader->at < reader->end && move_to_window(reader, PIECE_MOST) != 0) {
		reader->err = -ENOMEM;
		return false;
	}
	text_stream_next(reader->stream, &piece, &length);
	if (length == 0)
		return false;
	if (reader->at == reader->end) {
		reader->at = reader->marked = piece;
		reader->end = piece + length;
		return true;
	}
	memcpy(reader->window + (reader->end - reader->window), piece, length);
	reader->end += length;
	return true;
}

static int fail(struct json_reader *reader, const char *problem)
{
	*reader->fault = (struct json_fault){
		.pos = position(reader), .problem = problem, .at_end = reader->at >= reader->end};
	return -EINVAL;
}

static int fail_bare(struct json_reader *reader, const char *problem)
{
	fail(reader, problem);
	reader->fault->bare = true;
	return -EINVAL;
}

static bool next_is(const struct json_reader *reader, char wanted)
{
	return reader->at < reader->end && *reader->at == wanted;
}

static void skip_space(struct json_reader *reader)
{
	do
		while (next_is(reader, ' ') || next_is(reader, '\n') || next_is(reader, '\t') ||
			next_is(reader, '\r'))
			reader->at++;
	while (reader->at == reader->end && read_more(reader));
}

/* Four hexadecimal digits, or -EINVAL. */
static int read_hex4(const struct json_reader *reader, const char *at, uint32_t *code)
{
	uint32_t value = 0;

	if (reader->end - at < 4)
		return -EINVAL;
	for (int i = 0; i < 4; i++) {
		static const char digits[] = "0123456789abcdef0123456789ABCDEF";
		const char *digit = at[i] == '\0' ? NULL : strchr(digits, at[i]);

		if (digit == NULL)
			return -EINVAL;
		value = value << 4 | ((uint32_t)(digit - digits) & 15);
	}
	*code = value;
	return 0;
}

/*
 * An escape \uXXXX, which `at` has passed, and its other half where it is one of a pair. Half a
 * pair becomes U+FFFD, as in Go's reader, which is Kubernetes'.
 */
static int read_unicode(struct json_reader *reader, char **out)
{
	uint32_t code, low;

	if (read_hex4(reader, reader->at, &code) != 0)
		return fail(reader, "four hexadecimal digits must follow \\u");
	reader->at += 4;
	if (code >= 0xD800 && code <= 0xDBFF && reader->end - reader->at >= 6 &&
		memcmp(reader->at, "\\u", 2) == 0 && read_hex4(reader, reader->at + 2, &low) == 0 &&
		low >= 0xDC00 && low <= 0xDFFF) {
		code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
		reader->at += 6;
	}
	if (code >= 0xD800 && code <= 0xDFFF)
		code = 0xFFFD;
	*out += utf8_encode(code, *out);
	return 0;
}

static int read_escape(struct json_reader *reader, char **out)
{
	static const char names[] = "\"\\/bfnrt", values[] = "\"\\/\b\f\n\r\t";
	const char *name;

	reader->at++;
	if (next_is(reader, 'u')) {
		reader->at++;
		return read_unicode(reader, out);
	}
	name = reader->at < reader->end && *reader->at != '\0' ? strchr(names, *reader->at) : NULL;
	if (name == NULL)
		return fail(reader, "no such escape: a backslash itself is written \\\\");
	*(*out)++ = values[name - names];
	reader->at++;
	return 0;
}

/* The text behind an opening quote, which `at` has passed, into scratch. */
static int read_text(struct json_reader *reader, size_t *length)
{
	size_t size = 0, most;
	const char *close;
	char *out;
	int err = 0;

	/* All of it has to be there: to its closing quote, or to the end of the input. */
	do
		while (size < (size_t)(reader->end - reader->at) && reader->at[size] != '"')
			size += reader->at[size] == '\\' ? 2 : 1;
	while (size >= (size_t)(reader->end - reader->at) && read_more(reader));
	close = size < (size_t)(reader->end - reader->at) ? reader->at + size : reader->end;
	most = (size_t)(close - reader->at) + 1;
	/* No escape is shorter than its meaning, so the length of the input is room enough. */
	if (most > reader->scratch_capacity) {
		out = realloc(reader->scratch, most * 2);
		if (out == NULL)
			return -ENOMEM;
		reader->scratch = out;
		reader->scratch_capacity = most * 2;
	}
	out = reader->scratch;
	while (err == 0 && reader->at < close) {
		if (*reader->at == '\\')
			err = read_escape(reader, &out);
		else if ((unsigned char)*reader->at < 0x20)
			err = fail(reader,
				"a text ends on the line where it begins: its closing quote is "
				"missing");
		else
			*out++ = *reader->at++;
	}
	if (err != 0)
		return err;
	if (!next_is(reader, '"'))
		return fail(reader, "the closing quote is missing");
	reader->at++;
	*length = (size_t)(out - reader->scratch);
	return 0;
}

static int read_string(struct json_reader *reader)
{
	const struct source_pos pos = position(reader);
	size_t length;
	int err;

	reader->at++;
	err = read_text(reader, &length);
	return err != 0
		? err
		: node_builder_scalar(reader->builder, reader->scratch, length, true, pos, NULL);
}

static size_t count_digits(const char *text, const char *end)
{
	size_t count = 0;

	while (text + count < end && text[count] >= '0' && text[count] <= '9')
		count++;
	return count;
}

static bool is_number(const char *text, size_t length)
{
	const char *end = text + length;
	size_t digits;

	text += text < end && *text == '-';
	digits = count_digits(text, end);
	if (digits == 0 || (*text == '0' && digits > 1))
		return false;
	text += digits;
	if (text < end && *text == '.') {
		digits = count_digits(++text, end);
		text += digits;
	}
	if (digits > 0 && text < end && (*text == 'e' || *text == 'E')) {
		text++;
		text += text < end && (*text == '+' || *text == '-');
		digits = count_digits(text, end);
		text += digits;
	}
	return digits > 0 && text == end;
}

/* true, false, null or a number: whatever it is, it reaches to the next delimiter. */
static int read_word(struct json_reader *reader)
{
	const struct source_pos pos = position(reader);
	const char *word;
	size_t length = 0;

	do
		while (length < (size_t)(reader->end - reader->at) && reader->at[length] != '\0' &&
			strchr(" \t\r\n,:[]{}\"", reader->at[length]) == NULL)
			length++;
	while (length == (size_t)(reader->end - reader->at) && read_more(reader));
	word = reader->at;
	reader->at += length;
	if (length == 4 && memcmp(word, "null", 4) == 0)
		return node_builder_null(reader->builder, pos, NULL);
	if ((length == 4 && memcmp(word, "true", 4) == 0) ||
		(length == 5 && memcmp(word, "false", 5) == 0) || is_number(word, length))
		return node_builder_scalar(reader->builder, word, length, false, pos, NULL);
	reader->at = word;
	if (length == 0)
		return fail(reader, "a value is missing");
	return fail_bare(reader, "texts must be in double quotes");
}

static int read_value(struct json_reader *reader);

static int read_key(struct json_reader *reader)
{
	int err;

	skip_space(reader);
	if (next_is(reader, '}'))
		return fail(reader, "a comma must not come before '}'");
	if (!next_is(reader, '"'))
		return fail_bare(reader, "a key in double quotes is missing");
	err = read_string(reader);
	if (err != 0)
		return err;
	skip_space(reader);
	if (!next_is(reader, ':'))
		return fail(reader, "a colon is missing after the key");
	reader->at++;
	return 0;
}

static int read_collection(struct json_reader *reader, enum node_kind kind, char close)
{
	int err = node_builder_open(reader->builder, kind, position(reader), NULL);

	if (err != 0)
		return err;
	/* `at` is on the opening bracket, and then on the comma before each member. */
	for (bool first = true; first || !next_is(reader, close); first = false) {
		if (!first && !next_is(reader, ','))
			return fail(reader,
				close == '}' ? "a comma or '}' is missing"
					     : "a comma or ']' is missing");
		reader->at++;
		skip_space(reader);
		if (first && next_is(reader, close))
			break;
		if (kind == NODE_MAPPING)
			err = read_key(reader);
		if (err == 0)
			err = read_value(reader);
		if (err != 0)
			return err;
		skip_space(reader);
	}
	reader->at++;
	return node_builder_close(reader->builder);
}

/* Recursion ends at the builder's depth limit. */
static int read_value(struct json_reader *reader)
{
	skip_space(reader);
	if (next_is(reader, '{'))
		return read_collection(reader, NODE_MAPPING, '}');
	if (next_is(reader, '['))
		return read_collection(reader, NODE_SEQUENCE, ']');
	if (next_is(reader, '"'))
		return read_string(reader);
	return read_word(reader);
}

int json_read(struct node_builder *builder, struct text_stream *stream, struct json_fault *fault)
{
	struct json_reader reader = {.builder = builder,
		.stream = stream,
		.at = "",
		.line = stream->line,
		.column = 1,
		.objects = builder->objects,
		.object_start = stream->offset,
		.fault = fault};
	int err = 0;

	reader.end = reader.marked = reader.at;
	skip_space(&reader);
	while (err == 0 && reader.at < reader.end) {
		node_builder_begin_document(builder);
		err = read_value(&reader);
		if (err == 0)
			err = node_builder_end_document(builder);
		else
			node_builder_drop_document(builder);
		skip_space(&reader);
	}
	free(reader.window);
	free(reader.scratch);
	return reader.err != 0 ? reader.err : err;
}
