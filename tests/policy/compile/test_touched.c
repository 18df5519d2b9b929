/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a change touches. Random clusters lose, gain and change objects of every sort: a flow with
 * no end among the touched addresses is judged alike before and after, by the naive evaluator,
 * which knows nothing of touched addresses. And what must not be touched is not.
 */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "policy/compile/touched.h"
#include "tests/support/changing_world.h"
#include "tests/support/manifest_world.h"
#include "tests/support/trial.h"

enum { ROUNDS = 1500, FLOWS = 60, CHANGES = 3 };

static struct snapshot *snapshot_of(struct cluster *cluster, const struct snapshot_options *options)
{
	struct snapshot *snapshot;

	assert_int_equal(snapshot_compile(&snapshot, cluster, options), 0);
	return snapshot;
}

static bool same_judgement(const struct judgement *a, const struct judgement *b)
{
	return a->verdict == b->verdict && a->sides[0] == b->sides[0] && a->sides[1] == b->sides[1];
}

/* How often what happened: a test that never meets a case proves nothing of it. */
static size_t differing, spared, untouched_flows, nothing_touched;

static void check_flow(const struct trial *before, const struct trial *after,
	const struct touched *touched, const struct flow *flow)
{
	struct judgement old, new;

	trial_check_flow(before, flow);
	trial_check_flow(after, flow);
	old = snapshot_judge(before->snapshot, flow);
	new = snapshot_judge(after->snapshot, flow);
	if (touched_has(touched, &flow->src) || touched_has(touched, &flow->dst)) {
		differing += !same_judgement(&old, &new);
		return;
	}
	untouched_flows++;
	if (!same_judgement(&old, &new))
		trial_fail(after, "judges a flow otherwise that the change does not touch");
	if (snapshot_isolates(before->snapshot, &flow->src) !=
		snapshot_isolates(after->snapshot, &flow->src))
		trial_fail(after, "isolates an address that the change does not touch");
}

static void run_trial(uint64_t seed)
{
	struct trial before = {.seed = seed}, after = {.seed = seed};
	struct generator generator = {seed};
	struct changing_world world;
	struct snapshot_options options = {
		.node_name = generator_node(&generator),
		.audit = generator_chance(&generator, 5),
	};
	struct touched touched;

	changing_world_init(&world, &generator);
	before.cluster = changing_world_cluster(&world);
	before.world = (struct naive_world){before.cluster, options.node_name, options.audit};
	before.snapshot = snapshot_of(before.cluster, &options);
	changing_world_change(&world, &generator, CHANGES);
	after.cluster = changing_world_cluster(&world);
	after.world = (struct naive_world){after.cluster, options.node_name, options.audit};
	after.snapshot = snapshot_of(after.cluster, &options);

	touched_find(&touched, before.snapshot, after.snapshot);
	nothing_touched += touched_is_empty(&touched);
	spared += !touched.everything;
	for (int i = 0; i < FLOWS; i++) {
		struct flow flow = generator_flow(
			&generator, i % 2 == 0 ? before.cluster : after.cluster);

		check_flow(&before, &after, &touched, &flow);
	}
	touched_clear(&touched);
	snapshot_free(before.snapshot);
	snapshot_free(after.snapshot);
	cluster_unref(before.cluster);
	cluster_unref(after.cluster);
	changing_world_deinit(&world);
}

static void test_random_changes(void **state)
{
	const char *text = getenv("PODGATE_ROUNDS");
	const uint64_t rounds = text != NULL ? strtoull(text, NULL, 10) : ROUNDS;
	const uint64_t first = generator_seed(20261201);

	(void)state;
	printf("seeds from %" PRIu64 ", %" PRIu64 " changes\n", first, rounds);
	for (uint64_t i = 0; i < rounds; i++)
		run_trial(first + i);
	printf("flows: %zu judged otherwise, %zu untouched; changes that touched nothing: %zu\n",
		differing, untouched_flows, nothing_touched);
	if (rounds < 100)
		return;
	assert_true(spared == rounds);
	assert_true(differing > rounds);
	assert_true(untouched_flows > 10 * rounds);
	assert_true(nothing_touched > rounds / 10);
}

/* ---- by hand ---- */

#define POD(name, ip, labels) \
	"apiVersion: v1\nkind: Pod\nmetadata: {name: " name ", namespace: shop, labels: " labels \
	"}\nstatus: {podIP: " ip "}\n---\n"
#define POLICY(name, selected, peer) \
	"apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\n" \
	"metadata: {name: " name ", namespace: shop}\n" \
	"spec: {podSelector: {matchLabels: " selected "}, policyTypes: [Ingress], ingress: " \
	"[{from: [{podSelector: {matchLabels: " peer "}}]}]}\n---\n"

