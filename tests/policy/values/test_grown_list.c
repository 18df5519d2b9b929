/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/values/grown_list.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "tests/support/generator.h"

static void append(struct grown_list *list, uint32_t first, uint32_t last, struct arena *arena)
{
	const struct range range = {first, last};

	assert_int_equal(grown_list_append(list, (struct range_list){&range, 1}, arena), 0);
}

static void test_one_range_needs_no_memory(void **state)
{
	struct arena *arena = arena_create();
	const size_t before = arena_size(arena);
	struct grown_list list = {0};

	(void)state;
	assert_int_equal(grown_list_view(&list).count, 0);
	assert_int_equal(grown_list_append(&list, (struct range_list){0}, arena), 0);
	append(&list, 5, 5, arena);
	append(&list, 6, 9, arena); /* touches, so it is one range still */
	append(&list, 10, 10, arena);
	assert_int_equal(arena_size(arena), before);
	assert_int_equal(grown_list_view(&list).count, 1);
	assert_int_equal(grown_list_view(&list).items[0].first, 5);
	assert_int_equal(grown_list_view(&list).items[0].last, 10);
	append(&list, 12, 12, arena);
	assert_int_equal(grown_list_view(&list).count, 2);
	assert_int_equal(grown_list_view(&list).items[0].last, 10);
	arena_unref(arena);
}

/*
 * Numbers in or out at random, appended in pieces of random length: the list is what it would be in
 * one go.
 */
static void test_pieces_make_the_whole(void **state)
{
	struct generator generator = {generator_seed(8)};

	(void)state;
	for (int round = 0; round < 200; round++) {
		struct arena *arena = arena_create();
		struct grown_list list = {0};
		struct vector whole = {0}, piece = {0};
		struct range_list seen, wanted;

		for (uint32_t number = 0; number < 300;) {
			vector_clear(&piece);
			for (uint32_t end = number + generator_below(&generator, 20); number < end;
				number++) {
				if (!generator_chance(&generator, 60))
					continue;
				assert_int_equal(range_vector_add(&piece, number, number), 0);
				assert_int_equal(range_vector_add(&whole, number, number), 0);
			}
			assert_int_equal(
				grown_list_append(&list, range_vector_settle(&piece), arena), 0);
		}
		seen = grown_list_view(&list);
		wanted = range_vector_settle(&whole);
		assert_int_equal(seen.count, wanted.count);
		assert_memory_equal(seen.items, wanted.items, wanted.count * sizeof(struct range));
		vector_deinit(&whole);
		vector_deinit(&piece);
		arena_unref(arena);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_range_needs_no_memory),
		cmocka_unit_test(test_pieces_make_the_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
