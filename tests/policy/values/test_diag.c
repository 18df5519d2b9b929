/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/values/diag.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

static void test_findings_are_kept_as_said(void **state)
{
	struct arena *arena = arena_create();
	struct diag_list list;
	char hint[] = "write \"ports\"";

	(void)state;
	diag_list_init(&list, arena);
	diag_add(&list, DIAG_ERROR, (struct source_pos){"a.yaml", 3, 5}, "unknown-field", hint,
		"unknown field \"%s\"", "port");
	diag_add(&list, DIAG_WARNING, (struct source_pos){"a.yaml", 4, 1}, "no-match", NULL,
		"matches nothing");
	memset(hint, 'x', sizeof(hint) - 1); /* it was copied */
	assert_int_equal(list.count, 2);
	assert_int_equal(list.errors, 1);
	assert_int_equal(list.dropped, 0);
	assert_string_equal(list.items[0].text, "unknown field \"port\"");
	assert_string_equal(list.items[0].hint, "write \"ports\"");
	assert_string_equal(list.items[0].code, "unknown-field");
	assert_null(list.items[1].hint);
	assert_string_equal(diag_severity_name(list.items[0].severity), "error");
	assert_string_equal(diag_severity_name(list.items[1].severity), "warning");
	arena_unref(arena);
}

static void test_sorted_by_place_and_stable(void **state)
{
	static const struct source_pos places[] = {{"b.yaml", 1, 1}, {"a.yaml", 9, 1},
		{"a.yaml", 2, 7}, {"a.yaml", 2, 3}, {NULL, 5, 5}, {"a.yaml", 2, 3}};
	static const int wanted[] = {4, 3, 5, 2, 1, 0};
	struct arena *arena = arena_create();
	struct diag_list list;

	(void)state;
	diag_list_init(&list, arena);
	for (int i = 0; i < 6; i++)
		diag_add(&list, DIAG_WARNING, places[i], "x", NULL, "%d", i);
	diag_sort(&list);
	for (int i = 0; i < 6; i++)
		assert_int_equal(list.items[i].text[0] - '0', wanted[i]);
	arena_unref(arena);
}

static void test_the_limit_counts_what_it_drops(void **state)
{
	struct arena *arena = arena_create();
	struct diag_list list;

	(void)state;
	diag_list_init(&list, arena);
	for (int i = 0; i < DIAG_LIST_MOST + 7; i++)
		diag_add(&list, DIAG_ERROR, (struct source_pos){"a", 1, 1}, "x", NULL, "%d", i);
	assert_int_equal(list.count, DIAG_LIST_MOST);
	assert_int_equal(list.dropped, 7);
	assert_int_equal(list.errors, DIAG_LIST_MOST + 7);
	assert_string_equal(list.items[DIAG_LIST_MOST - 1].text, "999");
	arena_unref(arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_findings_are_kept_as_said),
		cmocka_unit_test(test_sorted_by_place_and_stable),
		cmocka_unit_test(test_the_limit_counts_what_it_drops),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
