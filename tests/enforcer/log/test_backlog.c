/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Records that wait: first in, first out, up to a bound that is counted. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "enforcer/log/backlog.h"

static bool add(struct backlog *backlog, uint64_t number)
{
	const struct record record = {.time_ns = number};

	return backlog_add(backlog, &record);
}

static void expect(struct backlog *backlog, uint64_t number)
{
	struct record record;

	assert_true(backlog_take(backlog, &record));
	assert_int_equal(record.time_ns, number);
}

static void records_leave_in_their_order(void **state)
{
	struct backlog backlog;
	struct record record;
	uint64_t in = 0, out = 0;

	(void)state;
	backlog_init(&backlog);
	assert_false(backlog_take(&backlog, &record));
	/*
	 * More go in than come out, over many chunks; then all come out, and it can be used again.
	 */
	for (int round = 0; round < 2; round++) {
		for (int i = 0; i < 1000; i++) {
			assert_true(add(&backlog, in++));
			if (i % 3 == 0)
				expect(&backlog, out++);
		}
		while (out < in)
			expect(&backlog, out++);
		assert_false(backlog_take(&backlog, &record));
	}
	assert_int_equal(backlog_lost(&backlog), 0);
	backlog_deinit(&backlog);
}

static void the_bound_is_counted(void **state)
{
	struct backlog backlog;

	(void)state;
	backlog_init(&backlog);
	for (uint64_t i = 0; i < BACKLOG_MOST; i++)
		assert_true(add(&backlog, i));
	assert_false(add(&backlog, 0));
	assert_false(add(&backlog, 0));
	assert_int_equal(backlog_lost(&backlog), 2);
	assert_int_equal(backlog_lost(&backlog), 0);
	expect(&backlog, 0);
	assert_true(add(&backlog, BACKLOG_MOST));
	assert_false(add(&backlog, 0));
	expect(&backlog, 1);
	backlog_deinit(&backlog); /* ASan sees what it leaves behind */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(records_leave_in_their_order),
		cmocka_unit_test(the_bound_is_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
