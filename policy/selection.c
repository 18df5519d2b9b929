/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/selection.h"

#include <errno.h>

#include "policy/intern_table.h"
#include "policy/vector.h"

/* Sums modulo 2^64 of the two halves, so that what was added can be taken off again; and how many policies. */
struct signature {
	uint64_t low, high, count;
};

/* What the policies of a group that isolate in the direction come to. */
struct group {
	const struct policy_scope *scope;
	struct signature sum;
	uint32_t *classes;		/* those the group selects; vector items, in one array for all groups */
	uint32_t class_count;
};

struct work {
	const struct selection_input *input;
	enum direction direction;
	struct selection *out;
	struct arena *arena;
	struct group *groups;
	uint32_t *first_pods;		/* by class: its first pod; rising */
};

/* A well mixed number for each index (splitmix64). Fixed: the same cluster always compiles to the same classes. */
static uint64_t spread(uint64_t index)
{
	index = (index + 1) * 0x9e3779b97f4a7c15U;
	index = (index ^ index >> 30) * 0xbf58476d1ce4e5b9U;
	index = (index ^ index >> 27) * 0x94d049bb133111ebU;
	return index ^ index >> 31;
}

bool policy_scope_is_whole(const struct policy_scope *scope)
{
	const size_t at = range_list_find(scope->ranges, scope->first);

	/* One range: a list never has two that touch. */
	return at < scope->ranges.count && scope->ranges.items[at].first <= scope->first &&
	       scope->ranges.items[at].last >= scope->end - 1;
}

static void signature_add(struct signature *to, const struct signature *added)
{
	to->low += added->low;
	to->high += added->high;
	to->count += added->count;
}

static void signature_subtract(struct signature *from, const struct signature *taken)
{
	from->low -= taken->low;
	from->high -= taken->high;
	from->count -= taken->count;
}

static int sum_groups(struct work *work)
{
	const struct selection_input *input = work->input;

	work->groups = arena_calloc(work->arena, input->group_count, sizeof(*work->groups));
	if (work->groups == NULL)
		return -ENOMEM;
	for (uint32_t i = 0; i < input->cluster->policy_count; i++) {
		struct group *group = &work->groups[input->scopes[i].group];
		const struct signature one = {spread(2 * (uint64_t)i), spread(2 * (uint64_t)i + 1), 1};

		group->scope = &input->scopes[i];
		if (input->cluster->policies[i]->isolates[work->direction])
			signature_add(&group->sum, &one);
	}
	return 0;
}

/* Stores the next range of the scope, from the list's range *at on, cut to its namespace. */
static bool scope_next(const struct policy_scope *scope, size_t *at, struct range *out)
{
	if (*at >= scope->ranges.count || scope->ranges.items[*at].first >= scope->end)
		return false;
	*out = scope->ranges.items[(*at)++];
	if (out->first < scope->first)
		out->first = scope->first;
	if (out->last >= scope->end)
		out->last = scope->end - 1;
	return true;
}

/* Where scope_next() begins. An empty namespace has no next. */
static size_t scope_begin(const struct policy_scope *scope)
{
	return scope->first < scope->end ? range_list_find(scope->ranges, scope->first) : scope->ranges.count;
}

/* Adds each group at the beginning of its ranges and subtracts it behind their ends. */
static void mark_edges(const struct work *work, struct signature *edges)
{
	for (uint32_t i = 0; i < work->input->group_count; i++) {
		const struct group *group = &work->groups[i];
		struct range range;

		if (group->sum.count == 0)
			continue;
		for (size_t at = scope_begin(group->scope); scope_next(group->scope, &at, &range);) {
			signature_add(&edges[range.first], &group->sum);
			signature_subtract(&edges[range.last + 1], &group->sum);
		}
	}
}

/* Sums up the edges from pod to pod and numbers the signatures met, from 1. */
static int number_classes(struct work *work, const struct signature *edges, struct intern_table *signatures)
{
	const size_t pod_count = work->input->cluster->pod_count;
	struct signature sum = {0};
	uint32_t number;

	for (uint32_t pod = 0; pod < pod_count; pod++) {
		int err;

		signature_add(&sum, &edges[pod]);
		if (sum.count == 0 || !work->input->judged[pod])
			continue;
		err = intern_table_add(signatures, &sum, sizeof(sum), &number);
		if (err != 0)
			return err;
		if (number + 1 == work->out->class_count) {
			work->first_pods[number + 1] = pod;
			work->out->class_count++;
		}
		work->out->class_of[pod] = number + 1;
	}
	return 0;
}

