/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/profile_builder.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/*
 * From this many policies in common on, the pods of a namespace share a base. Below, one look is worth more
 * than the memory.
 */
enum { BASE_POLICIES = 32 };

/* A base: of a namespace, by its first pod. */
struct base_key {
	uint32_t first_pod, direction, audited;
};

/* Which of a class's policies a profile is made of. */
enum portion { PORTION_ALL, PORTION_WHOLE, PORTION_OTHER };	/* WHOLE: those that select their whole namespace */

struct extract {
	const struct selection_class *policies;
	enum direction direction;
	bool audited;
	enum portion portion;
};

/* Peers admitted at a named port, on their way into named_peers. */
struct named_union {
	uint32_t name, unite;
};

void profile_builder_init(struct profile_builder *builder, const struct profile_input *input,
	struct peer_pool *peers, struct arena *arena, struct arena *scratch)
{
	*builder = (struct profile_builder){.input = *input, .peers = peers};
	intern_table_init(&builder->trees, arena);
	intern_table_init(&builder->named, arena);
	intern_table_init(&builder->profiles, scratch);
	intern_table_init(&builder->bases, scratch);
}

void profile_builder_deinit(struct profile_builder *builder)
{
	intern_table_deinit(&builder->trees);
	intern_table_deinit(&builder->named);
	intern_table_deinit(&builder->profiles);
	intern_table_deinit(&builder->bases);
	vector_deinit(&builder->base_numbers);
	vector_deinit(&builder->any_port);
	for (int i = 0; i < PROFILE_PROTOCOLS; i++)
		vector_deinit(&builder->ranges[i]);
	vector_deinit(&builder->names);
}

static void forget(struct profile_builder *builder)
{
	vector_clear(&builder->any_port);
	for (int i = 0; i < PROFILE_PROTOCOLS; i++)
		vector_clear(&builder->ranges[i]);
	vector_clear(&builder->names);
}

static int gather_union(struct vector *unions, uint32_t unite)
{
	uint32_t *added = vector_push(unions, sizeof(*added));

	if (added == NULL)
		return -ENOMEM;
	*added = unite;
	return 0;
}

static int gather_port(struct profile_builder *builder, const struct rule_port *port, uint32_t unite)
{
	struct named_union *name;
	struct port_range *range;

	if (port->is_named) {
		name = vector_push(&builder->names, sizeof(*name));
		if (name != NULL)
			*name = (struct named_union){port->name, unite};
		return name != NULL ? 0 : -ENOMEM;
	}
	range = vector_push(&builder->ranges[port->protocol], sizeof(*range));
	if (range != NULL)
		*range = (struct port_range){port->first, port->last, unite};
	return range != NULL ? 0 : -ENOMEM;
}

static int gather_rule(struct profile_builder *builder, const struct rule *rule)
{
	const struct rule_port *ports = (const struct rule_port *)builder->input.rules->ports.items;
	int err = 0;

	if (rule->any_port)
		return gather_union(&builder->any_port, rule->unite);
	for (uint32_t i = 0; err == 0 && i < rule->port_count; i++)
		err = gather_port(builder, &ports[rule->first_port + i], rule->unite);
	return err;
}

static bool is_wanted(const struct profile_builder *builder, const struct extract *extract, uint32_t policy)
{
	if (builder->input.cluster->policies[policy]->audit != extract->audited)
		return false;
	return extract->portion == PORTION_ALL ||
	       policy_scope_is_whole(&builder->input.scopes[policy]) == (extract->portion == PORTION_WHOLE);
}

static uint32_t count_wanted(const struct profile_builder *builder, const struct extract *extract)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < extract->policies->count; i++)
		count += is_wanted(builder, extract, extract->policies->policies[i]);
	return count;
}

static int gather(struct profile_builder *builder, const struct extract *extract)
{
	const struct rule *rules = builder->input.rules->rules.items;
	int err = 0;

	forget(builder);
	for (uint32_t i = 0; i < extract->policies->count; i++) {
		const uint32_t policy = extract->policies->policies[i];
		const struct rule_span *span = &builder->input.rules->spans[extract->direction][policy];

		if (!is_wanted(builder, extract, policy))
			continue;
		for (uint32_t j = 0; err == 0 && j < span->count; j++)
			err = gather_rule(builder, &rules[span->first + j]);
	}
	return err;
}

static int build_tree(struct profile_builder *builder, int protocol, const struct port_tree **out)
{
	uint32_t number;
	int err;

	if (builder->ranges[protocol].count == 0)
		return 0;
	err = port_tree_build(&builder->ranges[protocol], builder->peers, &builder->trees, &number);
	if (err == 0)
		*out = builder->trees.entries[number].bytes;
	return err;
}

static int named_cmp(const void *pa, const void *pb)
{
	const struct named_union *a = pa, *b = pb;

	if (a->name != b->name)
		return a->name < b->name ? -1 : 1;
	return (a->unite > b->unite) - (a->unite < b->unite);
}

