/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Policies in tiers above and below NetworkPolicy's: their order, Accept, Deny and Pass, as judged
 * and as explained. No manifest says tiers yet, so the test moves NetworkPolicies to them.
 */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <cmocka.h>

#include "policy/explain/explain.h"
#include "policy/explain/query.h"
#include "tests/support/generator.h"
#include "tests/support/manifest_print.h"
#include "tests/support/manifest_world.h"

#define ON_DB(name, from, more) \
	"- apiVersion: networking.k8s.io/v1\n  kind: NetworkPolicy\n  metadata: {name: " name \
	", namespace: shop" more "}\n  spec: {podSelector: {matchLabels: {app: db}}, " \
	"ingress: [{from: [{podSelector: {matchLabels: {app: " from "}}}]}]}\n"
#define POD(name, ip) \
	"- {apiVersion: v1, kind: Pod, metadata: {name: " name \
	", namespace: shop, labels: {app: " name "}}, status: {podIP: " ip "}}\n"

static const char pods[] = "apiVersion: v1\nkind: List\nitems:\n" POD("db", "10.0.0.2")
	POD("web", "10.0.0.3") POD("job", "10.0.0.4");

/* The tier, priority and action that a policy of the manifests is given. */
struct rank {
	const char *name;
	enum policy_tier tier;
	int priority;
	enum rule_action action;
};

struct wanted {
	const char *source;
	enum side_verdict side;
	const char *policy; /* that is spoken of; NULL: none */
	enum miss miss;
};

static void check_flow(const struct manifest_world *world, const struct wanted *wanted)
{
	struct flow flows[QUERY_FLOWS_MOST];
	struct explanation explanation;
	char problem[QUERY_PROBLEM];
	const struct explain_side *side = &explanation.sides[DIRECTION_INGRESS];

	assert_int_equal(
		query_flows(world->snapshot, wanted->source, "shop/db:5432", flows, problem), 1);
	assert_int_equal(explain_flow(world->snapshot, &flows[0], world->arena, &explanation), 0);
	assert_int_equal(explanation.judgement.sides[DIRECTION_INGRESS], wanted->side);
	assert_false(side->disagrees);
	assert_string_equal(miss_name(side->miss), miss_name(wanted->miss));
	if (wanted->policy == NULL)
		assert_null(side->policy);
	else
		assert_string_equal(side->policy->name, wanted->policy);
}

static void check(const char *policies, const struct rank *ranks, size_t rank_count,
	const struct wanted *wanted, size_t wanted_count)
{
	struct manifest_world world;
	char yaml[4096];

	assert_true(snprintf(yaml, sizeof(yaml), "%s%s", pods, policies) < (int)sizeof(yaml));
	manifest_world_init(&world, yaml);
	for (size_t i = 0; i < rank_count; i++)
		manifest_world_rank(
			&world, ranks[i].name, ranks[i].tier, ranks[i].priority, ranks[i].action);
	for (size_t i = 0; i < wanted_count; i++)
		check_flow(&world, &wanted[i]);
	manifest_world_deinit(&world);
}

#define COUNT(items) (sizeof(items) / sizeof((items)[0]))
#define CHECK(policies, ranks, wanted) check(policies, ranks, COUNT(ranks), wanted, COUNT(wanted))

static void test_deny_above_goes_before_network_policies(void **state)
{
	const struct rank ranks[] = {{"above", TIER_ADMIN, 10, RULE_DENY}};
	const struct wanted wanted[] = {
		{"shop/web", SIDE_DENIED, "above", MISS_DENIED},
		{"shop/job", SIDE_ALLOWED, "in-job", MISS_NONE},
		{"192.0.2.1", SIDE_DENIED, "in-job", MISS_PEER},
	};

	(void)state;
	CHECK(ON_DB("above", "web", "") ON_DB("in-job", "job", "") ON_DB("in-web", "web", ""),
		ranks, wanted);
}

static void test_accept_above_needs_no_network_policy(void **state)
{
	const struct rank ranks[] = {{"above", TIER_ADMIN, 10, RULE_ACCEPT}};
	const struct wanted alone[] = {
		{"shop/web", SIDE_ALLOWED, "above", MISS_NONE},
		{"shop/job", SIDE_OPEN, NULL, MISS_NONE}, /* it does not isolate */
	};
	const struct wanted beside[] = {
		{"shop/web", SIDE_ALLOWED, "above", MISS_NONE},
		{"192.0.2.1", SIDE_DENIED, "in-job", MISS_PEER},
	};

	(void)state;
	CHECK(ON_DB("above", "web", ""), ranks, alone);
	CHECK(ON_DB("above", "web", "") ON_DB("in-job", "job", ""), ranks, beside);
}

static void test_pass_skips_the_rest_of_the_tier(void **state)
{
	const struct rank ranks[] = {
		{"deny", TIER_ADMIN, 2, RULE_DENY},
		{"pass", TIER_ADMIN, 1, RULE_PASS},
		{"below", TIER_BASELINE, 1, RULE_DENY},
	};
	const struct wanted to_baseline[] = {{"shop/web", SIDE_DENIED, "below", MISS_DENIED}};
	const struct wanted to_policies[] = {{"shop/web", SIDE_ALLOWED, "in-web", MISS_NONE}};

	(void)state;
	CHECK(ON_DB("deny", "web", "") ON_DB("pass", "web", "") ON_DB("below", "web", ""), ranks,
		to_baseline);
	CHECK(ON_DB("deny", "web", "") ON_DB("pass", "web", "") ON_DB("below", "web", "")
			ON_DB("in-web", "web", ""),
		ranks, to_policies);
}

