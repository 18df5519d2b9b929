/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "enforcer/flow_room.h"

static uint64_t dropped(const char *text)
{
	FILE *file = fmemopen((void *)(uintptr_t)text, strlen(text), "r");
	uint64_t sum;

	assert_non_null(file);
	sum = flow_room_dropped(file);
	fclose(file);
	return sum;
}

/* As Linux 6.18 writes it; the columns are found by name, for they have changed before. */
static void test_sums_the_cpus(void **state)
{
	(void)state;
	assert_int_equal(dropped("entries  clashres found new insert_failed drop early_drop icmp_error  expect_new\n"
				 "00000001  00000000 00000000 00000000 00000005 0000001f 00000003 00000000  00000000\n"
				 "00000001  00000000 00000000 00000000 00000005 00000001 00000003 00000000  00000000\n"), 0x20);
	assert_int_equal(dropped("drop entries\nffffffff 00000001\nffffffff 00000001"), 2 * (uint64_t)UINT32_MAX);
}

static void test_text_that_is_none(void **state)
{
	(void)state;
	assert_int_equal(dropped("\n"), 0);
	assert_int_equal(dropped("entries drop\n"), 0);
	assert_int_equal(dropped("entries early_drop\n00000001 00000001\n"), 0);
	assert_int_equal(dropped("entries drop\n00000001\nxyzzy"), 0);
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
		cmocka_unit_test(test_text_that_is_none),
		cmocka_unit_test(test_this_kernel),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
