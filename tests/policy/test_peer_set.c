/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/peer_pool.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

struct fixture {
	struct arena *arena, *scratch;
	struct peer_pool pool;
	struct vector atoms;
};

static void begin(struct fixture *f)
{
	*f = (struct fixture){.arena = arena_create(), .scratch = arena_create()};
	assert_int_equal(peer_pool_init(&f->pool, f->arena, f->scratch), 0);
}

static void end(struct fixture *f)
{
	vector_deinit(&f->atoms);
	peer_pool_deinit(&f->pool);
	arena_unref(f->arena);
	arena_unref(f->scratch);
}

static void add_pods(struct fixture *f, const struct range *ranges, size_t count)
{
	assert_int_equal(peer_pool_add_pods(&f->pool, (struct range_list){ranges, count}, &f->atoms), 0);
}

static void add_block(struct fixture *f, const char *text)
{
	struct ip_block block = {0};

	assert_int_equal(cidr_parse(&block.cidr, text), 0);
	assert_int_equal(peer_pool_add_block(&f->pool, &block, &f->atoms), 0);
}

/* The union of what was added since the last. */
static uint32_t unite(struct fixture *f)
{
	uint32_t number;

	assert_int_equal(peer_pool_unite_atoms(&f->pool, &f->atoms, &number), 0);
	vector_clear(&f->atoms);
	return number;
}

static bool contains(struct fixture *f, uint32_t union_number, uint32_t pod, const char *text)
{
	struct ip_addr addr;
	uint32_t set;

	assert_int_equal(ip_addr_parse(&addr, text), 0);
	assert_int_equal(peer_pool_set(&f->pool, union_number, &set), 0);
	return peer_set_contains((const struct peer_set *)f->pool.sets.items + set, &(struct peer){&addr, pod});
}

static void test_nobody_and_everybody(void **state)
{
	struct fixture f;

	(void)state;
	begin(&f);
	assert_int_equal(unite(&f), PEER_NOBODY);
	assert_false(contains(&f, PEER_NOBODY, 0, "10.0.0.1"));
	assert_false(contains(&f, PEER_NOBODY, PEER_NO_POD, "0.0.0.0"));
	assert_false(contains(&f, PEER_NOBODY, 1, "::"));
	assert_true(contains(&f, PEER_EVERYBODY, PEER_NO_POD, "fd00::1"));
	end(&f);
}

static void test_pods_match_by_number_only(void **state)
{
	const struct range ranges[] = {{3, 5}, {9, 9}, {4000, 4001}};
	struct fixture f;
	uint32_t number;

	(void)state;
	begin(&f);
	add_pods(&f, ranges, 3);
	number = unite(&f);
	for (uint32_t pod = 0; pod < 5000; pod++)
		assert_int_equal(contains(&f, number, pod, "10.0.0.1"),
			(pod >= 3 && pod <= 5) || pod == 9 || pod == 4000 || pod == 4001);
	assert_false(contains(&f, number, PEER_NO_POD, "10.0.0.1"));
	end(&f);
}

/* Every second pod: a bitmap, and the answers of one. */
static void test_scattered_pods_make_a_bitmap(void **state)
{
	struct range ranges[500];
	struct fixture f;
	const struct peer_set *set;
	uint32_t number, at;

	(void)state;
	begin(&f);
	for (uint32_t i = 0; i < 500; i++)
		ranges[i] = (struct range){7 + 2 * i, 7 + 2 * i};
	add_pods(&f, ranges, 500);
	number = unite(&f);
	assert_int_equal(peer_pool_set(&f.pool, number, &at), 0);
	set = (const struct peer_set *)f.pool.sets.items + at;
	assert_true(set->pods_in_bitmap);
	for (uint32_t pod = 0; pod < 1100; pod++)
		assert_int_equal(contains(&f, number, pod, "::"), pod >= 7 && pod <= 1005 && pod % 2 == 1);
	end(&f);
}

