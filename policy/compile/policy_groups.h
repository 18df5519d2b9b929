/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef POLICY_COMPILE_POLICY_GROUPS_H
#define POLICY_COMPILE_POLICY_GROUPS_H

/*
 * Policies that select the same pods, of one namespace by one selector, are a group. There are far
 * fewer of them.
 */

#include "policy/compile/label_index.h"
#include "policy/values/cluster.h"

/*
 * The policies of a group that isolate in one direction: numbers in the cluster. NetworkPolicies
 * come first, then those of other tiers; both rising.
 */
struct group_policies {
	const uint32_t *items;
	uint32_t count;
	uint32_t ranked;  /* how many of them, the last, are of other tiers than NetworkPolicy's */
	uint32_t audited; /* how many of the NetworkPolicies are in audit mode */
};

struct policy_groups {
	uint32_t count;
	bool *is_whole; /* by group: it selects every pod of its namespace, whatever pods come */
	/* by group, and one more: where in policies its own begin */
	uint32_t *starts[DIRECTION_COUNT];
	uint32_t *policies[DIRECTION_COUNT];
	uint32_t *ranked[DIRECTION_COUNT], *audited[DIRECTION_COUNT]; /* by group */
};

/*
 * Groups the policies of the cluster; all lives in `arena`. A group's number is that of its
 * selector in `labels`, which must have none yet. Returns 0; -ENOMEM, or -E2BIG for more than 2^30
 * policies.
 */
int policy_groups_init(struct policy_groups *groups, const struct cluster *cluster,
	struct label_index *labels, struct arena *arena);

struct group_policies policy_groups_get(
	const struct policy_groups *groups, uint32_t group, enum direction direction);

#endif
