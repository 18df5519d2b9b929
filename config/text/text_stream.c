/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config/text/text_stream.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/text/utf8.h"

enum { PIECE = 32 * 1024, WARNED_MOST = 10 };
static const char byte_order_mark[] = "\xEF\xBB\xBF";

int text_stream_init(struct text_stream *stream, const struct byte_source *source, const char *file,
	bool yaml, struct diag_list *diags)
{
	*stream = (struct text_stream){.source = source,
		.file = file,
		.diags = diags,
		.yaml = yaml,
		.line = 1,
		.column = 1,
		.after_separator = true};
	stream->raw = malloc(PIECE);
	stream->mended = malloc(3 * PIECE); /* each byte may become U+FFFD */
	if (stream->raw == NULL || stream->mended == NULL) {
		text_stream_deinit(stream);
		return -ENOMEM;
	}
	if (byte_source_read(source, 0, stream->raw, 3) == 3 &&
		memcmp(stream->raw, byte_order_mark, 3) == 0)
		stream->offset = 3;
	return 0;
}

void text_stream_deinit(struct text_stream *stream)
{
	free(stream->raw);
	free(stream->mended);
	stream->raw = stream->mended = NULL;
}

void text_stream_seek(struct text_stream *stream, uint64_t offset, uint32_t line)
{
	stream->offset = offset;
	stream->line = line;
	stream->column = 1;
	stream->after_separator = true;
	stream->stopped = false;
}

static struct source_pos position(const struct text_stream *stream, const char *bytes, size_t at)
{
	struct source_pos pos = {.file = stream->file};

	utf8_position(bytes, at, &pos.line, &pos.column);
	if (pos.line == 1)
		pos.column += stream->column - 1;
	pos.line += stream->line - 1;
	return pos;
}

static void stop(
	struct text_stream *stream, struct source_pos pos, uint64_t offset, const char *code)
{
	stream->stopped = true;
	stream->stop_pos = pos;
	stream->stop_offset = offset;
	stream->stop_code = code;
}

/* Where a piece that more bytes follow is cut: behind its last line, or a whole character. */
static size_t cut(const char *bytes, size_t length)
{
	const char *newline = memrchr(bytes, '\n', length);
	size_t end = length;

	if (newline != NULL)
		return (size_t)(newline - bytes) + 1;
	while (end > length - 3 && ((unsigned char)bytes[end - 1] & 0xC0) == 0x80)
		end--;
	return (unsigned char)bytes[end - 1] >= 0xC0 ? end - 1 : length;
}

/* The bytes from the stream's offset on: of a text in memory, themselves. */
static const char *read_raw(struct text_stream *stream, size_t *length)
{
	const uint64_t left = stream->source->length - stream->offset;
	const char *bytes = stream->source->bytes != NULL ? stream->source->bytes + stream->offset
							  : stream->raw;
	ssize_t got;

	*length = left < PIECE ? (size_t)left : PIECE;
	if (stream->source->bytes == NULL) {
		got = byte_source_read(stream->source, stream->offset, stream->raw, *length);
		if (got < 0) {
			stop(stream, (struct source_pos){.file = stream->file}, stream->offset,
				"unreadable");
			snprintf(stream->stop_reason, sizeof(stream->stop_reason), "%s",
				got == -ESTALE ? "the file was changed while it was read"
					       : strerror((int)-got));
			*length = 0;
			return bytes;
		}
	}
	if (*length < left)
		*length = cut(bytes, *length);
	return bytes;
}

bool text_is_separator(const char *line, const char *end)
{
	return end - line >= 3 && memcmp(line, "---", 3) == 0 &&
		(end - line == 3 || strchr(" \t\r\n#", line[3]) != NULL);
}

static void warn_of_separator(
	struct text_stream *stream, const char *bytes, const char *line, const char *end)
{
	const char *at = line + 3;

	while (at < end && (*at == ' ' || *at == '\t'))
		at++;
	if (at == end || *at == '\r' || *at == '\n' || *at == '#' ||
		stream->offset + (uint64_t)(line - bytes) < stream->seen)
		return;
	diag_add(stream->diags, DIAG_WARNING, position(stream, bytes, (size_t)(line - bytes)),
		"separator-with-text", "write the text behind --- on a line below it",
		"kubectl refuses a separator with something behind it in its line");
}

/*
 * Looks at the separators among the lines of a piece, and where the next begins. Returns whether
 * one of them, or a byte order mark behind one, has to be mended.
 */
static bool look_at_separators(
	struct text_stream *stream, const char *bytes, size_t length, bool *after)
{
	const char *end = bytes + length, *line = bytes, *next;
	bool mend = stream->after_separator && length >= 3 &&
		memcmp(bytes, byte_order_mark, 3) == 0;

