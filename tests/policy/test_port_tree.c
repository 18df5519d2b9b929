/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/port_tree.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "tests/policy/generator.h"

enum { PODS = 4 };	/* peer i is pod i; peer PODS is everybody */

struct fixture {
	struct arena *arena;
	struct peer_pool pool;
	struct intern_table trees;
	struct vector ranges;
	uint32_t unions[PODS + 1];
};

static void begin(struct fixture *f)
{
	struct vector atoms = {0};

	*f = (struct fixture){.arena = arena_create()};
	assert_int_equal(peer_pool_init(&f->pool, f->arena, f->arena), 0);
	intern_table_init(&f->trees, f->arena);
	for (uint32_t i = 0; i < PODS; i++) {
		const struct range pod = {i, i};

		vector_clear(&atoms);
		assert_int_equal(peer_pool_add_pods(&f->pool, (struct range_list){&pod, 1}, &atoms), 0);
		assert_int_equal(peer_pool_unite_atoms(&f->pool, &atoms, &f->unions[i]), 0);
	}
	f->unions[PODS] = PEER_EVERYBODY;
	vector_deinit(&atoms);
}

static void end(struct fixture *f)
{
	vector_deinit(&f->ranges);
	intern_table_deinit(&f->trees);
	peer_pool_deinit(&f->pool);
	arena_unref(f->arena);
}

static void add(struct fixture *f, uint16_t first, uint16_t last, uint32_t peer)
{
	struct port_range *range = vector_push(&f->ranges, sizeof(*range));

	*range = (struct port_range){first, last, f->unions[peer]};
}

static const struct port_tree *build(struct fixture *f)
{
	uint32_t number;

	assert_int_equal(port_tree_build(&f->ranges, &f->pool, &f->trees, &number), 0);
	return f->trees.entries[number].bytes;
}

static bool admits(const struct fixture *f, const struct port_tree *tree, uint16_t port, uint32_t pod)
{
	const struct ip_addr addr = {.family = IP_FAMILY_V4};

	return port_tree_admits(tree, f->pool.sets.items, port, &(struct peer){&addr, pod});
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

static void test_equal_trees_are_one(void **state)
{
	const struct port_tree *first;
	struct fixture f;

	(void)state;
	begin(&f);
	add(&f, 80, 90, 1);
	add(&f, 443, 443, 2);
	first = build(&f);
	vector_clear(&f.ranges);
	add(&f, 443, 443, 2);
	add(&f, 80, 90, 1);
	assert_ptr_equal(build(&f), first);
	add(&f, 80, 90, 2);
	assert_ptr_not_equal(build(&f), first);
	end(&f);
}

/* Whether one of the ranges admits the pod, by looking at each. */
static bool one_admits(const struct fixture *f, uint16_t port, uint32_t pod)
{
	const struct port_range *ranges = f->ranges.items;

	for (size_t i = 0; i < f->ranges.count; i++)
		if (port >= ranges[i].first && port <= ranges[i].last &&
			(ranges[i].unite == f->unions[pod] || ranges[i].unite == PEER_EVERYBODY))
			return true;
	return false;
}

static void test_against_the_ranges(void **state)
{
	struct generator generator = {generator_seed(3)};

	(void)state;
	for (int round = 0; round < 400; round++) {
		const uint32_t spread = generator_chance(&generator, 50) ? 40 : 65536;
		const struct port_tree *tree;
		struct fixture f;

		begin(&f);
		for (uint32_t i = 1 + generator_below(&generator, 40); i > 0; i--) {
			const uint32_t a = generator_below(&generator, spread), b = generator_below(&generator, spread);

			add(&f, (uint16_t)(a < b ? a : b), (uint16_t)(a < b ? b : a),
				generator_chance(&generator, 3) ? PODS : generator_below(&generator, PODS));
		}
		tree = build(&f);
		assert_true(tree->count <= 2 * f.ranges.count + 1);
		for (int i = 0; i < 300; i++) {
			const uint16_t port = (uint16_t)generator_below(&generator, spread);
			const uint32_t pod = generator_below(&generator, PODS);

			assert_int_equal(admits(&f, tree, port, pod), one_admits(&f, port, pod));
		}
		end(&f);
	}
}

/* 10 000 nested ranges with different peers: no more than n log n sets' worth of memory. */
static void test_nesting_does_not_explode(void **state)
{
	struct fixture f;

	(void)state;
	begin(&f);
	for (uint32_t i = 0; i < 10000; i++)
		add(&f, (uint16_t)(1 + i), (uint16_t)(65535 - i), i % PODS);
	assert_true(admits(&f, build(&f), 10000, 3));
	assert_true(arena_size(f.arena) < 4 << 20);
	end(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_edges),
		cmocka_unit_test(test_equal_trees_are_one),
		cmocka_unit_test(test_against_the_ranges),
		cmocka_unit_test(test_nesting_does_not_explode),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
