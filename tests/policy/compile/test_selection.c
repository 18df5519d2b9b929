/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which policies select and isolate which pods, by the compiler's index and by the linter's,
 * against the plain matcher of model.h.
 */
#include "policy/compile/selection.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "policy/lint/cluster_index.h"
#include "tests/support/generator.h"

/* What the plain matcher says. */
static bool selects(const struct network_policy *policy, const struct pod *pod)
{
	return strcmp(policy->namespace_name, pod->namespace_name) == 0 &&
		selector_matches(&policy->pod_selector, &pod->labels);
}

/* A cluster whose pods are each a kind of its own, which come in batches. */
struct fixture {
	const struct cluster *cluster;
	struct arena *arena;
	struct label_index labels;
	struct policy_groups groups;
	struct selection selections[DIRECTION_COUNT];
	struct label_codes *codes; /* by pod, as the two below */
	bool *judged;
	uint32_t *classes[DIRECTION_COUNT];
};

static void describe_pod(struct fixture *f, size_t number)
{
	const struct pod *pod = f->cluster->pods[number];
	struct vector codes = {0};

	assert_int_equal(
		label_index_describe_namespace(&f->labels, pod->namespace_name, &codes), 0);
	assert_int_equal(label_index_describe(&f->labels, LABELS_OF_POD, &pod->labels, &codes), 0);
	f->codes[number].items = arena_memdup(
		f->arena, codes.items, codes.count * sizeof(uint32_t));
	f->codes[number].count = (uint32_t)codes.count;
	vector_deinit(&codes);
}

static void begin(struct fixture *f, const struct cluster *cluster, struct generator *generator)
{
	*f = (struct fixture){.cluster = cluster, .arena = arena_create()};
	assert_int_equal(label_index_init(&f->labels, false, f->arena), 0);
	assert_int_equal(policy_groups_init(&f->groups, cluster, &f->labels, f->arena), 0);
	for (int d = 0; d < DIRECTION_COUNT; d++) {
		assert_int_equal(selection_init(&f->selections[d], &f->groups, &f->labels,
					 (enum direction)d, f->arena),
			0);
		f->classes[d] = arena_calloc(f->arena, cluster->pod_count, sizeof(uint32_t));
	}
	f->codes = arena_calloc(f->arena, cluster->pod_count, sizeof(*f->codes));
	f->judged = arena_calloc(f->arena, cluster->pod_count, sizeof(bool));
	for (size_t i = 0; i < cluster->pod_count; i++) {
		f->judged[i] = generator_chance(generator, 80);
		describe_pod(f, i);
	}
}

static void end(struct fixture *f)
{
	for (int d = 0; d < DIRECTION_COUNT; d++)
		selection_deinit(&f->selections[d]);
	label_index_deinit(&f->labels);
	arena_unref(f->arena);
}

/* Takes the pods in, in batches of random size. */
static void extend(struct fixture *f, struct generator *generator)
{
	for (uint32_t first = 0, count; first < f->cluster->pod_count; first += count) {
		count = 1 + generator_below(generator, (uint32_t)f->cluster->pod_count - first);
		assert_int_equal(
			label_index_extend(&f->labels, f->codes + first, count, f->arena), 0);
		for (int d = 0; d < DIRECTION_COUNT; d++)
			assert_int_equal(selection_extend(&f->selections[d], f->judged + first,
						 count, f->classes[d] + first, f->arena),
				0);
	}
}

static bool is_in(const struct group_policies *policies, uint32_t policy)
{
	for (uint32_t i = 0; i < policies->count; i++)
		if (policies->items[i] == policy)
			return true;
	return false;
}

/* Each policy is in one group, that of its selector, and each group's policies rise. */
static void check_groups(const struct fixture *f, enum direction direction)
{
	size_t listed = 0, isolating = 0;

	for (uint32_t i = 0; i < f->cluster->policy_count; i++)
		isolating += f->cluster->policies[i]->isolates[direction];
	for (uint32_t i = 0; i < f->groups.count; i++) {
		const struct group_policies policies = policy_groups_get(&f->groups, i, direction);
		uint32_t audited = 0;

		listed += policies.count;
		for (uint32_t j = 0; j < policies.count; j++) {
			const struct network_policy *policy = f->cluster
								      ->policies[policies.items[j]];

			assert_true(j == 0 || policies.items[j - 1] < policies.items[j]);
			assert_int_equal(f->groups.is_whole[i], policy->pod_selector.count == 0);
			audited += policy->audit;
			for (uint32_t k = 0; k < f->cluster->pod_count; k++)
				assert_int_equal(
					range_list_contains(label_index_answer(&f->labels, i), k),
					selects(policy, f->cluster->pods[k]));
		}
		assert_int_equal(policies.audited, audited);
	}
	assert_int_equal(listed, isolating);
}

/* Whether the class lists a group that the policy is in. */
static bool lists(
	const struct fixture *f, enum direction direction, uint32_t class, uint32_t policy)
{
	const struct selection_class list = selection_get(&f->selections[direction], class);

	for (uint32_t i = 0; i < list.count; i++) {
		const struct group_policies policies = policy_groups_get(
			&f->groups, list.groups[i], direction);

		if (is_in(&policies, policy))
			return true;
	}
	return false;
}