	*after = false;
	if (stream->column > 1)
		line = memchr(bytes, '\n', length) != NULL
			? (const char *)memchr(bytes, '\n', length) + 1
			: end;
	while (line < end) {
		if (text_is_separator(line, end)) {
			warn_of_separator(stream, bytes, line, end);
			mend = mend || (end - line > 3 && line[3] == '#');
			next = memchr(line, '\n', (size_t)(end - line));
			line = next == NULL ? end : next + 1;
			*after = line == end;
			mend = mend || (end - line >= 3 && memcmp(line, byte_order_mark, 3) == 0);
			continue;
		}
		next = memmem(line, (size_t)(end - line), "\n---", 4);
		line = next == NULL ? end : next + 1;
	}
	return mend;
}

/* Copies a piece, or what of it can be read, and mends it. Returns the length of what came out. */
static size_t mend(struct text_stream *stream, const char *bytes, size_t length)
{
	bool after_separator = stream->after_separator, line_start = stream->column == 1;
	struct utf8_fault fault;
	char *out = stream->mended;
	size_t at = 0;

	while (at < length) {
		const char *newline = memchr(bytes + at, '\n', length - at);
		const size_t end = newline == NULL ? length : (size_t)(newline - bytes) + 1;

		/* A mark at the beginning of a document is left out. */
		if (stream->yaml && line_start && after_separator && length - at >= 3 &&
			memcmp(bytes + at, byte_order_mark, 3) == 0)
			at += 3;
		after_separator = line_start && text_is_separator(bytes + at, bytes + end);
		if (stream->yaml && after_separator && end - at > 3 && bytes[at + 3] == '#') {
			memcpy(out, "--- ", 4);
			out += 4;
			at += 3;
		}
		while (at < end && utf8_check(bytes + at, end - at, stream->yaml, &fault) != 0) {
			out = mempcpy(out, bytes + at, fault.offset);
			at += fault.offset;
			if (strcmp(fault.problem, "not UTF-8") != 0) {
				stop(stream, position(stream, bytes, at), stream->offset + at,
					"not-utf8");
				snprintf(stream->stop_reason, sizeof(stream->stop_reason),
					"byte 0x%02X here is %s",
					(unsigned int)(unsigned char)bytes[at], fault.problem);
				return (size_t)(out - stream->mended);
			}
			if (stream->warned < WARNED_MOST && stream->offset + at >= stream->seen) {
				stream->warned++;
				diag_add(stream->diags, DIAG_WARNING, position(stream, bytes, at),
					"not-utf8", "save the file as UTF-8 text",
					"byte 0x%02X here is not UTF-8, and is read as U+FFFD",
					(unsigned int)(unsigned char)bytes[at]);
			}
			out = mempcpy(out, "\xEF\xBF\xBD", 3);
			at++;
		}
		out = mempcpy(out, bytes + at, end - at);
		at = end;
		line_start = true;
	}
	return (size_t)(out - stream->mended);
}

/* As position(), for all of a piece, and fast: what every byte costs. */
static void move_on(struct text_stream *stream, const char *bytes, size_t length)
{
	const char *end = bytes + length, *line = bytes, *newline;
	uint32_t lines = 0, column = 1;

	while ((newline = memchr(line, '\n', (size_t)(end - line))) != NULL) {
		line = newline + 1;
		lines++;
	}
	for (; line < end; line++)
		column += ((unsigned char)*line & 0xC0) != 0x80;
	stream->column = lines > 0 ? column : stream->column + column - 1;
	stream->line += lines;
	stream->offset += length;
	if (stream->seen < stream->offset)
		stream->seen = stream->offset;
}

void text_stream_next(struct text_stream *stream, const char **bytes, size_t *length)
{
	struct utf8_fault fault;
	const char *raw;
	size_t raw_length = 0;
	bool after = false, dirty;

	*length = 0;
	*bytes = stream->mended;
	if (stream->stopped || stream->offset >= stream->source->length)
		return;
	raw = read_raw(stream, &raw_length);
	if (stream->stopped)
		return;
	dirty = stream->yaml && look_at_separators(stream, raw, raw_length, &after);
	dirty = dirty || utf8_check(raw, raw_length, stream->yaml, &fault) != 0;
	*bytes = dirty ? stream->mended : raw;
	*length = dirty ? mend(stream, raw, raw_length) : raw_length;
	move_on(stream, raw, raw_length);
	stream->after_separator = after;
	/* A mark alone is nothing, and no end. */
	if (*length == 0 && !stream->stopped)
		text_stream_next(stream, bytes, length);
}
