/* SPDX-License-Identifier: GPL-2.0-or-later */

/* A gate that protects nobody says so, and why; one that is meant to be as it is does not. */

#include "service/views/problems.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static const char *const folder[] = {"/etc/podgate/manifests"}, *const two[] = {"/a", "/b"};
static struct settings settings = {.manifests = folder, .manifest_count = 1, .node_name = ""};
static struct problem_list found;

static const struct pod here = {.node_name = "gateway-1"}, there = {.node_name = "gateway-2"},
			anywhere = {.node_name = ""};
static const struct pod *const mixed[] = {&there, &here, &there};
static const struct pod *const *listed = mixed;

static void find(size_t policies, size_t pods, size_t isolated, size_t files)
{
	const struct cluster cluster = {
		.policy_count = policies, .pods = listed, .pod_count = pods};
	const struct problem_sources sources = {.settings = &settings,
		.cluster = &cluster,
		.isolated = isolated,
		.manifests = {.files = files}};

	problems_find(&found, &sources);
	assert_int_equal(problems_is_idle(&sources), found.count > 0);
}

static void expect(const char *wanted)
{
	assert_int_equal(found.count, 1);
	assert_string_equal(found.items[0], wanted);
}

static void each_way_to_enforce_nothing_has_its_words(void **state)
{
	(void)state;
	find(0, 0, 0, 0);
	expect("enforcing nothing: no NetworkPolicy and no Pod in /etc/podgate/manifests (0 "
	       "files)");
	find(0, 3, 0, 1);
	expect("enforcing nothing: no NetworkPolicy in /etc/podgate/manifests (1 file)");
	find(2, 0, 0, 5);
	expect("enforcing nothing: no Pod in /etc/podgate/manifests (5 files)");
	find(2, 3, 0, 5);
	expect("enforcing nothing: no policy in /etc/podgate/manifests selects a pod that has an "
	       "address");
}

static void several_folders_are_named_by_the_first(void **state)
{
	(void)state;
	settings.manifests = two;
	settings.manifest_count = 2;
	find(0, 0, 0, 2);
	expect("enforcing nothing: no NetworkPolicy and no Pod in /a and 1 more (2 files)");
	settings.manifests = folder;
	settings.manifest_count = 1;
}

static void a_gate_that_isolates_a_pod_has_no_problem(void **state)
{
	(void)state;
	find(1, 1, 1, 1);
	assert_int_equal(found.count, 0);
}

static void mistakes_that_close_are_problems(void **state)
{
	const struct cluster cluster = {.policy_count = 1, .pod_count = 1};
	struct problem_sources sources = {.settings = &settings,
		.cluster = &cluster,
		.isolated = 1,
		.manifests = {.files = 3, .emptied_files = 1}};

	(void)state;
	problems_find(&found, &sources);
	expect("1 manifest file turned empty, and what it held stays in force; see `podgate "
	       "check`");
	sources.manifests = (struct store_stats){.files = 3, .partial_objects = 2};
	problems_find(&found, &sources);
	expect("2 objects with errors: what can't be read of them isolates and admits nothing; see "
	       "`podgate check`");
	sources.manifests = (struct store_stats){.files = 3, .broken_files = 1, .never_whole = 1};
	problems_find(&found, &sources);
	expect("1 manifest file is broken, and no version of it was ever whole: objects are "
	       "missing; see `podgate check`");
	sources.manifests = (struct store_stats){.files = 3};
	sources.state_problem = "can't use the state directory /x: Not a directory";
	problems_find(&found, &sources);
	expect("can't use the state directory /x: Not a directory");
}

/* The policies of a whole cluster may well select none of the pods of one gateway. */
static void with_node_name_the_policies_may_be_for_others(void **state)
{
	(void)state;
	settings.node_name = "gateway-1";
	find(2, 3, 0, 5);
	assert_int_equal(found.count, 0);
	find(0, 3, 0, 5);
	assert_int_equal(found.count, 1);
	settings.node_name = "";
}

/* A misspelt name enforces nothing, and is told with the names that there are. */
static void a_node_name_that_no_pod_has_is_a_problem(void **state)
{
	static const struct pod *const some[] = {&there, &anywhere, &there};

	(void)state;
	settings.node_name = "gateway1";
	find(2, 3, 0, 5);
	expect("enforcing nothing: no pod has the spec.nodeName that node_name says, gateway1; "
	       "there are: gateway-2, gateway-1");
	find(0, 3, 0, 5);
	expect("enforcing nothing: no NetworkPolicy in /etc/podgate/manifests (5 files)");
	listed = some; /* one without a node is local everywhere */
	find(2, 3, 0, 5);
	assert_int_equal(found.count, 0);
	listed = mixed;
	settings.node_name = "";
}

static void a_full_list_takes_no_more(void **state)
{
	(void)state;
	found.count = 0;
	for (int i = 0; i < PROBLEMS_MOST + 3; i++)
		problems_add(&found, "problem %d", i);
	assert_int_equal(found.count, PROBLEMS_MOST);
	assert_string_equal(found.items[PROBLEMS_MOST - 1], "problem 7");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_way_to_enforce_nothing_has_its_words),
		cmocka_unit_test(several_folders_are_named_by_the_first),
		cmocka_unit_test(a_gate_that_isolates_a_pod_has_no_problem),
		cmocka_unit_test(mistakes_that_close_are_problems),
		cmocka_unit_test(with_node_name_the_policies_may_be_for_others),
		cmocka_unit_test(a_node_name_that_no_pod_has_is_a_problem),
		cmocka_unit_test(a_full_list_takes_no_more),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
