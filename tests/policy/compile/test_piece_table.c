/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/compile/piece_table.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

enum { PIECES = 500 };

/* Piece i: as many bytes of the number i as i says, and a few more. */
static size_t piece(unsigned char bytes[PIECES + 8], int i)
{
	memset(bytes, i % 251, PIECES + 8);
	memcpy(bytes, &i, sizeof(i));
	return sizeof(i) + (size_t)i;
}

static void test_pieces_keep_their_places(void **state)
{
	struct arena *arena = arena_create();
	unsigned char bytes[PIECES + 8];
	uint32_t offsets[PIECES], again;
	const void *early = NULL, *late;
	struct piece_table table;

	(void)state;
	piece_table_init(&table, arena);
	for (int i = 0; i < PIECES; i++) {
		assert_int_equal(piece_table_add(&table, bytes, piece(bytes, i), &offsets[i]), 0);
		assert_int_not_equal(offsets[i], PIECE_NONE);
		if (i == PIECES / 2)
			early = piece_table_copy(&table, arena);
	}
	late = piece_table_copy(&table, arena);
	for (int i = 0; i < PIECES; i++) {
		const size_t length = piece(bytes, i);

		assert_memory_equal(piece_at(late, offsets[i]), bytes, length);
		if (i <= PIECES / 2)
			assert_memory_equal(piece_at(early, offsets[i]), bytes, length);
		assert_int_equal(piece_table_add(&table, bytes, length, &again), 0);
		assert_int_equal(again, offsets[i]);
	}
	piece_table_deinit(&table);
	arena_unref(arena);
}

static void test_short_pieces_lie_in_one_line(void **state)
{
	struct arena *arena = arena_create();
	unsigned char bytes[PIECES + 8];
	struct piece_table table;
	const void *copy;
	uint32_t offsets[PIECES];

	(void)state;
	piece_table_init(&table, arena);
	for (int i = 0; i < PIECES; i++)
		assert_int_equal(piece_table_add(&table, bytes, piece(bytes, i), &offsets[i]), 0);
	copy = piece_table_copy(&table, arena);
	assert_int_equal((uintptr_t)copy % PIECE_LINE, 0);
	for (int i = 0; i < PIECES; i++) {
		const uintptr_t first = (uintptr_t)piece_at(copy, offsets[i]),
				length = piece(bytes, i);

		assert_int_equal(first % PIECE_UNIT, 0);
		if (length <= PIECE_LINE)
			assert_int_equal(first / PIECE_LINE, (first + length - 1) / PIECE_LINE);
	}
	piece_table_deinit(&table);
	arena_unref(arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pieces_keep_their_places),
		cmocka_unit_test(test_short_pieces_lie_in_one_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
