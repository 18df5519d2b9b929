/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/compile/port_tree.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "tests/support/generator.h"
#include "tests/support/kinds_world.h"

enum { PEERS = 4 }; /* peer i is kind i; peer PEERS is everybody */

static const char *const names[] = {"0", "1", "2", "3", NULL};

static bool called(const char *name, uint32_t kind)
{
	return name[0] == (char)('0' + kind) && name[1] == '\0';
}

struct fixture {
	struct kinds_world world;
	struct vector ranges, words;
	uint32_t unions[PEERS + 1];
};

static void begin(struct fixture *f)
{
	struct peer_pool *pool = &f->world.pool;
	struct vector atoms = {0};

	*f = (struct fixture){0};
	kinds_world_begin(&f->world);
	for (uint32_t i = 0; i < PEERS; i++) {
		vector_clear(&atoms);
		assert_int_equal(peer_pool_add_selector(
					 pool, kinds_world_selector(&f->world, names[i]), &atoms),
			0);
		assert_int_equal(peer_pool_unite_atoms(pool, &atoms, &f->unions[i]), 0);
	}
	f->unions[PEERS] = PEER_EVERYBODY;
	vector_deinit(&atoms);
	kinds_world_extend(&f->world, PEERS, names, called);
}

static void end(struct fixture *f)
{
	vector_deinit(&f->ranges);
	vector_deinit(&f->words);
	kinds_world_end(&f->world);
}

static void add(struct fixture *f, uint16_t first, uint16_t last, uint32_t peer)
{
	struct port_range *range = vector_push(&f->ranges, sizeof(*range));

	*range = (struct port_range){first, last, f->unions[peer]};
}

/* Good until the next. */
static const struct port_tree *build(struct fixture *f)
{
	vector_clear(&f->words);
	assert_int_equal(port_tree_build(&f->ranges, &f->world.pool, &f->words), 0);
	kinds_world_finish(&f->world);
	return f->words.items;
}

static bool admits(
	const struct fixture *f, const struct port_tree *tree, uint16_t port, uint32_t kind)
{
	const struct ip_addr addr = {.family = IP_FAMILY_V4};

	return port_tree_admits(tree, &f->world.sets, port, &(struct peer){&addr, kind});
}

static void test_edges(void **state)
{
	static const struct {
		uint16_t first, last;
	} ranges[] = {{0, 0}, {65535, 65535}, {0, 65535}, {80, 80}, {80, 90}, {1, 65534}};

	(void)state;
	for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++) {
		const struct port_tree *tree;
		struct fixture f;

		begin(&f);
		add(&f, ranges[i].first, ranges[i].last, 1);
		tree = build(&f);
		for (uint32_t port = 0; port <= UINT16_MAX; port++) {
			assert_int_equal(admits(&f, tree, (uint16_t)port, 1),
				port >= ranges[i].first && port <= ranges[i].last);
			assert_false(admits(&f, tree, (uint16_t)port, 2));
		}
		end(&f);
	}
}

/*
 * Which is not known to be equal when it is made is made equal, so that whoever holds it can tell.
 */
static void test_equal_ranges_make_equal_trees(void **state)
{
	struct vector first = {0};
	struct fixture f;

	(void)state;
	begin(&f);
	add(&f, 80, 90, 1);
	add(&f, 443, 443, 2);
	build(&f);
	memcpy(vector_push_many(&first, f.words.count, sizeof(uint32_t)), f.words.items,
		f.words.count * sizeof(uint32_t));
	vector_clear(&f.ranges);
	add(&f, 443, 443, 2);
	add(&f, 80, 90, 1);
	build(&f);
	assert_int_equal(f.words.count, first.count);
	assert_memory_equal(f.words.items, first.items, first.count * sizeof(uint32_t));
	add(&f, 80, 90, 2);
	build(&f);
	assert_true(f.words.count != first.count ||
		memcmp(f.words.items, first.items, first.count * sizeof(uint32_t)) != 0);
	vector_deinit(&first);
	end(&f);
}

/* Whether one of the ranges admits the kind, by looking at each. */
static bool one_admits(const struct fixture *f, uint16_t port, uint32_t kind)
{
	const struct port_range *ranges = f->ranges.items;

	for (size_t i = 0; i < f->ranges.count; i++)
		if (port >= ranges[i].first && port <= ranges[i].last &&
			(ranges[i].unite == f->unions[kind] || ranges[i].unite == PEER_EVERYBODY))
			return true;
	return false;
}

static void test_against_the_ranges(void **state)
{
	struct generator generator = {generator_seed(3)};
	size_t flat = 0, deep = 0;

	(void)state;
	for (int round = 0; round < 400; round++) {
		const uint32_t spread = generator_chance(&generator, 50) ? 40 : 65536;
		const uint32_t most = generator_chance(&generator, 50) ? 20 : 300;
		const struct port_tree *tree;
		struct fixture f;

		begin(&f);
		for (uint32_t i = 1 + generator_below(&generator, most); i > 0; i--) {
			const uint32_t a = generator_below(&generator, spread),
				       b = generator_below(&generator, spread);

			add(&f, (uint16_t)(a < b ? a : b), (uint16_t)(a < b ? b : a),
				generator_chance(&generator, 1)
					? PEERS
					: generator_below(&generator, PEERS));
		}
		tree = build(&f);
		flat += tree->flat;
		deep += !tree->flat;
		assert_true(tree->count <= 2 * f.ranges.count + 1);
		for (int i = 0; i < 300; i++) {
			const uint16_t port = (uint16_t)generator_below(&generator, spread);
			const uint32_t kind = generator_below(&generator, PEERS);

			assert_int_equal(admits(&f, tree, port, kind), one_admits(&f, port, kind));
		}
		end(&f);
	}
	assert_true(flat > 50 && deep > 50);
}

/* 10 000 nested ranges with different peers: no more than n log n sets' worth of memory. */
static void test_nesting_does_not_explode(void **state)
{
	const struct port_tree *tree;
	struct fixture f;

	(void)state;
	begin(&f);
	for (uint32_t i = 0; i < 10000; i++)
		add(&f, (uint16_t)(1 + i), (uint16_t)(65535 - i), i % PEERS);
	tree = build(&f);
	assert_false(tree->flat);
	assert_true(admits(&f, tree, 10000, 3));
	assert_true(f.words.count * sizeof(uint32_t) + arena_size(f.world.arena) < 4 << 20);
	end(&f);
}

/* As many ranges that do not overlap: one look decides. */
static void test_what_does_not_overlap_is_flat(void **state)
{
	const struct port_tree *tree;
	struct fixture f;

	(void)state;
	begin(&f);
	for (uint32_t i = 0; i < 10000; i++)
		add(&f, (uint16_t)(1 + 6 * i), (uint16_t)(4 + 6 * i), i % PEERS);
	tree = build(&f);
	assert_true(tree->flat);
	for (uint32_t i = 0; i < 10000; i += 7) {
		assert_true(admits(&f, tree, (uint16_t)(3 + 6 * i), i % PEERS));
		assert_false(admits(&f, tree, (uint16_t)(3 + 6 * i), (i + 1) % PEERS));
		assert_false(admits(&f, tree, (uint16_t)(5 + 6 * i), i % PEERS));
	}
	end(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_edges),
		cmocka_unit_test(test_equal_ranges_make_equal_trees),
		cmocka_unit_test(test_against_the_ranges),
		cmocka_unit_test(test_nesting_does_not_explode),
		cmocka_unit_test(test_what_does_not_overlap_is_flat),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