static void test_priority_orders_a_tier(void **state)
{
	const struct rank accept_first[] = {{"a", TIER_ADMIN, 2, RULE_DENY},
		{"b", TIER_ADMIN, 1, RULE_ACCEPT}},
			  deny_first[] = {{"a", TIER_ADMIN, 1, RULE_DENY},
				  {"b", TIER_ADMIN, 2, RULE_ACCEPT}};
	const struct wanted accepted[] = {{"shop/web", SIDE_ALLOWED, "b", MISS_NONE}},
			    denied[] = {{"shop/web", SIDE_DENIED, "a", MISS_DENIED}};

	(void)state;
	CHECK(ON_DB("a", "web", "") ON_DB("b", "web", ""), accept_first, accepted);
	CHECK(ON_DB("a", "web", "") ON_DB("b", "web", ""), deny_first, denied);
}

/* The audited tier changes no verdict, but what it would deny is said. */
static void test_an_audited_deny_only_logs(void **state)
{
	const struct rank ranks[] = {{"above", TIER_ADMIN, 10, RULE_DENY}};
	const struct wanted wanted[] = {
		{"shop/web", SIDE_AUDIT_DENIED, "above", MISS_DENIED},
		{"shop/job", SIDE_ALLOWED, "in-job", MISS_NONE},
		{"192.0.2.1", SIDE_DENIED, "in-job", MISS_PEER},
	};

	(void)state;
	CHECK(ON_DB("above", "web", ", annotations: {podgate.io/audit: 'true'}")
			ON_DB("in-job", "job", "") ON_DB("in-web", "web", ""),
		ranks, wanted);
}

static void test_a_denial_is_explained_in_words(void **state)
{
	struct flow flows[QUERY_FLOWS_MOST];
	struct explanation explanation;
	struct manifest_world world;
	char yaml[4096], problem[QUERY_PROBLEM];
	const struct explain_side *side = &explanation.sides[DIRECTION_INGRESS];

	(void)state;
	snprintf(yaml, sizeof(yaml), "%s%s", pods, ON_DB("above", "web", ""));
	manifest_world_init(&world, yaml);
	manifest_world_rank(&world, "above", TIER_ADMIN, 1, RULE_DENY);
	assert_int_equal(
		query_flows(world.snapshot, "shop/web", "shop/db:5432", flows, problem), 1);
	assert_int_equal(explain_flow(world.snapshot, &flows[0], world.arena, &explanation), 0);
	assert_string_equal(side->field, "ingress[0].action");
	assert_string_equal(side->wanted, "any other flow: the rule denies what it matches");
	assert_string_equal(side->had, "TCP 5432");
	assert_string_equal(side->fix,
		"change ingress[0] of policy shop/above, or accept the flow in a rule before it");
	manifest_world_deinit(&world);
}

/* On random clusters the reasons lead to the verdict, whatever tiers there are. */
static void test_reasons_on_random_clusters(void **state)
{
	enum { ROUNDS = 400, FLOWS = 40 };
	const struct generator_limits limits = {
		.namespaces = 2, .pods = 10, .policies = 10, .tiers = true};
	const uint64_t first = generator_seed(20241123);
	size_t denied = 0;

	(void)state;
	for (uint64_t seed = first; seed < first + ROUNDS; seed++) {
		struct generator generator = {seed};
		struct cluster *cluster = generator_cluster(&generator, &limits);
		struct snapshot *snapshot;

		assert_int_equal(
			snapshot_compile(&snapshot, cluster, &(struct snapshot_options){0}), 0);
		for (int i = 0; i < 2 * FLOWS; i++) {
			const struct flow flow = generator_flow(&generator, cluster);
			struct arena *arena = arena_create();
			struct explanation explanation;
			const struct explain_side *side = &explanation.sides[i % 2];

			assert_int_equal(explain_flow(snapshot, &flow, arena, &explanation), 0);
			denied += side->miss == MISS_DENIED;
			if (side->disagrees || (side->side != SIDE_OPEN && side->policy == NULL)) {
				manifest_print_cluster(stderr, cluster);
				manifest_print_flow(stderr, &flow);
				fail_msg("seed %" PRIu64 ": reasons and verdict disagree", seed);
			}
			arena_unref(arena);
		}
		snapshot_free(snapshot);
		cluster_unref(cluster);
	}
	if (denied < ROUNDS / 4)
		fail_msg("only %zu denials by a rule came up", denied);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_deny_above_goes_before_network_policies),
		cmocka_unit_test(test_accept_above_needs_no_network_policy),
		cmocka_unit_test(test_pass_skips_the_rest_of_the_tier),
		cmocka_unit_test(test_priority_orders_a_tier),
		cmocka_unit_test(test_an_audited_deny_only_logs),
		cmocka_unit_test(test_a_denial_is_explained_in_words),
		cmocka_unit_test(test_reasons_on_random_clusters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