static struct touched touched_by(const char *before, const char *after,
	const struct snapshot_options *before_options, const struct snapshot_options *after_options)
{
	struct snapshot *snapshots[2] = {manifest_world_compile(before, before_options),
		manifest_world_compile(after, after_options)};
	struct touched touched;

	touched_find(&touched, snapshots[0], snapshots[1]);
	for (int i = 0; i < 2; i++)
		snapshot_free(snapshots[i]);
	return touched;
}

static void expect(const char *before, const char *after, const char *wanted)
{
	const struct snapshot_options options = {.revision = 1};
	struct touched touched = touched_by(before, after, &options, &options);
	char text[512] = "", addr[IP_ADDR_TEXT];

	assert_false(touched.everything);
	for (size_t i = 0; i < touched.count; i++) {
		strcat(text, i == 0 ? "" : " ");
		strcat(text, ip_addr_format(&touched.addrs[i], addr));
	}
	assert_string_equal(text, wanted);
	touched_clear(&touched);
}

#define WEB POD("web", "10.0.0.1", "{app: web}")
#define DB POD("db", "10.0.0.2", "{app: db}")
#define LOG POD("log", "10.0.0.3", "{app: log}")
#define DB_FROM_WEB POLICY("db", "{app: db}", "{app: web}")

static void test_a_pod(void **state)
{
	(void)state;
	expect(WEB DB LOG DB_FROM_WEB, WEB DB LOG DB_FROM_WEB, "");
	expect(WEB DB DB_FROM_WEB, WEB DB LOG DB_FROM_WEB, "10.0.0.3");
	expect(WEB DB LOG DB_FROM_WEB, DB LOG DB_FROM_WEB, "10.0.0.1");
	expect(WEB DB LOG DB_FROM_WEB, WEB DB POD("log", "10.0.0.4", "{app: log}") DB_FROM_WEB,
		"10.0.0.3 10.0.0.4");
	expect(WEB DB LOG DB_FROM_WEB, WEB DB POD("log", "10.0.0.3", "{app: web}") DB_FROM_WEB,
		"10.0.0.3");
}

static void test_a_policy(void **state)
{
	(void)state;
	expect(WEB DB LOG, WEB DB LOG DB_FROM_WEB, "10.0.0.2");
	expect(WEB DB LOG DB_FROM_WEB, WEB DB LOG, "10.0.0.2");
	expect(WEB DB LOG DB_FROM_WEB, WEB DB LOG POLICY("db", "{app: log}", "{app: web}"),
		"10.0.0.2 10.0.0.3");
	expect(WEB DB LOG DB_FROM_WEB,
		WEB DB LOG DB_FROM_WEB POLICY("other", "{app: other}", "{a: b}"), "");
}

static void test_options(void **state)
{
	struct ip_addr own[2];
	struct snapshot_options plain = {.revision = 1}, gateway = plain, audit = plain;
	struct touched touched;

	(void)state;
	assert_int_equal(ip_addr_parse(&own[0], "10.0.0.1"), 0);
	assert_int_equal(ip_addr_parse(&own[1], "10.0.0.9"), 0);
	gateway.gateway = own;
	gateway.gateway_count = 2;
	touched = touched_by(WEB DB, WEB DB, &plain, &gateway);
	assert_false(touched.everything);
	assert_int_equal(touched.count, 2);
	assert_true(touched_has(&touched, &own[0]) && touched_has(&touched, &own[1]));
	touched_clear(&touched);
	audit.audit = true;
	touched = touched_by(WEB DB, WEB DB, &plain, &audit);
	assert_true(touched.everything);
	touched_clear(&touched);
}

/* A set of sets; beyond its limit it is everything. */
static void test_union(void **state)
{
	struct touched all = {0}, some = {0}, one = {0};
	uint8_t bytes[4] = {10};

	(void)state;
	for (unsigned int i = 0; i <= TOUCHED_MOST; i++) {
		struct ip_addr addr;

		assert_false(all.everything);
		bytes[2] = (uint8_t)(i >> 8);
		bytes[3] = (uint8_t)i;
		addr = ip_addr_v4(bytes);
		one = (struct touched){.addrs = &addr, .count = 1};
		touched_add(&all, &one);
		assert_true(touched_has(&all, &addr));
		touched_add(&all, &one);
	}
	assert_true(all.everything);
	touched_add(&some, &all);
	assert_true(some.everything && touched_has(&some, &one.addrs[0]));
	touched_clear(&all);
	touched_clear(&some);
	assert_true(touched_is_empty(&some));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random_changes),
		cmocka_unit_test(test_a_pod),
		cmocka_unit_test(test_a_policy),
		cmocka_unit_test(test_options),
		cmocka_unit_test(test_union),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
