/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config/store/object_table.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static void free_gone(struct object_table *table)
{
	while (table->gone != NULL) {
		struct object_list *list = table->gone;

		table->gone = list->next;
		object_list_free(list);
	}
}

void object_table_deinit(struct object_table *table)
{
	free_gone(table);
	free(table->entries);
	*table = (struct object_table){0};
}

void object_table_remove(struct object_table *table, struct object_list *list)
{
	if (list == NULL || --list->users > 0)
		return;
	if (!list->listed) {
		object_list_free(list);
		return;
	}
	list->next = table->gone;
	table->gone = list;
}

/* The order of the table. Objects of one file are in one list, in the order written. */
static int entry_cmp(const void *pa, const void *pb)
{
	const struct object_entry *a = pa, *b = pb;
	int order = object_key_cmp(&a->stored->object, &b->stored->object);

	if (order == 0)
		order = (int)b->source - (int)a->source;
	if (order == 0)
		order = (int)b->rank - (int)a->rank;
	if (order == 0)
		order = strcmp(object_key(&a->stored->object).pos.file,
			object_key(&b->stored->object).pos.file);
	return order != 0 ? order : (a->stored > b->stored) - (a->stored < b->stored);
}

/* ---- what is gone ---- */

/*
 * The objects of a list that is gone, by their place in memory: entries of such need not be looked
 * into.
 */
struct hole {
	uintptr_t first, end;
};

static int hole_cmp(const void *pa, const void *pb)
{
	const struct hole *a = pa, *b = pb;

	return (a->first > b->first) - (a->first < b->first);
}

/* The lists that are gone, sorted by place. NULL when out of memory. */
static struct hole *find_holes(const struct object_table *table, size_t *count)
{
	struct hole *holes;
	size_t found = 0;

	for (const struct object_list *list = table->gone; list != NULL; list = list->next)
		found++;
	holes = calloc(found + 1, sizeof(*holes));
	if (holes == NULL)
		return NULL;
	*count = 0;
	for (const struct object_list *list = table->gone; list != NULL; list = list->next)
		holes[(*count)++] = (struct hole){
			(uintptr_t)list->items, (uintptr_t)(list->items + list->count)};
	qsort(holes, found, sizeof(*holes), hole_cmp);
	return holes;
}

static bool is_gone(const struct object_entry *entry, const struct hole *holes, size_t count)
{
	const uintptr_t place = (uintptr_t)entry->stored;
	size_t low = 0, high = count; /* holes before low end at or before the place */

	while (low < high) {
		const size_t middle = low + (high - low) / 2;

		if (holes[middle].end <= place)
			low = middle + 1;
		else
			high = middle;
	}
	return low < count && holes[low].first <= place;
}

/* ---- what comes ---- */

/* The entries of the lists, sorted. NULL when out of memory. */
static struct object_entry *sort_fresh(
	struct object_list *const *fresh, size_t fresh_count, size_t *count)
{
	struct object_entry *entries;
	size_t total = 0, at = 0;

	for (size_t i = 0; i < fresh_count; i++)
		total += fresh[i]->count;
	entries = calloc(total + 1, sizeof(*entries));
	if (entries == NULL)
		return NULL;
	for (size_t i = 0; i < fresh_count; i++)
		for (size_t j = 0; j < fresh[i]->count; j++)
			entries[at++] = (struct object_entry){.stored = &fresh[i]->items[j],
				.object = fresh[i]->items[j].object.value,
				.source = fresh[i]->source,
				.rank = fresh[i]->items[j].in_part ? 2 : fresh[i]->items[j].kept};
	qsort(entries, total, sizeof(*entries), entry_cmp);
	*count = total;
	return entries;
}

/* The first of the entries that does not sort before `key`. */
static size_t lower_bound(
	const struct object_entry *entries, size_t count, const struct object_entry *key)
{
	size_t low = 0, high = count;

	while (low < high) {
		const size_t middle = low + (high - low) / 2;

		if (entry_cmp(&entries[middle], key) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* ---- both ---- */

struct merge {
	const struct object_table *table;
	const struct hole *holes;
	size_t hole_count;
	struct object_entry *out;
	size_t count;
	/* what was put last comes right before the next of the table's, as it did there */
	bool follows;
};

/*
 * Puts an entry behind the others; whether it shadows the last is only looked at when that may have
 * changed.
 */
static void put(struct merge *merge, const struct object_entry *entry)
{
	struct object_entry *last = merge->count > 0 ? &merge->out[merge->count - 1] : NULL;

	if (last != NULL && !merge->follows)
		last->shadowed = object_key_cmp(&last->stored->object, &entry->stored->object) == 0;
	merge->out[merge->count++] = *entry;
}

/* Puts the table's entries from `first` up to `end` that are not gone. */
static void put_old(struct merge *merge, size_t first, size_t end)
{
	for (size_t i = first; i < end; i++) {
		const struct object_entry *entry = &merge->table->entries[i];

		if (is_gone(entry, merge->holes, merge->hole_count)) {
			merge->follows = false;
			continue;
		}
		put(merge, entry);
		merge->follows = true;
	}
}

static void merge_all(struct merge *merge, const struct object_entry *fresh, size_t fresh_count)
{
	size_t at = 0;

	for (size_t i = 0; i < fresh_count; i++) {
		/* An empty table has no entries to point into. */
		const size_t left = merge->table->count - at;
		const size_t end = left == 0
			? at
			: at + lower_bound(merge->table->entries + at, left, &fresh[i]);

		put_old(merge, at, end);
		merge->follows = false;
		put(merge, &fresh[i]);
		at = end;
	}
	put_old(merge, at, merge->table->count);
	if (merge->count > 0)
		merge->out[merge->count - 1].shadowed = false;
}

/* Where the entries of each kind end. */
static void find_ends(struct object_table *table)
{
	for (int kind = 0; kind < KUBE_KINDS; kind++) {
		size_t low = kind > 0 ? table->ends[kind - 1] : 0, high = table->count;

		while (low < high) {
			const size_t middle = low + (high - low) / 2;

			if (table->entries[middle].stored->object.kind <= (enum kube_kind)kind)
				low = middle + 1;
			else
				high = middle;
		}
		table->ends[kind] = low;
	}
}

int object_table_update(
	struct object_table *table, struct object_list *const *fresh, size_t fresh_count)
{
	struct merge merge = {.table = table};
	struct object_entry *entries = NULL;
	size_t entry_count = 0;
	struct hole *holes;

	if (fresh_count == 0 && table->gone == NULL)
		return 0;
	holes = find_holes(table, &merge.hole_count);
	if (holes != NULL)
		entries = sort_fresh(fresh, fresh_count, &entry_count);
	if (entries != NULL)
		merge.out = calloc(table->count + entry_count + 1, sizeof(*merge.out));
	if (merge.out != NULL) {
		merge.holes = holes;
		merge_all(&merge, entries, entry_count);
		free(table->entries);
		table->entries = merge.out;
		table->count = merge.count;
		find_ends(table);
		free_gone(table);
		for (size_t i = 0; i < fresh_count; i++)
			fresh[i]->listed = true;
	}
	free(entries);
	free(holes);
	return merge.out != NULL ? 0 : -ENOMEM;
}
