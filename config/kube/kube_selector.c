/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config/kube/kube_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/values/suggest.h"

static const struct field_set selector_fields = {
	.owner = "a selector",
	.names = (const char *const[]){"matchLabels", "matchExpressions", NULL},
	.scalar_hint = "labels to match go under 'matchLabels'",
};
static const struct field_set match_labels_fields = {
	.owner = "matchLabels",
	.names = (const char *const[]){NULL},
};
static const struct field_set expression_fields = {
	.owner = "a match expression",
	.names = (const char *const[]){"key", "operator", "values", NULL},
};

/*
 * A value that no label can have is kept: older API servers stored such selectors, and they mean
 * something. Nothing has the value, so In never matches and NotIn always does. NULL when it is no
 * text at all, which is reported.
 */
static const char *read_value(struct decoder *decoder, const struct node *node)
{
	const char *value = decode_is_absent(node)
		? ""
		: decode_string(decoder, node, "a label's value");
	const char *problem = value == NULL ? NULL : label_value_problem(value);

	if (problem != NULL)
		decode_warning(decoder, node->pos, "impossible-value",
			"write a value that a label can have",
			"no label can have the value '%.100s', so this matches none: %s", value,
			problem);
	return value == NULL ? NULL : decode_intern(decoder, value);
}

static void read_match_label(
	struct decoder *decoder, const struct node_entry *entry, struct requirement *out)
{
	const char *problem = label_key_problem(entry->key->text);
	const char **values = decode_alloc(decoder, 1, sizeof(const char *));

	if (problem != NULL)
		decode_error(decoder, entry->key->pos, "bad-label", NULL, "label key '%s': %s",
			entry->key->text, problem);
	if (values == NULL)
		return;
	values[0] = read_value(decoder, entry->value);
	*out = (struct requirement){.key = decode_intern(decoder, entry->key->text),
		.op = REQUIREMENT_IN,
		.values = values,
		.value_count = 1,
		.from_match_labels = true,
		.pos = entry->key->pos};
}

static const char *const operators[] = {"In", "NotIn", "Exists", "DoesNotExist", NULL};

/* False when it is none, which is reported. */
static bool read_operator(
	struct decoder *decoder, const struct node *node, enum requirement_operator *out)
{
	const char *name = decode_string(decoder, node, "an operator");
	const char *nearest;
	char hint[64];

	if (name == NULL)
		return false;
	for (size_t i = 0; operators[i] != NULL; i++) {
		if (strcmp(name, operators[i]) == 0) {
			*out = (enum requirement_operator)i;
			return true;
		}
	}
	nearest = suggestion_among(operators, name);
	snprintf(hint, sizeof(hint), "did you mean '%s'?", nearest != NULL ? nearest : "In");
	decode_error(decoder, node->pos, "bad-operator", nearest != NULL ? hint : NULL,
		"'%s' is no operator: In, NotIn, Exists and DoesNotExist are", name);
	return false;
}

static int text_cmp(const void *pa, const void *pb)
{
	const char *const *a = pa, *const *b = pb;

	return strcmp(*a, *b);
}

/* Sorted and without repetitions. */
static void read_values(struct decoder *decoder, const struct node *node, struct requirement *out)
{
	const size_t count = decode_list(decoder, node, "'values'");
	const char **values = decode_alloc(decoder, count, sizeof(const char *));
	size_t read = 0, kept = 0;

	if (values == NULL)
		return;
	for (size_t i = 0; i < count; i++) {
		values[read] = read_value(decoder, node->entries[i].value);
		read += values[read] != NULL;
	}
	qsort(values, read, sizeof(const char *), text_cmp);
	for (size_t i = 0; i < read; i++)
		if (kept == 0 || strcmp(values[kept - 1], values[i]) != 0)
			values[kept++] = values[i];
	out->values = values;
	out->value_count = kept;
}