static void test_blocks_of_both_families(void **state)
{
	struct fixture f;
	uint32_t number;

	(void)state;
	begin(&f);
	add_block(&f, "10.1.0.0/16");
	add_block(&f, "10.3.0.0/16");
	add_block(&f, "fd00::/64");
	add_block(&f, "fd00:0:0:2::/64");
	number = unite(&f);
	assert_true(contains(&f, number, PEER_NO_POD, "10.1.0.0"));
	assert_true(contains(&f, number, 5, "10.1.255.255"));
	assert_false(contains(&f, number, 5, "10.2.0.0"));
	assert_true(contains(&f, number, 5, "10.3.0.0"));
	assert_false(contains(&f, number, 5, "10.4.0.0"));
	assert_false(contains(&f, number, 5, "10.0.255.255"));
	assert_true(contains(&f, number, 5, "fd00::ffff:ffff:ffff:ffff"));
	assert_false(contains(&f, number, 5, "fd00:0:0:1::"));
	assert_true(contains(&f, number, 5, "fd00:0:0:2::"));
	assert_false(contains(&f, number, 5, "fd00:0:0:3::"));
	assert_false(contains(&f, number, 5, "fcff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"));
	end(&f);
}

static void test_what_is_equal_is_stored_once(void **state)
{
	const struct range one[] = {{1, 4}}, same[] = {{1, 4}}, other[] = {{2, 4}};
	struct fixture f;
	uint32_t a, b, c, joined;
	struct vector unions = {0};

	(void)state;
	begin(&f);
	add_pods(&f, one, 1);
	add_block(&f, "10.0.0.0/8");
	a = unite(&f);
	add_block(&f, "10.0.0.0/8");
	add_pods(&f, same, 1);
	add_pods(&f, one, 1);
	b = unite(&f);
	add_pods(&f, other, 1);
	c = unite(&f);
	assert_int_equal(a, b);
	assert_int_not_equal(a, c);
	for (int i = 0; i < 3; i++)
		*(uint32_t *)vector_push(&unions, sizeof(uint32_t)) = i == 0 ? c : a;
	assert_int_equal(peer_pool_unite(&f.pool, &unions, &joined), 0);
	assert_true(contains(&f, joined, 1, "11.0.0.0"));
	assert_true(contains(&f, joined, PEER_NO_POD, "10.0.0.0"));
	assert_false(contains(&f, joined, 5, "11.0.0.0"));
	vector_clear(&unions);
	*(uint32_t *)vector_push(&unions, sizeof(uint32_t)) = a;
	*(uint32_t *)vector_push(&unions, sizeof(uint32_t)) = PEER_EVERYBODY;
	assert_int_equal(peer_pool_unite(&f.pool, &unions, &joined), 0);
	assert_int_equal(joined, PEER_EVERYBODY);
	vector_deinit(&unions);
	end(&f);
}

static void test_finished_sets_lie_on_lines(void **state)
{
	const struct range one[] = {{1, 4}};
	struct fixture f;
	const struct peer_set *sets;
	uint32_t set;

	(void)state;
	begin(&f);
	add_pods(&f, one, 1);
	assert_int_equal(peer_pool_set(&f.pool, unite(&f), &set), 0);
	sets = peer_pool_sets(&f.pool);
	assert_non_null(sets);
	assert_int_equal((uintptr_t)sets % 64, 0);
	assert_true(sets[PEER_EVERYBODY].everybody);
	assert_false(sets[PEER_NOBODY].everybody);
	assert_int_equal(sets[set].pod_last, 4);
	end(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nobody_and_everybody),
		cmocka_unit_test(test_pods_match_by_number_only),
		cmocka_unit_test(test_scattered_pods_make_a_bitmap),
		cmocka_unit_test(test_blocks_of_both_families),
		cmocka_unit_test(test_what_is_equal_is_stored_once),
		cmocka_unit_test(test_finished_sets_lie_on_lines),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
