/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Namespaces with so many policies in common that their pods share a base profile: the base must
 * hold what all are admitted and nothing else, in each direction and namespace its own, and never
 * what only audited policies admit.
 */
#include "policy/compile/compiled.h"

#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

enum {
	COMMON = 40,
	NAMESPACES = 2,
	PODS_EACH = 3,
	POLICIES = NAMESPACES * (2 * COMMON + PODS_EACH + 1)
};

/*
 * Pod p of namespace n has address 10.0.n.p and label app=<p>; its own policy admits everybody at
 * TCP port 80 + p.
 */
static const char *const namespace_names[NAMESPACES] = {"a", "b"};
static const char *const apps[PODS_EACH] = {"0", "1", "2"};

struct world {
	struct arena *arena;
	const struct network_policy *policies[POLICIES];
	size_t policy_count;
	const struct pod *pods[NAMESPACES * PODS_EACH];
	size_t pod_count;
	struct snapshot *snapshot;
};

static void add_pod(struct world *world, uint8_t ns, uint8_t number)
{
	struct pod *pod = arena_alloc(world->arena, sizeof(*pod));
	struct label *label = arena_alloc(world->arena, sizeof(*label));
	struct ip_addr *ip = arena_alloc(world->arena, sizeof(*ip));

	*label = (struct label){"app", apps[number]};
	*ip = ip_addr_v4((const uint8_t[]){10, 0, ns, number});
	*pod = (struct pod){
		.namespace_name = namespace_names[ns],
		.name = apps[number],
		.labels = {label, 1},
		.ips = ip,
		.ip_count = 1,
		.node_name = "",
	};
	world->pods[world->pod_count++] = pod;
}

/*
 * A policy of the namespace that admits everybody at one TCP port; for all of its pods, or for one.
 */
static void add_policy(struct world *world, uint8_t ns, enum direction direction,
	const char *const *app, uint16_t port, bool audit)
{
	struct network_policy *policy = arena_alloc(world->arena, sizeof(*policy));
	struct policy_rule *rule = arena_alloc(world->arena, sizeof(*rule));
	struct policy_port *ports = arena_alloc(world->arena, sizeof(*ports));
	struct requirement *requirement = arena_alloc(world->arena, sizeof(*requirement));

	*ports = (struct policy_port){
		.protocol = IPPROTO_TCP, .kind = POLICY_PORT_NUMBER, .first = port, .last = port};
	*rule = (struct policy_rule){.ports = ports, .port_count = 1};
	*policy = (struct network_policy){
		.namespace_name = namespace_names[ns],
		.name = arena_printf(world->arena, "p-%zu", world->policy_count),
		.audit = audit,
	};
	policy->isolates[direction] = true;
	policy->rules[direction] = rule;
	policy->rule_count[direction] = 1;
	if (app != NULL) {
		*requirement = (struct requirement){
			.key = "app", .op = REQUIREMENT_IN, .values = app, .value_count = 1};
		policy->pod_selector = (struct selector){.requirements = requirement, .count = 1};
	}
	world->policies[world->policy_count++] = policy;
}

/*
 * In namespace n, common policies admit ports 1000 (n + 1) and up to come in, 1000 (n + 5) and up
 * to go out.
 */
static void begin(struct world *world, bool common_audit, bool own_audit)
{
	struct cluster_objects objects = {0};
	struct cluster *cluster;

	*world = (struct world){.arena = arena_create()};
	for (uint8_t ns = 0; ns < NAMESPACES; ns++) {
		for (uint8_t i = 0; i < PODS_EACH; i++)
			add_pod(world, ns, i);
		for (uint16_t i = 0; i < COMMON; i++) {
			add_policy(world, ns, DIRECTION_INGRESS, NULL,
				(uint16_t)(1000 * (ns + 1) + i), common_audit);
			add_policy(world, ns, DIRECTION_EGRESS, NULL,
				(uint16_t)(1000 * (ns + 5) + i), common_audit);
		}
		for (uint16_t i = 0; i < PODS_EACH; i++)
			add_policy(world, ns, DIRECTION_INGRESS, &apps[i], (uint16_t)(80 + i),
				own_audit);
		add_policy(world, ns, DIRECTION_EGRESS, &apps[0], 80, own_audit);
	}
	objects.pods = world->pods;
	objects.pod_count = world->pod_count;
	objects.policies = world->policies;
	objects.policy_count = world->policy_count;
	assert_int_equal(cluster_create(&cluster, &objects), 0);
	assert_int_equal(snapshot_compile(&world->snapshot, cluster,
				 &(struct snapshot_options){.revision = 1}),
		0);
	cluster_unref(cluster);
}

static void end(struct world *world)
{
	snapshot_free(world->snapshot);
	arena_unref(world->arena);
}