/* Each pod's class lists exactly the policies that isolate it; pods with the same are one class. */
static void check_classes(const struct fixture *f, enum direction direction)
{
	const struct selection *selection = &f->selections[direction];

	assert_int_equal(selection_get(selection, 0).count, 0);
	for (uint32_t i = 0; i < f->cluster->pod_count; i++)
		for (uint32_t j = 0; j < f->cluster->policy_count; j++)
			assert_int_equal(lists(f, direction, f->classes[direction][i], j),
				f->judged[i] && f->cluster->policies[j]->isolates[direction] &&
					selects(f->cluster->policies[j], f->cluster->pods[i]));
	for (uint32_t i = 0; i < selection_class_count(selection); i++) {
		const struct selection_class a = selection_get(selection, i);

		for (uint32_t j = 1; j < a.count; j++)
			assert_true(a.groups[j - 1] < a.groups[j]);
		for (uint32_t j = 0; j < i; j++) {
			const struct selection_class b = selection_get(selection, j);

			assert_false(a.count == b.count &&
				memcmp(a.groups, b.groups, a.count * sizeof(uint32_t)) == 0);
		}
	}
}

static void test_random_clusters(void **state)
{
	const struct generator_limits limits = {.namespaces = 3, .pods = 40, .policies = 25};
	struct generator generator = {generator_seed(4)};

	(void)state;
	for (int i = 0; i < 400; i++) {
		struct cluster *cluster = generator_cluster(&generator, &limits);
		struct fixture f;

		begin(&f, cluster, &generator);
		extend(&f, &generator);
		for (int d = 0; d < DIRECTION_COUNT; d++) {
			check_groups(&f, (enum direction)d);
			check_classes(&f, (enum direction)d);
		}
		end(&f);
		cluster_unref(cluster);
	}
}

/* Whether the peer, in a policy of that namespace, means the pod: by the plain matcher. */
static bool means(const struct cluster *cluster, const struct network_policy *policy,
	const struct policy_peer *peer, const struct pod *pod)
{
	const struct namespace_object *ns = cluster_namespace(cluster, pod->namespace_name);

	if (!peer->has_namespace_selector)
		return strcmp(pod->namespace_name, policy->namespace_name) == 0 &&
			selector_matches(&peer->pod_selector, &pod->labels);
	return selector_matches(&peer->namespace_selector, &ns->labels) &&
		selector_matches(&peer->pod_selector, &pod->labels);
}

static void check_rule_peers(
	struct cluster_index *index, uint32_t number, const struct policy_rule *rule)
{
	const struct cluster *cluster = index->cluster;
	struct range_list pods;

	for (size_t i = 0; i < rule->peer_count; i++) {
		if (rule->peers[i].has_ip_block)
			continue;
		assert_int_equal(cluster_index_peer(index, &rule->peers[i], number, &pods), 0);
		for (uint32_t j = 0; j < cluster->pod_count; j++)
			assert_int_equal(range_list_contains(pods, j),
				means(cluster, cluster->policies[number], &rule->peers[i],
					cluster->pods[j]));
	}
}

static void check_scope(struct cluster_index *index, uint32_t number)
{
	const struct cluster *cluster = index->cluster;
	struct range_list pods, namespaces;

	assert_int_equal(cluster_index_scope(index, number, &pods), 0);
	for (uint32_t i = 0; i < cluster->pod_count; i++)
		assert_int_equal(range_list_contains(pods, i),
			selects(cluster->policies[number], cluster->pods[i]));
	/* Any selector may be asked of all pods, and of namespaces. */
	assert_int_equal(
		cluster_index_pods(index, &cluster->policies[number]->pod_selector, &pods), 0);
	for (uint32_t i = 0; i < cluster->pod_count; i++)
		assert_int_equal(range_list_contains(pods, i),
			selector_matches(&cluster->policies[number]->pod_selector,
				&cluster->pods[i]->labels));
	assert_int_equal(cluster_index_namespaces(
				 index, &cluster->policies[number]->pod_selector, &namespaces),
		0);
	for (uint32_t i = 0; i < cluster->namespace_count; i++)
		assert_int_equal(range_list_contains(namespaces, i),
			selector_matches(&cluster->policies[number]->pod_selector,
				&cluster->namespaces[i]->labels));
}

static void test_index_of_a_cluster(void **state)
{
	const struct generator_limits limits = {.namespaces = 5, .pods = 30, .policies = 10};
	struct generator generator = {generator_seed(5)};

	(void)state;
	for (int round = 0; round < 300; round++) {
		struct cluster *cluster = generator_cluster(&generator, &limits);
		struct arena *arena = arena_create();
		struct cluster_index index;

		assert_int_equal(cluster_index_init(&index, cluster, arena), 0);
		for (uint32_t i = 0; i < cluster->policy_count; i++) {
			check_scope(&index, i);
			for (size_t r = 0; r < cluster->policies[i]->rule_count[DIRECTION_INGRESS];
				r++)
				check_rule_peers(&index, i,
					&cluster->policies[i]->rules[DIRECTION_INGRESS][r]);
		}
		cluster_index_deinit(&index);
		arena_unref(arena);
		cluster_unref(cluster);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random_clusters),
		cmocka_unit_test(test_index_of_a_cluster),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
