/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config/text/duplicate_keys.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/text/mapping_keys.h"

enum { COMPARED_MOST = 16 }; /* keys, pair by pair; more are sorted: a mapping may have a million */

static bool is(const struct node_entry *entry, const char *key)
{
	return strcmp(entry->key->text, key) == 0;
}

/* False for a merge key, and for the stand-in of a key that was refused: that was said. */
static bool report(struct diag_list *diags, enum diag_severity severity, const struct node *first,
	const struct node *second)
{
	char hint[96];

	if (second->pos.file == NULL || mapping_is_merge_key(second))
		return false;
	snprintf(hint, sizeof(hint), "the first is at line %u; keep one of them", first->pos.line);
	diag_add(diags, severity, second->pos, "duplicate-key", hint, "'%s' is here twice%s",
		second->text,
		severity == DIAG_WARNING ? ": this one counts, as kubectl reads it" : "");
	return true;
}

static int entry_cmp(const void *pa, const void *pb)
{
	const struct node_entry *const *a = pa, *const *b = pb;
	const int order = strcmp((*a)->key->text, (*b)->key->text);

	return order != 0 ? order : (*a < *b ? -1 : *a > *b);
}

static int find_sorted(struct diag_list *diags, enum diag_severity severity,
	const struct node_entry *entries, size_t count)
{
	const struct node_entry **sorted = reallocarray(
		NULL, count, sizeof(const struct node_entry *));
	bool found = false;

	if (sorted == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++)
		sorted[i] = &entries[i];
	qsort(sorted, count, sizeof(*sorted), entry_cmp);
	for (size_t i = 1; i < count; i++)
		if (strcmp(sorted[i - 1]->key->text, sorted[i]->key->text) == 0)
			found |= report(diags, severity, sorted[i - 1]->key, sorted[i]->key);
	free(sorted);
	return found;
}

static int find(struct diag_list *diags, enum diag_severity severity,
	const struct node_entry *entries, size_t count)
{
	bool found = false;

	if (count > COMPARED_MOST)
		return find_sorted(diags, severity, entries, count);
	for (size_t i = 1; i < count; i++)
		for (size_t j = 0; j < i; j++)
			if (is(&entries[i], entries[j].key->text)) {
				found |= report(diags, severity, entries[j].key, entries[i].key);
				break;
			}
	return found;
}

/*
 * How many of the entries are one object's. The next begins at its apiVersion or, where that was
 * forgotten, at a kind that comes once more behind metadata or spec; an apiVersion right above such
 * a kind belongs to it.
 */
static size_t object_length(const struct node_entry *entries, size_t count)
{
	bool has_version = false, has_kind = false, has_body = false;

	for (size_t i = 0; i < count; i++) {
		if (is(&entries[i], "apiVersion")) {
			if (has_version)
				return i;
			has_version = true;
		} else if (is(&entries[i], "kind")) {
			if (has_kind && has_body)
				return is(&entries[i - 1], "apiVersion") ? i - 1 : i;
			has_kind = true;
		} else if (is(&entries[i], "metadata") || is(&entries[i], "spec")) {
			has_body = true;
		}
	}
	return count;
}

int duplicate_keys_find(struct diag_list *diags, enum diag_severity severity,
	const struct node_entry *entries, size_t count, bool root)
{
	unsigned int any = 0;

	for (;;) {
		const size_t length = root ? object_length(entries, count) : count;
		const int found = find(diags, severity, entries, length);

		if (found < 0)
			return found;
		any |= found > 0 ? DUPLICATE_KEYS : 0;
		if (length == count)
			return (int)any;
		diag_add(diags, DIAG_ERROR, entries[length].key->pos, "missing-separator",
			"put a line with --- above this one",
			"a new object begins here, inside the one of line %u",
			entries->key->pos.line);
		any |= DUPLICATE_OBJECTS;
		entries += length;
		count -= length;
	}
}
