/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Every allocation of explain, reach and lint fails once: explain and reach answer -ENOMEM and
 * leave their result alone, lint says that it did not look at everything. Built with ASan, the leak
 * checker tells what is lost.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "policy/explain/explain.h"
#include "policy/explain/reach.h"
#include "policy/lint/lint.h"
#include "tests/support/failing_alloc.h"
#include "tests/support/generator.h"

static struct generator generator = {11};
static struct cluster *cluster;
static struct snapshot *snapshot;

static int setup(void **state)
{
	const struct generator_limits limits = {
		.namespaces = 4, .pods = 60, .policies = 60, .tiers = true};
	const struct snapshot_options options = {.revision = 1};

	(void)state;
	do {
		cluster_unref(cluster);
		cluster = generator_cluster(&generator, &limits);
	} while (cluster->pod_count < 20 || cluster->policy_count < 20);
	return snapshot_compile(&snapshot, cluster, &options);
}

static int teardown(void **state)
{
	(void)state;
	snapshot_free(snapshot);
	cluster_unref(cluster);
	return 0;
}

/* Returns whether there was no n-th allocation any more. */
static bool explain_failing(const struct flow *flow, long n)
{
	struct arena *arena = arena_create();
	struct explanation explanation, before;
	bool failed;
	int err;

	memset(&explanation, 0x5a, sizeof(explanation));
	before = explanation;
	failing_alloc_arm(n);
	err = explain_flow(snapshot, flow, arena, &explanation);
	failed = failing_alloc_disarm();
	if (!failed)
		assert_int_equal(err, 0);
	if (err != 0) {
		assert_int_equal(err, -ENOMEM);
		assert_memory_equal(&explanation, &before, sizeof(before));
	}
	arena_unref(arena);
	return !failed;
}

static void test_explain(void **state)
{
	long failures = 0;

	(void)state;
	for (int i = 0; i < 200; i++) {
		const struct flow flow = generator_flow(&generator, cluster);

		for (long n = 0; !explain_failing(&flow, n); n++)
			failures++;
	}
	assert_true(failures > 50);
}

static void test_reach(void **state)
{
	const struct reach_question question = {.family = IP_FAMILY_V4, .protocol = 6};
	bool done = false;
	long n = 0;

	(void)state;
	for (; !done; n++) {
		struct arena *arena = arena_create();
		struct reach_matrix matrix = {.count = 12345};
		int err;

		failing_alloc_arm(n);
		err = reach_compute(snapshot, &question, arena, &matrix);
		done = !failing_alloc_disarm();
		assert_int_equal(err, done ? 0 : -ENOMEM);
		assert_true(done || matrix.count == 12345);
		arena_unref(arena);
	}
	assert_true(n > 2);
}

/* What is found must be the same, or it must be said that it is not all. */
static void test_lint(void **state)
{
	struct arena *whole_arena = arena_create();
	struct diag_list whole;
	bool done = false;
	long n = 0;

	(void)state;
	diag_list_init(&whole, whole_arena);
	lint_snapshot(snapshot, &whole);
	assert_true(whole.count > 10);
	for (; !done; n++) {
		struct arena *arena = arena_create();
		struct diag_list found;

		diag_list_init(&found, arena);
		failing_alloc_arm(n);
		lint_snapshot(snapshot, &found);
		done = !failing_alloc_disarm();
		if (found.errors == 0)
			assert_int_equal(found.count + found.dropped, whole.count);
		else
			assert_string_equal(found.items[found.count - 1].code, "out-of-memory");
		arena_unref(arena);
	}
	assert_true(n > 20);
	arena_unref(whole_arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_explain),
		cmocka_unit_test(test_reach),
		cmocka_unit_test(test_lint),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
