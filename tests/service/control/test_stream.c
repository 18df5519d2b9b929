/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A piece of an answer, line by line. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "service/control/stream.h"

static void lines_add_up(void **state)
{
	struct piece piece = {.text = NULL};
	cJSON *line = cJSON_CreateObject();

	(void)state;
	cJSON_AddNumberToObject(line, "n", 1);
	piece_add_json(&piece, line);
	piece_add_text(&piece, "{}\n", 3);
	piece_add_text(&piece, "", 0);
	assert_false(piece.failed);
	assert_int_equal(piece.length, strlen("{\"n\":1}\n{}\n"));
	assert_memory_equal(piece.text, "{\"n\":1}\n{}\n", piece.length);
	piece_deinit(&piece);
	assert_null(piece.text);
	assert_int_equal(piece.length, 0);
}

static void it_grows_as_it_must(void **state)
{
	struct piece piece = {.text = NULL};
	static char text[10000];

	(void)state;
	memset(text, 'x', sizeof(text));
	for (int i = 1; i <= 100; i++) {
		piece_add_text(&piece, text, sizeof(text));
		assert_int_equal(piece.length, (size_t)i * sizeof(text));
	}
	assert_false(piece.failed);
	for (size_t i = 0; i < piece.length; i++)
		assert_int_equal(piece.text[i], 'x');
	piece_deinit(&piece);
}

/* What is missing is not passed over in silence. */
static void a_line_that_is_not_there_is_a_failure(void **state)
{
	struct piece piece = {.text = NULL};

	(void)state;
	piece_add_json(&piece, NULL);
	assert_true(piece.failed);
	piece_add_text(&piece, "{}\n", 3);
	assert_true(piece.failed);
	piece_deinit(&piece);
	assert_false(piece.failed);
	piece_add_text(&piece, "x", SIZE_MAX / 2);
	assert_true(piece.failed);
	piece_deinit(&piece);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_add_up),
		cmocka_unit_test(it_grows_as_it_must),
		cmocka_unit_test(a_line_that_is_not_there_is_a_failure),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
