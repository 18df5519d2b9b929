/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/values/cluster.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

static const struct pod pods[] = {
	{.namespace_name = "shop", .name = "web", .created = 1},
	{.namespace_name = "shop", .name = "db"},
	{.namespace_name = "a", .name = "z"},
	{.namespace_name = "shop", .name = "web", .created = 2},
	{.namespace_name = "shop-2", .name = "db"},
};
static const struct network_policy policies[] = {
	{.namespace_name = "policies-only", .name = "p"},
	{.namespace_name = "a", .name = "q"},
	{.namespace_name = "a", .name = "p", .audit = true},
};
static const struct namespace_object namespaces[] = {
	{.name = "shop", .audit = true}, {.name = "empty"}};

static const struct pod *const pod_list[] = {&pods[0], &pods[1], &pods[2], &pods[3], &pods[4]};
static const struct network_policy *const policy_list[] = {
	&policies[0], &policies[1], &policies[2]};
static const struct namespace_object *const namespace_list[] = {&namespaces[0], &namespaces[1]};

static struct cluster *make(struct arena *const *arenas, size_t arena_count)
{
	const struct cluster_objects objects = {
		namespace_list, 2, pod_list, 5, policy_list, 3, arenas, arena_count};
	struct cluster *cluster;

	assert_int_equal(cluster_create(&cluster, &objects), 0);
	return cluster;
}

static void test_lists_are_sorted_and_the_later_of_two_is_taken(void **state)
{
	struct cluster *cluster = make(NULL, 0);

	(void)state;
	assert_int_equal(cluster->pod_count, 4);
	assert_ptr_equal(cluster->pods[0], &pods[2]);
	assert_ptr_equal(cluster->pods[1], &pods[1]);
	assert_ptr_equal(cluster->pods[2], &pods[3]); /* shop/web created 2, not 1 */
	assert_ptr_equal(cluster->pods[3], &pods[4]);
	assert_int_equal(cluster->policy_count, 3);
	assert_ptr_equal(cluster->policies[0], &policies[2]);
	assert_ptr_equal(cluster->policies[1], &policies[1]);
	assert_ptr_equal(cluster->policies[2], &policies[0]);
	cluster_unref(cluster);
}

static void test_namespaces_without_an_object_are_added(void **state)
{
	static const char *const wanted[] = {"a", "empty", "policies-only", "shop", "shop-2"};
	struct cluster *cluster = make(NULL, 0);

	(void)state;
	assert_int_equal(cluster->namespace_count, 5);
	for (size_t i = 0; i < 5; i++)
		assert_string_equal(cluster->namespaces[i]->name, wanted[i]);
	/* the object that was there stays */
	assert_ptr_equal(cluster->namespaces[3], &namespaces[0]);
	assert_string_equal(
		label_set_get(&cluster->namespaces[0]->labels, "kubernetes.io/metadata.name"), "a");
	assert_int_equal(cluster->namespaces[0]->labels.count, 1);
	assert_false(cluster->namespaces[0]->audit);
	cluster_unref(cluster);
}

static void test_objects_are_found(void **state)
{
	struct cluster *cluster = make(NULL, 0);

	(void)state;
	assert_ptr_equal(cluster_pod(cluster, "shop", "web"), &pods[3]);
	assert_ptr_equal(cluster_pod(cluster, "a", "z"), &pods[2]);
	assert_ptr_equal(cluster_pod(cluster, "shop-2", "db"), &pods[4]);
	assert_null(cluster_pod(cluster, "shop", "we"));
	assert_null(cluster_pod(cluster, "shop-2", "web"));
	assert_null(cluster_pod(cluster, "", ""));
	assert_ptr_equal(cluster_policy(cluster, "a", "p"), &policies[2]);
	assert_null(cluster_policy(cluster, "shop", "p"));
	assert_ptr_equal(cluster_namespace(cluster, "empty"), &namespaces[1]);
	assert_non_null(cluster_namespace(cluster, "shop-2"));
	assert_null(cluster_namespace(cluster, "shop-3"));
	assert_null(cluster_namespace(cluster, ""));
	cluster_unref(cluster);
}

static void test_arenas_live_as_long_as_the_cluster(void **state)
{
	struct arena *arena = arena_create();
	char *text = arena_strdup(arena, "an object's name");
	struct cluster *cluster = make(&arena, 1);

	(void)state;
	arena_unref(arena);
	assert_ptr_equal(cluster_ref(cluster), cluster);
	cluster_unref(cluster);
	assert_string_equal(text, "an object's name"); /* ASan would tell */
	cluster_unref(cluster);
	cluster_unref(NULL);
}

static void test_nothing_at_all(void **state)
{
	const struct cluster_objects nothing = {0};
	struct cluster *cluster;

	(void)state;
	assert_int_equal(cluster_create(&cluster, &nothing), 0);
	assert_int_equal(cluster->namespace_count + cluster->pod_count + cluster->policy_count, 0);
	assert_null(cluster_pod(cluster, "a", "z"));
	cluster_unref(cluster);
}

enum { MANY = 40, RUNS_MOST = 9 };

/*
 * Sorted lists with runs of all lengths in their namespaces: the same cluster as of the lists in
 * any order.
 */
static void test_sorted_lists(void **state)
{
	static const char *const names[] = {"a", "b", "c", "d", "e", "f", "g"};
	struct arena *arena = arena_create();

	(void)state;
	for (unsigned int round = 0; round < 500; round++) {
		const struct network_policy *listed[MANY * RUNS_MOST];
		struct cluster_objects objects = {.namespaces = namespace_list,
			.namespace_count = 1,
			.policies = listed,
			.pods = pod_list + 2,
			.pod_count = 1};
		struct cluster *sorted, *unsorted;
		unsigned int random = round;

		for (size_t ns = 0; ns < 7; ns++) {
			for (unsigned int i = 0; i < random % RUNS_MOST; i++) {
				struct network_policy *policy = arena_alloc(arena, sizeof(*policy));

				policy->namespace_name = names[ns];
				policy->name = arena_printf(arena, "%u", i);
				listed[objects.policy_count++] = policy;
			}
			random = random / RUNS_MOST * 31 + round + (unsigned int)ns;
		}
		assert_int_equal(cluster_create_sorted(&sorted, &objects), 0);
		assert_int_equal(cluster_create(&unsorted, &objects), 0);
		assert_int_equal(sorted->policy_count, unsorted->policy_count);
		assert_memory_equal(sorted->policies, unsorted->policies,
			sorted->policy_count * sizeof(void *));
		assert_int_equal(sorted->namespace_count, unsorted->namespace_count);
		for (size_t i = 0; i < sorted->namespace_count; i++)
			assert_string_equal(
				sorted->namespaces[i]->name, unsorted->namespaces[i]->name);
		for (size_t i = 0; i < sorted->policy_count; i++)
			assert_non_null(cluster_namespace(sorted, listed[i]->namespace_name));
		assert_non_null(cluster_namespace(sorted, "shop"));
		cluster_unref(sorted);
		cluster_unref(unsorted);
	}
	arena_unref(arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lists_are_sorted_and_the_later_of_two_is_taken),
		cmocka_unit_test(test_namespaces_without_an_object_are_added),
		cmocka_unit_test(test_objects_are_found),
		cmocka_unit_test(test_arenas_live_as_long_as_the_cluster),
		cmocka_unit_test(test_nothing_at_all),
		cmocka_unit_test(test_sorted_lists),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
