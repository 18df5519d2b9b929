/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config/document.h"

#include <errno.h>
#include <string.h>

#include "config/json_reader.h"
#include "config/node_builder.h"
#include "config/utf8.h"
#include "config/yaml_reader.h"

struct input {
	const char *file, *bytes;
	size_t length;
};

static struct source_pos position_at(const struct input *input, size_t offset)
{
	struct source_pos pos = { .file = input->file };

	utf8_position(input->bytes, offset, &pos.line, &pos.column);
	return pos;
}

/* UTF-16 would be reported as odd bytes: its mark says what it is. */
static bool is_utf16(const struct input *input)
{
	return input->length >= 2 &&
	       (memcmp(input->bytes, "\xFF\xFE", 2) == 0 || memcmp(input->bytes, "\xFE\xFF", 2) == 0);
}

static void skip_byte_order_mark(struct input *input)
{
	if (input->length >= 3 && memcmp(input->bytes, "\xEF\xBB\xBF", 3) == 0) {
		input->bytes += 3;
		input->length -= 3;
	}
}

static bool looks_like_json(const struct input *input)
{
	size_t at = 0;

	while (at < input->length && input->bytes[at] != '\0' && strchr(" \t\r\n", input->bytes[at]) != NULL)
		at++;
	/* Two braces begin a template: YAML's reader knows what to say about it. */
	if (at + 1 < input->length && memcmp(input->bytes + at, "{{", 2) == 0)
		return false;
	return at < input->length && (input->bytes[at] == '{' || input->bytes[at] == '[');
}

/* The beginning of the last document that begins before `offset`: what comes before is untouched by the fault there. */
static size_t document_start(const struct input *input, size_t offset)
{
	while (offset >= 4) {
		if (memcmp(input->bytes + offset - 4, "\n---", 4) == 0)
			return offset - 3;
		offset--;
	}
	return 0;
}

/* Cuts the input where it stops being text, and says so. */
static void check_text(struct input *input, bool printable, struct diag_list *diags, struct document_list *list)
{
	struct utf8_fault fault = { .offset = 0 };

	if (is_utf16(input))
		diag_add(diags, DIAG_ERROR, position_at(input, 0), "not-utf8", "save it as UTF-8",
			"the file is UTF-16");
	else if (utf8_check(input->bytes, input->length, printable, &fault) != 0)
		diag_add(diags, DIAG_ERROR, position_at(input, fault.offset), "not-utf8",
			"save the file as UTF-8 text", "byte 0x%02X here is %s",
			(unsigned int)(unsigned char)input->bytes[fault.offset], fault.problem);
	else
		return;
	input->length = document_start(input, fault.offset);
	list->broken++;
	list->truncated = true;
}

static int read_yaml(const struct input *input, struct node_builder *builder, struct document_list *list)
{
	int err = yaml_read(builder, input->bytes, input->length, &list->broken);

	if (err == -E2BIG) {
		list->truncated = true;
		err = 0;
	}
	return err;
}

/*
 * What JSON's reader refuses may still be YAML, in which braces are another way to write mappings. Where neither reads
 * it, what JSON's says is nearer the mistake, unless it is but the missing quotes that YAML does without.
 */
static int read_json(const struct input *input, struct node_builder *builder, struct document_list *list)
{
	const struct diag_list before = *builder->diags;	/* a list only grows: this is its state to go back to */
	struct document_list as_yaml = { 0 };
	struct json_fault fault = { .bare = false };
	int err;

	builder->visit = NULL;
	err = json_read(builder, input->bytes, input->length, &fault);

	if (err == -EOVERFLOW || err == -E2BIG) {
		list->broken++;
		list->truncated = true;
		return 0;
	}
	if (err != -EINVAL)
		return err;
	*builder->diags = before;
	builder->root_count = 0;
	builder->nodes = 0;
	err = read_yaml(input, builder, &as_yaml);
	if (err == 0 && as_yaml.broken > 0 && !fault.bare) {
		*builder->diags = before;
		diag_add(builder->diags, DIAG_ERROR, fault.pos, "json-syntax", NULL, "%s", fault.problem);
	}
	list->broken += as_yaml.broken;
	list->truncated |= as_yaml.truncated;
	return err;
}

static int read_documents(struct input *input, struct node_builder *builder, struct document_list *list)
{
	const bool json = looks_like_json(input);

	if (input->length > builder->limits.bytes) {
		diag_add(builder->diags, DIAG_ERROR, (struct source_pos){ .file = input->file }, "too-large",
			"split the file", "%zu bytes are more than the %zu that are read", input->length,
			builder->limits.bytes);
		list->broken++;
		list->truncated = true;
		return 0;
	}
	skip_byte_order_mark(input);
	check_text(input, !json, builder->diags, list);
	return json ? read_json(input, builder, list) : read_yaml(input, builder, list);
}

int document_read(struct document_list *out, const char *file, const char *bytes, size_t length,
	const struct document_limits *limits, struct arena *arena, struct diag_list *diags)
{
	struct input input = { .file = file, .bytes = bytes, .length = length };
	struct document_list list = { 0 };
	struct node_builder builder;
	int err;

	node_builder_init(&builder, file, limits, arena, diags);
	err = read_documents(&input, &builder, &list);
	if (err == 0)
		err = node_builder_finish(&builder, &list);
	node_builder_deinit(&builder);
	if (err == 0)
		*out = list;
	return err;
}

int document_visit(struct document_list *out, const char *file, const char *bytes, size_t length,
	const struct document_limits *limits, struct diag_list *diags, document_visitor *visit, void *context)
{
	struct input input = { .file = file, .bytes = bytes, .length = length };
	struct arena *arena = arena_create();
	struct document_list list = { 0 };
	struct node_builder builder;
	int err;

	if (arena == NULL)
		return -ENOMEM;
	node_builder_init(&builder, file, limits, arena, diags);
	builder.visit = visit;
	builder.context = context;
	err = read_documents(&input, &builder, &list);
	for (size_t i = 0; err == 0 && i < builder.root_count; i++)
		err = visit(builder.roots[i], context);
	arena_unref(builder.arena);
	node_builder_deinit(&builder);
	if (err == 0)
		*out = list;
	return err;
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