static int classify(struct work *work)
{
	const size_t pod_count = work->input->cluster->pod_count;
	struct signature *edges = arena_calloc(work->arena, pod_count + 1, sizeof(*edges));
	struct intern_table signatures;
	int err;

	work->out->class_of = arena_calloc(work->arena, pod_count, sizeof(uint32_t));
	work->first_pods = arena_calloc(work->arena, pod_count + 1, sizeof(uint32_t));
	if (edges == NULL || work->out->class_of == NULL || work->first_pods == NULL)
		return -ENOMEM;
	mark_edges(work, edges);
	intern_table_init(&signatures, work->arena);
	work->out->class_count = 1;
	err = number_classes(work, edges, &signatures);
	intern_table_deinit(&signatures);
	return err;
}

/* The lowest class whose first pod is at or after `pod`. */
static uint32_t class_from(const struct work *work, uint32_t pod)
{
	uint32_t low = 1, high = work->out->class_count;

	while (low < high) {
		const uint32_t middle = low + (high - low) / 2;

		if (work->first_pods[middle] < pod)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* The classes a group selects: those whose first pod it selects. Counted when `classes` is NULL. */
static uint32_t group_classes(const struct work *work, const struct group *group, uint32_t *classes)
{
	struct range range;
	uint32_t count = 0;

	for (size_t at = scope_begin(group->scope); scope_next(group->scope, &at, &range);) {
		for (uint32_t i = class_from(work, range.first); i < work->out->class_count; i++) {
			if (work->first_pods[i] > range.last)
				break;
			if (classes != NULL)
				classes[count] = i;
			count++;
		}
	}
	return count;
}

static int list_group_classes(struct work *work)
{
	for (uint32_t i = 0; i < work->input->group_count; i++) {
		struct group *group = &work->groups[i];

		if (group->sum.count == 0)
			continue;
		group->class_count = group_classes(work, group, NULL);
		group->classes = arena_calloc(work->arena, group->class_count, sizeof(uint32_t));
		if (group->classes == NULL)
			return -ENOMEM;
		group_classes(work, group, group->classes);
	}
	return 0;
}

/* Calls for each policy, in rising order, and each class it is in: counts, or appends to lists that have room. */
static void each_membership(const struct work *work, uint32_t **lists)
{
	const struct selection_input *input = work->input;

	for (uint32_t i = 0; i < input->cluster->policy_count; i++) {
		const struct group *group = &work->groups[input->scopes[i].group];

		if (!input->cluster->policies[i]->isolates[work->direction])
			continue;
		for (uint32_t j = 0; j < group->class_count; j++) {
			struct selection_class *class = &work->out->classes[group->classes[j]];

			if (lists != NULL)
				lists[group->classes[j]][class->count] = i;
			class->count++;
		}
	}
}

static int list_policies(struct work *work)
{
	struct selection *out = work->out;
	uint32_t **lists = arena_calloc(work->arena, out->class_count, sizeof(*lists));

	out->classes = arena_calloc(work->arena, out->class_count, sizeof(*out->classes));
	if (lists == NULL || out->classes == NULL)
		return -ENOMEM;
	each_membership(work, NULL);
	for (uint32_t i = 0; i < out->class_count; i++) {
		lists[i] = arena_calloc(work->arena, out->classes[i].count, sizeof(uint32_t));
		if (lists[i] == NULL)
			return -ENOMEM;
		out->classes[i] = (struct selection_class){.policies = lists[i]};
	}
	each_membership(work, lists);
	return 0;
}

int selection_make(struct selection *out, const struct selection_input *input, enum direction direction,
	struct arena *arena)
{
	struct selection made = {0};
	struct work work = {.input = input, .direction = direction, .out = &made, .arena = arena};
	int err = sum_groups(&work);

	if (err == 0)
		err = classify(&work);
	if (err == 0)
		err = list_group_classes(&work);
	if (err == 0)
		err = list_policies(&work);
	if (err == 0)
		*out = made;
	return err;
}
