/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/peer_pool.h"

#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "policy/address_range.h"

enum { CACHE_LINE = 64 };

_Static_assert(sizeof(void *) != 8 || sizeof(struct peer_set) == CACHE_LINE, "a peer set is one cache line");

/* An atom is its number in one of the two tables, doubled, plus one for a block. Everybody is an atom of its own. */
#define ATOM_EVERYBODY UINT32_MAX

static uint32_t pod_atom(uint32_t number)
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

int peer_pool_init(struct peer_pool *pool, struct arena *arena, struct arena *scratch)
{
	const uint32_t everybody = ATOM_EVERYBODY;
	int err;

	*pool = (struct peer_pool){.arena = arena};
	intern_table_init(&pool->pod_atoms, scratch);
	intern_table_init(&pool->block_atoms, scratch);
	intern_table_init(&pool->unions, scratch);
	err = add_fixed(pool, NULL, 0);
	return err != 0 ? err : add_fixed(pool, &everybody, 1);
}

void peer_pool_deinit(struct peer_pool *pool)
{
	intern_table_deinit(&pool->pod_atoms);
	intern_table_deinit(&pool->block_atoms);
	intern_table_deinit(&pool->unions);
	vector_deinit(&pool->sets);
	vector_deinit(&pool->set_of_union);
}

static int push(struct vector *numbers, uint32_t number)
{
	uint32_t *pushed = vector_push(numbers, sizeof(*pushed));

	if (pushed == NULL)
		return -ENOMEM;
	*pushed = number;
	return 0;
}

int peer_pool_add_pods(struct peer_pool *pool, struct range_list pods, struct vector *atoms)
{
	uint32_t number;
	int err;

	if (pods.count == 0)
		return 0;
	err = intern_table_add(&pool->pod_atoms, pods.items, pods.count * sizeof(*pods.items), &number);
	return err != 0 ? err : push(atoms, pod_atom(number));
}

int peer_pool_add_block(struct peer_pool *pool, const struct ip_block *block, struct vector *atoms)
{
	struct vector ranges = {0};
	uint32_t number;
	int err = address_range_add_block(&ranges, block);

	if (err == 0 && ranges.count > 0) {
		err = intern_table_add(&pool->block_atoms, ranges.items, ranges.count * sizeof(struct address_range),
			&number);
		if (err == 0)
			err = push(atoms, block_atom(number));
	}
	vector_deinit(&ranges);
	return err;
}

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

