/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef POLICY_COMPILE_COMPILED_H
#define POLICY_COMPILE_COMPILED_H

/*
 * What struct snapshot is made of: private to snapshot_make.c, which makes it, and snapshot.c,
 * which answers from it. All but the cluster lives in one arena, the snapshot itself included.
 */

#include "policy/compile/endpoint_table.h"
#include "policy/compile/policy_book.h"
#include "policy/compile/snapshot.h"
#include "policy/compile/tier.h"

/* Lists of numbers in one array: list i is items[starts[i]] up to items[starts[i + 1]]. */
struct number_lists {
	const uint32_t *starts, *items;
};

/*
 * An address that several pods claim: claims `first` up to `first + count`, the leading one first.
 */
struct contested_address {
	struct ip_addr addr;
	uint32_t first, count;
};

struct compiled_kind {
	uint32_t declared; /* piece: struct named_ports, or PIECE_NONE */
	uint32_t classes[DIRECTION_COUNT];
};

struct snapshot {
	struct arena *arena;
	struct cluster *cluster; /* referenced */
	uint64_t revision;
	bool audit;
	const char *node_name;
	bool deny_link_local, ipv6_off;
	const struct ip_addr *gateway; /* the gateway's own, sorted */
	size_t gateway_count;

	struct endpoint_table endpoints;
	const struct contested_address *contested; /* sorted */
	size_t contested_count;
	struct endpoint *claim_ends; /* each claim as if it were the only one */
	const uint32_t *claim_pods;
	size_t claim_end_count;
	const struct snapshot_claim *odd_claims;
	size_t odd_claim_count;
	struct peer_sets sets; /* their pieces are all there are, profiles and named ports too */
	const struct compiled_kind *kinds;

	/*
	 * Which policies isolate: the groups of a class, and the policies, by number in the
	 * cluster, of a group.
	 */
	struct number_lists groups[DIRECTION_COUNT], policies[DIRECTION_COUNT];
	const struct ip_addr *isolated;
	size_t isolated_count;
	enum verdict link_local; /* of flows with such an end */
};

/* NULL: nothing isolates the end in that direction, or NetworkPolicy's tier alone does. */
static inline const struct tier_list *tiers_of(
	const struct snapshot *snapshot, const struct endpoint *end, enum direction direction)
{
	return end->ranked >> direction & 1 ? piece_at(snapshot->sets.pieces, end->tiers[direction])
					    : NULL;
}

/* What a snapshot is made of: the book knows all kinds of the cluster's pods. */
struct snapshot_input {
	struct cluster *cluster;
	const struct policy_book *book;
	const uint32_t *kinds; /* by pod; KIND_NONE: it owns no address */
	const struct snapshot_options *options;
};
#define KIND_NONE UINT32_MAX

/*
 * Returns 0; or -ENOMEM or -E2BIG, *out untouched. The snapshot needs only the cluster, on which it
 * takes a reference.
 */
int snapshot_make(struct snapshot **out, const struct snapshot_input *input);

#endif
