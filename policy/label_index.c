/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/label_index.h"

#include <errno.h>
#include <string.h>

/* In an encoding: a key or a label that no object bears. All such selectors are one. */
#define UNKNOWN UINT32_MAX

static int add_label(struct label_index *index, const struct label *label, uint32_t *pair)
{
	uint32_t numbers[2];
	int err = intern_table_add(&index->texts, label->key, strlen(label->key), &numbers[0]);

	if (err == 0)
		err = intern_table_add(&index->texts, label->value, strlen(label->value), &numbers[1]);
	if (err == 0)
		err = intern_table_add(&index->pairs, numbers, sizeof(numbers), pair);
	return err;
}

static uint32_t key_of_pair(const struct label_index *index, uint32_t pair)
{
	return ((const uint32_t *)index->pairs.entries[pair].bytes)[0];
}

/* Numbers all labels, those of each object in turn. */
static int number_labels(struct label_index *index, const struct label_set *const *labels, struct vector *pairs)
{
	for (uint32_t i = 0; i < index->object_count; i++) {
		for (size_t j = 0; j < labels[i]->count; j++) {
			uint32_t *pair = vector_push(pairs, sizeof(*pair));
			int err;

			if (pair == NULL)
				return -ENOMEM;
			err = add_label(index, &labels[i]->items[j], pair);
			if (err != 0)
				return err;
		}
	}
	return 0;
}

/* Objects come in rising order. Without items yet, only counts how many ranges there will be. */
static void posting_note(struct posting *posting, uint32_t object)
{
	if (posting->count > 0 && posting->last + 1 == object) {
		if (posting->items != NULL)
			posting->items[posting->count - 1].last = object;
	} else {
		if (posting->items != NULL)
			posting->items[posting->count] = (struct range){object, object};
		posting->count++;
	}
	posting->last = object;
}

static void note_all(struct label_index *index, const struct label_set *const *labels, const uint32_t *pairs)
{
	for (uint32_t i = 0; i < index->object_count; i++) {
		for (size_t j = 0; j < labels[i]->count; j++, pairs++) {
			posting_note(&index->by_pair[*pairs], i);
			posting_note(&index->by_text[key_of_pair(index, *pairs)], i);
		}
	}
}

/* Gives each posting the room that note_all() counted, and empties it for the second round. */
static int postings_allocate(struct posting *postings, uint32_t count, struct arena *arena)
{
	for (uint32_t i = 0; i < count; i++) {
		postings[i].items = arena_calloc(arena, postings[i].count, sizeof(struct range));
		if (postings[i].items == NULL)
			return -ENOMEM;
		postings[i].count = 0;
	}
	return 0;
}

static int build_postings(struct label_index *index, const struct label_set *const *labels, const uint32_t *pairs)
{
	index->by_text = arena_calloc(index->arena, index->texts.count, sizeof(struct posting));
	index->by_pair = arena_calloc(index->arena, index->pairs.count, sizeof(struct posting));
	if (index->by_text == NULL || index->by_pair == NULL)
		return -ENOMEM;
	note_all(index, labels, pairs);
	if (postings_allocate(index->by_text, index->texts.count, index->arena) != 0 ||
		postings_allocate(index->by_pair, index->pairs.count, index->arena) != 0)
		return -ENOMEM;
	note_all(index, labels, pairs);
	return 0;
}

int label_index_init(struct label_index *index, const struct label_set *const *labels, uint32_t count,
	struct arena *arena)
{
	struct vector pairs = {0};	/* of uint32_t: every label of every object, in order */
	int err;

	*index = (struct label_index){.arena = arena, .object_count = count};
	intern_table_init(&index->texts, arena);
	intern_table_init(&index->pairs, arena);
	intern_table_init(&index->selectors, arena);
	err = number_labels(index, labels, &pairs);
	if (err == 0)
		err = build_postings(index, labels, pairs.items);
	vector_deinit(&pairs);
	return err;
}

void label_index_deinit(struct label_index *index)
{
	intern_table_deinit(&index->texts);
	intern_table_deinit(&index->pairs);
	intern_table_deinit(&index->selectors);
	vector_deinit(&index->answers);
	vector_deinit(&index->encoding);
}

static int push(struct vector *numbers, uint32_t number)
{
	uint32_t *pushed = vector_push(numbers, sizeof(*pushed));

	if (pushed == NULL)
		return -ENOMEM;
	*pushed = number;
	return 0;
}