static void check_values(struct decoder *decoder, const struct node *expression,
	const struct requirement *requirement)
{
	const struct node *values = node_get(expression, "values");
	const bool wanted = requirement->op == REQUIREMENT_IN ||
		requirement->op == REQUIREMENT_NOT_IN;
	const bool empty = decode_is_absent(values) ||
		(values->kind == NODE_SEQUENCE && values->count == 0);

	if (wanted && empty)
		decode_error(decoder, values != NULL ? values->pos : expression->pos,
			"missing-values", "write 'values: [...]'", "operator %s needs values",
			operators[requirement->op]);
	if (!wanted && !empty)
		decode_error(decoder, values->pos, "needless-values",
			"remove the values, or use In or NotIn", "operator %s takes no values",
			operators[requirement->op]);
}

static void require(struct decoder *decoder, const struct node *mapping, const char *name)
{
	if (decode_is_absent(node_get(mapping, name)))
		decode_error(decoder, mapping->pos, "missing-field", NULL,
			"a match expression needs '%s'", name);
}

static void read_expression(
	struct decoder *decoder, const struct node *node, struct requirement *out)
{
	const size_t errors = decoder->diags->errors;
	const struct node *key, *op;
	const char *name, *problem;

	if (!fields_check(decoder, node, &expression_fields, FIELDS_STRICT))
		return;
	key = node_get(node, "key");
	op = node_get(node, "operator");
	if (decoder->diags->errors > errors)
		return; /* a misspelt field is the one that is missing */
	require(decoder, node, "key");
	require(decoder, node, "operator");
	if (decode_is_absent(key) || decode_is_absent(op))
		return;
	out->pos = key->pos;
	name = decode_string(decoder, key, "a label's key");
	problem = name == NULL ? NULL : label_key_problem(name);
	if (problem != NULL)
		decode_error(
			decoder, key->pos, "bad-label", NULL, "label key '%s': %s", name, problem);
	else if (name != NULL)
		out->key = decode_intern(decoder, name);
	if (!read_operator(decoder, op, &out->op))
		return;
	check_values(decoder, node, out);
	read_values(decoder, node_get(node, "values"), out);
}

/* The requirements; `sound`: only those that can be read. */
static void read_requirements(struct decoder *decoder, const struct node *labels,
	const struct node *expressions, bool sound, struct selector *out)
{
	const size_t label_count = labels != NULL && labels->kind == NODE_MAPPING ? labels->count
										  : 0;
	const size_t expression_count = expressions != NULL && expressions->kind == NODE_SEQUENCE
		? expressions->count
		: 0;
	struct requirement *requirements = decode_alloc(
		decoder, label_count + expression_count, sizeof(*requirements));

	if (requirements == NULL)
		return;
	out->requirements = requirements;
	for (size_t i = 0; i < label_count + expression_count; i++) {
		const struct node_entry *entry = i < label_count
			? &labels->entries[i]
			: &expressions->entries[i - label_count];
		const size_t errors = decoder->diags->errors;

		if (i < label_count)
			read_match_label(decoder, entry, &requirements[out->count]);
		else
			read_expression(decoder, entry->value, &requirements[out->count]);
		out->count += !sound ||
			(decoder->diags->errors == errors && entry->value->health == NODE_SOUND);
	}
}

void kube_read_sound_selector(
	struct decoder *decoder, const struct node *node, struct selector *out)
{
	*out = (struct selector){.pos = node->pos};
	read_requirements(decoder, node_get(node, "matchLabels"),
		node_get(node, "matchExpressions"), true, out);
}

void kube_read_selector(struct decoder *decoder, const struct node *node, struct selector *out)
{
	const struct node *labels, *expressions;

	*out = (struct selector){.pos = node->pos};
	if (!fields_check(decoder, node, &selector_fields, FIELDS_STRICT))
		return;
	labels = node_get(node, "matchLabels");
	expressions = node_get(node, "matchExpressions");
	if (!decode_is_absent(labels) && labels->kind != NODE_MAPPING)
		fields_check(decoder, labels, &match_labels_fields, FIELDS_STRICT);
	decode_list(decoder, expressions, "'matchExpressions'");
	read_requirements(decoder, labels, expressions, false, out);
}
