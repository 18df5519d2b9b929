/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef POLICY_COMPILE_PORT_TREE_H
#define POLICY_COMPILE_PORT_TREE_H

/*
 * Port ranges, each with the peers it is open to. The bounds of all ranges part the 65536 ports
 * into intervals. Mostly few ranges overlap, and each interval has the union of the peers of the
 * ranges over it: one port is decided by one set. Where that would take too much memory (n ranges
 * that nest would make n squared), the intervals are the leaves of a segment tree: a range is held
 * by the O(log n) nodes that make it up, each node has the union of the peers of the ranges it
 * holds, and one port is decided by the nodes between its interval and the root.
 */

#include "policy/compile/peer_pool.h"

/*
 * As it is evaluated, in one piece. Interval i runs from starts[i] to the next start. Behind the
 * starts, aligned, come uint32_t sets: when flat, one an interval; else, by node, twice as many:
 * node 1 is the root, nodes 2i and 2i + 1 the children of i, node count + i the leaf of interval i.
 */
struct port_tree {
	uint32_t count : 31, flat : 1; /* intervals */
	uint16_t starts[];
};

/* One range on its way into a tree. */
struct port_range {
	uint16_t first, last;
	uint32_t unite; /* union of a peer pool */
};

/*
 * Adds the tree made of a vector of struct port_range to `words`, a vector of uint32_t. 0; -ENOMEM
 * or -E2BIG.
 */
int port_tree_build(const struct vector *ranges, struct peer_pool *peers, struct vector *words);

/* In words, where the sets begin. */
static inline size_t port_tree_sets_at(uint32_t count)
{
	return 1 + ((size_t)count + 1) / 2;
}

static inline const uint32_t *port_tree_sets(const struct port_tree *tree)
{
	return (const uint32_t *)tree + port_tree_sets_at(tree->count);
}

/*
 * The interval that `port` is in. starts[0] is 0, so there is always one. No branch depends on the
 * data.
 */
static inline uint32_t port_tree_interval(const struct port_tree *tree, uint16_t port)
{
	uint32_t base = 0;

	for (uint32_t count = tree->count; count > 1;) {
		const uint32_t half = count / 2;

		base = tree->starts[base + half] <= port ? base + half : base;
		count -= half;
	}
	return base;
}

/* For port_tree_admits(): asks the nodes between an interval and the root. */
bool port_tree_climb(const struct port_tree *tree, const struct peer_sets *sets, uint32_t interval,
	const struct peer *peer);

/* Whether `peer` may use `port`. `sets` are the peer pool's. */
static inline bool port_tree_admits(const struct port_tree *tree, const struct peer_sets *sets,
	uint16_t port, const struct peer *peer)
{
	const uint32_t interval = port_tree_interval(tree, port);
	uint32_t set;

	if (!tree->flat)
		return port_tree_climb(tree, sets, interval, peer);
	set = port_tree_sets(tree)[interval];
	return set != PEER_NOBODY && peer_set_contains(sets, set, peer);
}

#endif
