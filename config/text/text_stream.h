/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CONFIG_TEXT_TEXT_STREAM_H
#define CONFIG_TEXT_TEXT_STREAM_H

/*
 * The text of a source, a piece at a time, made into what libyaml and the JSON reader take: UTF-8
 * in which bytes that are none have become U+FFFD. Of YAML, moreover: a byte order mark at the
 * start of a document is left out, a separator `---#` gets the blank that libyaml wants, and the
 * text ends at the first control character. A replaced byte is a warning. One thread at a time.
 * Internal to config/text/document.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/text/byte_source.h"
#include "policy/values/diag.h"

struct text_stream {
	const struct byte_source *source;
	const char *file;
	struct diag_list *diags;
	bool yaml;
	uint64_t offset; /* in the source, of the next piece */
	uint32_t line;	 /* there, counted from 1 */
	uint32_t column;
	bool after_separator; /* the next piece is the beginning of a document */
	bool stopped;	      /* before the end of the text: */
	uint64_t stop_offset; /* in the source */
	struct source_pos stop_pos;
	const char *stop_code; /* of the finding that says it: "not-utf8", "unreadable" */
	char stop_reason[96];
	unsigned int warned; /* of replaced bytes */
	/* up to here the source was looked at: what was warned of is not warned of again */
	uint64_t seen;
	char *raw, *mended; /* buffers of a piece */
};

/* 0 or -ENOMEM. The other arguments are borrowed. */
int text_stream_init(struct text_stream *stream, const struct byte_source *source, const char *file,
	bool yaml, struct diag_list *diags);
void text_stream_deinit(struct text_stream *stream);

/* Goes on at `offset`, where a line begins whose number, counted from 1, is `line`. */
void text_stream_seek(struct text_stream *stream, uint64_t offset, uint32_t line);

/* The next piece, valid until the next call; empty at the end or where the stream has stopped. */
void text_stream_next(struct text_stream *stream, const char **bytes, size_t *length);

/* Whether the line begins with ---, and nothing but blanks or a comment comes behind. */
bool text_is_separator(const char *line, const char *end);

#endif