static uint32_t find_pair(const struct label_index *index, uint32_t key, const char *value)
{
	uint32_t numbers[2] = {key, 0}, pair;

	if (key == UNKNOWN || !intern_table_find(&index->texts, value, strlen(value), &numbers[1]) ||
		!intern_table_find(&index->pairs, numbers, sizeof(numbers), &pair))
		return UNKNOWN;
	return pair;
}

/* A requirement is encoded as its operator, its key's number, how many known values, and their pairs' numbers. */
static int encode_requirement(struct label_index *index, const struct requirement *requirement)
{
	struct vector *encoding = &index->encoding;
	uint32_t key = UNKNOWN;
	size_t count_at;
	int err;

	intern_table_find(&index->texts, requirement->key, strlen(requirement->key), &key);
	err = push(encoding, (uint32_t)requirement->op);
	if (err == 0)
		err = push(encoding, key);
	count_at = encoding->count;
	if (err == 0)
		err = push(encoding, 0);
	for (size_t i = 0; err == 0 && i < requirement->value_count; i++) {
		const uint32_t pair = find_pair(index, key, requirement->values[i]);

		if (pair == UNKNOWN)
			continue;
		err = push(encoding, pair);
		((uint32_t *)encoding->items)[count_at]++;
	}
	return err;
}

/* The objects that bear one of these pairs. */
static int unite_pairs(const struct label_index *index, const uint32_t *pairs, uint32_t count,
	struct range_list *out)
{
	struct vector ranges = {0};
	int err = 0;

	if (count == 1) {
		*out = (struct range_list){index->by_pair[*pairs].items, index->by_pair[*pairs].count};
		return 0;
	}
	for (uint32_t i = 0; i < count; i++) {
		const struct posting *posting = &index->by_pair[pairs[i]];

		for (uint32_t j = 0; err == 0 && j < posting->count; j++)
			err = range_vector_add(&ranges, posting->items[j].first, posting->items[j].last);
	}
	if (err == 0)
		err = range_list_copy(out, range_vector_settle(&ranges), index->arena);
	vector_deinit(&ranges);
	return err;
}

/* The objects that meet the requirement encoded at `code`. */
static int answer_requirement(const struct label_index *index, const uint32_t *code, struct range_list *out)
{
	const enum requirement_operator op = (enum requirement_operator)code[0];
	const bool by_value = op == REQUIREMENT_IN || op == REQUIREMENT_NOT_IN;
	struct range_list bearers = {0};
	int err = 0;

	if (by_value)
		err = unite_pairs(index, code + 3, code[2], &bearers);
	else if (code[1] != UNKNOWN)
		bearers = (struct range_list){index->by_text[code[1]].items, index->by_text[code[1]].count};
	if (err == 0 && (op == REQUIREMENT_NOT_IN || op == REQUIREMENT_DOES_NOT_EXIST))
		err = range_list_complement(&bearers, bearers, index->object_count, index->arena);
	if (err == 0)
		*out = bearers;
	return err;
}

/* The objects that meet all requirements of the encoded selector. */
static int answer(const struct label_index *index, struct range_list *out)
{
	const uint32_t *code = index->encoding.items;
	const uint32_t *const end = code + index->encoding.count;
	struct range_list all, met;
	int err;

	err = range_list_complement(&all, (struct range_list){0}, index->object_count, index->arena);
	for (; err == 0 && code < end; code += 3 + code[2]) {
		err = answer_requirement(index, code, &met);
		if (err == 0 && code == (const uint32_t *)index->encoding.items)
			all = met;
		else if (err == 0)
			err = range_list_intersect(&all, all, met, index->arena);
	}
	if (err == 0)
		*out = all;
	return err;
}

int label_index_select(struct label_index *index, const struct selector *selector, uint32_t *number)
{
	struct range_list *slot;
	uint32_t found;
	int err;

	vector_clear(&index->encoding);
	for (size_t i = 0; i < selector->count; i++) {
		err = encode_requirement(index, &selector->requirements[i]);
		if (err != 0)
			return err;
	}
	err = intern_table_add(&index->selectors, index->encoding.items, index->encoding.count * sizeof(uint32_t),
		&found);
	if (err != 0)
		return err;
	if (found == index->answers.count) {
		slot = vector_push(&index->answers, sizeof(*slot));
		if (slot == NULL)
			return -ENOMEM;
		*slot = (struct range_list){0};
		err = answer(index, slot);
		if (err != 0)
			return err;
	}
	*number = found;
	return 0;
}

struct range_list label_index_answer(const struct label_index *index, uint32_t number)
{
	return ((const struct range_list *)index->answers.items)[number];
}
