/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/compile/profile_builder.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/*
 * From this many policies in common on, the pods of a namespace share a base. Below, one look is
 * worth more than the memory.
 */
enum { BASE_POLICIES = 32 };

/* A base: by the group that selects the whole namespace. */
struct base_key {
	uint32_t group, direction, audited;
};

/* Which of a class's groups a profile is made of. */
/* WHOLE: that which selects its whole namespace */
enum portion { PORTION_ALL, PORTION_WHOLE, PORTION_OTHER };

struct extract {
	const struct selection_class *class;
	enum direction direction;
	bool audited; /* of their policies, the audited ones or the others */
	enum portion portion;
};

/* Peers admitted at a named port, on their way into named_peers. */
struct named_union {
	uint32_t name, unite;
};

void profile_builder_init(struct profile_builder *builder, struct peer_pool *peers,
	struct piece_table *pieces, struct arena *arena)
{
	*builder = (struct profile_builder){.peers = peers, .pieces = pieces};
	intern_table_init(&builder->bases, arena);
}

void profile_builder_deinit(struct profile_builder *builder)
{
	intern_table_deinit(&builder->bases);
	vector_deinit(&builder->base_numbers);
	vector_deinit(&builder->any_port);
	for (int i = 0; i < PROFILE_PROTOCOLS; i++)
		vector_deinit(&builder->ranges[i]);
	vector_deinit(&builder->names);
	vector_deinit(&builder->words);
}

/* ---- what the policies say ---- */

static void forget(struct profile_builder *builder)
{
	vector_clear(&builder->any_port);
	for (int i = 0; i < PROFILE_PROTOCOLS; i++)
		vector_clear(&builder->ranges[i]);
	vector_clear(&builder->names);
}

static int gather_port(
	struct profile_builder *builder, const struct rule_port *port, uint32_t unite)
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
		return vector_push_number(&builder->any_port, rule->unite);
	for (uint32_t i = 0; err == 0 && i < rule->port_count; i++)
		err = gather_port(builder, &ports[rule->first_port + i], rule->unite);
	return err;
}

static bool is_wanted(
	const struct profile_input *input, const struct extract *extract, uint32_t group)
{
	return extract->portion == PORTION_ALL ||
		input->groups->is_whole[group] == (extract->portion == PORTION_WHOLE);
}

static uint32_t count_wanted(const struct profile_input *input, const struct extract *extract)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < extract->class->count; i++) {
		const struct group_policies policies = policy_groups_get(
			input->groups, extract->class->groups[i], extract->direction);

		if (is_wanted(input, extract, extract->class->groups[i]))
			count += extract->audited
				? policies.audited
				: policies.count - policies.ranked - policies.audited;
	}
	return count;
}

static int gather_policy(
	struct profile_builder *builder, const struct extract *extract, uint32_t policy)
{
	const struct rule *rules = builder->input.rules->rules.items;
	const struct rule_span *span = &builder->input.rules->spans[extract->direction][policy];
	int err = 0;

	if (builder->input.cluster->policies[policy]->audit != extract->audited)
		return 0;
	for (uint32_t i = 0; err == 0 && i < span->count; i++)
		err = gather_rule(builder, &rules[span->first + i]);
	return err;
}

static int gather(struct profile_builder *builder, const struct extract *extract)
{
	int err = 0;

	for (uint32_t i = 0; i < extract->class->count; i++) {
		const struct group_policies policies = policy_groups_get(
			builder->input.groups, extract->class->groups[i], extract->direction);

		if (!is_wanted(&builder->input, extract, extract->class->groups[i]))
			continue;
		for (uint32_t j = 0; err == 0 && j < policies.count - policies.ranked; j++)
			err = gather_policy(builder, extract, policies.items[j]);
	}
	return err;
}

/* ---- the profile ---- */

static struct profile *profile_of(const struct profile_builder *builder)
{
	return builder->words.items;
}

static int build_tree(struct profile_builder *builder, int protocol)
{
	const uint32_t at = (uint32_t)builder->words.count;
	int err;

	if (builder->ranges[protocol].count == 0)
		return 0;
	err = port_tree_build(&builder->ranges[protocol], builder->peers, &builder->words);
	if (err == 0)
		profile_of(builder)->trees[protocol] = at;
	return err;
}

static int named_cmp(const void *pa, const void *pb)
{
	const struct named_union *a = pa, *b = pb;

	if (a->name != b->name)
		return a->name < b->name ? -1 : 1;
	return (a->unite > b->unite) - (a->unite < b->unite);
}

/*
 * Unites the peers of each name in the sorted list, and adds each name with its set to the words.
 */
