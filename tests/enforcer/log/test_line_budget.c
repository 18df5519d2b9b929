/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who may have how many of the log's lines. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>

#include "enforcer/log/line_budget.h"
#include "tests/support/log_fixture.h"

#define SECOND 1000000000ULL

/* Of `tries` records from `source` to `destination`, those that may have a line. */
static unsigned int take(struct line_budget *budget, const struct log_fixture *desk,
	const char *source, const char *destination, unsigned int tries, uint64_t now)
{
	struct record record = log_fixture_denial(desk->snapshot, 80);
	unsigned int taken = 0;

	assert_int_equal(ip_addr_parse(&record.flow.src, source), 0);
	assert_int_equal(ip_addr_parse(&record.flow.dst, destination), 0);
	for (unsigned int i = 0; i < tries; i++)
		taken += line_budget_take(budget, &record, now);
	return taken;
}

static void test_a_flood_leaves_lines_to_others(void **state)
{
	const struct log_fixture *desk = *state;
	struct line_budget *budget;

	assert_int_equal(line_budget_create(&budget, 1000), 0);
	assert_int_equal(take(budget, desk, "10.0.0.1", "10.0.0.2", 30000, SECOND), 750);
	/* Another pod's: it may have what is left, but for what it must leave again. */
	assert_int_equal(take(budget, desk, "10.0.0.2", "10.0.0.1", 40, SECOND), 40);
	assert_int_equal(take(budget, desk, "10.0.0.2", "10.0.0.1", 30000, SECOND), 148);
	assert_int_equal(take(budget, desk, "10.0.0.1", "10.0.0.2", 30000, SECOND), 0);
	/* A new second. */
	assert_int_equal(take(budget, desk, "10.0.0.1", "10.0.0.2", 30000, 2 * SECOND), 750);
	line_budget_free(budget);
}

/* However many sources somebody invents, they are the destination's party. */
static void test_invented_sources_are_one_party(void **state)
{
	const struct log_fixture *desk = *state;
	struct line_budget *budget;
	unsigned int taken = 0;
	char source[32];

	assert_int_equal(line_budget_create(&budget, 1000), 0);
	for (unsigned int i = 0; i < 30000; i++) {
		snprintf(source, sizeof(source), "192.168.%u.%u", i / 256, i % 256);
		taken += take(budget, desk, source, "10.0.0.2", 1, SECOND);
	}
	assert_int_equal(taken, 750);
	assert_int_equal(take(budget, desk, "10.0.0.1", "10.0.0.2", 40, SECOND), 40);
	assert_int_equal(take(budget, desk, "192.168.0.1", "10.0.0.1", 40, SECOND), 40);
	line_budget_free(budget);
}

static void test_what_cannot_be_read(void **state)
{
	const struct log_fixture *desk = *state;
	struct record record = {
		.snapshot = desk->snapshot, .kind = RECORD_UNREADABLE, .in_ifindex = 7};
	struct line_budget *budget;
	unsigned int taken = 0;

	assert_int_equal(line_budget_create(&budget, 100), 0);
	for (unsigned int i = 0; i < 1000; i++)
		taken += line_budget_take(budget, &record, SECOND);
	assert_int_equal(taken, 75);
	assert_int_equal(take(budget, desk, "10.0.0.1", "10.0.0.2", 10, SECOND), 10);
	line_budget_free(budget);
}

/*
 * Never more than the limit, were there as many parties as lines and more; and the table of them
 * never overflows.
 */
static void test_many_parties(void **state)
{
	const struct log_fixture *desk = *state;
	struct line_budget *budget;
	unsigned int taken = 0;
	char destination[32];

	assert_int_equal(line_budget_create(&budget, 1000), 0);
	for (uint64_t second = 1; second <= 3; second++) {
		taken = 0;
		for (unsigned int i = 0; i < 5000; i++) {
			snprintf(destination, sizeof(destination), "192.168.%u.%u", i / 256,
				i % 256);
			taken += take(budget, desk, "192.0.2.1", destination, 1, second * SECOND);
		}
		assert_int_equal(taken, 1000);
	}
	line_budget_free(budget);
}

static void test_no_limit(void **state)
{
	struct line_budget *budget;

	assert_int_equal(line_budget_create(&budget, 0), 0);
	assert_int_equal(take(budget, *state, "10.0.0.1", "10.0.0.2", 5000, SECOND), 5000);
	line_budget_free(budget);
	line_budget_free(NULL);
	assert_int_equal(line_budget_create(&budget, (1 << 20) + 1), -EINVAL);
}

#define WITH_DESK(test) \
	cmocka_unit_test_setup_teardown(test, log_fixture_setup, log_fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_DESK(test_a_flood_leaves_lines_to_others),
		WITH_DESK(test_invented_sources_are_one_party),
		WITH_DESK(test_what_cannot_be_read),
		WITH_DESK(test_many_parties),
		WITH_DESK(test_no_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
