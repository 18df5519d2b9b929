/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/compile/label_index.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/*
 * The key whose value is the name of the namespace that an object is in. Its text begins as no
 * other's does.
 */
enum { KEY_NAMESPACE = 0 };
static const char key_namespace_text[] = "@";

/*
 * A code is the number of a pair, doubled; or of a key whose value no selector names, doubled, plus
 * one.
 */
static uint32_t pair_code(uint32_t pair)
{
	return pair * 2;
}

static uint32_t key_code(uint32_t key)
{
	return key * 2 + 1;
}

static bool is_pair(uint32_t code)
{
	return code % 2 == 0;
}

int label_index_init(struct label_index *index, bool learns, struct arena *arena)
{
	uint32_t number;

	*index = (struct label_index){.arena = arena, .learns = learns};
	intern_table_init(&index->keys, arena);
	intern_table_init(&index->pairs, arena);
	intern_table_init(&index->selectors, arena);
	return intern_table_add(
		&index->keys, key_namespace_text, strlen(key_namespace_text), &number);
}

void label_index_deinit(struct label_index *index)
{
	intern_table_deinit(&index->keys);
	intern_table_deinit(&index->pairs);
	intern_table_deinit(&index->selectors);
	vector_deinit(&index->answers);
	vector_deinit(&index->tails);
	vector_deinit(&index->encoding);
	free(index->text);
}

/*
 * Writes a prefix and a text behind each other into index->text. Returns their length; 0 when out
 * of memory.
 */
static size_t compose(
	struct label_index *index, const void *prefix, size_t prefix_length, const char *text)
{
	const size_t length = strlen(text), needed = prefix_length + length;

	if (needed > index->text_capacity) {
		char *larger = reallocarray(index->text, needed, 2);

		if (larger == NULL)
			return 0;
		index->text = larger;
		index->text_capacity = needed * 2;
	}
	memcpy(index->text, prefix, prefix_length);
	memcpy(index->text + prefix_length, text, length);
	return needed;
}

static size_t compose_key(struct label_index *index, enum label_space space, const char *key)
{
	return compose(index, space == LABELS_OF_POD ? "p" : "n", 1, key);
}

static size_t compose_pair(struct label_index *index, uint32_t key, const char *value)
{
	return compose(index, &key, sizeof(key), value);
}

static uint32_t key_of_pair(const struct label_index *index, uint32_t pair)
{
	uint32_t key;

	memcpy(&key, index->pairs.entries[pair].bytes, sizeof(key));
	return key;
}

/* ---- selectors ---- */

static int push(struct vector *numbers, uint32_t number)
{
	uint32_t *pushed = vector_push(numbers, sizeof(*pushed));

	if (pushed == NULL)
		return -ENOMEM;
	*pushed = number;
	return 0;
}

static int push_pair(struct label_index *index, uint32_t key, const char *value)
{
	const size_t length = compose_pair(index, key, value);
	uint32_t pair;
	int err = length == 0 ? -ENOMEM
			      : intern_table_add(&index->pairs, index->text, length, &pair);

	return err != 0 ? err : push(&index->encoding, pair);
}

/*
 * A requirement is encoded as its operator, its key's number, how many values, and the numbers of
 * their pairs.
 */
static int begin_requirement(
	struct label_index *index, enum requirement_operator op, uint32_t key, size_t value_count)
{
	int err = push(&index->encoding, (uint32_t)op);

	if (err == 0)
		err = push(&index->encoding, key);
	return err != 0 ? err : push(&index->encoding, (uint32_t)value_count);
}

static int encode_requirement(
	struct label_index *index, enum label_space space, const struct requirement *requirement)
{
	const size_t length = compose_key(index, space, requirement->key);
	uint32_t key;
	int err = length == 0 ? -ENOMEM : intern_table_add(&index->keys, index->text, length, &key);

	if (err == 0)
		err = begin_requirement(index, requirement->op, key, requirement->value_count);
	for (size_t i = 0; err == 0 && i < requirement->value_count; i++)
		err = push_pair(index, key, requirement->values[i]);
	return err;
}

