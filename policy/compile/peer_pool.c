/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/compile/peer_pool.h"

#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "policy/values/address_range.h"

/* A set in the making, which never ends: kinds may be added as long as there is the pool. */
struct pooled_set {
	uint32_t unite;
	struct grown_list kinds;
	uint32_t ip4_first, ip4_last, blocks; /* as in struct peer_set */
};

/*
 * An atom is a selector's or block's number, doubled, plus one for a block. Everybody is an atom of
 * its own.
 */
#define ATOM_EVERYBODY UINT32_MAX

static uint32_t selector_atom(uint32_t number)
{
	return number * 2;
}

static uint32_t block_atom(uint32_t number)
{
	return number * 2 + 1;
}

static bool is_block(uint32_t atom)
{
	return atom % 2 == 1;
}

static int add_fixed(struct peer_pool *pool, const void *atoms, size_t count)
{
	uint32_t unite, set;
	int err = intern_table_add(&pool->unions, atoms, count * sizeof(uint32_t), &unite);

	return err != 0 ? err : peer_pool_set(pool, unite, &set);
}

int peer_pool_init(struct peer_pool *pool, const struct label_index *labels,
	struct piece_table *pieces, struct arena *arena)
{
	const uint32_t everybody = ATOM_EVERYBODY;
	int err;

	*pool = (struct peer_pool){.arena = arena, .labels = labels, .pieces = pieces};
	intern_table_init(&pool->blocks, arena);
	intern_table_init(&pool->unions, arena);
	err = add_fixed(pool, NULL, 0);
	return err != 0 ? err : add_fixed(pool, &everybody, 1);
}

void peer_pool_deinit(struct peer_pool *pool)
{
	intern_table_deinit(&pool->blocks);
	intern_table_deinit(&pool->unions);
	vector_deinit(&pool->sets);
	vector_deinit(&pool->set_of_union);
}

int peer_pool_add_selector(struct peer_pool *pool, uint32_t selector, struct vector *atoms)
{
	(void)pool; /* its selectors are numbered already */
	return vector_push_number(atoms, selector_atom(selector));
}

int peer_pool_add_block(struct peer_pool *pool, const struct ip_block *block, struct vector *atoms)
{
	struct vector ranges = {0};
	uint32_t number;
	int err = address_range_add_block(&ranges, block);

	if (err == 0 && ranges.count > 0) {
		err = intern_table_add(&pool->blocks, ranges.items,
			ranges.count * sizeof(struct address_range), &number);
		if (err == 0)
			err = vector_push_number(atoms, block_atom(number));
	}
	vector_deinit(&ranges);
	return err;
}

/* ---- unions ---- */

static int number_cmp(const void *pa, const void *pb)
{
	const uint32_t a = *(const uint32_t *)pa, b = *(const uint32_t *)pb;

	return (a > b) - (a < b);
}

static void sort_unique(struct vector *numbers)
{
	uint32_t *items = numbers->items;
	size_t kept = 0;

	if (numbers->count > 1)
		qsort(items, numbers->count, sizeof(*items), number_cmp);
	for (size_t i = 0; i < numbers->count; i++)
		if (kept == 0 || items[kept - 1] != items[i])
			items[kept++] = items[i];
	numbers->count = kept;
}

int peer_pool_unite_atoms(struct peer_pool *pool, struct vector *atoms, uint32_t *unite)
{
	const uint32_t *items;

	sort_unique(atoms);
	items = atoms->items;
	/* Everybody sorts last, and swallows the others. */
	if (atoms->count > 0 && items[atoms->count - 1] == ATOM_EVERYBODY) {
		*unite = PEER_EVERYBODY;
		return 0;
	}
	return intern_table_add(&pool->unions, items, atoms->count * sizeof(*items), unite);
}

static const uint32_t *atoms_of(const struct peer_pool *pool, uint32_t unite, size_t *count)
{
	const struct intern_entry *entry = &pool->unions.entries[unite];

	*count = entry->length / sizeof(uint32_t);
	return entry->bytes;
}

