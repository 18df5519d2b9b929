/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/compile/port_tree.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { FLAT_TIMES = 4, FLAT_FREE = 256 };

static size_t set_count(const struct port_tree *tree)
{
	return tree->flat ? tree->count : 2 * (size_t)tree->count;
}

bool port_tree_climb(const struct port_tree *tree, const struct peer_sets *sets, uint32_t interval,
	const struct peer *peer)
{
	const uint32_t *by_node = port_tree_sets(tree);

	for (uint32_t node = tree->count + interval; node > 0; node /= 2)
		if (by_node[node] != PEER_NOBODY && peer_set_contains(sets, by_node[node], peer))
			return true;
	return false;
}

static int start_cmp(const void *pa, const void *pb)
{
	return *(const uint16_t *)pa - *(const uint16_t *)pb;
}

static int push_start(struct vector *starts, uint32_t port)
{
	uint16_t *start;

	if (port > UINT16_MAX)
		return 0; /* the range runs to the last port: nothing begins after it */
	start = vector_push(starts, sizeof(*start));
	if (start == NULL)
		return -ENOMEM;
	*start = (uint16_t)port;
	return 0;
}

/* Where the intervals begin: sorted, unique, the first at 0. */
static int gather_starts(const struct vector *ranges, struct vector *starts)
{
	const struct port_range *items = ranges->items;
	uint16_t *sorted;
	size_t kept = 1;
	int err = push_start(starts, 0);

	for (size_t i = 0; err == 0 && i < ranges->count; i++) {
		err = push_start(starts, items[i].first);
		if (err == 0)
			err = push_start(starts, items[i].last + 1U);
	}
	if (err != 0)
		return err;
	sorted = starts->items;
	qsort(sorted, starts->count, sizeof(*sorted), start_cmp);
	for (size_t i = 1; i < starts->count; i++)
		if (sorted[i] != sorted[kept - 1])
			sorted[kept++] = sorted[i];
	starts->count = kept;
	return 0;
}

/* That a node holds a range with these peers. */
struct holding {
	uint32_t node, unite;
};

static int holding_cmp(const void *pa, const void *pb)
{
	const struct holding *a = pa, *b = pb;

	if (a->node != b->node)
		return a->node < b->node ? -1 : 1;
	return (a->unite > b->unite) - (a->unite < b->unite);
}

static int hold(struct vector *holdings, uint32_t node, uint32_t unite)
{
	struct holding *added = vector_push(holdings, sizeof(*added));

	if (added == NULL)
		return -ENOMEM;
	*added = (struct holding){node, unite};
	return 0;
}

/* Gives a range to the nodes that make it up: the usual walk up both of its edges. */
static int hold_by_nodes(
	struct vector *holdings, const struct port_range *range, const struct port_tree *tree)
{
	uint32_t low = tree->count + port_tree_interval(tree, range->first);
	uint32_t high = tree->count + port_tree_interval(tree, range->last) + 1;
	int err = 0;

	for (; err == 0 && low < high; low /= 2, high /= 2) {
		if (low % 2 == 1)
			err = hold(holdings, low++, range->unite);
		if (err == 0 && high % 2 == 1)
			err = hold(holdings, --high, range->unite);
	}
	return err;
}

static int hold_by_intervals(
	struct vector *holdings, const struct port_range *range, const struct port_tree *tree)
{
	const uint32_t last = port_tree_interval(tree, range->last);
	int err = 0;

	for (uint32_t i = port_tree_interval(tree, range->first); err == 0 && i <= last; i++)
		err = hold(holdings, i, range->unite);
	return err;
}

/*
 * Whether the unions of all intervals together have at most some times as many peers as the ranges:
 * then one look a port is worth their memory.
 */
static bool is_flat(
	const struct vector *ranges, const struct port_tree *tree, const struct peer_pool *peers)
{
	const struct port_range *items = ranges->items;
	uint64_t once = 0, by_interval = 0;

	for (size_t i = 0; i < ranges->count; i++) {
		const uint32_t weight = peer_pool_weight(peers, items[i].unite);
		const uint32_t intervals = port_tree_interval(tree, items[i].last) -
			port_tree_interval(tree, items[i].first) + 1;

		once += weight;
		by_interval += (uint64_t)weight * intervals;
	}
	return by_interval <= FLAT_TIMES * once + FLAT_FREE;
}

/* Makes each node's peer set out of the sorted holdings. */
static int set_nodes(uint32_t *by_node, const struct vector *holdings, struct peer_pool *peers)
{
	const struct holding *items = holdings->items;
	struct vector unions = {0}; /* of uint32_t: those of one node */
	uint32_t unite;
	int err = 0;

	for (size_t i = 0; err == 0 && i < holdings->count; i++) {
		err = vector_push_number(&unions, items[i].unite);
		if (err != 0)
			break;
		if (i + 1 < holdings->count && items[i + 1].node == items[i].node)
			continue;
		err = peer_pool_unite(peers, &unions, &unite);
		if (err == 0)
			err = peer_pool_set(peers, unite, &by_node[items[i].node]);
		vector_clear(&unions);
	}
	vector_deinit(&unions);
	return err;
}

static int fill(struct port_tree *tree, const struct vector *ranges, struct peer_pool *peers)
{
	const struct port_range *items = ranges->items;
	struct vector holdings = {0};
	int err = 0;

	for (size_t i = 0; err == 0 && i < ranges->count; i++)
		err = (tree->flat ? hold_by_intervals : hold_by_nodes)(&holdings, &items[i], tree);
	if (err == 0 && holdings.count > 1)
		qsort(holdings.items, holdings.count, sizeof(struct holding), holding_cmp);
	if (err == 0)
		err = set_nodes(
			(uint32_t *)tree + port_tree_sets_at(tree->count), &holdings, peers);
	vector_deinit(&holdings);
	return err;
}

static int append(struct vector *words, const struct port_tree *tree)
{
	const size_t count = port_tree_sets_at(tree->count) + set_count(tree);
	uint32_t *added = vector_push_many(words, count, sizeof(*added));

	if (added == NULL)
		return -ENOMEM;
	memcpy(added, tree, count * sizeof(*added));
	return 0;
}

int port_tree_build(const struct vector *ranges, struct peer_pool *peers, struct vector *words)
{
	struct vector starts = {0};
	struct port_tree *tree = NULL;
	int err = gather_starts(ranges, &starts);

	if (err == 0) {
		tree = calloc(port_tree_sets_at((uint32_t)starts.count) + 2 * starts.count,
			sizeof(uint32_t));
		err = tree != NULL ? 0 : -ENOMEM;
	}
	if (err == 0) {
		tree->count = (uint32_t)starts.count & INT32_MAX;
		memcpy(tree->starts, starts.items, starts.count * sizeof(uint16_t));
		tree->flat = is_flat(ranges, tree, peers);
		err = fill(tree, ranges, peers);
	}
	if (err == 0)
		err = append(words, tree);
	free(tree);
	vector_deinit(&starts);
	return err;
}
