/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config/text/string_map.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { MANY = 10000 };

static void holds_many(void **state)
{
	static char keys[MANY][16];
	struct string_map map = {0};

	(void)state;
	for (int i = 0; i < MANY; i++) {
		snprintf(keys[i], sizeof(keys[i]), "key-%d", i);
		assert_null(string_map_get(&map, keys[i], strlen(keys[i])));
		assert_int_equal(string_map_put(&map, keys[i], keys[i]), 0);
	}
	for (int i = 0; i < MANY; i++)
		assert_ptr_equal(string_map_get(&map, keys[i], strlen(keys[i])), keys[i]);
	assert_int_equal(map.count, MANY);
	assert_null(string_map_get(&map, "key-10", 3)); /* a prefix is another key */
	assert_int_equal(string_map_put(&map, "key-1", keys[2]), 0);
	assert_ptr_equal(string_map_get(&map, "key-1", 5), keys[2]);
	assert_int_equal(map.count, MANY);
	string_map_clear(&map);
	assert_null(string_map_get(&map, "key-1", 5));
	string_map_deinit(&map);
}

static void keeps_one_copy(void **state)
{
	struct arena *arena = arena_create();
	struct string_map map = {0};
	const char *first = string_map_intern(&map, arena, "appendix", 3);

	(void)state;
	assert_string_equal(first, "app");
	assert_ptr_equal(string_map_intern(&map, arena, "app", 3), first);
	assert_ptr_not_equal(string_map_intern(&map, arena, "ap", 2), first);
	assert_string_equal(string_map_intern(&map, arena, "", 0), "");
	string_map_deinit(&map);
	arena_unref(arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(holds_many),
		cmocka_unit_test(keeps_one_copy),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