static int encode(struct label_index *index, const struct label_query *query)
{
	const struct selector *const parts[] = {
		[LABELS_OF_POD] = query->pods, [LABELS_OF_NAMESPACE] = query->namespaces};
	int err = 0;

	vector_clear(&index->encoding);
	/* First, because it mostly leaves the fewest. */
	if (query->namespace_name != NULL) {
		err = begin_requirement(index, REQUIREMENT_IN, KEY_NAMESPACE, 1);
		if (err == 0)
			err = push_pair(index, KEY_NAMESPACE, query->namespace_name);
	}
	for (int space = 0; space < 2; space++)
		for (size_t i = 0; err == 0 && parts[space] != NULL && i < parts[space]->count; i++)
			err = encode_requirement(
				index, (enum label_space)space, &parts[space]->requirements[i]);
	return err;
}

/* ---- what objects bear ---- */

static int describe_value(
	struct label_index *index, uint32_t key, const char *value, struct vector *codes)
{
	const size_t length = compose_pair(index, key, value);
	uint32_t pair;

	if (length == 0)
		return -ENOMEM;
	if (index->learns) {
		const int err = intern_table_add(&index->pairs, index->text, length, &pair);

		return err != 0 ? err : push(codes, pair_code(pair));
	}
	return push(codes,
		intern_table_find(&index->pairs, index->text, length, &pair) ? pair_code(pair)
									     : key_code(key));
}

int label_index_describe(struct label_index *index, enum label_space space,
	const struct label_set *labels, struct vector *codes)
{
	int err = 0;

	for (size_t i = 0; err == 0 && i < labels->count; i++) {
		const size_t length = compose_key(index, space, labels->items[i].key);
		uint32_t key;

		if (length == 0)
			return -ENOMEM;
		if (index->learns)
			err = intern_table_add(&index->keys, index->text, length, &key);
		else if (!intern_table_find(&index->keys, index->text, length, &key))
			continue;
		if (err == 0)
			err = describe_value(index, key, labels->items[i].value, codes);
	}
	return err;
}

int label_index_describe_namespace(
	struct label_index *index, const char *name, struct vector *codes)
{
	return describe_value(index, KEY_NAMESPACE, name, codes);
}

/* ---- batches ---- */

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

static void note_all(const struct label_index *index)
{
	const struct label_batch *batch = &index->batch;

	for (uint32_t i = batch->all.first; i <= batch->all.last; i++) {
		const struct label_codes *codes = &batch->objects[i - batch->all.first];

		for (uint32_t j = 0; j < codes->count; j++) {
			const uint32_t number = codes->items[j] / 2;

			if (is_pair(codes->items[j]))
				posting_note(&batch->by_pair[number], i);
			posting_note(
				&batch->by_key[is_pair(codes->items[j]) ? key_of_pair(index, number)
									: number],
				i);
		}
	}
}

/* Gives each posting the room that note_all() counted, and empties it for the second round. */
static int postings_allocate(struct posting *postings, uint32_t count, struct arena *arena)
{
	for (uint32_t i = 0; i < count; i++) {
		if (postings[i].count == 0)
			continue;
		postings[i].items = arena_calloc(arena, postings[i].count, sizeof(struct range));
		if (postings[i].items == NULL)
			return -ENOMEM;
		postings[i].count = 0;
	}
	return 0;
}

static int build_postings(struct label_index *index)
{
	struct label_batch *batch = &index->batch;

	batch->key_count = index->keys.count;
	batch->pair_count = index->pairs.count;
	batch->by_key = arena_calloc(batch->scratch, batch->key_count, sizeof(struct posting));
	batch->by_pair = arena_calloc(batch->scratch, batch->pair_count, sizeof(struct posting));
	if (batch->by_key == NULL || batch->by_pair == NULL)
		return -ENOMEM;
	note_all(index);
	if (postings_allocate(batch->by_key, batch->key_count, batch->scratch) != 0 ||
		postings_allocate(batch->by_pair, batch->pair_count, batch->scratch) != 0)
		return -ENOMEM;
	note_all(index);
	return 0;
}

static struct range_list bearers_of_key(const struct label_batch *batch, uint32_t key)
{
	if (key >= batch->key_count)
		return (struct range_list){0};
	return (struct range_list){batch->by_key[key].items, batch->by_key[key].count};
}

static struct range_list bearers_of_pair(const struct label_batch *batch, uint32_t pair)
{
	if (pair >= batch->pair_count)
		return (struct range_list){0};
	return (struct range_list){batch->by_pair[pair].items, batch->by_pair[pair].count};
}

