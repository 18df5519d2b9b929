/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/compile/policy_book.h"

#include <errno.h>
#include <stdlib.h>

/* The kinds that a book is extended by, while it is. */
struct batch {
	struct policy_book *book;
	const struct cluster *cluster;
	uint32_t first, count;
	struct arena *scratch;
};

static int init_selections(struct policy_book *book)
{
	int err = 0;

	for (int d = 0; err == 0 && d < DIRECTION_COUNT; d++) {
		struct tier_ref *none = vector_push(&book->class_tiers[d], sizeof(*none));

		if (none == NULL)
			return -ENOMEM;
		*none = (struct tier_ref){PIECE_NONE, false}; /* of class 0 */
		err = selection_init(&book->selections[d], &book->groups, &book->labels,
			(enum direction)d, book->arena);
	}
	return err;
}

static int init(struct policy_book *book, const struct cluster *cluster)
{
	int err = label_index_init(&book->labels, false, book->arena);

	piece_table_init(&book->pieces, book->arena);
	if (err == 0)
		err = policy_groups_init(&book->groups, cluster, &book->labels, book->arena);
	if (err == 0)
		err = peer_pool_init(&book->peers, &book->labels, &book->pieces, book->arena);
	if (err == 0)
		err = rule_table_init(
			&book->rules, cluster, &book->labels, &book->peers, book->arena);
	if (err == 0)
		err = init_selections(book);
	if (err != 0)
		return err;
	kind_table_init(
		&book->kinds, &book->labels, &book->rules.names, &book->pieces, book->arena);
	tier_builder_init(&book->builder, &book->peers, &book->pieces, book->arena);
	return 0;
}

int policy_book_create(struct policy_book **out, const struct cluster *cluster)
{
	/* zeroed memory is right for every deinit */
	struct policy_book *book = calloc(1, sizeof(*book));
	int err = -ENOMEM;

	if (book == NULL)
		return -ENOMEM;
	book->arena = arena_create();
	if (book->arena != NULL)
		err = init(book, cluster);
	if (err != 0) {
		policy_book_free(book);
		return err;
	}
	*out = book;
	return 0;
}

void policy_book_free(struct policy_book *book)
{
	if (book == NULL)
		return;
	vector_deinit(&book->judging);
	tier_builder_deinit(&book->builder);
	kind_table_deinit(&book->kinds);
	for (int d = 0; d < DIRECTION_COUNT; d++) {
		vector_deinit(&book->class_tiers[d]);
		selection_deinit(&book->selections[d]);
	}
	rule_table_deinit(&book->rules);
	peer_pool_deinit(&book->peers);
	piece_table_deinit(&book->pieces);
	label_index_deinit(&book->labels);
	arena_unref(book->arena);
	free(book);
}

static int index_kinds(const struct batch *batch)
{
	struct label_codes *codes = arena_calloc(batch->scratch, batch->count, sizeof(*codes));

	if (codes == NULL)
		return -ENOMEM;
	for (uint32_t i = 0; i < batch->count; i++)
		codes[i] = kind_table_codes(&batch->book->kinds, batch->first + i);
	return label_index_extend(&batch->book->labels, codes, batch->count, batch->scratch);
}

static int build_tiers(const struct batch *batch, enum direction direction)
{
	struct policy_book *book = batch->book;
	const struct profile_input input = {batch->cluster, &book->groups, &book->rules};
	struct vector *tiers = &book->class_tiers[direction];
	int err = 0;

	while (err == 0 && tiers->count < selection_class_count(&book->selections[direction])) {
		const struct selection_class class = selection_get(
			&book->selections[direction], (uint32_t)tiers->count);
		struct tier_ref *made = vector_push(tiers, sizeof(*made));

		err = made != NULL
			? tier_builder_add(&book->builder, &input, &class, direction, made)
			: -ENOMEM;
	}
	return err;
}

/* Classifies the kinds in one direction, and finds their tiers. */
static int judge_kinds(const struct batch *batch, const bool *judged, enum direction direction)
{
	struct policy_book *book = batch->book;
	struct kind_judging *judging = (struct kind_judging *)book->judging.items + batch->first;
	uint32_t *class_of = arena_calloc(batch->scratch, batch->count, sizeof(*class_of));
	int err;

	if (class_of == NULL)
		return -ENOMEM;
	err = selection_extend(
		&book->selections[direction], judged, batch->count, class_of, batch->scratch);
	if (err == 0)
		err = build_tiers(batch, direction);
	for (uint32_t i = 0; err == 0 && i < batch->count; i++) {
		judging[i].classes[direction] = class_of[i];
		judging[i].tiers[direction] = ((const struct tier_ref *)book->class_tiers[direction]
						       .items)[class_of[i]];
	}
	return err;
}

static int judge(const struct batch *batch)
{
	bool *judged = arena_calloc(batch->scratch, batch->count, sizeof(*judged));
	int err = 0;

	if (judged == NULL ||
		vector_push_many(
			&batch->book->judging, batch->count, sizeof(struct kind_judging)) == NULL)
		return -ENOMEM;
	for (uint32_t i = 0; i < batch->count; i++)
		judged[i] = kind_table_get(&batch->book->kinds, batch->first + i)->judged;
	for (int d = 0; err == 0 && d < DIRECTION_COUNT; d++)
		err = judge_kinds(batch, judged, (enum direction)d);
	return err;
}

int policy_book_extend(struct policy_book *book, const struct cluster *cluster)
{
	struct batch batch = {
		.book = book, .cluster = cluster, .first = (uint32_t)book->judging.count};
	int err;

	batch.count = book->kinds.kinds.count - batch.first;
	if (batch.count == 0)
		return 0;
	batch.scratch = arena_create();
	if (batch.scratch == NULL)
		return -ENOMEM;
	/*
	 * The sets there are take in the new kinds; those that new profiles need are made of all
	 * kinds at once.
	 */
	err = index_kinds(&batch);
	if (err == 0)
		err = peer_pool_extend(&book->peers);
	if (err == 0)
		err = judge(&batch);
	arena_unref(batch.scratch);
	return err;
}
