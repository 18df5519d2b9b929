/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/values/arena.h"

#include <setjmp.h>
#include <stdalign.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "tests/between.h"

static void test_memory_is_zeroed_aligned_and_distinct(void **state)
{
	struct arena *arena = arena_create();
	unsigned char *earlier = NULL;

	(void)state;
	assert_non_null(arena);
	for (size_t size = 0; size < 5000; size += 37) {
		unsigned char *bytes = arena_alloc(arena, size);

		assert_non_null(bytes);
		assert_ptr_not_equal(bytes, earlier);
		assert_int_equal((uintptr_t)bytes % alignof(max_align_t), 0);
		for (size_t i = 0; i < size; i++)
			assert_int_equal(bytes[i], 0);
		memset(bytes, 0xff, size); /* the next must be zero all the same */
		earlier = bytes;
	}
	arena_unref(arena);
}

static void test_a_large_request_does_not_lose_the_open_chunk(void **state)
{
	struct arena *arena = arena_create();
	char *before = arena_alloc(arena, 16), *large = arena_alloc(arena, 1 << 20),
	     *after = arena_alloc(arena, 16);

	(void)state;
	assert_non_null(large);
	assert_ptr_equal(after, before + 16);
	assert_between(arena_size(arena), (1 << 20) + 1024, (1 << 20) + 2048);
	arena_unref(arena);
}

static void test_impossible_sizes_are_refused(void **state)
{
	struct arena *arena = arena_create();

	(void)state;
	assert_null(arena_alloc(arena, SIZE_MAX));
	assert_null(arena_alloc(arena, SIZE_MAX / 2 + 1));
	assert_null(arena_calloc(arena, SIZE_MAX / 2, 3));
	assert_null(arena_calloc(arena, SIZE_MAX, SIZE_MAX));
	assert_non_null(arena_calloc(arena, 0, SIZE_MAX));
	arena_unref(arena);
}

static void test_texts(void **state)
{
	struct arena *arena = arena_create();

	(void)state;
	assert_string_equal(arena_strdup(arena, "web"), "web");
	assert_string_equal(arena_strdup(arena, ""), "");
	assert_string_equal(arena_strndup(arena, "web-1", 3), "web");
	assert_string_equal(arena_strndup(arena, "we\0b", 4), "we");
	assert_string_equal(arena_strndup(arena, "web", 100), "web");
	assert_string_equal(arena_printf(arena, "%s-%d", "web", 12), "web-12");
	assert_memory_equal(arena_memdup(arena, "a\0b", 3), "a\0b", 3);
	assert_non_null(arena_memdup(arena, NULL, 0));
	arena_unref(arena);
}

static void test_what_is_referenced_lives(void **state)
{
	struct arena *arena = arena_create();
	char *text = arena_strdup(arena, "still here");

	(void)state;
	assert_ptr_equal(arena_ref(arena), arena);
	arena_unref(arena);
	assert_string_equal(text, "still here"); /* ASan would tell */
	arena_unref(arena);
	arena_unref(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_memory_is_zeroed_aligned_and_distinct),
		cmocka_unit_test(test_a_large_request_does_not_lose_the_open_chunk),
		cmocka_unit_test(test_impossible_sizes_are_refused),
		cmocka_unit_test(test_texts),
		cmocka_unit_test(test_what_is_referenced_lives),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
