/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/compile/tier_builder.h"

#include <errno.h>
#include <stdlib.h>

void tier_builder_init(struct tier_builder *builder, struct peer_pool *peers,
	struct piece_table *pieces, struct arena *arena)
{
	*builder = (struct tier_builder){0};
	profile_builder_init(&builder->profiles, peers, pieces, arena);
}

void tier_builder_deinit(struct tier_builder *builder)
{
	profile_builder_deinit(&builder->profiles);
	vector_deinit(&builder->policies);
	vector_deinit(&builder->words);
}

static int rank_cmp(const void *pa, const void *pb, void *context)
{
	const struct cluster *cluster = context;
	const uint32_t a = *(const uint32_t *)pa, b = *(const uint32_t *)pb;
	const int order = policy_rank_cmp(cluster->policies[a], cluster->policies[b]);

	return order != 0 ? order : (a > b) - (a < b);
}

/* Lists the policies of the class that are of other tiers, in their order. */
static int list_ranked(struct tier_builder *builder, const struct profile_input *input,
	const struct selection_class *class, enum direction direction)
{
	vector_clear(&builder->policies);
	for (uint32_t i = 0; i < class->count; i++) {
		const struct group_policies policies = policy_groups_get(
			input->groups, class->groups[i], direction);

		for (uint32_t j = policies.count - policies.ranked; j < policies.count; j++) {
			const int err = vector_push_number(&builder->policies, policies.items[j]);

			if (err != 0)
				return err;
		}
	}
	if (builder->policies.count > 1)
		qsort_r(builder->policies.items, builder->policies.count, sizeof(uint32_t),
			rank_cmp, (void *)input->cluster);
	return 0;
}

static int push_tier(struct tier_builder *builder, const struct tier *tier)
{
	struct tier *added = vector_push_many(
		&builder->words, sizeof(*added) / sizeof(uint32_t), sizeof(uint32_t));

	if (added == NULL)
		return -ENOMEM;
	*added = *tier;
	++*(uint32_t *)builder->words.items;
	return 0;
}

/* Adds an entry for each run of rules that have one action. */
static int add_policy(struct tier_builder *builder, const struct profile_input *input,
	uint32_t number, enum direction direction)
{
	const struct network_policy *policy = input->cluster->policies[number];
	const struct rule_span span = input->rules->spans[direction][number];
	const struct rule *rules = input->rules->rules.items; /* NULL when no policy has any */
	uint32_t run;
	int err = 0;

	for (uint32_t i = span.first; err == 0 && i < span.first + span.count; i += run) {
		struct tier tier = {.policy = number,
			.tier = policy->tier,
			.action = rules[i].action,
			.audited = policy->audit};

		run = 1;
		while (i + run < span.first + span.count &&
			rules[i + run].action == rules[i].action)
			run++;
		err = profile_builder_add_rules(&builder->profiles, input, i, run, &tier.profile);
		if (err == 0)
			err = push_tier(builder, &tier);
	}
	return err;
}

/* Adds the entry of the audited NetworkPolicies, or that of the enforced ones. */
static int add_network_policies(struct tier_builder *builder, const struct profile_input *input,
	const struct selection_class *class, enum direction direction, bool audited)
{
	struct tier tier = {.policy = TIER_ALL_POLICIES,
		.tier = TIER_NETWORK_POLICY,
		.action = RULE_ACCEPT,
		.audited = audited};
	int err;

	if (profile_builder_count(input, class, direction, audited) == 0)
		return 0;
	tier.isolates = !audited || profile_builder_count(input, class, direction, false) == 0;
	err = profile_builder_add(
		&builder->profiles, input, class, direction, audited, &tier.profile);
	return err != 0 ? err : push_tier(builder, &tier);
}

int tier_builder_add(struct tier_builder *builder, const struct profile_input *input,
	const struct selection_class *class, enum direction direction, struct tier_ref *out)
{
	const uint32_t *policies;
	size_t at = 0, count;
	int err = list_ranked(builder, input, class, direction);

	if (err != 0)
		return err;
	count = builder->policies.count;
	out->ranked = count > 0;
	if (!out->ranked)
		return profile_builder_add(&builder->profiles, input, class, direction,
			profile_builder_count(input, class, direction, false) == 0, &out->piece);

	policies = builder->policies.items;
	vector_clear(&builder->words);
	err = vector_push_number(&builder->words, 0); /* the count */
	for (; err == 0 && at < count &&
		input->cluster->policies[policies[at]]->tier < TIER_NETWORK_POLICY;
		at++)
		err = add_policy(builder, input, policies[at], direction);
	if (err == 0)
		err = add_network_policies(builder, input, class, direction, true);
	if (err == 0)
		err = add_network_policies(builder, input, class, direction, false);
	for (; err == 0 && at < count; at++)
		err = add_policy(builder, input, policies[at], direction);
	return err != 0 ? err
			: piece_table_add(builder->profiles.pieces, builder->words.items,
				  builder->words.count * sizeof(uint32_t), &out->piece);
}
