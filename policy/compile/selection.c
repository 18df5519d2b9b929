/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/compile/selection.h"

#include <errno.h>

/*
 * Sums modulo 2^64 of the two halves, so that what was added can be taken off again; and how many
 * groups.
 */
struct signature {
	uint64_t low, high, count;
};

/* One batch of kinds, while it is classified. */
struct batch {
	struct selection *selection;
	const bool *judged;
	uint32_t first, count; /* its kinds */
	uint32_t *class_of;
	struct arena *scratch;
	uint32_t first_class;  /* that is new */
	uint32_t *first_kinds; /* by new class: its first kind, rising */
	/* by new class: where in members its groups end, as far as they are known */
	uint32_t *ends;
};

/*
 * A well mixed number for each index (splitmix64). Fixed: the same cluster always compiles to the
 * same classes.
 */
static uint64_t spread(uint64_t index)
{
	index = (index + 1) * 0x9e3779b97f4a7c15U;
	index = (index ^ index >> 30) * 0xbf58476d1ce4e5b9U;
	index = (index ^ index >> 27) * 0x94d049bb133111ebU;
	return index ^ index >> 31;
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

int selection_init(struct selection *selection, const struct policy_groups *groups,
	const struct label_index *labels, enum direction direction, struct arena *arena)
{
	uint32_t *starts;

	*selection = (struct selection){.groups = groups, .labels = labels, .direction = direction};
	intern_table_init(&selection->signatures, arena);
	starts = vector_push_many(&selection->starts, 2, sizeof(*starts));
	if (starts == NULL)
		return -ENOMEM;
	starts[0] = starts[1] = 0;
	return 0;
}

void selection_deinit(struct selection *selection)
{
	intern_table_deinit(&selection->signatures);
	vector_deinit(&selection->starts);
	vector_deinit(&selection->members);
}

uint32_t selection_class_count(const struct selection *selection)
{
	return (uint32_t)selection->starts.count - 1;
}

struct selection_class selection_get(const struct selection *selection, uint32_t class)
{
	const uint32_t *starts = selection->starts.items, *members = selection->members.items;
	const uint32_t count = starts[class + 1] - starts[class];

	return (struct selection_class){count == 0 ? NULL : members + starts[class], count};
}

/* The kinds of the batch that a group isolates in the direction. */
static struct range_list isolated(const struct batch *batch, uint32_t group)
{
	const struct selection *selection = batch->selection;

	if (policy_groups_get(selection->groups, group, selection->direction).count == 0)
		return (struct range_list){0};
	return label_index_tail(selection->labels, group);
}

/* Adds each group at the beginning of its ranges and subtracts it behind their ends. */
static void mark_edges(const struct batch *batch, struct signature *edges)
{
	for (uint32_t i = 0; i < batch->selection->groups->count; i++) {
		const struct range_list kinds = isolated(batch, i);
		const struct signature own = {
			spread(2 * (uint64_t)i), spread(2 * (uint64_t)i + 1), 1};

		for (size_t j = 0; j < kinds.count; j++) {
			signature_add(&edges[kinds.items[j].first - batch->first], &own);
			signature_subtract(&edges[kinds.items[j].last - batch->first + 1], &own);
		}
	}
}

static uint32_t new_classes(const struct batch *batch)
{
	return selection_class_count(batch->selection) - batch->first_class;
}

/* A class for that kind, whose groups are not known yet. */
static int add_class(struct batch *batch, uint32_t kind)
{
	struct vector *starts = &batch->selection->starts;

	batch->first_kinds[new_classes(batch)] = kind;
	if (vector_push(starts, sizeof(uint32_t)) == NULL)
		return -ENOMEM;
	return 0;
}

/* Sums up the edges from kind to kind, and finds or makes the class of each signature met. */
static int classify(struct batch *batch, const struct signature *edges)
{
	struct selection *selection = batch->selection;
	struct signature sum = {0};

	for (uint32_t i = 0; i < batch->count; i++) {
		uint32_t number;
		int err;

		batch->class_of[i] = 0;
		signature_add(&sum, &edges[i]);
		if (sum.count == 0 || !batch->judged[i])
			continue;
		err = intern_table_add(&selection->signatures, &sum, sizeof(sum), &number);
		if (err == 0 && number + 1 == selection_class_count(selection))
			err = add_class(batch, batch->first + i);
		if (err != 0)
			return err;
		batch->class_of[i] = number + 1;
	}
	return 0;
}

/* The first new class whose first kind is at or after `kind`. */
static uint32_t class_from(const struct batch *batch, uint32_t kind)
{
	uint32_t low = 0, high = new_classes(batch);

	while (low < high) {
		const uint32_t middle = low + (high - low) / 2;

		if (batch->first_kinds[middle] < kind)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/*
 * Notes a group in the new classes it isolates, those whose first kind it does: moves their ends;
 * and writes it down when there are members.
 */
static void note_group(const struct batch *batch, uint32_t group, uint32_t *members)
{
	const struct range_list kinds = isolated(batch, group);

	for (size_t i = 0; i < kinds.count; i++) {
		for (uint32_t j = class_from(batch, kinds.items[i].first); j < new_classes(batch);
			j++) {
			if (batch->first_kinds[j] > kinds.items[i].last)
				break;
			if (members != NULL)
				members[batch->ends[j]] = group;
			batch->ends[j]++;
		}
	}
}

/*
 * Lists the groups of the new classes: counts them, makes room behind those of other classes, and
 * fills it.
 */
static int list_groups(struct batch *batch)
{
	struct selection *selection = batch->selection;
	uint32_t *starts = (uint32_t *)selection->starts.items + batch->first_class;
	const uint32_t count = new_classes(batch), groups = selection->groups->count;
	uint64_t end = selection->members.count;

	batch->ends = arena_calloc(batch->scratch, count, sizeof(uint32_t));
	if (batch->ends == NULL)
		return -ENOMEM;
	for (uint32_t i = 0; i < groups; i++)
		note_group(batch, i, NULL);
	for (uint32_t i = 0; i < count; i++) {
		const uint32_t members = batch->ends[i];

		starts[i] = batch->ends[i] = (uint32_t)end;
		end += members;
		if (end > UINT32_MAX)
			return -E2BIG;
	}
	starts[count] = (uint32_t)end;
	if (vector_push_many(&selection->members, (size_t)end - selection->members.count,
		    sizeof(uint32_t)) == NULL)
		return -ENOMEM;
	for (uint32_t i = 0; i < groups; i++)
		note_group(batch, i, selection->members.items);
	return 0;
}

int selection_extend(struct selection *selection, const bool *judged, uint32_t count,
	uint32_t *class_of, struct arena *scratch)
{
	struct batch batch = {
		.selection = selection,
		.judged = judged,
		.first = selection->labels->object_count - count,
		.count = count,
		.class_of = class_of,
		.scratch = scratch,
		.first_class = selection_class_count(selection),
		.first_kinds = arena_calloc(scratch, count, sizeof(uint32_t)),
	};
	struct signature *edges = arena_calloc(scratch, (size_t)count + 1, sizeof(*edges));
	int err;

	if (batch.first_kinds == NULL || edges == NULL)
		return -ENOMEM;
	mark_edges(&batch, edges);
	err = classify(&batch, edges);
	if (err == 0 && new_classes(&batch) > 0)
		err = list_groups(&batch);
	return err;
}
