/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/values/intern_table.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

static void test_numbers_are_dense_and_equal_bytes_share_one(void **state)
{
	struct arena *arena = arena_create();
	struct intern_table table;
	char text[32];
	uint32_t number;

	(void)state;
	intern_table_init(&table, arena);
	for (int round = 0; round < 2; round++) {
		for (uint32_t i = 0; i < 5000; i++) {
			const int length = snprintf(
				text, sizeof(text), "label-%u", (unsigned int)i);

			assert_int_equal(
				intern_table_add(&table, text, (size_t)length, &number), 0);
			assert_int_equal(number, i);
		}
		assert_int_equal(table.count, 5000);
	}
	assert_memory_equal(table.entries[4711].bytes, "label-4711", 10);
	assert_int_equal(table.entries[4711].length, 10);
	intern_table_deinit(&table);
	arena_unref(arena);
}

/* Every prefix of a text, and texts that differ in one byte anywhere, are different. */
static void test_near_misses(void **state)
{
	static const char text[] = "kubernetes.io/metadata.name\0with a zero byte";
	struct arena *arena = arena_create();
	struct intern_table table;
	char changed[sizeof(text)];
	uint32_t number, wanted = 0;

	(void)state;
	intern_table_init(&table, arena);
	assert_false(intern_table_find(&table, "", 0, &number));
	for (size_t i = 0; i < sizeof(text); i++) {
		assert_false(intern_table_find(&table, text, i, &number));
		assert_int_equal(intern_table_add(&table, text, i, &number), 0);
		assert_int_equal(number, wanted++);
	}
	for (size_t i = 0; i + 1 < sizeof(text); i++) {
		memcpy(changed, text, sizeof(text));
		changed[i] ^= 1;
		assert_false(intern_table_find(&table, changed, sizeof(text) - 1, &number));
	}
	assert_true(intern_table_find(&table, text, 3, &number));
	assert_int_equal(number, 3);
	assert_true(intern_table_find(&table, NULL, 0, &number));
	assert_int_equal(number, 0);
	intern_table_deinit(&table);
	arena_unref(arena);
}

static void test_bytes_outlive_the_table(void **state)
{
	struct arena *arena = arena_create();
	struct intern_table table;
	char text[] = "kept";
	const void *bytes;
	uint32_t number;

	(void)state;
	intern_table_init(&table, arena);
	assert_int_equal(intern_table_add(&table, text, 4, &number), 0);
	bytes = table.entries[number].bytes;
	text[0] = 'x';
	intern_table_deinit(&table);
	assert_memory_equal(bytes, "kept", 4);
	arena_unref(arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_numbers_are_dense_and_equal_bytes_share_one),
		cmocka_unit_test(test_near_misses),
		cmocka_unit_test(test_bytes_outlive_the_table),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
