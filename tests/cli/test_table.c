/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Columns, word for word. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "cli/table.h"
#include "tests/cli/shown.h"

static const char *const headings[] = {"name", "count", "note"};

static void add(struct table *table, const char *name, int count, const char *note)
{
	struct table_row *row = table_add(table);

	table_set(table, row, 0, COLOR_NONE, "%s", name);
	table_set(table, row, 1, COLOR_RED, "%d", count);
	if (note != NULL)
		table_set(table, row, 2, COLOR_NONE, "%s", note);
}

static void expect(struct table *table, const char *wanted)
{
	char text[SHOWN_MOST];

	shown_begin();
	assert_int_equal(table_print(table), 0);
	shown_end(text);
	assert_string_equal(text, wanted);
}

static void columns_are_as_wide_as_they_must_be(void **state)
{
	struct table table;

	(void)state;
	table_init(&table, headings, 3);
	add(&table, "web", 7, "first");
	add(&table, "a-long-name", 12345678, "");
	add(&table, "x", 0, "last");
	expect(&table,
		"name         count     note\n"
		"web          7         first\n"
		"a-long-name  12345678\n"
		"x            0         last\n");
	add(&table, "y", 1, "a block later");
	expect(&table, "y            1         a block later\n");
	expect(&table, "");
	table_deinit(&table);
}

static void a_column_without_a_text_is_left_out(void **state)
{
	struct table table;

	(void)state;
	table_init(&table, headings, 3);
	expect(&table, "");
	add(&table, "web", 7, NULL);
	add(&table, "db", 8, "");
	expect(&table, "name  count\nweb   7\ndb    8\n");
	add(&table, "late", 9, "no column for it any more");
	expect(&table, "late  9\n");
	table_deinit(&table);
}

static void rows_are_sorted_with_numbers_by_value(void **state)
{
	struct table table;

	(void)state;
	table_init(&table, headings, 3);
	add(&table, "10.0.0.10:80", 1, NULL);
	add(&table, "10.0.0.9:443", 10, NULL);
	add(&table, "10.0.0.9:443", 9, NULL);
	add(&table, "10.0.0.9:80", 1, NULL);
	table_sort(&table);
	expect(&table,
		"name          count\n"
		"10.0.0.9:80   1\n"
		"10.0.0.9:443  9\n"
		"10.0.0.9:443  10\n"
		"10.0.0.10:80  1\n");
	table_deinit(&table);
}

static void many_rows_are_kept(void **state)
{
	struct table table;
	char text[SHOWN_MOST];

	(void)state;
	table_init(&table, headings, 3);
	for (int i = 0; i < 1000; i++)
		add(&table, "x", i, "y");
	assert_int_equal(table.count, 1000);
	shown_begin();
	assert_int_equal(table_print(&table), 0);
	shown_end(text);
	assert_int_equal(table.count, 0);
	table_set(&table, NULL, 0, COLOR_NONE, "nowhere");
	table_deinit(&table);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(columns_are_as_wide_as_they_must_be),
		cmocka_unit_test(a_column_without_a_text_is_left_out),
		cmocka_unit_test(rows_are_sorted_with_numbers_by_value),
		cmocka_unit_test(many_rows_are_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