/* The objects that bear one of these pairs. */
static int unite_pairs(const struct label_batch *batch, const uint32_t *pairs, uint32_t count,
	struct range_list *out)
{
	struct vector ranges = {0};
	int err = 0;

	if (count == 1) {
		*out = bearers_of_pair(batch, *pairs);
		return 0;
	}
	for (uint32_t i = 0; i < count; i++) {
		const struct range_list bearers = bearers_of_pair(batch, pairs[i]);

		for (size_t j = 0; err == 0 && j < bearers.count; j++)
			err = range_vector_add(
				&ranges, bearers.items[j].first, bearers.items[j].last);
	}
	if (err == 0)
		err = range_list_copy(out, range_vector_settle(&ranges), batch->scratch);
	vector_deinit(&ranges);
	return err;
}

/* Of the objects in *met, leaves those that meet the requirement encoded at `code`. */
static int meet(const struct label_batch *batch, const uint32_t *code, struct range_list *met)
{
	const enum requirement_operator op = (enum requirement_operator)code[0];
	struct range_list bearers = bearers_of_key(batch, code[1]);
	int err = 0;

	if (op == REQUIREMENT_IN || op == REQUIREMENT_NOT_IN)
		err = unite_pairs(batch, code + 3, code[2], &bearers);
	if (err != 0)
		return err;
	if (op == REQUIREMENT_NOT_IN || op == REQUIREMENT_DOES_NOT_EXIST)
		return range_list_subtract(met, *met, bearers, batch->scratch);
	if (bearers.count > 0 && met->items != &batch->all)
		return range_list_intersect(met, *met, bearers, batch->scratch);
	*met = bearers;
	return 0;
}

/* The objects of the batch that meet all requirements of the selector. */
static int answer_tail(const struct label_index *index, uint32_t selector, struct range_list *out)
{
	const struct label_batch *batch = &index->batch;
	const struct intern_entry *entry = &index->selectors.entries[selector];
	const uint32_t *code = entry->bytes, *const end = code + entry->length / sizeof(*code);
	struct range_list met = {&batch->all, 1};
	int err = 0;

	for (; err == 0 && met.count > 0 && code < end; code += 3 + code[2])
		err = meet(batch, code, &met);
	if (err == 0)
		*out = met;
	return err;
}

static int answer(struct label_index *index, uint32_t selector)
{
	struct range_list *tail = (struct range_list *)index->tails.items + selector;
	struct grown_list *all = (struct grown_list *)index->answers.items + selector;
	int err = answer_tail(index, selector, tail);

	return err != 0 ? err : grown_list_append(all, *tail, index->arena);
}

int label_index_extend(struct label_index *index, const struct label_codes *objects, uint32_t count,
	struct arena *scratch)
{
	int err;

	index->batch = (struct label_batch){
		.objects = objects,
		.all = {index->object_count, index->object_count + count - 1},
		.scratch = scratch,
	};
	index->object_count += count;
	err = build_postings(index);
	for (uint32_t i = 0; err == 0 && i < index->selectors.count; i++)
		err = answer(index, i);
	return err;
}

int label_index_select(struct label_index *index, const struct label_query *query, uint32_t *number)
{
	struct grown_list *list;
	struct range_list *tail;
	uint32_t found;
	int err = encode(index, query);

	if (err == 0)
		err = intern_table_add(&index->selectors, index->encoding.items,
			index->encoding.count * sizeof(uint32_t), &found);
	if (err != 0)
		return err;
	if (found == index->answers.count) {
		list = vector_push(&index->answers, sizeof(*list));
		tail = list != NULL ? vector_push(&index->tails, sizeof(*tail)) : NULL;
		if (tail == NULL)
			return -ENOMEM;
		*list = (struct grown_list){0};
		*tail = (struct range_list){0};
		if (index->object_count > 0)
			err = answer(index, found);
		if (err != 0)
			return err;
	}
	*number = found;
	return 0;
}

struct range_list label_index_answer(const struct label_index *index, uint32_t selector)
{
	return grown_list_view(&((const struct grown_list *)index->answers.items)[selector]);
}

struct range_list label_index_tail(const struct label_index *index, uint32_t selector)
{
	return ((const struct range_list *)index->tails.items)[selector];
}