uint32_t peer_pool_weight(const struct peer_pool *pool, uint32_t unite)
{
	size_t count;

	atoms_of(pool, unite, &count);
	return (uint32_t)count;
}

static int add_union(const struct peer_pool *pool, uint32_t unite, struct vector *atoms)
{
	size_t count;
	const uint32_t *members = atoms_of(pool, unite, &count);
	int err = 0;

	for (size_t i = 0; err == 0 && i < count; i++)
		err = vector_push_number(atoms, members[i]);
	return err;
}

int peer_pool_unite(struct peer_pool *pool, struct vector *unions, uint32_t *unite)
{
	struct vector atoms = {0};
	const uint32_t *items;
	int err = 0;

	sort_unique(unions);
	items = unions->items;
	if (unions->count == 1) {
		*unite = items[0];
		return 0;
	}
	for (size_t i = 0; err == 0 && i < unions->count; i++)
		err = add_union(pool, items[i], &atoms);
	if (err == 0)
		err = peer_pool_unite_atoms(pool, &atoms, unite);
	vector_deinit(&atoms);
	return err;
}

/* ---- sets ---- */

static uint32_t ip4_number(const struct ip_addr *addr)
{
	uint32_t number;

	memcpy(&number, addr->bytes, sizeof(number));
	return be32toh(number);
}

static void ip6_numbers(uint64_t numbers[2], const struct ip_addr *addr)
{
	memcpy(numbers, addr->bytes, 2 * sizeof(numbers[0]));
	numbers[0] = be64toh(numbers[0]);
	numbers[1] = be64toh(numbers[1]);
}

/* Stores the piece that holds these blocks, of which the first `ip4_count` are IPv4. */
static int add_blocks_piece(struct peer_pool *pool, const struct address_range *blocks,
	size_t count, size_t ip4_count, uint32_t *piece)
{
	const size_t ip6_count = count - ip4_count;
	const size_t size = sizeof(struct peer_blocks) + ip6_count * sizeof(struct ip6_range) +
		ip4_count * sizeof(struct range);
	struct peer_blocks *made = malloc(size);
	struct range *ip4;
	int err;

	if (made == NULL)
		return -ENOMEM;
	made->ip4_count = (uint32_t)ip4_count;
	made->ip6_count = (uint32_t)ip6_count;
	for (size_t i = 0; i < ip6_count; i++) {
		ip6_numbers(made->ip6[i].first, &blocks[ip4_count + i].first);
		ip6_numbers(made->ip6[i].last, &blocks[ip4_count + i].last);
	}
	ip4 = (struct range *)(made->ip6 + ip6_count);
	for (size_t i = 0; i < ip4_count; i++)
		ip4[i] = (struct range){ip4_number(&blocks[i].first), ip4_number(&blocks[i].last)};
	err = piece_table_add(pool->pieces, made, size, piece);
	free(made);
	return err;
}

/* Gives a set the blocks that were gathered. */
static int set_blocks(struct peer_pool *pool, struct pooled_set *set, struct vector *blocks)
{
	const struct address_range *items;
	size_t ip4_count = 0;

	address_range_settle(blocks);
	items = blocks->items;
	while (ip4_count < blocks->count && items[ip4_count].first.family == IP_FAMILY_V4)
		ip4_count++;
	if (ip4_count > 0) {
		set->ip4_first = ip4_number(&items[0].first);
		set->ip4_last = ip4_number(&items[ip4_count - 1].last);
	}
	if (blocks->count == ip4_count && ip4_count <= 1)
		return 0; /* the bounds say it all */
	return add_blocks_piece(pool, items, blocks->count, ip4_count, &set->blocks);
}

