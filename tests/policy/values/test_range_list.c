/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/values/range_list.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "tests/support/generator.h"

#define LIST(...) \
	((struct range_list){(const struct range[]){__VA_ARGS__}, \
		sizeof((const struct range[]){__VA_ARGS__}) / sizeof(struct range)})

static void assert_same(struct range_list seen, struct range_list wanted)
{
	assert_int_equal(seen.count, wanted.count);
	if (wanted.count > 0)
		assert_memory_equal(seen.items, wanted.items, wanted.count * sizeof(struct range));
}

static void test_settle_sorts_and_joins(void **state)
{
	static const struct range added[] = {{9, 9}, {1, 2}, {5, 6}, {3, 3}, {5, 5}, {6, 7},
		{20, 30}, {22, 23}, {UINT32_MAX, UINT32_MAX}, {UINT32_MAX - 2, UINT32_MAX}, {0, 0}};
	struct vector ranges = {0};

	(void)state;
	for (size_t i = 0; i < sizeof(added) / sizeof(added[0]); i++)
		assert_int_equal(range_vector_add(&ranges, added[i].first, added[i].last), 0);
	assert_same(range_vector_settle(&ranges),
		LIST({0, 3}, {5, 7}, {9, 9}, {20, 30}, {UINT32_MAX - 2, UINT32_MAX}));
	vector_clear(&ranges);
	assert_int_equal(range_vector_settle(&ranges).count, 0);
	vector_deinit(&ranges);
}

static void test_subtract(void **state)
{
	struct arena *arena = arena_create();
	struct range_list out;

	(void)state;
	range_list_subtract(&out, LIST({0, 9}), (struct range_list){0}, arena);
	assert_same(out, LIST({0, 9}));
	range_list_subtract(&out, LIST({0, 9}), LIST({0, 9}), arena);
	assert_int_equal(out.count, 0);
	range_list_subtract(&out, LIST({0, 9}), LIST({0, 0}, {3, 4}, {9, 9}), arena);
	assert_same(out, LIST({1, 2}, {5, 8}));
	range_list_subtract(&out, LIST({0, 9}, {20, UINT32_MAX}),
		LIST({1, 8}, {15, 25}, {UINT32_MAX, UINT32_MAX}), arena);
	assert_same(out, LIST({0, 0}, {9, 9}, {26, UINT32_MAX - 1}));
	range_list_subtract(&out, (struct range_list){0}, LIST({1, 8}), arena);
	assert_int_equal(out.count, 0);
	arena_unref(arena);
}

static void test_find(void **state)
{
	const struct range_list list = LIST({2, 3}, {5, 5}, {8, 20});

	(void)state;
	assert_int_equal(range_list_find(list, 0), 0);
	assert_int_equal(range_list_find(list, 3), 0);
	assert_int_equal(range_list_find(list, 4), 1);
	assert_int_equal(range_list_find(list, 20), 2);
	assert_int_equal(range_list_find(list, 21), 3);
	for (uint32_t i = 0; i < 25; i++)
		assert_int_equal(range_list_contains(list, i),
			i == 2 || i == 3 || i == 5 || (i >= 8 && i <= 20));
	assert_false(range_list_contains((struct range_list){0}, 0));
}

enum { NUMBERS = 64 };

static struct range_list random_list(
	struct generator *generator, struct vector *ranges, bool members[NUMBERS])
{
	memset(members, 0, NUMBERS * sizeof(bool));
	vector_clear(ranges);
	for (uint32_t i = generator_below(generator, 8); i > 0; i--) {
		const uint32_t first = generator_below(generator, NUMBERS);
		const uint32_t last = first +
			generator_below(
				generator, generator_chance(generator, 50) ? 2 : NUMBERS - first);

		if (last >= NUMBERS)
			continue;
		assert_int_equal(range_vector_add(ranges, first, last), 0);
		memset(members + first, 1, last - first + 1);
	}
	return range_vector_settle(ranges);
}

/* The list holds exactly the members, in its one form. */
static void assert_members(struct range_list list, const bool members[NUMBERS])
{
	for (uint32_t i = 0; i < NUMBERS; i++)
		assert_int_equal(range_list_contains(list, i), members[i]);
	for (size_t i = 1; i < list.count; i++)
		assert_true(list.items[i].first > list.items[i - 1].last + 1);
}

static void test_algebra_against_arrays(void **state)
{
	struct generator generator = {generator_seed(1)};
	struct vector a = {0}, b = {0};

	(void)state;
	for (int i = 0; i < 5000; i++) {
		struct arena *arena = arena_create();
		bool in_a[NUMBERS], in_b[NUMBERS], both[NUMBERS], not_a[NUMBERS], only_b[NUMBERS];
		const struct range_list list_a = random_list(&generator, &a, in_a),
					list_b = random_list(&generator, &b, in_b);
		struct range_list out;

		for (int j = 0; j < NUMBERS; j++) {
			both[j] = in_a[j] && in_b[j];
			not_a[j] = !in_a[j];
			only_b[j] = in_b[j] && !in_a[j];
		}
		assert_members(list_a, in_a);
		assert_int_equal(range_list_intersect(&out, list_a, list_b, arena), 0);
		assert_members(out, both);
		assert_int_equal(
			range_list_subtract(&out, LIST({0, NUMBERS - 1}), list_a, arena), 0);
		assert_members(out, not_a);
		assert_int_equal(range_list_subtract(&out, list_b, list_a, arena), 0);
		assert_members(out, only_b);
		assert_int_equal(range_list_copy(&out, list_a, arena), 0);
		assert_members(out, in_a);
		arena_unref(arena);
	}
	vector_deinit(&a);
	vector_deinit(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_settle_sorts_and_joins),
		cmocka_unit_test(test_subtract),
		cmocka_unit_test(test_find),
		cmocka_unit_test(test_algebra_against_arrays),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