static int unite_names(struct profile_builder *builder, uint32_t *count)
{
	const struct named_union *items = builder->names.items;
	struct vector unions = {0};
	uint32_t unite;
	int err = 0;

	for (size_t i = 0; err == 0 && i < builder->names.count; i++) {
		struct named_peer *made;

		err = vector_push_number(&unions, items[i].unite);
		if (err != 0 ||
			(i + 1 < builder->names.count && items[i + 1].name == items[i].name))
			continue;
		made = vector_push_many(
			&builder->words, sizeof(*made) / sizeof(uint32_t), sizeof(uint32_t));
		err = made != NULL ? peer_pool_unite(builder->peers, &unions, &unite) : -ENOMEM;
		if (err == 0)
			err = peer_pool_set(builder->peers, unite, &made->set);
		if (err == 0)
			made->name = items[i].name;
		++*count;
		vector_clear(&unions);
	}
	vector_deinit(&unions);
	return err;
}

static int build_names(struct profile_builder *builder)
{
	const size_t at = builder->words.count;
	uint32_t count = 0;
	int err;

	if (builder->names.count == 0)
		return 0;
	if (vector_push(&builder->words, sizeof(uint32_t)) == NULL)
		return -ENOMEM;
	qsort(builder->names.items, builder->names.count, sizeof(struct named_union), named_cmp);
	err = unite_names(builder, &count);
	if (err == 0) {
		((uint32_t *)builder->words.items)[at] = count;
		profile_of(builder)->named = (uint32_t)at;
	}
	return err;
}

/* Makes a profile of what was gathered. */
static int build(struct profile_builder *builder)
{
	uint32_t unite;
	int err = peer_pool_unite(builder->peers, &builder->any_port, &unite);

	if (err == 0)
		err = peer_pool_set(builder->peers, unite, &profile_of(builder)->any_port);
	if (err != 0 || unite == PEER_EVERYBODY)
		return err; /* what is open to everybody needs no ports */
	for (int i = 0; err == 0 && i < PROFILE_PROTOCOLS; i++)
		err = build_tree(builder, i);
	return err != 0 ? err : build_names(builder);
}

/* Stores the profile of what was gathered on top of `base`, and forgets what was gathered. */
static int finish(
	struct profile_builder *builder, uint32_t base, bool audited_only, uint32_t *profile)
{
	struct profile *made;
	int err;

	vector_clear(&builder->words);
	made = vector_push_many(
		&builder->words, sizeof(*made) / sizeof(uint32_t), sizeof(uint32_t));
	if (made == NULL)
		return -ENOMEM;
	*made = (struct profile){.base = base, .audited_only = audited_only};
	err = build(builder);
	if (err == 0)
		err = piece_table_add(builder->pieces, builder->words.items,
			builder->words.count * sizeof(uint32_t), profile);
	forget(builder);
	return err;
}

static int add_profile(struct profile_builder *builder, const struct extract *extract,
	uint32_t base, uint32_t *profile)
{
	const int err = gather(builder, extract);

	return err != 0 ? err : finish(builder, base, extract->audited, profile);
}

/* Stores the base of the namespace, which is the same for all classes in it. */
static int find_base(struct profile_builder *builder, const struct extract *whole, uint32_t *base)
{
	const uint32_t *group = whole->class->groups;
	struct base_key key = {.direction = (uint32_t)whole->direction, .audited = whole->audited};
	uint32_t at, *slot;
	int err;

	while (!builder->input.groups->is_whole[*group])
		group++;
	key.group = *group;
	err = intern_table_add(&builder->bases, &key, sizeof(key), &at);
	if (err == 0 && at == builder->base_numbers.count) {
		slot = vector_push(&builder->base_numbers, sizeof(*slot));
		err = slot != NULL ? add_profile(builder, whole, PROFILE_NONE, slot) : -ENOMEM;
	}
	if (err == 0)
		*base = ((const uint32_t *)builder->base_numbers.items)[at];
	return err;
}

uint32_t profile_builder_count(const struct profile_input *input,
	const struct selection_class *class, enum direction direction, bool audited)
{
	return count_wanted(input, &(struct extract){class, direction, audited, PORTION_ALL});
}

int profile_builder_add(struct profile_builder *builder, const struct profile_input *input,
	const struct selection_class *class, enum direction direction, bool audited,
	uint32_t *profile)
{
	const struct extract all = {class, direction, audited, PORTION_ALL},
			     whole = {class, direction, audited, PORTION_WHOLE},
			     other = {class, direction, audited, PORTION_OTHER};
	uint32_t base;
	int err;

	builder->input = *input;
	if (count_wanted(input, &whole) < BASE_POLICIES || count_wanted(input, &other) == 0)
		return add_profile(builder, &all, PROFILE_NONE, profile);
	err = find_base(builder, &whole, &base);
	return err != 0 ? err : add_profile(builder, &other, base, profile);
}

int profile_builder_add_rules(struct profile_builder *builder, const struct profile_input *input,
	uint32_t first, uint32_t count, uint32_t *profile)
{
	const struct rule *rules = input->rules->rules.items;
	int err = 0;

	builder->input = *input;
	for (uint32_t i = 0; err == 0 && i < count; i++)
		err = gather_rule(builder, &rules[first + i]);
	return err != 0 ? err : finish(builder, PROFILE_NONE, false, profile);
}