static int gather_blocks(const struct peer_pool *pool, uint32_t block, struct vector *blocks)
{
	const struct intern_entry *entry = &pool->blocks.entries[block];
	const struct address_range *ranges = entry->bytes;

	for (size_t i = 0; i < entry->length / sizeof(*ranges); i++) {
		struct address_range *added = vector_push(blocks, sizeof(*added));

		if (added == NULL)
			return -ENOMEM;
		*added = ranges[i];
	}
	return 0;
}

static int gather_kinds(struct range_list kinds, struct vector *ranges)
{
	int err = 0;

	for (size_t i = 0; err == 0 && i < kinds.count; i++)
		err = range_vector_add(ranges, kinds.items[i].first, kinds.items[i].last);
	return err;
}

/* Fills a set of these atoms with all the kinds there are. */
static int fill_set(
	struct peer_pool *pool, struct pooled_set *set, const uint32_t *atoms, size_t count)
{
	struct vector kinds = {0}, blocks = {0};
	int err = 0;

	for (size_t i = 0; err == 0 && i < count; i++)
		err = is_block(atoms[i])
			? gather_blocks(pool, atoms[i] / 2, &blocks)
			: gather_kinds(label_index_answer(pool->labels, atoms[i] / 2), &kinds);
	if (err == 0)
		err = grown_list_append(&set->kinds, range_vector_settle(&kinds), pool->arena);
	if (err == 0)
		err = set_blocks(pool, set, &blocks);
	vector_deinit(&kinds);
	vector_deinit(&blocks);
	return err;
}

int peer_pool_set(struct peer_pool *pool, uint32_t unite, uint32_t *set)
{
	const uint32_t *atoms;
	struct pooled_set *slot;
	uint32_t *made;
	size_t count;
	int err = 0;

	while (pool->set_of_union.count <= unite)
		if (vector_push_number(&pool->set_of_union, 0) != 0)
			return -ENOMEM;
	made = (uint32_t *)pool->set_of_union.items + unite;
	if (*made == 0) {
		slot = vector_push(&pool->sets, sizeof(*slot));
		if (slot == NULL)
			return -ENOMEM;
		*slot = (struct pooled_set){.unite = unite, .ip4_first = 1, .blocks = PIECE_NONE};
		atoms = atoms_of(pool, unite, &count);
		if (unite != PEER_EVERYBODY)
			err = fill_set(pool, slot, atoms, count);
		if (err != 0)
			return err;
		*made = (uint32_t)pool->sets.count;
	}
	*set = *made - 1;
	return 0;
}

static int extend_set(struct peer_pool *pool, struct pooled_set *set, struct vector *kinds)
{
	size_t count;
	const uint32_t *atoms = atoms_of(pool, set->unite, &count);
	int err = 0;

	vector_clear(kinds);
	for (size_t i = 0; err == 0 && i < count; i++)
		if (!is_block(atoms[i]))
			err = gather_kinds(label_index_tail(pool->labels, atoms[i] / 2), kinds);
	if (err != 0 || kinds->count == 0)
		return err;
	return grown_list_append(&set->kinds, range_vector_settle(kinds), pool->arena);
}

int peer_pool_extend(struct peer_pool *pool)
{
	struct pooled_set *sets = pool->sets.items;
	struct vector kinds = {0};
	int err = 0;

	for (size_t i = 0; err == 0 && i < pool->sets.count; i++)
		if (sets[i].unite != PEER_EVERYBODY)
			err = extend_set(pool, &sets[i], &kinds);
	vector_deinit(&kinds);
	return err;
}

/* ---- copies for snapshots ---- */

static uint32_t words_needed(uint32_t span)
{
	return span / 32 + 1;
}

static enum peer_form form_of(const struct pooled_set *set, struct range_list kinds)
{
	uint32_t span;

	if (set->unite == PEER_EVERYBODY)
		return PEER_FORM_EVERYBODY;
	if (kinds.count == 0)
		return PEER_FORM_BITS;
	span = kinds.items[kinds.count - 1].last - kinds.items[0].first;
	if (span < 64)
		return PEER_FORM_BITS;
	return words_needed(span) <= 2 * kinds.count ? PEER_FORM_WORDS : PEER_FORM_RANGES;
}

