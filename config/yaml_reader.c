/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config/yaml_reader.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <yaml.h>

#include "config/base64.h"
#include "config/scalar.h"
#include "config/utf8.h"
#include "config/yaml_error.h"

enum { BROKEN_MOST = 100 };	/* documents: a file of more mistakes is no YAML */

/* One run of libyaml, from `start` to the end of the input or to its first syntax error. */
struct yaml_run {
	struct node_builder *builder;
	const char *bytes;
	size_t length;
	size_t start;			/* offset in bytes */
	size_t start_line;		/* counted from 0 */
	size_t document_index;		/* libyaml's, in characters from `start`, of the newest document's beginning */
	size_t document_line;
};

static struct source_pos pos_of(const struct yaml_run *run, const yaml_mark_t *mark)
{
	return (struct source_pos){
		.file = run->builder->file,
		.line = (uint32_t)(run->start_line + mark->line + 1),
		.column = (uint32_t)(mark->column + 1),
	};
}

enum tag { TAG_NONE, TAG_STRING, TAG_PLAIN, TAG_INT, TAG_FLOAT, TAG_BOOL, TAG_NULL, TAG_BINARY, TAG_OTHER };

#define STANDARD "tag:yaml.org,2002:"

/* TAG_PLAIN resolves as if it were not there: what its text is, is looked at where it is read. */
static enum tag classify_tag(const yaml_char_t *tag)
{
	static const struct {
		const char *name;
		enum tag tag;
	} known[] = {
		{ "!", TAG_STRING }, { YAML_STR_TAG, TAG_STRING }, { YAML_INT_TAG, TAG_INT }, { YAML_FLOAT_TAG, TAG_FLOAT },
		{ YAML_BOOL_TAG, TAG_BOOL }, { YAML_NULL_TAG, TAG_NULL }, { YAML_MAP_TAG, TAG_PLAIN },
		{ YAML_SEQ_TAG, TAG_PLAIN }, { YAML_TIMESTAMP_TAG, TAG_PLAIN }, { STANDARD "binary", TAG_BINARY },
		{ STANDARD "set", TAG_PLAIN }, { STANDARD "merge", TAG_PLAIN },
	};

	if (tag == NULL)
		return TAG_NONE;
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (strcmp((const char *)tag, known[i].name) == 0)
			return known[i].tag;
	return TAG_OTHER;
}

static enum tag check_tag(struct yaml_run *run, const yaml_char_t *tag, const yaml_mark_t *mark)
{
	const enum tag kind = classify_tag(tag);

	if (kind == TAG_OTHER) {
		diag_add(run->builder->diags, DIAG_ERROR, pos_of(run, mark), "unsupported-tag", "leave the tag out",
			"the tag %s means nothing in a manifest", (const char *)tag);
		node_builder_spoil_next(run->builder);
	}
	return kind;
}

/* Whether the text can be what its tag says. kubectl refuses what cannot; here the text is read as if it had no tag. */
static bool suits_tag(enum tag tag, const char *text)
{
	const struct node node = { .kind = NODE_SCALAR, .text = text };
	const enum scalar_type type = scalar_type(&node);

	switch (tag) {
	case TAG_INT:
		return type == SCALAR_INTEGER;
	case TAG_FLOAT:
		return type == SCALAR_INTEGER || type == SCALAR_FLOAT;
	case TAG_BOOL:
		return type == SCALAR_BOOLEAN;
	case TAG_NULL:
		return scalar_is_null(text);
	default:
		return true;
	}
}

static int take_binary(struct yaml_run *run, const yaml_event_t *event, struct source_pos pos, const char *anchor)
{
	const char *text = (const char *)event->data.scalar.value;
	const size_t length = event->data.scalar.length;
	char *bytes = malloc(length + 1);
	struct utf8_fault fault;
	size_t decoded = 0;
	int err;

	if (bytes == NULL)
		return -ENOMEM;
	if (base64_decode(text, length, bytes, &decoded) != 0 || utf8_check(bytes, decoded, false, &fault) != 0) {
		diag_add(run->builder->diags, DIAG_ERROR, pos, "bad-binary", "write the text itself, without !!binary",
			"what follows !!binary is no base64 of a UTF-8 text");
		node_builder_spoil_next(run->builder);
		decoded = 0;
	}
	err = node_builder_scalar(run->builder, bytes, decoded, true, pos, anchor);
	free(bytes);
	return err;
}

static int take_scalar(struct yaml_run *run, const yaml_event_t *event)
{
	const char *text = (const char *)event->data.scalar.value;
	const char *anchor = (const char *)event->data.scalar.anchor;
	const struct source_pos pos = pos_of(run, &event->start_mark);
	const enum tag tag = check_tag(run, event->data.scalar.tag, &event->start_mark);
	const bool plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
	const bool quoted = tag == TAG_STRING || (!plain && (tag == TAG_NONE || tag == TAG_OTHER));

	if (tag == TAG_BINARY)
		return take_binary(run, event, pos, anchor);
	if (!suits_tag(tag, text))
		diag_add(run->builder->diags, DIAG_WARNING, pos, "tag-mismatch", "leave the tag out",
			"'%.40s' is not what its tag says: kubectl refuses it, and the tag is ignored here", text);
	if (!quoted && scalar_is_null(text))
		return node_builder_null(run->builder, pos, anchor);
	return node_builder_scalar(run->builder, text, event->data.scalar.length, quoted, pos, anchor);
}

