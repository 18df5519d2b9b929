/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config/text/yaml_reader.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <yaml.h>

#include "config/text/base64.h"
#include "config/text/scalar.h"
#include "config/text/utf8.h"
#include "config/text/yaml_error.h"

enum { BROKEN_MOST = 100 }; /* documents: a file of more mistakes is no YAML */

/* One run of libyaml, from `start` to the end of the text or to its first syntax error. */
struct yaml_run {
	struct node_builder *builder;
	struct text_stream *stream;
	uint64_t start;	      /* offset in the source */
	size_t start_line;    /* counted from 0 */
	size_t document_line; /* libyaml's, of the newest document's beginning */
	size_t separators;    /* documents of this run that began with --- */
	const char *piece;    /* of the stream: what libyaml has not taken yet */
	size_t piece_length;
	size_t objects;	       /* builder->objects, when it was looked at last */
	uint64_t object_start; /* offset in the source to which it had been read then */
	bool too_large;	       /* an object is */
	bool ended_document;   /* the last event ended one, which the builder does not know yet */
};

static struct source_pos pos_of(const struct yaml_run *run, const yaml_mark_t *mark)
{
	return (struct source_pos){
		.file = run->builder->file,
		.line = (uint32_t)(run->start_line + mark->line + 1),
		.column = (uint32_t)(mark->column + 1),
	};
}

enum tag {
	TAG_NONE,
	TAG_STRING,
	TAG_PLAIN,
	TAG_INT,
	TAG_FLOAT,
	TAG_BOOL,
	TAG_NULL,
	TAG_BINARY,
	TAG_OTHER
};

#define STANDARD "tag:yaml.org,2002:"

/* TAG_PLAIN resolves as if it were not there: the text is looked at where it is read. */
static enum tag check_tag(struct yaml_run *run, const yaml_char_t *tag, const yaml_mark_t *mark)
{
	static const struct {
		const char *name;
		enum tag tag;
	} known[] = {
		{"!", TAG_STRING},
		{YAML_STR_TAG, TAG_STRING},
		{YAML_INT_TAG, TAG_INT},
		{YAML_FLOAT_TAG, TAG_FLOAT},
		{YAML_BOOL_TAG, TAG_BOOL},
		{YAML_NULL_TAG, TAG_NULL},
		{YAML_MAP_TAG, TAG_PLAIN},
		{YAML_SEQ_TAG, TAG_PLAIN},
		{YAML_TIMESTAMP_TAG, TAG_PLAIN},
		{STANDARD "binary", TAG_BINARY},
		{STANDARD "set", TAG_PLAIN},
		{STANDARD "merge", TAG_PLAIN},
	};

	if (tag == NULL)
		return TAG_NONE;
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (strcmp((const char *)tag, known[i].name) == 0)
			return known[i].tag;
	diag_add(run->builder->diags, DIAG_ERROR, pos_of(run, mark), "unsupported-tag",
		"leave the tag out", "the tag %s means nothing in a manifest", (const char *)tag);
	node_builder_spoil_next(run->builder);
	return TAG_OTHER;
}

/*
 * Whether the text can be what its tag says. kubectl refuses what cannot; here the text is read as
 * if it had no tag.
 */
