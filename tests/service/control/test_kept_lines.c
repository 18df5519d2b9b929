/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lines kept while the past is told: those that were in it are left out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "service/control/kept_lines.h"

static bool keep(struct kept_lines *kept, uint64_t seq, bool in_file, size_t length)
{
	char *text = malloc(length);
	struct verdict_line *line;
	bool added;

	memset(text, 'x', length);
	line = verdict_line_create(text, length, seq, in_file);
	added = kept_lines_add(kept, line);
	free(line);
	free(text);
	return added;
}

static void expect(struct kept_lines *kept, uint64_t known, uint64_t seq)
{
	struct verdict_line *line = kept_lines_take(kept, known);

	assert_non_null(line);
	assert_int_equal(line->seq, seq);
	free(line);
}

static void what_is_known_is_left_out(void **state)
{
	struct kept_lines kept = {.first = NULL};

	(void)state;
	assert_null(kept_lines_take(&kept, 0));
	for (uint64_t seq = 5; seq <= 10; seq++)
		assert_true(keep(&kept, seq, seq != 6, 10));
	expect(&kept, 7, 6); /* it could not be written, so nobody has read it */
	expect(&kept, 7, 8);
	expect(&kept, 7, 9);
	assert_true(keep(&kept, 11, true, 10));
	expect(&kept, 7, 10);
	expect(&kept, 7, 11);
	assert_null(kept_lines_take(&kept, 7));
	assert_int_equal(kept.bytes, 0);
	assert_true(keep(&kept, 12, true, 10)); /* empty, it can be filled again */
	assert_null(kept_lines_take(&kept, 12));
}

static void memory_is_bounded(void **state)
{
	struct kept_lines kept = {.first = NULL};
	uint64_t seq = 0;

	(void)state;
	while (keep(&kept, seq + 1, true, 1000))
		seq++;
	assert_int_equal(seq, KEPT_LINES_BYTES / 1000);
	assert_true(kept.bytes <= KEPT_LINES_BYTES);
	assert_false(keep(&kept, seq + 1, true, KEPT_LINES_BYTES + 1));
	expect(&kept, 0, 1);
	assert_true(keep(&kept, seq + 1, true, 1000));
	kept_lines_deinit(&kept);
	assert_int_equal(kept.bytes, 0);
	assert_null(kept_lines_take(&kept, 0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_known_is_left_out),
		cmocka_unit_test(memory_is_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