/* Unites the peers of each name in the sorted list, into `made`, which has room. */
static int unite_names(struct profile_builder *builder, struct named_peers *made)
{
	const struct named_union *items = builder->names.items;
	struct vector unions = {0};
	uint32_t unite;
	int err = 0;

	for (size_t i = 0; err == 0 && i < builder->names.count; i++) {
		err = gather_union(&unions, items[i].unite);
		if (err != 0 || (i + 1 < builder->names.count && items[i + 1].name == items[i].name))
			continue;
		err = peer_pool_unite(builder->peers, &unions, &unite);
		made->items[made->count].name = items[i].name;
		if (err == 0)
			err = peer_pool_set(builder->peers, unite, &made->items[made->count].set);
		made->count++;
		vector_clear(&unions);
	}
	vector_deinit(&unions);
	return err;
}

static int build_names(struct profile_builder *builder, const struct named_peers **out)
{
	const size_t count = builder->names.count;
	struct named_peers *made;
	uint32_t number;
	int err;

	if (count == 0)
		return 0;
	made = calloc(1, sizeof(*made) + count * sizeof(made->items[0]));
	if (made == NULL)
		return -ENOMEM;
	qsort(builder->names.items, count, sizeof(struct named_union), named_cmp);
	err = unite_names(builder, made);
	if (err == 0)
		err = intern_table_add(&builder->named, made, sizeof(*made) + made->count * sizeof(made->items[0]),
			&number);
	if (err == 0)
		*out = builder->named.entries[number].bytes;
	free(made);
	return err;
}

/* Makes a profile of what was gathered. */
static int build(struct profile_builder *builder, struct profile *profile)
{
	uint32_t unite;
	int err = peer_pool_unite(builder->peers, &builder->any_port, &unite);

	if (err == 0)
		err = peer_pool_set(builder->peers, unite, &profile->any_port);
	if (err != 0 || unite == PEER_EVERYBODY)
		return err;	/* what is open to everybody needs no ports */
	for (int i = 0; err == 0 && i < PROFILE_PROTOCOLS; i++)
		err = build_tree(builder, i, &profile->trees[i]);
	return err != 0 ? err : build_names(builder, &profile->named);
}

/* Stores the number of the profile of these policies on top of `base`. */
static int add_profile(struct profile_builder *builder, const struct extract *extract, uint32_t base,
	uint32_t *number)
{
	struct profile profile;
	uint32_t found;
	int err = gather(builder, extract);

	memset(&profile, 0, sizeof(profile));	/* padding, too: profiles are compared by their bytes */
	profile.audited_only = extract->audited;
	profile.base = base;
	if (err == 0)
		err = build(builder, &profile);
	if (err == 0)
		err = intern_table_add(&builder->profiles, &profile, sizeof(profile), &found);
	if (err == 0)
		*number = found + 1;
	return err;
}

/* Stores the number of the base of the namespace, which is the same for all classes in it. */
static int find_base(struct profile_builder *builder, const struct extract *whole, uint32_t *number)
{
	const uint32_t some_policy = whole->policies->policies[0];
	const struct base_key key = {
		builder->input.scopes[some_policy].first, (uint32_t)whole->direction, whole->audited};
	uint32_t at, *slot;
	int err = intern_table_add(&builder->bases, &key, sizeof(key), &at);

	if (err == 0 && at == builder->base_numbers.count) {
		slot = vector_push(&builder->base_numbers, sizeof(*slot));
		err = slot != NULL ? add_profile(builder, whole, PROFILE_NONE, slot) : -ENOMEM;
	}
	if (err == 0)
		*number = ((const uint32_t *)builder->base_numbers.items)[at];
	return err;
}

int profile_builder_add(struct profile_builder *builder, const struct selection_class *policies,
	enum direction direction, uint32_t *number)
{
	struct extract all = {policies, direction, true, PORTION_ALL}, whole, other;
	uint32_t base;
	int err;

	all.audited = count_wanted(builder, &all) == policies->count;
	whole = other = all;
	whole.portion = PORTION_WHOLE;
	other.portion = PORTION_OTHER;
	if (count_wanted(builder, &whole) < BASE_POLICIES || count_wanted(builder, &other) == 0)
		return add_profile(builder, &all, PROFILE_NONE, number);
	err = find_base(builder, &whole, &base);
	return err != 0 ? err : add_profile(builder, &other, base, number);
}

const struct profile *profile_builder_profiles(const struct profile_builder *builder, struct arena *arena)
{
	const uint32_t count = builder->profiles.count;
	struct profile *profiles = arena_calloc(arena, (size_t)count + 1, sizeof(*profiles));

	for (uint32_t i = 0; profiles != NULL && i < count; i++)
		profiles[i + 1] = *(const struct profile *)builder->profiles.entries[i].bytes;
	return profiles;
}
