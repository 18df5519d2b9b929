/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/witness/history.h"

static const struct kind kind = {.source = 1, .destination = 2, .port = 1};

static void write_change(struct history *history, int64_t now, bool allowed)
{
	struct verdicts_table verdicts = {0};

	verdicts.allowed[kind.source][kind.destination][kind.port] = allowed;
	assert_int_equal(history_write(history, now, &verdicts), 0);
}

static void expect(
	struct history *history, bool fresh, int64_t from, int64_t to, bool allow, bool deny)
{
	const struct possible possible = history_look(history, &kind, fresh, from, to);

	assert_int_equal(possible.allow, allow);
	assert_int_equal(possible.deny, deny);
}

/*
 * Allowed till a change is written at 100; nothing passes when it is in force: for new flows from
 * 110, for all from 120.
 */
static void test_between_written_and_in_force_both_are_possible(void **state)
{
	struct history *history;

	(void)state;
	assert_int_equal(history_create(&history), 0);
	write_change(history, 0, true);
	history_enforce(history, 0, 0);
	write_change(history, 100, false);
	expect(history, false, 10, 99, true, false);
	expect(history, false, 10, 100, true, true);
	expect(history, false, 5000, 5001, true, true); /* nobody has said that it is in force */
	history_enforce(history, 110, 120);
	expect(history, false, 99, 99, true, false);
	expect(history, false, 120, 130, true, true);
	expect(history, false, 121, 130, false, true);
	expect(history, true, 110, 130, true, true);
	expect(history, true, 111, 130, false, true);
	history_free(history);
}

/*
 * A change that was never answered for may be in force from when it was written until a later one
 * is.
 */
static void test_a_change_without_an_answer(void **state)
{
	struct history *history;

	(void)state;
	assert_int_equal(history_create(&history), 0);
	write_change(history, 0, true);
	history_enforce(history, 0, 0);
	write_change(history, 100, false);
	write_change(history, 200, true);
	history_enforce(history, 210, 220);
	expect(history, false, 50, 60, true, false);
	expect(history, false, 150, 160, true, true);
	expect(history, false, 220, 230, true, true);
	expect(history, false, 221, 230, true, false);
	history_forget(history, 1000);
	expect(history, false, 1001, 1002, true, false);
	history_free(history);
}

static void test_excuses_hold_for_their_time(void **state)
{
	struct history *history;

	(void)state;
	assert_int_equal(history_create(&history), 0);
	write_change(history, 0, true);
	history_enforce(history, 0, 0);
	history_excuse(history, EXCUSE_LOSS, true, 100);
	assert_false(history_look(history, &kind, true, 50, 99).excused[EXCUSE_LOSS]);
	assert_true(history_look(history, &kind, true, 50, 100).excused[EXCUSE_LOSS]);
	assert_true(history_look(history, &kind, true, 900, 901).excused[EXCUSE_LOSS]);
	assert_false(history_look(history, &kind, true, 900, 901).excused[EXCUSE_PASS]);
	history_excuse(history, EXCUSE_LOSS, false, 200);
	assert_true(history_look(history, &kind, true, 200, 300).excused[EXCUSE_LOSS]);
	assert_false(history_look(history, &kind, true, 201, 300).excused[EXCUSE_LOSS]);
	history_excuse_span(history, EXCUSE_MACHINE, 300, 310);
	history_excuse_span(history, EXCUSE_MACHINE, 310, 320);
	assert_true(history_look(history, &kind, true, 319, 319).excused[EXCUSE_MACHINE]);
	assert_false(history_look(history, &kind, true, 321, 400).excused[EXCUSE_MACHINE]);
	history_free(history);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_between_written_and_in_force_both_are_possible),
		cmocka_unit_test(test_a_change_without_an_answer),
		cmocka_unit_test(test_excuses_hold_for_their_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