static int add_union(const struct peer_pool *pool, uint32_t unite, struct vector *atoms)
{
	const struct intern_entry *entry = &pool->unions.entries[unite];
	const uint32_t *members = entry->bytes;
	int err = 0;

	for (size_t i = 0; err == 0 && i < entry->length / sizeof(*members); i++)
		err = push(atoms, members[i]);
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

static const uint64_t *make_bitmap(struct range_list pods, struct arena *arena)
{
	const uint32_t first = pods.items[0].first, span = pods.items[pods.count - 1].last - first + 1;
	uint64_t *bitmap = arena_calloc(arena, (size_t)span / 64 + 1, sizeof(*bitmap));

	for (size_t i = 0; bitmap != NULL && i < pods.count; i++)
		for (uint32_t bit = pods.items[i].first - first; bit <= pods.items[i].last - first; bit++)
			bitmap[bit / 64] |= UINT64_C(1) << (bit % 64);
	return bitmap;
}

static int set_pods(struct peer_set *set, struct range_list pods, struct arena *arena)
{
	if (pods.count == 0)
		return 0;
	set->pod_first = pods.items[0].first;
	set->pod_last = pods.items[pods.count - 1].last;
	set->pod_count = (uint32_t)pods.count;
	if (pods.count == 1)
		return 0;	/* the bounds say it all */
	set->pods_in_bitmap = (set->pod_last - set->pod_first) / 8 < pods.count * sizeof(struct range);
	if (set->pods_in_bitmap)
		set->pods.bitmap = make_bitmap(pods, arena);
	else
		set->pods.ranges = arena_memdup(arena, pods.items, pods.count * sizeof(struct range));
	return set->pods.ranges != NULL ? 0 : -ENOMEM;
}

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

static int set_ip4(struct peer_set *set, const struct address_range *blocks, size_t count, struct arena *arena)
{
	struct range *ranges;

	if (count == 0)
		return 0;
	set->ip4_first = ip4_number(&blocks[0].first);
	set->ip4_last = ip4_number(&blocks[count - 1].last);
	set->ip4_count = (uint32_t)count;
	if (count == 1)
		return 0;
	ranges = arena_calloc(arena, count, sizeof(*ranges));
	for (size_t i = 0; ranges != NULL && i < count; i++)
		ranges[i] = (struct range){ip4_number(&blocks[i].first), ip4_number(&blocks[i].last)};
	set->ip4 = ranges;
	return ranges != NULL ? 0 : -ENOMEM;
}

static int set_ip6(struct peer_set *set, const struct address_range *blocks, size_t count, struct arena *arena)
{
	struct ip6_range *ranges;

	if (count == 0)
		return 0;
	ranges = arena_calloc(arena, count, sizeof(*ranges));
	if (ranges == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++) {
		ip6_numbers(ranges[i].first, &blocks[i].first);
		ip6_numbers(ranges[i].last, &blocks[i].last);
	}
	set->ip6 = ranges;
	set->ip6_count = (uint32_t)count;
	return 0;
}

/* The contents of an atom, added to those of its kind. */
static int gather_atom(const struct peer_pool *pool, uint32_t atom, struct vector *pods, struct vector *blocks)
{
	const struct intern_entry *entry =
		is_block(atom) ? &pool->block_atoms.entries[atom / 2] : &pool->pod_atoms.entries[atom / 2];
	const size_t size = is_block(atom) ? sizeof(struct address_range) : sizeof(struct range);
	struct vector *into = is_block(atom) ? blocks : pods;

	for (size_t i = 0; i < entry->length / size; i++) {
		void *item = vector_push(into, size);

		if (item == NULL)
			return -ENOMEM;
		memcpy(item, (const char *)entry->bytes + i * size, size);
	}
	return 0;
}

/* Fills a set with what was gathered. */
static int set_fill(struct peer_set *set, struct vector *pods, struct vector *blocks, struct arena *arena)
{
	const struct address_range *items;
	size_t ip4_count = 0;
	int err;

	address_range_settle(blocks);
	items = blocks->items;
	while (ip4_count < blocks->count && items[ip4_count].first.family == IP_FAMILY_V4)
		ip4_count++;
	err = set_pods(set, range_vector_settle(pods), arena);
	if (err == 0)
		err = set_ip4(set, items, ip4_count, arena);
	if (err == 0 && ip4_count < blocks->count)
		err = set_ip6(set, items + ip4_count, blocks->count - ip4_count, arena);
	return err;
}

static int make_set(const struct peer_pool *pool, uint32_t unite, struct peer_set *out)
{
	const struct intern_entry *entry = &pool->unions.entries[unite];
	struct peer_set set = {.pod_first = 1, .ip4_first = 1};
	struct vector pods = {0}, blocks = {0};
	const uint32_t *atoms = entry->bytes;
	int err = 0;

	if (unite == PEER_EVERYBODY) {
		set.everybody = true;
	} else {
		for (size_t i = 0; err == 0 && i < entry->length / sizeof(*atoms); i++)
			err = gather_atom(pool, atoms[i], &pods, &blocks);
		if (err == 0)
			err = set_fill(&set, &pods, &blocks, pool->arena);
	}
	vector_deinit(&pods);
	vector_deinit(&blocks);
	if (err == 0)
		*out = set;
	return err;
}

int peer_pool_set(struct peer_pool *pool, uint32_t unite, uint32_t *set)
{
	uint32_t *made;
	struct peer_set *slot;
	int err;

	while (pool->set_of_union.count <= unite)
		if (push(&pool->set_of_union, 0) != 0)
			return -ENOMEM;
	made = (uint32_t *)pool->set_of_union.items + unite;
	if (*made == 0) {
		slot = vector_push(&pool->sets, sizeof(*slot));
		if (slot == NULL)
			return -ENOMEM;
		err = make_set(pool, unite, slot);
		if (err != 0)
			return err;
		*made = (uint32_t)pool->sets.count;
	}
	*set = *made - 1;
	return 0;
}

const struct peer_set *peer_pool_sets(const struct peer_pool *pool)
{
	char *bytes = arena_alloc(pool->arena, pool->sets.count * sizeof(struct peer_set) + CACHE_LINE);
	struct peer_set *sets;

	if (bytes == NULL)
		return NULL;
	sets = (struct peer_set *)(((uintptr_t)bytes + CACHE_LINE - 1) / CACHE_LINE * CACHE_LINE);
	memcpy(sets, pool->sets.items, pool->sets.count * sizeof(*sets));
	return sets;
}
