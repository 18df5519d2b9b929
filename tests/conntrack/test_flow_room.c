/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include <errno.h>

#include "conntrack/flow_room.h"

static struct flow_room last; /* that was expected */

static void expect_error(const char *text, int err, uint64_t dropped, uint64_t evicted)
{
	FILE *file = fmemopen((void *)(uintptr_t)text, strlen(text), "r");
	struct flow_room room;

	assert_non_null(file);
	assert_int_equal(flow_room_read_losses(file, &room), err);
	fclose(file);
	assert_int_equal(room.dropped, dropped);
	assert_int_equal(room.evicted, evicted);
	last = room;
}

static void expect(const char *text, uint64_t dropped, uint64_t evicted)
{
	expect_error(text, 0, dropped, evicted);
}

/* As Linux 6.18 writes it; the columns are found by name, for they have changed before. */
static void test_sums_the_cpus(void **state)
{
	(void)state;
	expect("entries  clashres found new insert_failed drop early_drop icmp_error  expect_new\n"
	       "00000001  00000000 00000000 00000000 00000005 0000001f 00000003 00000000  "
	       "00000000\n"
	       "00000001  00000000 00000000 00000000 00000005 00000001 00000003 00000000  "
	       "00000000\n",
		0x20 - 10, 6);
	expect("drop entries\nffffffff 00000001\nffffffff 00000001", 2 * (uint64_t)UINT32_MAX, 0);
}

/* An older kernel has other columns. */
static void test_columns_of_an_older_kernel(void **state)
{
	(void)state;
	expect("entries  searched found new invalid ignore delete delete_list insert insert_failed "
	       "drop early_drop icmp_error  expect_new expect_create expect_delete "
	       "search_restart\n"
	       "0000000a  00000000 00000000 00000000 00000000 00000000 00000000 00000000 00000000 "
	       "00000010 00000012 00000003 00000000  00000000 00000000 00000000 00000000\n"
	       "0000000a  00000000 00000000 00000000 00000000 00000000 00000000 00000000 00000000 "
	       "00000001 000000ff 00000001 00000000  00000000 00000000 00000000 00000000\n",
		0x100, 4);
	assert_int_equal(last.clashed, 0x11);
}

/*
 * Four pings of five that waited together, as Linux 6.18 counts them: no sign of a full table. Too
 * long a chain is one.
 */
static void test_clashes_are_no_want_of_room(void **state)
{
	(void)state;
	expect("clashres chainlength insert_failed drop early_drop\n00000000 00000000 00000004 "
	       "00000004 00000000\n",
		0, 0);
	assert_int_equal(last.clashed, 4);
	expect("clashres chainlength insert_failed drop early_drop\n00000007 00000002 00000006 "
	       "00000009 00000000\n",
		5, 0);
	assert_int_equal(last.clashed, 4);
}

static void test_text_that_is_none(void **state)
{
	(void)state;
	expect_error("\n", -EPROTO, 0, 0);
	expect_error("hello\nworld\n", -EPROTO, 0, 0);
	expect("drop early_drop\n00000001\n\n", 1, 0); /* a line cut short */
	expect("entries drop\n", 0, 0);
	expect("entries early_drop\n00000001 00000001\n", 0, 1);
	expect("entries drop\n00000001\nxyzzy", 0, 0);
}

static void test_this_kernel(void **state)
{
	struct flow_room room = {.flows = UINT64_MAX, .most = UINT64_MAX, .dropped = UINT64_MAX};

	(void)state;
	flow_room_read(&room);
	assert_true(room.flows < UINT64_MAX && room.most < UINT64_MAX && room.dropped < UINT64_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sums_the_cpus),
		cmocka_unit_test(test_columns_of_an_older_kernel),
		cmocka_unit_test(test_clashes_are_no_want_of_room),
		cmocka_unit_test(test_text_that_is_none),
		cmocka_unit_test(test_this_kernel),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
