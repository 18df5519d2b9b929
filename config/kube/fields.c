/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config/kube/fields.h"

#include <stdio.h>
#include <string.h>

#include "policy/values/suggest.h"

enum { UNKNOWN_TOLD = 20 }; /* in one mapping */

/* Whether the first `length` bytes of `name` are a field of the set. */
static bool is_known(const struct field_set *set, const char *name, size_t length)
{
	for (size_t i = 0; set->names[i] != NULL; i++)
		if (strncmp(set->names[i], name, length) == 0 && set->names[i][length] == '\0')
			return true;
	return false;
}

/* "ports, from": what may stand here, as long as that is short enough to be read. */
static void list_names(const struct field_set *set, char *out, size_t size)
{
	size_t used = 0;

	for (size_t i = 0; set->names[i] != NULL && used < size; i++) {
		const int n = snprintf(out + used, size - used, "%s%s",
			i == 0 ? "known here: " : ", ", set->names[i]);

		used += (size_t)n;
	}
}

static void report_unknown(
	struct decoder *decoder, const struct node_entry *entry, const struct field_set *set)
{
	const char *name = entry->key->text;
	const char *nearest = suggestion_among(set->names, name), *elsewhere = NULL;
	char hint[256];

	for (size_t i = 0; set->elsewhere != NULL && set->elsewhere[i].name != NULL; i++)
		if (strcmp(set->elsewhere[i].name, name) == 0)
			elsewhere = set->elsewhere[i].hint;
	if (elsewhere != NULL)
		snprintf(hint, sizeof(hint), "%s", elsewhere);
	else if (nearest != NULL)
		snprintf(hint, sizeof(hint), "did you mean '%s'?", nearest);
	else if (set->scalar_hint != NULL && entry->value->kind == NODE_SCALAR)
		snprintf(hint, sizeof(hint), "%s", set->scalar_hint);
	else
		list_names(set, hint, sizeof(hint));
	decode_error(decoder, entry->key->pos, "unknown-field", hint, "unknown field '%s' in %s",
		name, set->owner);
}

static void report_suspect(
	struct decoder *decoder, const struct node_entry *entry, const struct field_set *set)
{
	const char *nearest = suggestion_among(set->names, entry->key->text);
	char hint[256];

	if (nearest == NULL)
		return;
	snprintf(hint, sizeof(hint), "did you mean '%s'?", nearest);
	decode_warning(decoder, entry->key->pos, "unknown-field", hint,
		"unknown field '%s' in %s is ignored", entry->key->text, set->owner);
}

static void report_not_mapping(
	struct decoder *decoder, const struct node *node, const struct field_set *set)
{
	/* "to", "to - ipBlock", "name web": the text of a field whose colon is missing. */
	const int length = (int)strcspn(node->text, " ");
	char hint[128];

	if (node->kind == NODE_SCALAR && !node->quoted &&
		is_known(set, node->text, (size_t)length)) {
		snprintf(hint, sizeof(hint), "write '%.*s:'", length, node->text);
		decode_error(decoder, node->pos, "missing-colon", hint,
			"'%.*s' has no colon after it", length, node->text);
		return;
	}
	decode_error(decoder, node->pos, "wrong-type",
		node->kind == NODE_SEQUENCE ? "leave out the '- '"
					    : "write 'field: value' lines below it",
		"%s must be a mapping, and this is %s", set->owner, decode_kind_name(node));
}

bool fields_check(struct decoder *decoder, const struct node *node, const struct field_set *set,
	enum field_mode mode)
{
	unsigned int unknown = 0;

	if (node->kind != NODE_MAPPING) {
		report_not_mapping(decoder, node, set);
		return false;
	}
	for (size_t i = 0; i < node->count; i++) {
		const struct node_entry *entry = &node->entries[i];

		if (is_known(set, entry->key->text, strlen(entry->key->text)))
			continue;
		/* A Pod's spec has dozens that are not looked for. */
		if (unknown++ == (mode == FIELDS_STRICT ? UNKNOWN_TOLD : 10 * UNKNOWN_TOLD))
			break;
		if (mode == FIELDS_STRICT)
			report_unknown(decoder, entry, set);
		else
			report_suspect(decoder, entry, set);
	}
	return true;
}