/* How many words a set of that form keeps elsewhere. The bounds say it all of a single range. */
static size_t words_of(enum peer_form form, struct range_list kinds)
{
	if (form == PEER_FORM_WORDS)
		return words_needed(kinds.items[kinds.count - 1].last - kinds.items[0].first);
	return form == PEER_FORM_RANGES && kinds.count > 1 ? 2 * kinds.count : 0;
}

static uint64_t make_bits(struct range_list kinds)
{
	uint64_t bits = 0;

	for (size_t i = 0; i < kinds.count; i++) {
		const uint32_t length = kinds.items[i].last - kinds.items[i].first;

		bits |= UINT64_MAX >> (63 - length)
				<< (kinds.items[i].first - kinds.items[0].first);
	}
	return bits;
}

static void write_words(uint32_t *words, enum peer_form form, struct range_list kinds)
{
	if (form == PEER_FORM_RANGES) {
		for (size_t i = 0; i < kinds.count; i++) {
			words[2 * i] = kinds.items[i].first;
			words[2 * i + 1] = kinds.items[i].last;
		}
		return;
	}
	for (size_t i = 0; i < kinds.count; i++)
		for (uint32_t kind = kinds.items[i].first; kind <= kinds.items[i].last; kind++)
			words[(kind - kinds.items[0].first) / 32] |= 1U
				<< (kind - kinds.items[0].first) % 32;
}

/* Writes down a set; what it keeps elsewhere goes to words[at] and on. */
static struct peer_set finish_set(const struct pooled_set *set, uint32_t *words, size_t at)
{
	const struct range_list kinds = grown_list_view(&set->kinds);
	const enum peer_form form = form_of(set, kinds);
	struct peer_set made = {
		.form = form,
		.ip4_first = set->ip4_first,
		.ip4_last = set->ip4_last,
		.blocks = set->blocks,
	};

	if (kinds.count == 0)
		return made;
	made.kind_first = kinds.items[0].first & (PEER_KINDS_MOST - 1);
	made.kind_last = kinds.items[kinds.count - 1].last;
	if (form == PEER_FORM_BITS) {
		made.kinds.bits = make_bits(kinds);
	} else if (form != PEER_FORM_EVERYBODY) {
		made.kinds.elsewhere.at = (uint32_t)at;
		made.kinds.elsewhere.count = (uint32_t)kinds.count;
		if (words_of(form, kinds) > 0)
			write_words(words + at, form, kinds);
	}
	return made;
}

int peer_pool_copy(const struct peer_pool *pool, struct arena *arena, struct peer_sets *out)
{
	const struct pooled_set *pooled = pool->sets.items;
	char *bytes = arena_calloc(arena, pool->sets.count + 1, sizeof(struct peer_set));
	struct peer_set *sets;
	uint32_t *words;
	size_t total = 0, at = 0;

	for (size_t i = 0; i < pool->sets.count; i++) {
		const struct range_list kinds = grown_list_view(&pooled[i].kinds);

		total += words_of(form_of(&pooled[i], kinds), kinds);
	}
	if (total > UINT32_MAX)
		return -E2BIG;
	words = arena_calloc(arena, total, sizeof(*words));
	if (bytes == NULL || words == NULL)
		return -ENOMEM;
	/*
	 * Arena memory is aligned to 16: one set more than needed lets the pairs begin on a line.
	 */
	sets = (struct peer_set *)(bytes + -(uintptr_t)bytes % sizeof(struct peer_set));
	for (size_t i = 0; i < pool->sets.count; i++) {
		const struct range_list kinds = grown_list_view(&pooled[i].kinds);

		sets[i] = finish_set(&pooled[i], words, at);
		at += words_of((enum peer_form)sets[i].form, kinds);
	}
	out->items = sets;
	out->words = words;
	return 0;
}
