/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Every allocation of cluster_create() and snapshot_compile() fails once: each time the answer is
 * -ENOMEM, the result untouched, and nothing lost (built with ASan, the leak checker says so).
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "policy/compile/compiler.h"
#include "tests/support/failing_alloc.h"
#include "tests/support/generator.h"

/* Compiles with the n-th allocation failing. Returns whether there was no n-th any more. */
static bool compile_failing(struct cluster *cluster, long n)
{
	const struct snapshot_options options = {.revision = 1, .node_name = "gateway"};
	struct snapshot *snapshot = NULL;
	int err;

	failing_alloc_arm(n);
	err = snapshot_compile(&snapshot, cluster, &options);
	if (!failing_alloc_disarm()) {
		assert_int_equal(err, 0);
		snapshot_free(snapshot);
		return true;
	}
	assert_int_equal(err, -ENOMEM);
	assert_null(snapshot);
	return false;
}

static void test_snapshot_compile(void **state)
{
	const struct generator_limits limits = {
		.namespaces = 4, .pods = 30, .policies = 120, .tiers = true};
	long failures = 0;

	(void)state;
	for (uint64_t seed = 1; seed <= 3; seed++) {
		struct generator generator = {seed};
		struct cluster *cluster = generator_cluster(&generator, &limits);
		long n = 0;

		while (!compile_failing(cluster, n))
			n++;
		failures += n;
		cluster_unref(cluster);
	}
	assert_true(failures > 400);
}

/*
 * Compiles `after` as a change of `before`, the n-th allocation of that failing. Returns whether
 * there was no n-th.
 */
static bool change_failing(struct cluster *before, struct cluster *after, long n)
{
	const struct snapshot_options options = {.revision = 1, .node_name = "gateway"};
	struct snapshot *snapshot = NULL;
	struct compiler *compiler;
	bool over;
	int err;

	assert_int_equal(compiler_create(&compiler), 0);
	assert_int_equal(compiler_compile(compiler, before, &options, &snapshot), 0);
	snapshot_free(snapshot);
	snapshot = NULL;
	failing_alloc_arm(n);
	err = compiler_compile(compiler, after, &options, &snapshot);
	over = !failing_alloc_disarm();
	assert_int_equal(err, over ? 0 : -ENOMEM);
	if (!over) {
		assert_null(snapshot);
		/* The compiler is as good as new. */
		assert_int_equal(compiler_compile(compiler, after, &options, &snapshot), 0);
	}
	snapshot_free(snapshot);
	compiler_free(compiler);
	return over;
}

/* The same policies over other pods. */
static struct cluster *with_pods(const struct cluster *cluster, const struct cluster *others)
{
	const struct cluster_objects objects = {
		.namespaces = cluster->namespaces,
		.namespace_count = cluster->namespace_count,
		.pods = others->pods,
		.pod_count = others->pod_count,
		.policies = cluster->policies,
		.policy_count = cluster->policy_count,
	};
	struct cluster *made;

	assert_int_equal(cluster_create(&made, &objects), 0);
	return made;
}

static void test_compiler(void **state)
{
	const struct generator_limits limits = {.namespaces = 4, .pods = 30, .policies = 120};
	long failures = 0;

	(void)state;
	for (uint64_t seed = 1; seed <= 3; seed++) {
		struct generator generator = {seed};
		struct cluster *cluster = generator_cluster(&generator, &limits);
		struct cluster *others = generator_cluster(&generator, &limits);
		struct cluster *changed = with_pods(cluster, others);
		long n = 0;

		while (!change_failing(cluster, changed, n))
			n++;
		failures += n;
		cluster_unref(changed);
		cluster_unref(others);
		cluster_unref(cluster);
	}
	assert_true(failures > 60);
}

/* The lists of a cluster, once more: all its objects live as long as it does. */
static bool create_failing(const struct cluster_objects *objects, long n)
{
	struct cluster *cluster = NULL;
	int err;

	failing_alloc_arm(n);
	err = cluster_create(&cluster, objects);
	if (!failing_alloc_disarm()) {
		assert_int_equal(err, 0);
		cluster_unref(cluster);
		return true;
	}
	assert_int_equal(err, -ENOMEM);
	assert_null(cluster);
	return false;
}

static void test_cluster_create(void **state)
{
	const struct generator_limits limits = {.namespaces = 0, .pods = 400, .policies = 400};
	struct generator generator = {7};
	struct cluster *whole = generator_cluster(&generator, &limits);
	const struct cluster_objects objects = {
		.pods = whole->pods,
		.pod_count = whole->pod_count,
		.policies = whole->policies,
		.policy_count = whole->policy_count,
	};
	long n = 0;

	(void)state;
	while (!create_failing(&objects, n))
		n++;
	assert_true(n > 5);
	cluster_unref(whole);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_snapshot_compile),
		cmocka_unit_test(test_compiler),
		cmocka_unit_test(test_cluster_create),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