static enum side_verdict come_in(const struct world *world, uint8_t ns, uint8_t pod, uint16_t port)
{
	const struct flow flow = {
		.src = ip_addr_v4((const uint8_t[]){192, 0, 2, 1}),
		.dst = ip_addr_v4((const uint8_t[]){10, 0, ns, pod}),
		.dst_port = port,
		.protocol = IPPROTO_TCP,
	};

	return snapshot_judge(world->snapshot, &flow).sides[DIRECTION_INGRESS];
}

static enum side_verdict go_out(const struct world *world, uint8_t ns, uint8_t pod, uint16_t port)
{
	const struct flow flow = {
		.src = ip_addr_v4((const uint8_t[]){10, 0, ns, pod}),
		.dst = ip_addr_v4((const uint8_t[]){192, 0, 2, 1}),
		.dst_port = port,
		.protocol = IPPROTO_TCP,
	};

	return snapshot_judge(world->snapshot, &flow).sides[DIRECTION_EGRESS];
}

static bool between(uint16_t port, int first)
{
	return port >= first && port < first + COMMON;
}

static void test_base_and_own(void **state)
{
	struct world world;

	(void)state;
	begin(&world, false, false);
	for (uint8_t ns = 0; ns < NAMESPACES; ns++)
		for (uint8_t pod = 0; pod < PODS_EACH; pod++)
			for (uint16_t port = 1; port < 8000; port++) {
				const bool in = between(port, 1000 * (ns + 1)) || port == 80 + pod;
				const bool out = between(port, 1000 * (ns + 5)) ||
					(port == 80 && pod == 0);

				assert_int_equal(come_in(&world, ns, pod, port),
					in ? SIDE_ALLOWED : SIDE_DENIED);
				assert_int_equal(go_out(&world, ns, pod, port),
					out ? SIDE_ALLOWED : SIDE_DENIED);
			}
	end(&world);
}

/* The common policies are audited, the pods' own enforced: only those count where there are any. */
static void test_audited_base_is_not_used_beside_enforced_policies(void **state)
{
	struct world world;

	(void)state;
	begin(&world, true, false);
	assert_int_equal(come_in(&world, 0, 1, 81), SIDE_ALLOWED);
	assert_int_equal(come_in(&world, 0, 1, 1000), SIDE_DENIED);
	assert_int_equal(go_out(&world, 1, 0, 80), SIDE_ALLOWED);
	assert_int_equal(go_out(&world, 1, 0, 6000), SIDE_DENIED);
	assert_int_equal(
		/* nothing enforced isolates that one's egress */
		go_out(&world, 1, 1, 6000), SIDE_OPEN);
	assert_int_equal(go_out(&world, 1, 1, 80), SIDE_AUDIT_DENIED);
	end(&world);
}

static void test_audited_own_policies_do_not_admit(void **state)
{
	struct world world;

	(void)state;
	begin(&world, false, true);
	assert_int_equal(come_in(&world, 0, 1, 81), SIDE_DENIED);
	assert_int_equal(come_in(&world, 0, 1, 1000), SIDE_ALLOWED);
	assert_int_equal(go_out(&world, 0, 0, 80), SIDE_DENIED);
	end(&world);
}

static void test_all_audited(void **state)
{
	struct world world;

	(void)state;
	begin(&world, true, true);
	assert_int_equal(come_in(&world, 0, 1, 81), SIDE_OPEN);
	assert_int_equal(come_in(&world, 0, 1, 1000), SIDE_OPEN);
	assert_int_equal(come_in(&world, 0, 1, 80), SIDE_AUDIT_DENIED);
	end(&world);
}

/*
 * Six pods, each with a policy of its own beside the common ones: in each namespace they share one
 * base.
 */
static void test_the_base_is_shared(void **state)
{
	struct world world;

	(void)state;
	begin(&world, false, false);
	for (uint8_t ns = 0; ns < NAMESPACES; ns++) {
		uint32_t bases[PODS_EACH];

		for (uint8_t pod = 0; pod < PODS_EACH; pod++) {
			const struct ip_addr addr = ip_addr_v4((const uint8_t[]){10, 0, ns, pod});
			const struct endpoint *endpoint = endpoint_table_find(
				&world.snapshot->endpoints, &addr);

			const struct peer_sets *sets = &world.snapshot->sets;
			const struct profile *own = profile_at(
				sets, endpoint->tiers[DIRECTION_INGRESS]);

			bases[pod] = own->base;
			assert_int_not_equal(bases[pod], PROFILE_NONE);
			assert_int_equal(bases[pod], bases[0]);
			assert_int_equal(profile_at(sets, bases[pod])->base, PROFILE_NONE);
			assert_int_equal(
				profile_tree(profile_at(sets, bases[pod]), 0)->count, 2 + COMMON);
		}
	}
	end(&world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_base_and_own),
		cmocka_unit_test(test_audited_base_is_not_used_beside_enforced_policies),
		cmocka_unit_test(test_audited_own_policies_do_not_admit),
		cmocka_unit_test(test_all_audited),
		cmocka_unit_test(test_the_base_is_shared),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
