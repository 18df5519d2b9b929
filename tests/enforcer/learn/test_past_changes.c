/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Which older verdicts still hold after changes that touched certain addresses. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "enforcer/learn/past_changes.h"

static struct ip_addr addr(unsigned int number)
{
	const uint8_t bytes[4] = {10, 0, 0, (uint8_t)number};

	return ip_addr_v4(bytes);
}

static bool spares(
	const struct past_changes *past, uint64_t revision, unsigned int src, unsigned int dst)
{
	const struct flow flow = {.src = addr(src), .dst = addr(dst)};

	return past_changes_spare(past, revision, &flow);
}

/* A change that touches `count` addresses from `first` on. */
static void change(
	struct past_changes *past, uint64_t revision, unsigned int first, unsigned int count)
{
	struct ip_addr addrs[PAST_ADDRS + 1];

	for (unsigned int i = 0; i < count; i++)
		addrs[i] = addr(first + i);
	past_changes_add(past, &(struct touched){.addrs = addrs, .count = count}, revision);
}

static void only_a_touched_end_counts(void **state)
{
	struct past_changes past = {.next = 0};

	(void)state;
	past_changes_begin(&past, 5);
	assert_true(spares(&past, 5, 1, 2));
	assert_false(spares(&past, 4, 1, 2)); /* nothing is known of what led to 5 */
	assert_false(spares(&past, 6, 1, 2)); /* there is no such revision yet */
	change(&past, 6, 1, 1);
	change(&past, 7, 3, 1);
	assert_true(spares(&past, 7, 1, 3));
	assert_true(spares(&past, 6, 1, 2));
	assert_false(spares(&past, 6, 2, 3));
	assert_false(spares(&past, 5, 1, 2));
	assert_false(spares(&past, 5, 2, 1));
	assert_true(spares(&past, 5, 2, 4));
}

static void what_is_not_remembered_does_not_hold(void **state)
{
	struct past_changes past = {.next = 0};

	(void)state;
	past_changes_begin(&past, 1);
	for (uint64_t revision = 2; revision < PAST_CHANGES + 2; revision++)
		change(&past, revision, 9, 1);
	assert_true(spares(&past, 1, 1, 2));
	change(&past, PAST_CHANGES + 2, 9, 1);
	assert_false(spares(&past, 1, 1, 2));
	assert_true(spares(&past, 2, 1, 2));
	assert_false(spares(&past, 2, 1, 9));
	change(&past, PAST_CHANGES + 3, 20, PAST_ADDRS + 1); /* too many: as if all were touched */
	assert_false(spares(&past, PAST_CHANGES + 2, 1, 2));
	assert_true(spares(&past, PAST_CHANGES + 3, 1, 2));
	past_changes_add(&past, &(struct touched){.everything = true}, PAST_CHANGES + 4);
	assert_false(spares(&past, PAST_CHANGES + 3, 1, 2));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_a_touched_end_counts),
		cmocka_unit_test(what_is_not_remembered_does_not_hold),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
