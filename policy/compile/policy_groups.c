/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/compile/policy_groups.h"

#include <errno.h>

enum { POLICIES_MOST = 1 << 30 };

/* Stores the group of each policy, and how many there are. */
static int number_groups(struct policy_groups *groups, const struct cluster *cluster,
	struct label_index *labels, uint32_t *group_of)
{
	for (size_t i = 0; i < cluster->policy_count; i++) {
		const struct network_policy *policy = cluster->policies[i];
		const struct label_query scope = {
			.namespace_name = policy->namespace_name, .pods = &policy->pod_selector};
		int err = label_index_select(labels, &scope, &group_of[i]);

		if (err != 0)
			return err;
		if (group_of[i] == groups->count)
			groups->count++;
	}
	return 0;
}

static int allocate(struct policy_groups *groups, size_t policy_count, struct arena *arena)
{
	groups->is_whole = arena_calloc(arena, groups->count, sizeof(bool));
	if (groups->is_whole == NULL)
		return -ENOMEM;
	for (int d = 0; d < DIRECTION_COUNT; d++) {
		groups->starts[d] = arena_calloc(
			arena, (size_t)groups->count + 1, sizeof(uint32_t));
		groups->policies[d] = arena_calloc(arena, policy_count, sizeof(uint32_t));
		groups->ranked[d] = arena_calloc(arena, groups->count, sizeof(uint32_t));
		groups->audited[d] = arena_calloc(arena, groups->count, sizeof(uint32_t));
		if (groups->starts[d] == NULL || groups->policies[d] == NULL ||
			groups->ranked[d] == NULL || groups->audited[d] == NULL)
			return -ENOMEM;
	}
	return 0;
}

/*
 * Sorts the policies that isolate in the direction by group, then as struct group_policies says: by
 * counting.
 */
static void list_policies(struct policy_groups *groups, const struct cluster *cluster,
	const uint32_t *group_of, enum direction direction)
{
	uint32_t *starts = groups->starts[direction];
	uint32_t at = 0;

	for (uint32_t i = 0; i < cluster->policy_count; i++) {
		const struct network_policy *policy = cluster->policies[i];

		if (!policy->isolates[direction])
			continue;
		starts[group_of[i]]++;
		if (policy->tier != TIER_NETWORK_POLICY)
			groups->ranked[direction][group_of[i]]++;
		else
			groups->audited[direction][group_of[i]] += policy->audit;
	}
	/*
	 * From how many there are to where they end; filled from the back, that becomes where they
	 * begin.
	 */
	for (uint32_t i = 0; i < groups->count; i++) {
		at += starts[i];
		starts[i] = at;
	}
	starts[groups->count] = at;
	for (int ranked = 1; ranked >= 0; ranked--)
		for (uint32_t i = (uint32_t)cluster->policy_count; i-- > 0;)
			if (cluster->policies[i]->isolates[direction] &&
				(cluster->policies[i]->tier != TIER_NETWORK_POLICY) == ranked)
				groups->policies[direction][--starts[group_of[i]]] = i;
}

int policy_groups_init(struct policy_groups *groups, const struct cluster *cluster,
	struct label_index *labels, struct arena *arena)
{
	struct policy_groups made = {0};
	uint32_t *group_of;
	int err;

	if (cluster->policy_count > POLICIES_MOST)
		return -E2BIG;
	group_of = arena_calloc(arena, cluster->policy_count, sizeof(*group_of));
	if (group_of == NULL)
		return -ENOMEM;
	err = number_groups(&made, cluster, labels, group_of);
	if (err == 0)
		err = allocate(&made, cluster->policy_count, arena);
	if (err != 0)
		return err;
	for (size_t i = 0; i < cluster->policy_count; i++)
		made.is_whole[group_of[i]] = cluster->policies[i]->pod_selector.count == 0;
	for (int d = 0; d < DIRECTION_COUNT; d++)
		list_policies(&made, cluster, group_of, (enum direction)d);
	*groups = made;
	return 0;
}

struct group_policies policy_groups_get(
	const struct policy_groups *groups, uint32_t group, enum direction direction)
{
	const uint32_t *starts = groups->starts[direction];

	return (struct group_policies){
		.items = groups->policies[direction] + starts[group],
		.count = starts[group + 1] - starts[group],
		.ranked = groups->ranked[direction][group],
		.audited = groups->audited[direction][group],
	};
}
