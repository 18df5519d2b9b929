/* SPDX-License-Identifier: GPL-2.0-or-later */

/* What is taken for dead, and what only for idle; what stands between a daemon and being ready. */

#include "service/views/health.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define S 1000000000ULL

/* Sees one pulse a second, from second `from` on, up to and with second `to`. */
static void see(struct health_watch *watch, uint64_t done, bool due, uint64_t from, uint64_t to)
{
	for (uint64_t s = from; s <= to; s++)
		health_see(watch, (struct pulse){.done = done, .due = due}, s * S);
}

static void expect_alive(const struct health *health, uint64_t at)
{
	char reason[HEALTH_REASON] = "";

	if (!health_alive(health, at * S, reason))
		fail_msg("%s", reason);
}

static void expect_dead(const struct health *health, uint64_t at, const char *wanted)
{
	char reason[HEALTH_REASON] = "";

	assert_false(health_alive(health, at * S, reason));
	if (strstr(reason, wanted) == NULL)
		fail_msg("\"%s\" says nothing of \"%s\"", reason, wanted);
}

static void idle_is_alive(void **state)
{
	struct health health = {.worker_count = 2};

	(void)state;
	expect_alive(&health, 1); /* never looked at */
	see(&health.log, 5, false, 1, 100);
	see(&health.workers[0], 0, false, 1, 100);
	expect_alive(&health, 100);
	/* What comes after a long rest is due from then on, not for as long as the rest was. */
	see(&health.log, 5, true, 101, 109);
	expect_alive(&health, 109);
	see(&health.log, 5, true, 110, 111);
	expect_dead(&health, 111, "verdict log has not moved for 10 s");
	see(&health.log, 6, true, 112, 112);
	expect_alive(&health, 112);
}

static void busy_is_alive(void **state)
{
	struct health health = {.worker_count = 1};

	(void)state;
	for (uint64_t s = 1; s < 100; s++) {
		see(&health.workers[0], s / 8, true, s, s);
		see(&health.loop, s, true, s, s);
		expect_alive(&health, s);
	}
}

static void each_thread_is_named(void **state)
{
	struct health health = {.worker_count = 3, .queue_base = 8610};

	(void)state;
	health.job_ns = 59 * S;
	expect_alive(&health, 1);
	health.job_ns = 61 * S;
	expect_dead(&health, 1, "under way for 61 s");
	see(&health.loop, 1, true, 1, 12);
	expect_dead(&health, 12, "main loop has not answered for 11 s");
	see(&health.log, 1, true, 1, 12);
	expect_dead(&health, 12, "verdict log");
	see(&health.learner, 1, true, 1, 12);
	expect_dead(&health, 12, "learner");
	see(&health.workers[2], 1, true, 1, 12);
	expect_dead(&health, 12, "queue 8612 has taken no packet for 11 s");
}

static void packets_nobody_will_take_are_no_work(void **state)
{
	struct worker_stats stats = {.packets = 10, .waiting = 3};

	(void)state;
	assert_true(health_worker_pulse(&stats).due);
	stats.verdict_errors = 3; /* their verdicts were refused: they wait for good */
	assert_false(health_worker_pulse(&stats).due);
	stats.waiting = 4;
	assert_true(health_worker_pulse(&stats).due);
	assert_int_equal(health_worker_pulse(&stats).done, 10);
	stats.waiting = stats.verdict_errors = 0;
	assert_false(health_worker_pulse(&stats).due);
}

static void readiness_has_reasons(void **state)
{
	struct status_figures *figures = calloc(1, sizeof(*figures));
	char reason[HEALTH_REASON] = "";

	(void)state;
	figures->publish.intact = true;
	assert_true(health_ready(figures, reason));
	figures->manifests.broken_files = 1; /* what their last good version had is in force */
	assert_true(health_ready(figures, reason));
	figures->manifests.never_whole = 1;
	assert_false(health_ready(figures, reason));
	assert_non_null(strstr(reason, "1 manifest file is broken"));
	figures->manifests.never_whole = 2;
	assert_false(health_ready(figures, reason));
	assert_non_null(strstr(reason, "2 manifest files are broken"));
	figures->publish.intact = false;
	assert_false(health_ready(figures, reason));
	assert_string_equal(reason, "the rules are not intact");
	strcpy(figures->problem, "can't compile the policies: Cannot allocate memory");
	assert_false(health_ready(figures, reason));
	assert_string_equal(reason, figures->problem);
	free(figures);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(idle_is_alive),
		cmocka_unit_test(busy_is_alive),
		cmocka_unit_test(each_thread_is_named),
		cmocka_unit_test(packets_nobody_will_take_are_no_work),
		cmocka_unit_test(readiness_has_reasons),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