static bool suits_tag(enum tag tag, const char *text)
{
	const struct node node = {.kind = NODE_SCALAR, .text = text};
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

static int take_binary(
	struct yaml_run *run, const yaml_event_t *event, struct source_pos pos, const char *anchor)
{
	const char *text = (const char *)event->data.scalar.value;
	const size_t length = event->data.scalar.length;
	char *bytes = malloc(length + 1);
	struct utf8_fault fault;
	size_t decoded = 0;
	int err;

	if (bytes == NULL)
		return -ENOMEM;
	if (base64_decode(text, length, bytes, &decoded) != 0 ||
		utf8_check(bytes, decoded, false, &fault) != 0) {
		diag_add(run->builder->diags, DIAG_ERROR, pos, "bad-binary",
			"write the text itself, without !!binary",
			"the text behind !!binary is not base64 of a UTF-8 text");
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
		diag_add(run->builder->diags, DIAG_WARNING, pos, "tag-mismatch",
			"leave the tag out",
			"'%.40s' is not what its tag says: kubectl refuses it, and the tag is "
			"ignored here",
			text);
	if (!quoted && scalar_is_null(text))
		return node_builder_null(run->builder, pos, anchor);
	return node_builder_scalar(
		run->builder, text, event->data.scalar.length, quoted, pos, anchor);
}

static int take_event(struct yaml_run *run, const yaml_event_t *event)
{
	struct node_builder *builder = run->builder;
	const struct source_pos pos = pos_of(run, &event->start_mark);

	switch (event->type) {
	case YAML_DOCUMENT_START_EVENT:
		run->document_line = event->start_mark.line;
		run->separators += !event->data.document_start.implicit;
		if (event->data.document_start.version_directive != NULL ||
			event->data.document_start.tag_directives.start !=
				event->data.document_start.tag_directives.end)
			diag_add(builder->diags, DIAG_WARNING, pos, "yaml-directive",
				"leave the lines with % out",
				"kubectl refuses a document with %%YAML or %%TAG above it");
		node_builder_begin_document(builder);
		return 0;
	case YAML_DOCUMENT_END_EVENT:
		run->ended_document = true;
		return 0;
	case YAML_ALIAS_EVENT:
		return node_builder_alias(builder, (const char *)event->data.alias.anchor, pos);
	case YAML_SCALAR_EVENT:
		return take_scalar(run, event);
	case YAML_SEQUENCE_START_EVENT:
		check_tag(run, event->data.sequence_start.tag, &event->start_mark);
		return node_builder_open(builder, NODE_SEQUENCE, pos,
			(const char *)event->data.sequence_start.anchor);
	case YAML_MAPPING_START_EVENT:
		check_tag(run, event->data.mapping_start.tag, &event->start_mark);
		return node_builder_open(
			builder, NODE_MAPPING, pos, (const char *)event->data.mapping_start.anchor);
	case YAML_SEQUENCE_END_EVENT:
	case YAML_MAPPING_END_EVENT:
		return node_builder_close(builder);
	default:
		return 0;
	}
}

/*
 * libyaml's reader: gives it the text as it asks for it, and ends where one object is larger than
 * any may be.
 */
static int feed(void *context, unsigned char *out, size_t size, size_t *given)
{
	struct yaml_run *run = context;
	size_t length;

	if (run->objects != run->builder->objects) {
		run->objects = run->builder->objects;
		run->object_start = run->stream->offset;
	}
	if (run->stream->offset - run->object_start > run->builder->limits.bytes) {
		run->too_large = true;
		return 0;
	}
	if (run->piece_length == 0)
		text_stream_next(run->stream, &run->piece, &run->piece_length);
	length = run->piece_length < size ? run->piece_length : size;
	memcpy(out, run->piece, length);
	run->piece += length;
	run->piece_length -= length;
	*given = length;
	return 1;
}

/*
 * Returns 0 at the end of the input; -EINVAL where the document can't be read, *parser telling why;
 * or the builder's.
 */
static int parse_events(struct yaml_run *run, yaml_parser_t *parser)
{
	yaml_event_t event;
	bool ended = false;
	int err = 0;

	while (err == 0 && !ended) {
		const bool parsed = yaml_parser_parse(parser, &event) != 0;

		/*
		 * Where the stream has stopped, the text is cut: the document that ends there is
		 * not whole. It is the last one, so the end of each is believed only when the next
		 * event is known. A mistake in the text behind it does not matter.
		 */
		ended = !parsed || event.type == YAML_STREAM_END_EVENT;
		if (parsed && ended && run->stream->stopped)
			err = -EINVAL;
		else if (run->ended_document)
			err = node_builder_end_document(run->builder);
		run->ended_document = false;
		if (!parsed)
			return err != 0				     ? err
				: parser->error == YAML_MEMORY_ERROR ? -ENOMEM
								     : -EINVAL;
		if (err == 0)
			err = take_event(run, &event);
		yaml_event_delete(&event);
	}
	return err;
}

enum { LINES_ABOVE = 128, WINDOW = 1 << 20 };

/*
 * The offset of line `line` behind `start`, both counted from 0, or of the last one before the end.
 */
static uint64_t find_line(const struct byte_source *source, uint64_t start, size_t line)
{
	char bytes[16 * 1024];
	uint64_t offset = start, found = start;
	ssize_t got;

	while (line > 0 && (got = byte_source_read(source, offset, bytes, sizeof(bytes))) > 0) {
		const char *end = bytes + got, *at = bytes;

		while (line > 0 && (at = memchr(at, '\n', (size_t)(end - at))) != NULL) {
			at++;
			line--;
			found = offset + (uint64_t)(at - bytes);
		}
		offset += (uint64_t)got;
	}
	return found;
}

/* Says why a document does not parse, with the lines around the place before it. */
static int explain(const struct yaml_run *run, const yaml_parser_t *parser)
{
	const struct byte_source *source = run->stream->source;
	struct yaml_failure failure = {
		.problem = parser->problem != NULL ? parser->problem : "no reason given",
		.context = parser->context != NULL ? parser->context : "",
		.line = parser->problem_mark.line,
		.column = parser->problem_mark.column,
		.context_line = parser->context_mark.line,
		.context_column = parser->context_mark.column,
		.first_line = run->document_line,
	};
	const size_t lowest = parser->context != NULL && failure.context_line < failure.line
		? failure.context_line
		: failure.line;
	const size_t first = lowest > LINES_ABOVE ? lowest - LINES_ABOVE : 0;
	const uint64_t from = find_line(source, run->start, first);
	char *window = malloc(WINDOW);
	ssize_t length;

	if (window == NULL)
		return -ENOMEM;
	length = byte_source_read(source, from, window, WINDOW);
	failure.line -= first;
	failure.context_line = failure.context_line > first ? failure.context_line - first : 0;
	failure.first_line = failure.first_line > first ? failure.first_line - first : 0;
	yaml_error_explain(run->builder->diags, run->builder->file, window,
		length > 0 ? (size_t)length : 0, run->start_line + first, &failure);
	free(window);
	return 0;
}

struct place {
	uint64_t offset;
	size_t line; /* counted from 0 */
};

/*
 * Where to go on behind the document that failed: at the next line that begins with ---, which is a
 * document's beginning wherever it stands, even inside a quoted text. False when there is none.
 */
static bool find_next_document(const struct yaml_run *run, struct place *out)
{
	char bytes[16 * 1024 + 4];
	uint64_t offset = run->start;
	size_t line = run->start_line, wanted = run->separators + 1;
	ssize_t got = byte_source_read(run->stream->source, offset, bytes, 4);

	/* The loop counts those behind the first line, which may have had one, too. */
	if (run->separators > 0 && got > 0 && text_is_separator(bytes, bytes + got))
		wanted--;
	/* Four bytes more than are looked at: a separator is seen whole. */
	while ((got = byte_source_read(run->stream->source, offset, bytes, sizeof(bytes))) > 0) {
		const size_t most = sizeof(bytes) - 4,
			     looked_at = (size_t)got > most ? most : (size_t)got;
		const char *at = bytes;

		while ((at = memchr(at, '\n', looked_at - (size_t)(at - bytes))) != NULL) {
			at++;
			line++;
			if (!text_is_separator(at, bytes + got) || --wanted > 0)
				continue;
			*out = (struct place){
				.offset = offset + (uint64_t)(at - bytes), .line = line};
			return !run->stream->stopped || out->offset <= run->stream->stop_offset;
		}
		offset += looked_at;
	}
	return false;
}

/*
 * Returns 0 at the end of the text; or, with the reason in diags, -EINVAL, -EOVERFLOW or -E2BIG
 * where a document can't be read, *more telling whether there is a next one, and where.
 */
static int run_parser(struct yaml_run *run, bool *more, struct place *next)
{
	struct diag_list *diags = run->builder->diags;
	yaml_parser_t parser;
	int err, said = 0;

	if (!yaml_parser_initialize(&parser))
		return -ENOMEM;
	yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input(&parser, feed, run);
	err = parse_events(run, &parser);
	if (err == -EINVAL || err == -EOVERFLOW)
		*more = find_next_document(run, next);
	if (err == -EINVAL && run->stream->stopped && !*more)
		diag_add(diags, DIAG_ERROR, run->stream->stop_pos, run->stream->stop_code,
			strcmp(run->stream->stop_code, "not-utf8") == 0
				? "save the file as UTF-8 text"
				: NULL,
			"%s", run->stream->stop_reason);
	else if (err == -EINVAL && run->too_large)
		diag_add(diags, DIAG_ERROR, pos_of(run, &parser.mark), "too-large", "split it",
			"an object of more than %zu bytes is not read", run->builder->limits.bytes);
	else if (err == -EINVAL)
		said = explain(run, &parser);
	yaml_parser_delete(&parser);
	return said != 0 ? said : err;
}

int yaml_read(struct node_builder *builder, struct text_stream *stream, size_t *broken)
{
	struct place next = {.offset = stream->offset};
	bool more = false;
	int err;

	for (;;) {
		struct yaml_run run = {.builder = builder,
			.stream = stream,
			.start = next.offset,
			.start_line = next.line,
			.objects = builder->objects,
			.object_start = next.offset};

		if (*broken == BROKEN_MOST) {
			diag_add(builder->diags, DIAG_ERROR, pos_of(&run, &(yaml_mark_t){0}),
				"too-many-mistakes", "mend those above first",
				"%d documents of this file are no YAML: it is not read from here "
				"on",
				BROKEN_MOST);
			return -E2BIG;
		}
		err = run_parser(&run, &more, &next);
		if (err != -EINVAL && err != -EOVERFLOW && err != -E2BIG)
			return err;
		node_builder_drop_document(builder);
		(*broken)++;
		if (err == -E2BIG)
			return err;
		if (!more)
			return 0;
		text_stream_seek(stream, next.offset, (uint32_t)next.line + 1);
	}
}
