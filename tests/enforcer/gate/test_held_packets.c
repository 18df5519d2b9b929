/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * When a packet may still be held by another program since a change, by what the kernel's table of
 * queues shows.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "enforcer/gate/held_packets.h"

static struct held_packets held;

/* Ours are 10 to 12, others' 77 and 78. */
static bool look(unsigned int ours, unsigned int first, unsigned int second)
{
	char table[512];

	snprintf(table, sizeof(table),
		"   10  11111 %5u 2   128     0     0        1  1\n"
		"   77  22222 %5u 1     0     0     0        5  1\n"
		"   78  22223 %5u 1     0     0     0        5  1\n",
		ours, first, second);
	return held_packets_look(&held, table, 10, 3);
}

static int begin(void **state)
{
	(void)state;
	memset(&held, 0, sizeof(held));
	assert_false(look(0, 9, 9)); /* nothing has changed */
	held_packets_begin(&held);
	return 0;
}

static void nothing_waits(void **state)
{
	(void)state;
	assert_true(look(4, 0, 0)); /* what waits in ours is judged by what is in force */
	assert_false(look(4, 0, 0));
	assert_false(look(0, 5, 0)); /* came after the change */
}

static void one_that_never_was_empty_may_hold_it(void **state)
{
	(void)state;
	for (int i = 0; i < 20; i++)
		assert_true(look(0, 1 + (unsigned int)i % 3, 0));
	assert_true(look(0, 0, 0));
	assert_false(look(0, 0, 0));
}

/* Each was empty once, though never both at one time. */
static void empty_in_turn_is_enough(void **state)
{
	(void)state;
	assert_true(look(0, 1, 1));
	assert_true(look(0, 0, 1));
	assert_true(look(0, 3, 0)); /* the first round is over */
	assert_true(look(0, 3, 0));
	assert_false(look(0, 0, 2));
}

/* From the first program the packet goes to the second, which was empty before. */
static void a_second_program_may_have_it_then(void **state)
{
	(void)state;
	assert_true(look(0, 1, 0));
	assert_true(look(0, 0, 1));
	for (int i = 0; i < 5; i++)
		assert_true(look(0, 0, 1));
	assert_false(look(0, 0, 0));
}

static void a_queue_that_goes_holds_nothing(void **state)
{
	(void)state;
	assert_true(look(0, 1, 0));
	assert_true(held_packets_look(
		&held, "   10  11111     0 2   128     0     0        1  1\n", 10, 3));
	assert_false(held_packets_look(&held, "", 10, 3));
}

static void another_change_begins_anew(void **state)
{
	(void)state;
	assert_true(look(0, 1, 0));
	assert_true(look(0, 0, 1));
	held_packets_begin(&held);
	assert_true(look(0, 0, 1));
	assert_true(look(0, 0, 0));
	assert_false(look(0, 0, 0));
}

static void what_is_no_row_is_passed_over(void **state)
{
	(void)state;
	assert_true(held_packets_look(&held,
		"no row\n\n70000 x\n   77  22222     1 1     0     0     0        5  1", 10, 3));
	assert_true(held.waiting[77 / 8] != 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(nothing_waits, begin),
		cmocka_unit_test_setup(one_that_never_was_empty_may_hold_it, begin),
		cmocka_unit_test_setup(empty_in_turn_is_enough, begin),
		cmocka_unit_test_setup(a_second_program_may_have_it_then, begin),
		cmocka_unit_test_setup(a_queue_that_goes_holds_nothing, begin),
		cmocka_unit_test_setup(another_change_begins_anew, begin),
		cmocka_unit_test_setup(what_is_no_row_is_passed_over, begin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
