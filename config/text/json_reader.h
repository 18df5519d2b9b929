/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CONFIG_TEXT_JSON_READER_H
#define CONFIG_TEXT_JSON_READER_H

/*
 * JSON (RFC 8259) into a node builder. libyaml reads most JSON, but not all: it knows no surrogate
 * pairs (an emoji in an annotation) and no keys of more than 1024 bytes. Internal to
 * config/text/document.
 */

#include "config/text/node_builder.h"
#include "config/text/text_stream.h"

struct json_fault {
	struct source_pos pos;
	const char *problem; /* "a comma or '}' is missing": static */
	bool bare;   /* a word without quotes, as YAML allows it: perhaps this is no JSON at all */
	bool at_end; /* the text ends too early: it is no YAML either */
};

/*
 * Reads JSON values, one after the other, from where the stream is. Returns 0; -EINVAL with *fault
 * filled when it is not JSON; -EOVERFLOW or -E2BIG (in diags), -ENOMEM, or what the builder's
 * visitor returned. On failure the builder may hold some of the values.
 */
int json_read(struct node_builder *builder, struct text_stream *stream, struct json_fault *fault);

#endif
