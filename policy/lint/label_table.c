/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/lint/label_table.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int use_cmp(const void *pa, const void *pb)
{
	const struct label_use *a = pa, *b = pb;
	int order = strcmp(a->namespace_name, b->namespace_name);

	if (order == 0)
		order = strcmp(a->key, b->key);
	return order != 0 ? order : strcmp(a->value, b->value);
}

/* Sorts, and makes one of what is equal. */
static size_t settle(struct label_use *items, size_t count)
{
	size_t kept = 0;

	qsort(items, count, sizeof(*items), use_cmp);
	for (size_t i = 0; i < count; i++) {
		if (kept > 0 && use_cmp(&items[kept - 1], &items[i]) == 0)
			items[kept - 1].count++;
		else
			items[kept++] = items[i];
	}
	return kept;
}

static void add_labels(struct label_use *items, size_t *count, const char *namespace_name,
	const struct label_set *labels)
{
	for (size_t i = 0; i < labels->count; i++)
		items[(*count)++] = (struct label_use){
			namespace_name, labels->items[i].key, labels->items[i].value, 1};
}

int label_table_of_pods(struct label_table *out, const struct cluster *cluster, struct arena *arena)
{
	struct label_use *items;
	size_t total = 0, count = 0;

	for (size_t i = 0; i < cluster->pod_count; i++)
		total += cluster->pods[i]->labels.count;
	items = arena_calloc(arena, total, sizeof(*items));
	if (items == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < cluster->pod_count; i++)
		add_labels(
			items, &count, cluster->pods[i]->namespace_name, &cluster->pods[i]->labels);
	*out = (struct label_table){items, settle(items, count)};
	return 0;
}

int label_table_of_namespaces(
	struct label_table *out, const struct cluster *cluster, struct arena *arena)
{
	struct label_use *items;
	size_t total = 0, count = 0;

	for (size_t i = 0; i < cluster->namespace_count; i++)
		total += cluster->namespaces[i]->labels.count;
	items = arena_calloc(arena, total, sizeof(*items));
	if (items == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < cluster->namespace_count; i++)
		add_labels(items, &count, "", &cluster->namespaces[i]->labels);
	*out = (struct label_table){items, settle(items, count)};
	return 0;
}

/* The first item whose namespace does not sort before `name`, or (past) after it. */
static size_t bound(const struct label_table *table, const char *name, int past)
{
	size_t low = 0, high = table->count;

	while (low < high) {
		const size_t middle = low + (high - low) / 2;

		if (strcmp(table->items[middle].namespace_name, name) < past)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

struct label_table label_table_within(const struct label_table *table, const char *namespace_name)
{
	const size_t first = bound(table, namespace_name, 0), end = bound(table, namespace_name, 1);

	return (struct label_table){table->items + first, end - first};
}
