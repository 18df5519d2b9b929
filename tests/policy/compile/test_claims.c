/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Addresses that more than one pod claims: who owns them, and whose policies hold. */
#include "policy/compile/snapshot.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "policy/explain/explain.h"
#include "policy/explain/query.h"
#include "policy/lint/odd_claims.h"
#include "tests/support/manifest_world.h"

#define POD(namespace_name, name, labels, more) \
	"- {apiVersion: v1, kind: Pod, metadata: {namespace: " namespace_name ", name: " name \
	", labels: {" labels "}" more "}\n"
#define STATUS(ip) "}, status: {phase: Running, podIP: " ip "}"
#define TERMINATING(ip) ", deletionTimestamp: '2026-01-01T00:00:00Z'" STATUS(ip)
#define CLAIMS(ip) \
	", creationTimestamp: '2026-11-30T00:00:00Z', annotations: {podgate.io/ip: " ip \
	"}}, status: {phase: Pending}"
#define INGRESS(namespace_name, name, selector, from) \
	"- {apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: " \
	"{namespace: " namespace_name ", name: " name "}, " \
	"spec: {podSelector: " selector ", ingress: [{from: [" from "]}]}}\n"
#define ANY_NAMESPACE(labels) "{namespaceSelector: {}, podSelector: {matchLabels: {" labels "}}}"
#define HEAD "apiVersion: v1\nkind: List\nitems:\n"

#define WEB POD("shop", "web", "app: web", STATUS("10.0.0.1"))
#define CLIENT POD("shop", "client", "app: client", STATUS("10.0.0.2"))
#define INTRUDER POD("other", "intruder", "app: intruder", STATUS("10.0.0.3"))
#define ONLY_CLIENT \
	INGRESS("shop", "only-client", "{matchLabels: {app: web}}", ANY_NAMESPACE("app: client"))

static enum verdict judge(const struct snapshot *snapshot, const char *src, const char *dst)
{
	struct flow flow = {.protocol = 6, .dst_port = 80};
	struct arena *arena = arena_create();
	struct explanation explanation;

	assert_int_equal(ip_addr_parse(&flow.src, src), 0);
	assert_int_equal(ip_addr_parse(&flow.dst, dst), 0);
	/* Whatever the verdict, its reasons lead to it. */
	assert_int_equal(explain_flow(snapshot, &flow, arena, &explanation), 0);
	for (int d = 0; d < DIRECTION_COUNT; d++)
		assert_false(explanation.sides[d].disagrees);
	arena_unref(arena);
	return snapshot_judge(snapshot, &flow).verdict;
}

/* The codes of what is found, one after the other. */
static void check_found(const struct snapshot *snapshot, bool all, const char *wanted)
{
	struct arena *arena = arena_create();
	struct diag_list found;
	char codes[256] = "";

	diag_list_init(&found, arena);
	odd_claims_report(snapshot, all, &found);
	for (size_t i = 0; i < found.count; i++) {
		strcat(codes, i > 0 ? " " : "");
		strcat(codes, found.items[i].code);
	}
	assert_string_equal(codes, wanted);
	arena_unref(arena);
}

/*
 * A tenant's pod claims web's address by annotation, created later: web's isolation stays what it
 * was.
 */
static void test_an_annotation_takes_nothing_from_a_status(void **state)
{
	struct flow flows[QUERY_FLOWS_MOST];
	char problem[QUERY_PROBLEM] = "";
	struct manifest_world world;
	struct ip_addr web;

	(void)state;
	manifest_world_init(&world,
		HEAD WEB CLIENT INTRUDER ONLY_CLIENT POD(
			"other", "thief", "app: client", CLAIMS("10.0.0.1"))
			POD("other", "ghost", "app: client", CLAIMS("10.0.0.3")));
	assert_int_equal(ip_addr_parse(&web, "10.0.0.1"), 0);
	assert_string_equal(snapshot_pod_at(world.snapshot, &web)->name, "web");
	assert_null(snapshot_claimant(world.snapshot, &web, 1));
	assert_int_equal(judge(world.snapshot, "10.0.0.2", "10.0.0.1"), VERDICT_ALLOW);
	/* Neither by taking the server's address, nor by labels for the own one. */
	assert_int_equal(judge(world.snapshot, "10.0.0.3", "10.0.0.1"), VERDICT_DENY);
	check_found(world.snapshot, false, "outranked-address outranked-address");
	/* A question about the thief is not answered with what web may do. */
	assert_int_equal(
		query_flows(world.snapshot, "other/thief", "shop/client:80", flows, problem),
		-EINVAL);
	assert_string_equal(
		problem, "pod other/thief owns no address: what it claims is another's");
	manifest_world_deinit(&world);
}

/* Not by waiting until the pod terminates, either: its status still says whose the address is. */
static void test_a_terminating_pod_yields_to_a_status_only(void **state)
{
	struct manifest_world world;

	(void)state;
	manifest_world_init(&world,
		HEAD CLIENT INTRUDER ONLY_CLIENT POD(
			"shop", "web", "app: web", TERMINATING("10.0.0.1"))
			POD("other", "thief", "app: x", CLAIMS("10.0.0.1")));
	assert_int_equal(judge(world.snapshot, "10.0.0.3", "10.0.0.1"), VERDICT_DENY);
	manifest_world_deinit(&world);
	/* The address has gone to the next pod, which nothing isolates. */
	manifest_world_init(&world,
		HEAD CLIENT INTRUDER ONLY_CLIENT POD(
			"shop", "web", "app: web", TERMINATING("10.0.0.1"))
			POD("other", "next", "app: x", STATUS("10.0.0.1")));
	assert_int_equal(judge(world.snapshot, "10.0.0.3", "10.0.0.1"), VERDICT_ALLOW);
	check_found(world.snapshot, false, "");
	check_found(world.snapshot, true, "duplicate-address");
	manifest_world_deinit(&world);
}

