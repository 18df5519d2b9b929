/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config/kube/decode.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "config/text/scalar.h"

void decoder_init(struct decoder *decoder, struct arena *arena, struct diag_list *diags)
{
	*decoder = (struct decoder){.arena = arena, .diags = diags};
}

void decoder_deinit(struct decoder *decoder)
{
	string_map_deinit(&decoder->strings);
}

enum { SENTENCE = 512 }; /* longer ones are cut: a value of a megabyte is not repeated whole */

void decode_error(struct decoder *decoder, struct source_pos pos, const char *code,
	const char *hint, const char *format, ...)
{
	char text[SENTENCE];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	diag_add(decoder->diags, DIAG_ERROR, pos, code, hint, "%s", text);
}

void decode_warning(struct decoder *decoder, struct source_pos pos, const char *code,
	const char *hint, const char *format, ...)
{
	char text[SENTENCE];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	diag_add(decoder->diags, DIAG_WARNING, pos, code, hint, "%s", text);
}

void *decode_alloc(struct decoder *decoder, size_t count, size_t size)
{
	void *bytes = arena_calloc(decoder->arena, count, size);

	if (bytes == NULL)
		decoder->out_of_memory = true;
	return bytes;
}

const char *decode_intern(struct decoder *decoder, const char *text)
{
	const char *copy = string_map_intern(&decoder->strings, decoder->arena, text, strlen(text));

	if (copy != NULL)
		return copy;
	decoder->out_of_memory = true;
	return "";
}

const struct node_entry *decode_entry(const struct node *mapping, const char *key)
{
	for (size_t i = 0; mapping != NULL && mapping->kind == NODE_MAPPING && i < mapping->count;
		i++)
		if (strcmp(mapping->entries[i].key->text, key) == 0)
			return &mapping->entries[i];
	return NULL;
}

bool decode_is_absent(const struct node *node)
{
	return node == NULL || node->kind == NODE_NULL;
}

const char *decode_kind_name(const struct node *node)
{
	switch (node->kind) {
	case NODE_NULL:
		return "nothing";
	case NODE_SEQUENCE:
		return "a list";
	case NODE_MAPPING:
		return "a mapping";
	case NODE_SCALAR:
		break;
	}
	return scalar_type_name(scalar_type(node));
}

const char *decode_string(struct decoder *decoder, const struct node *node, const char *what)
{
	char hint[128];

	if (node->kind == NODE_SCALAR && scalar_type(node) == SCALAR_STRING)
		return node->text;
	snprintf(hint, sizeof(hint), "put it in quotes: \"%s\"", node->text);
	if (node->kind == NODE_SCALAR && scalar_is_letter_boolean(node)) {
		decode_warning(decoder, node->pos, "letter-boolean", hint,
			"kubectl takes this %s for a boolean, and refuses it as %s", node->text,
			what);
		return node->text;
	}
	decode_error(decoder, node->pos, "not-a-string", node->kind == NODE_SCALAR ? hint : NULL,
		"%s must be a string, and this is %s", what, decode_kind_name(node));
	return NULL;
}

size_t decode_list(struct decoder *decoder, const struct node *node, const char *what)
{
	if (decode_is_absent(node))
		return 0;
	if (node->kind == NODE_SEQUENCE)
		return node->count;
	decode_error(decoder, node->pos, "wrong-type", "begin each item with '- '",
		"%s must be a list, and this is %s", what, decode_kind_name(node));
	return 0;
}

bool decode_boolean(
	struct decoder *decoder, const struct node *node, const char *what, bool otherwise)
{
	bool value = otherwise;

	if (!decode_is_absent(node) &&
		(node->kind != NODE_SCALAR || scalar_boolean(node, &value) != 0))
		decode_error(decoder, node->pos, "wrong-type",
			"write true or false, without quotes",
			"%s must be true or false, and this is %s", what, decode_kind_name(node));
	return value;
}

/*
 * A number that is not plain decimal is read as kubectl reads it. Readers of YAML 1.2 read some of
 * them otherwise.
 */
static void warn_of_notation(
	struct decoder *decoder, const struct node *node, const char *what, int64_t number)
{
	char hint[48];

	if (scalar_is_plain_number(node))
		return;
	snprintf(hint, sizeof(hint), "write %lld", (long long)number);
	decode_warning(decoder, node->pos, "odd-number", hint,
		"%s %.40s is read as %lld, as kubectl reads it", what, node->text,
		(long long)number);
}

uint16_t decode_port(struct decoder *decoder, const struct node *node, const char *what)
{
	int64_t number;
	int err;

	if (node->kind != NODE_SCALAR || scalar_type(node) == SCALAR_STRING ||
		scalar_type(node) == SCALAR_BOOLEAN) {
		decode_error(decoder, node->pos, "bad-port", "write a number without quotes",
			"%s must be a number from 1 to 65535, and this is %s", what,
			decode_kind_name(node));
		return 0;
	}
	err = scalar_integer(node, &number);
	if (err == -EINVAL) {
		decode_error(decoder, node->pos, "bad-port", NULL, "%s %s is no whole number", what,
			node->text);
		return 0;
	}
	if (err != 0 || number < 1 || number > UINT16_MAX) {
		decode_error(decoder, node->pos, "bad-port", NULL,
			"%s %s is not between 1 and 65535", what, node->text);
		return 0;
	}
	warn_of_notation(decoder, node, what, number);
	return (uint16_t)number;
}
