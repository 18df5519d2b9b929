/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config/text/mapping_keys.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "config/text/string_map.h"

struct assignment {
	struct mapping_entries result;
	bool *merged;		  /* of each item: it came from a merge key */
	struct string_map places; /* of keys: index in items, plus 1 */
	struct diag_list *diags;
};

bool mapping_is_merge_key(const struct node *key)
{
	return !key->quoted && key->text[0] == '<' && strcmp(key->text, "<<") == 0;
}

size_t mapping_merge_cost(const struct node_entry *entries, size_t count)
{
	size_t cost = 0;

	for (size_t i = 0; i < count; i++) {
		const struct node *value = entries[i].value;

		if (!mapping_is_merge_key(entries[i].key))
			continue;
		if (value->kind == NODE_MAPPING)
			cost += value->count;
		for (size_t j = 0; value->kind == NODE_SEQUENCE && j < value->count; j++)
			if (value->entries[j].value->kind == NODE_MAPPING)
				cost += value->entries[j].value->count;
	}
	return cost;
}

/* `merge_key` is the '<<' that assigns the entry, or NULL. */
static int assign(
	struct assignment *assignment, const struct node_entry *entry, const struct node *merge_key)
{
	const char *key = entry->key->text;
	const size_t place = (size_t)(uintptr_t)string_map_get(
		&assignment->places, key, strlen(key));
	struct mapping_entries *result = &assignment->result;

	if (place > 0) {
		if (merge_key != NULL && !assignment->merged[place - 1])
			diag_add(assignment->diags, DIAG_WARNING, merge_key->pos, "merge-replaces",
				"write it below the '<<' if it is to count",
				"'<<' replaces '%s' of line %u, which stands above it, as kubectl "
				"reads it",
				key, result->items[place - 1].key->pos.line);
		result->items[place - 1] = *entry;
		assignment->merged[place - 1] = merge_key != NULL;
		return 0;
	}
	result->items[result->count] = *entry;
	assignment->merged[result->count] = merge_key != NULL;
	result->count++;
	return string_map_put(&assignment->places, key, (void *)(uintptr_t)result->count);
}

static int assign_all(
	struct assignment *assignment, const struct node *mapping, const struct node *merge_key)
{
	int err = 0;

	for (size_t i = 0; err == 0 && i < mapping->count; i++)
		err = assign(assignment, &mapping->entries[i], merge_key);
	return err;
}

/*
 * Behind << comes a mapping, or a list of mappings of which the earlier win: they are assigned
 * last.
 */
static int merge(struct assignment *assignment, const struct node *key, const struct node *value)
{
	bool sound = value->kind == NODE_MAPPING || value->kind == NODE_SEQUENCE;
	int err = value->kind == NODE_MAPPING ? assign_all(assignment, value, key) : 0;

	for (size_t i = value->count; err == 0 && value->kind == NODE_SEQUENCE && i-- > 0;) {
		if (value->entries[i].value->kind == NODE_MAPPING)
			err = assign_all(assignment, value->entries[i].value, key);
		else
			sound = false;
	}
	if (!sound) {
		diag_add(assignment->diags, DIAG_ERROR, key->pos, "bad-merge",
			"write <<: *name, where &name marks a mapping",
			"'<<' takes over the keys of a mapping, and no mapping follows it");
		assignment->result.bad_merge = true;
	}
	return err;
}

int mapping_assign(struct mapping_entries *out, const struct node_entry *entries, size_t count,
	struct diag_list *diags)
{
	const size_t most = count + mapping_merge_cost(entries, count) + 1;
	struct assignment assignment = {.diags = diags};
	int err = -ENOMEM;

	assignment.result.items = reallocarray(NULL, most, sizeof(*assignment.result.items));
	assignment.merged = calloc(most, sizeof(*assignment.merged));
	if (assignment.result.items != NULL && assignment.merged != NULL)
		err = 0;
	for (size_t i = 0; err == 0 && i < count; i++) {
		if (mapping_is_merge_key(entries[i].key))
			err = merge(&assignment, entries[i].key, entries[i].value);
		else
			err = assign(&assignment, &entries[i], NULL);
	}
	free(assignment.merged);
	string_map_deinit(&assignment.places);
	if (err == 0)
		*out = assignment.result;
	else
		free(assignment.result.items);
	return err;
}