/*
 * Two living pods have one address: who may be neither of them is denied, whichever is looked at.
 */
static void test_the_policies_of_both_hold(void **state)
{
	static const char *const twins[] = {STATUS("10.0.0.1"),
		", annotations: {podgate.io/audit: 'true'}}, status: {podIP: 10.0.0.1}"};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		char yaml[4096];
		struct manifest_world world;
		struct ip_addr shared;

		snprintf(yaml, sizeof(yaml),
			"%s- {apiVersion: v1, kind: Pod, metadata: {namespace: other, name: twin, "
			"labels: {app: twin}%s}\n",
			HEAD WEB CLIENT INTRUDER ONLY_CLIENT INGRESS("other", "only-intruder",
				"{matchLabels: {app: twin}}", ANY_NAMESPACE("app: intruder")),
			twins[i]);
		manifest_world_init(&world, yaml);
		assert_int_equal(ip_addr_parse(&shared, "10.0.0.1"), 0);
		assert_true(snapshot_may_be(
			world.snapshot, &shared, cluster_pod(world.cluster, "shop", "web")));
		assert_true(snapshot_may_be(
			world.snapshot, &shared, cluster_pod(world.cluster, "other", "twin")));
		/*
		 * web admits client only, twin admits intruder only. That twin is in audit mode
		 * concerns twin's denials.
		 */
		assert_int_equal(judge(world.snapshot, "10.0.0.2", "10.0.0.1"),
			i == 0 ? VERDICT_DENY : VERDICT_AUDIT_DENY);
		assert_int_equal(judge(world.snapshot, "10.0.0.3", "10.0.0.1"), VERDICT_DENY);
		check_found(world.snapshot, false, "contested-address");
		manifest_world_deinit(&world);
	}
}

/* As a peer, each of them must be admitted. */
static void test_each_must_be_admitted_as_a_peer(void **state)
{
	struct manifest_world world;

	(void)state;
	manifest_world_init(&world,
		HEAD WEB CLIENT ONLY_CLIENT POD("other", "twin", "app: twin", STATUS("10.0.0.2")));
	assert_int_equal(judge(world.snapshot, "10.0.0.2", "10.0.0.1"), VERDICT_DENY);
	manifest_world_deinit(&world);
	manifest_world_init(&world,
		HEAD WEB CLIENT ONLY_CLIENT POD("other", "twin", "app: twin", STATUS("10.0.0.2"))
			INGRESS("shop", "twin-too", "{matchLabels: {app: web}}",
				ANY_NAMESPACE("app: twin")));
	assert_int_equal(judge(world.snapshot, "10.0.0.2", "10.0.0.1"), VERDICT_ALLOW);
	manifest_world_deinit(&world);
}

/*
 * The address is in the kernel's set when any of them is isolated, though the one that leads is
 * not.
 */
static void test_an_isolated_one_isolates(void **state)
{
	struct manifest_world world;
	struct ip_addr shared;
	size_t count;

	(void)state;
	manifest_world_init(&world,
		HEAD WEB ONLY_CLIENT
		"- {apiVersion: v1, kind: Pod, metadata: {namespace: other, name: free, "
		"creationTimestamp: '2026-11-30T00:00:00Z'}, status: {podIP: 10.0.0.1}}\n");
	assert_int_equal(ip_addr_parse(&shared, "10.0.0.1"), 0);
	assert_string_equal(snapshot_pod_at(world.snapshot, &shared)->name, "free");
	assert_true(snapshot_isolates(world.snapshot, &shared));
	snapshot_isolated(world.snapshot, &count);
	assert_int_equal(count, 1);
	manifest_world_deinit(&world);
}

/* What the gateway has itself is no pod's, whoever claims it. */
static void test_the_gateways_own_addresses_are_no_pods(void **state)
{
	struct ip_addr own[2], addr;
	const struct snapshot_options options = {.gateway = own, .gateway_count = 2};
	struct snapshot *snapshot;

	(void)state;
	assert_int_equal(ip_addr_parse(&own[0], "10.0.0.1"), 0);
	assert_int_equal(ip_addr_parse(&own[1], "fd00::1"), 0);
	snapshot = manifest_world_compile(HEAD
		"- {apiVersion: v1, kind: Pod, metadata: {namespace: shop, name: web, labels: "
		"{app: web}}, status: {podIPs: [{ip: 10.0.0.1}, {ip: 'fd00::7'}]}}\n" INTRUDER
			ONLY_CLIENT,
		&options);
	assert_null(snapshot_pod_at(snapshot, &own[0]));
	assert_int_equal(judge(snapshot, "10.0.0.3", "10.0.0.1"), VERDICT_ALLOW);
	assert_int_equal(ip_addr_parse(&addr, "fd00::7"), 0);
	assert_true(snapshot_isolates(snapshot, &addr));
	check_found(snapshot, false, "gateway-address");
	snapshot_free(snapshot);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_an_annotation_takes_nothing_from_a_status),
		cmocka_unit_test(test_a_terminating_pod_yields_to_a_status_only),
		cmocka_unit_test(test_the_policies_of_both_hold),
		cmocka_unit_test(test_each_must_be_admitted_as_a_peer),
		cmocka_unit_test(test_an_isolated_one_isolates),
		cmocka_unit_test(test_the_gateways_own_addresses_are_no_pods),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
