/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/selection.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "policy/cluster_index.h"
#include "tests/policy/generator.h"

/* What the plain matcher of model.h says. */
static bool selects(const struct network_policy *policy, const struct pod *pod)
{
	return strcmp(policy->namespace_name, pod->namespace_name) == 0 &&
	       selector_matches(&policy->pod_selector, &pod->labels);
}

static struct policy_scope *make_scopes(struct cluster_index *index, struct arena *arena)
{
	struct policy_scope *scopes = arena_calloc(arena, index->cluster->policy_count, sizeof(*scopes));

	for (uint32_t i = 0; i < index->cluster->policy_count; i++)
		assert_int_equal(cluster_index_scope(index, i, &scopes[i]), 0);
	return scopes;
}

static void check_scopes(const struct cluster *cluster, const struct policy_scope *scopes)
{
	for (uint32_t i = 0; i < cluster->policy_count; i++) {
		bool whole = true;

		for (uint32_t j = 0; j < cluster->pod_count; j++) {
			const bool within = j >= scopes[i].first && j < scopes[i].end;

			assert_int_equal(within && range_list_contains(scopes[i].ranges, j),
				selects(cluster->policies[i], cluster->pods[j]));
			whole = whole && (!within || selects(cluster->policies[i], cluster->pods[j]));
		}
		if (scopes[i].first < scopes[i].end)
			assert_int_equal(policy_scope_is_whole(&scopes[i]), whole);
	}
}

/* Each pod's class lists exactly the policies that isolate it; pods with the same are one class. */
static void check_classes(
	const struct selection_input *input, const struct selection *selection, enum direction direction)
{
	const struct cluster *cluster = input->cluster;

	assert_int_equal(selection->classes[0].count, 0);
	for (uint32_t i = 0; i < cluster->pod_count; i++) {
		const struct selection_class *class = &selection->classes[selection->class_of[i]];
		uint32_t at = 0;

		for (uint32_t j = 0; input->judged[i] && j < cluster->policy_count; j++) {
			if (!cluster->policies[j]->isolates[direction] ||
				!selects(cluster->policies[j], cluster->pods[i]))
				continue;
			assert_true(at < class->count && class->policies[at] == j);
			at++;
		}
		assert_int_equal(at, class->count);
	}
	for (uint32_t i = 1; i < selection->class_count; i++)
		for (uint32_t j = 1; j < i; j++)
			assert_false(selection->classes[i].count == selection->classes[j].count &&
				     memcmp(selection->classes[i].policies, selection->classes[j].policies,
					     selection->classes[i].count * sizeof(uint32_t)) == 0);
}

static void check_cluster(const struct cluster *cluster, struct generator *generator)
{
	struct arena *arena = arena_create();
	struct cluster_index index;
	bool *judged = arena_calloc(arena, cluster->pod_count, sizeof(*judged));
	struct selection_input input = {.cluster = cluster, .judged = judged};
	struct selection selection;

	for (size_t i = 0; i < cluster->pod_count; i++)
		judged[i] = generator_chance(generator, 80);
	assert_int_equal(cluster_index_init(&index, cluster, arena), 0);
	input.scopes = make_scopes(&index, arena);
	input.group_count = index.groups.count;
	check_scopes(cluster, input.scopes);
	for (int d = 0; d < DIRECTION_COUNT; d++) {
		assert_int_equal(selection_make(&selection, &input, (enum direction)d, arena), 0);
		check_classes(&input, &selection, (enum direction)d);
	}
	cluster_index_deinit(&index);
	arena_unref(arena);
}

static void test_random_clusters(void **state)
{
	const struct generator_limits limits = {.namespaces = 3, .pods = 40, .policies = 25};
	struct generator generator = {generator_seed(4)};

	(void)state;
	for (int i = 0; i < 400; i++) {
		struct cluster *cluster = generator_cluster(&generator, &limits);

		check_cluster(cluster, &generator);
		cluster_unref(cluster);
	}
}

/* Whether the peer, in a policy of that namespace, means the pod: by the plain matcher. */
static bool means(const struct cluster *cluster, const struct network_policy *policy, const struct policy_peer *peer,
	const struct pod *pod)
{
	const struct namespace_object *ns = cluster_namespace(cluster, pod->namespace_name);

	if (!peer->has_namespace_selector)
		return strcmp(pod->namespace_name, policy->namespace_name) == 0 &&
		       selector_matches(&peer->pod_selector, &pod->labels);
	return selector_matches(&peer->namespace_selector, &ns->labels) &&
	       selector_matches(&peer->pod_selector, &pod->labels);
}

static void check_rule_peers(struct cluster_index *index, uint32_t number, const struct policy_rule *rule)
{
	const struct cluster *cluster = index->cluster;
	struct range_list pods;

	for (size_t i = 0; i < rule->peer_count; i++) {
		if (rule->peers[i].has_ip_block)
			continue;
		assert_int_equal(
			cluster_index_peer(index, &rule->peers[i], index->policy_namespaces[number], &pods),
			0);
		for (uint32_t j = 0; j < cluster->pod_count; j++)
			assert_int_equal(range_list_contains(pods, j),
				means(cluster, cluster->policies[number], &rule->peers[i], cluster->pods[j]));
	}
}

static void test_peers(void **state)
{
	const struct generator_limits limits = {.namespaces = 5, .pods = 30, .policies = 10};
	struct generator generator = {generator_seed(5)};

	(void)state;
	for (int round = 0; round < 300; round++) {
		struct cluster *cluster = generator_cluster(&generator, &limits);
		struct arena *arena = arena_create();
		struct cluster_index index;

		assert_int_equal(cluster_index_init(&index, cluster, arena), 0);
		for (uint32_t i = 0; i < cluster->policy_count; i++)
			for (size_t r = 0; r < cluster->policies[i]->rule_count[DIRECTION_INGRESS]; r++)
				check_rule_peers(&index, i, &cluster->policies[i]->rules[DIRECTION_INGRESS][r]);
		cluster_index_deinit(&index);
		arena_unref(arena);
		cluster_unref(cluster);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random_clusters),
		cmocka_unit_test(test_peers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
