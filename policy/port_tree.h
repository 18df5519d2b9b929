/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef POLICY_PORT_TREE_H
#define POLICY_PORT_TREE_H

/*
 * Port ranges, each with the peers it is open to, cut into a segment tree. The bounds of all ranges part the
 * 65536 ports into intervals; a range is held by the O(log n) nodes that make it up, and each node has the union
 * of the peers of the ranges it holds. So one port is decided by the nodes between its interval and the root:
 * O(log n) peer sets, however the ranges nest, and the whole takes O(n log n) memory where a table by port
 * would take n squared.
 */

#include "policy/peer_pool.h"

/*
 * The tree as it is evaluated, in one piece: node 1 is the root, nodes 2i and 2i + 1 the children of i, node
 * count + i the leaf of interval i. Interval i runs from starts[i] to the next start.
 */
struct port_tree {
	uint32_t count;			/* intervals */
	uint32_t sets[];		/* by node, 2 * count of them; then uint16_t starts[count] */
};

/* One range on its way into a tree. */
struct port_range {
	uint16_t first, last;
	uint32_t unite;			/* union of a peer pool */
};

/*
 * Stores the number in `trees` of the tree made of a vector of struct port_range. Returns 0; -ENOMEM or -E2BIG.
 */
int port_tree_build(const struct vector *ranges, struct peer_pool *peers, struct intern_table *trees,
	uint32_t *number);

/* Whether `peer` may use `port`. `sets` are the peer pool's. */
bool port_tree_admits(const struct port_tree *tree, const struct peer_set *sets, uint16_t port,
	const struct peer *peer);

#endif