static int take_event(struct yaml_run *run, const yaml_event_t *event)
{
	struct node_builder *builder = run->builder;
	const struct source_pos pos = pos_of(run, &event->start_mark);

	switch (event->type) {
	case YAML_DOCUMENT_START_EVENT:
		run->document_index = event->start_mark.index;
		run->document_line = event->start_mark.line;
		node_builder_begin_document(builder);
		return 0;
	case YAML_DOCUMENT_END_EVENT:
		return node_builder_end_document(builder);
	case YAML_ALIAS_EVENT:
		return node_builder_alias(builder, (const char *)event->data.alias.anchor, pos);
	case YAML_SCALAR_EVENT:
		return take_scalar(run, event);
	case YAML_SEQUENCE_START_EVENT:
		check_tag(run, event->data.sequence_start.tag, &event->start_mark);
		return node_builder_open(builder, NODE_SEQUENCE, pos, (const char *)event->data.sequence_start.anchor);
	case YAML_MAPPING_START_EVENT:
		check_tag(run, event->data.mapping_start.tag, &event->start_mark);
		return node_builder_open(builder, NODE_MAPPING, pos, (const char *)event->data.mapping_start.anchor);
	case YAML_SEQUENCE_END_EVENT:
	case YAML_MAPPING_END_EVENT:
		return node_builder_close(builder);
	default:
		return 0;
	}
}

static void explain(const struct yaml_run *run, const yaml_parser_t *parser)
{
	const struct yaml_failure failure = {
		.problem = parser->problem != NULL ? parser->problem : "no reason given",
		.context = parser->context != NULL ? parser->context : "",
		.line = parser->problem_mark.line,
		.column = parser->problem_mark.column,
		.context_line = parser->context_mark.line,
		.context_column = parser->context_mark.column,
		.first_line = run->document_line,
	};

	yaml_error_explain(run->builder->diags, run->builder->file, run->bytes + run->start, run->length - run->start,
		run->start_line, &failure);
}

/* Returns 0 at the end of the input; -EINVAL for a syntax error, which is explained; or what the builder returned. */
static int run_parser(struct yaml_run *run)
{
	yaml_parser_t parser;
	yaml_event_t event;
	bool ended = false;
	int err = 0;

	if (!yaml_parser_initialize(&parser))
		return -ENOMEM;
	yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&parser, (const unsigned char *)run->bytes + run->start,
		run->length - run->start);
	while (err == 0 && !ended) {
		if (!yaml_parser_parse(&parser, &event)) {
			err = parser.error == YAML_MEMORY_ERROR ? -ENOMEM : -EINVAL;
			if (err == -EINVAL)
				explain(run, &parser);
			break;
		}
		ended = event.type == YAML_STREAM_END_EVENT;
		err = take_event(run, &event);
		yaml_event_delete(&event);
	}
	yaml_parser_delete(&parser);
	return err;
}

/* The byte that libyaml calls character number `index` after `start`. */
static size_t skip_characters(const char *bytes, size_t length, size_t start, size_t index)
{
	size_t at = start;

	while (index-- > 0 && at < length)
		at += utf8_length((unsigned char)bytes[at]);
	return at < length ? at : length;
}

static bool is_marker(const char *at, size_t left)
{
	return left >= 3 && memcmp(at, "---", 3) == 0 && (left == 3 || strchr(" \t\r\n", at[3]) != NULL);
}

/*
 * Moves the run behind the document that failed: to the next line that begins with ---, which is a document's
 * beginning wherever it stands, even inside a quoted text. False when there is none.
 */
static bool skip_document(struct yaml_run *run)
{
	size_t at = skip_characters(run->bytes, run->length, run->start, run->document_index);
	size_t line = run->start_line + run->document_line;
	const char *newline;

	while ((newline = memchr(run->bytes + at, '\n', run->length - at)) != NULL) {
		at = (size_t)(newline - run->bytes) + 1;
		line++;
		if (!is_marker(run->bytes + at, run->length - at))
			continue;
		run->start = at;
		run->start_line = line;
		run->document_index = 0;
		run->document_line = 0;
		return true;
	}
	return false;
}

static void report_giving_up(const struct yaml_run *run)
{
	const struct source_pos pos = { .file = run->builder->file, .line = (uint32_t)(run->start_line + 1),
		.column = 1 };

	diag_add(run->builder->diags, DIAG_ERROR, pos, "too-many-mistakes", "mend those above first",
		"%d documents of this file are no YAML: it is not read from here on", BROKEN_MOST);
}

int yaml_read(struct node_builder *builder, const char *bytes, size_t length, size_t *broken)
{
	struct yaml_run run = { .builder = builder, .bytes = bytes, .length = length };
	int err;

	for (;;) {
		err = run_parser(&run);
		if (err != -EINVAL && err != -EOVERFLOW && err != -E2BIG)
			return err;
		node_builder_drop_document(builder);
		(*broken)++;
		if (err == -E2BIG)
			return err;
		if (!skip_document(&run))
			return 0;
		if (*broken == BROKEN_MOST) {
			report_giving_up(&run);
			return -E2BIG;
		}
	}
}
