/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/port_tree.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const uint16_t *tree_starts(const struct port_tree *tree)
{
	return (const uint16_t *)(tree->sets + 2 * (size_t)tree->count);
}

static size_t tree_size(uint32_t count)
{
	return sizeof(struct port_tree) + count * (2 * sizeof(uint32_t) + sizeof(uint16_t));
}

/* The interval that `port` is in. starts[0] is 0, so there is always one. No branch depends on the data. */
static uint32_t find_interval(const uint16_t *starts, uint32_t count, uint16_t port)
{
	uint32_t base = 0;

	while (count > 1) {
		const uint32_t half = count / 2;

		base = starts[base + half] <= port ? base + half : base;
		count -= half;
	}
	return base;
}

bool port_tree_admits(const struct port_tree *tree, const struct peer_set *sets, uint16_t port,
	const struct peer *peer)
{
	uint32_t node = tree->count + find_interval(tree_starts(tree), tree->count, port);

	for (; node > 0; node /= 2)
		if (tree->sets[node] != PEER_NOBODY && peer_set_contains(&sets[tree->sets[node]], peer))
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
		return 0;	/* the range runs to the last port: nothing begins after it */
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
static int hold_range(struct vector *holdings, const struct port_range *range, const uint16_t *starts,
	uint32_t count)
{
	uint32_t low = count + find_interval(starts, count, range->first);
	uint32_t high = count + find_interval(starts, count, range->last) + 1;
	int err = 0;

	for (; err == 0 && low < high; low /= 2, high /= 2) {
		if (low % 2 == 1)
			err = hold(holdings, low++, range->unite);
		if (err == 0 && high % 2 == 1)
			err = hold(holdings, --high, range->unite);
	}
	return err;
}

/* Makes each node's peer set out of the sorted holdings. */
static int set_nodes(struct port_tree *tree, const struct vector *holdings, struct peer_pool *peers)
{
	const struct holding *items = holdings->items;
	struct vector unions = {0};	/* of uint32_t: those of one node */
	uint32_t unite, *pushed;
	int err = 0;

	for (size_t i = 0; err == 0 && i < holdings->count; i++) {
		pushed = vector_push(&unions, sizeof(*pushed));
		if (pushed == NULL) {
			err = -ENOMEM;
			break;
		}
		*pushed = items[i].unite;
		if (i + 1 < holdings->count && items[i + 1].node == items[i].node)
			continue;
		err = peer_pool_unite(peers, &unions, &unite);
		if (err == 0)
			err = peer_pool_set(peers, unite, &tree->sets[items[i].node]);
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
		err = hold_range(&holdings, &items[i], tree_starts(tree), tree->count);
	if (err == 0 && holdings.count > 1)
		qsort(holdings.items, holdings.count, sizeof(struct holding), holding_cmp);
	if (err == 0)
		err = set_nodes(tree, &holdings, peers);
	vector_deinit(&holdings);
	return err;
}

int port_tree_build(const struct vector *ranges, struct peer_pool *peers, struct intern_table *trees,
	uint32_t *number)
{
	struct vector starts = {0};
	struct port_tree *tree = NULL;
	int err = gather_starts(ranges, &starts);

	if (err == 0) {
		tree = calloc(1, tree_size((uint32_t)starts.count));
		err = tree != NULL ? 0 : -ENOMEM;
	}
	if (err == 0) {
		tree->count = (uint32_t)starts.count;
		memcpy(tree->sets + 2 * starts.count, starts.items, starts.count * sizeof(uint16_t));
		err = fill(tree, ranges, peers);
	}
	if (err == 0)
		err = intern_table_add(trees, tree, tree_size(tree->count), number);
	free(tree);
	vector_deinit(&starts);
	return err;
}
