/* SPDX-License-Identifier: GPL-2.0-or-later */

/* When the rules are read back, and when it is enough to ask whether anything changed. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/rules/iptables.h"
#include "kernel/rules/ruleset_watch.h"

/* The packet filter as the watch sees it. */
static struct {
	uint64_t generations[2];
	int err;     /* of asking for them */
	bool broken; /* the rules are gone */
	unsigned int saves;
} filter;

static const struct ruleset_options options = {.backend = BACKEND_LEGACY,
	.ipv6 = true,
	.workers = 1,
	.queue_base = 10,
	.mark_allow = 1,
	.mark_deny = 2};

static int generation(enum backend_choice backend, enum ip_family family, uint64_t *out)
{
	assert_int_equal(backend, options.backend);
	*out = filter.generations[family == IP_FAMILY_V6];
	return filter.err;
}

/* What we would install, as it is listed. */
static char *listed(enum ip_family family)
{
	char *rules = ruleset_render(&options, family), *text;

	assert_non_null(rules);
	assert_true(asprintf(&text, "*mangle\n-A FORWARD -j PODGATE\n%s",
			    rules + strlen("*mangle\n")) > 0);
	free(rules);
	return text;
}

static int save(enum backend_choice backend, enum ip_family family, const char *table,
	bool counters, char **out, char problem[PROBLEM_SIZE])
{
	(void)backend, (void)table, (void)counters, (void)problem;
	filter.saves++;
	*out = filter.broken ? strdup("") : listed(family);
	assert_non_null(*out);
	return 0;
}

static const struct iptables_ops ops = {.save = save, .generation = generation};

static int reset(void **state)
{
	(void)state;
	memset(&filter, 0, sizeof(filter));
	iptables_use(&ops);
	return 0;
}

/* Looks, and returns how many families were read back for it. */
static unsigned int look(struct ruleset_watch *watch, int expected)
{
	char problem[PROBLEM_SIZE] = "";
	const unsigned int before = filter.saves;
	const int err = ruleset_watch_look(watch, &options, problem);

	if (err != expected)
		fail_msg("%d, not %d: %s", err, expected, problem);
	return filter.saves - before;
}

static void what_did_not_change_is_not_read(void **state)
{
	struct ruleset_watch watch = {0};

	(void)state;
	assert_int_equal(look(&watch, 0), 2);
	for (int i = 0; i < 10; i++)
		assert_int_equal(look(&watch, 0), 0);
	filter.generations[1] = 1;
	assert_int_equal(look(&watch, 0), 2);
	assert_int_equal(look(&watch, 0), 0);
	filter.generations[0] = 1;
	assert_int_equal(look(&watch, 0), 2);
	assert_int_equal(look(&watch, 0), 0);
}

static void what_is_broken_is_read_until_it_is_whole(void **state)
{
	struct ruleset_watch watch = {0};

	(void)state;
	assert_int_equal(look(&watch, 0), 2);
	filter.broken = true;
	filter.generations[0]++;
	for (int i = 0; i < 3; i++)
		assert_int_equal(look(&watch, -ENOENT), 1);
	filter.broken = false;
	assert_int_equal(look(&watch, 0), 2);
	assert_int_equal(look(&watch, 0), 0);
}

static void who_can_not_tell_is_not_believed(void **state)
{
	struct ruleset_watch watch = {0};

	(void)state;
	filter.err = -EAGAIN;
	assert_int_equal(look(&watch, 0), 2);
	assert_int_equal(look(&watch, 0), 2);
	filter.err = 0;
	assert_int_equal(look(&watch, 0), 2);
	assert_int_equal(look(&watch, 0), 0);
	filter.err = -EPERM;
	assert_int_equal(look(&watch, 0), 2);
}

static void now_and_then_they_are_read_all_the_same(void **state)
{
	struct ruleset_watch watch = {0};

	(void)state;
	for (int i = 0; i < 3 * RULESET_WATCH_WHOLE; i++)
		assert_int_equal(look(&watch, 0), i % RULESET_WATCH_WHOLE == 0 ? 2 : 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(what_did_not_change_is_not_read, reset),
		cmocka_unit_test_setup(what_is_broken_is_read_until_it_is_whole, reset),
		cmocka_unit_test_setup(who_can_not_tell_is_not_believed, reset),
		cmocka_unit_test_setup(now_and_then_they_are_read_all_the_same, reset),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
