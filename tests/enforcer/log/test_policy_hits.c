/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which denials are counted for which policy. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "enforcer/log/policy_hits.h"
#include "tests/support/manifest_world.h"

#define POD(name, ip, more) \
	"- {apiVersion: v1, kind: Pod, metadata: {name: " name \
	", namespace: shop, labels: {app: " name "}" more "}, status: {podIP: " ip "}}\n"
#define POLICY(name, app, more) \
	"- apiVersion: networking.k8s.io/v1\n  kind: NetworkPolicy\n  metadata: {name: " name \
	", namespace: shop" more

/*
 * web is isolated by nobody, db by two in ingress, job by one in egress, shy by one in audit mode
 * beside one in force.
 */
static const char yaml[] = "apiVersion: v1\nkind: List\nitems:\n" POD("web", "10.0.0.1", "") POD(
	"db", "10.0.0.2", "") POD("job", "10.0.0.3", "") POD("shy", "10.0.0.4", "") POD("tame",
	"10.0.0.5", ", annotations: {podgate.io/audit: 'true'}") POLICY("db-a", "db",
	"}\n  spec: {podSelector: {matchLabels: {app: db}}, ingress: [{from: [{podSelector: "
	"{matchLabels: {app: web}}}], ports: [{port: 5432}]}]}\n") POLICY("db-b", "db",
	"}\n  spec: {podSelector: {matchLabels: {app: db}}, ingress: []}\n") POLICY("job", "job",
	"}\n  spec: {podSelector: {matchLabels: {app: job}}, policyTypes: [Egress]}\n") POLICY("sh"
											       "y",
	"shy", "}\n  spec: {podSelector: {matchLabels: {app: shy}}, policyTypes: [Ingress]}\n")
	POLICY("trial", "shy",
		", annotations: {podgate.io/audit: 'true'}}\n  spec: {podSelector: {matchLabels: "
		"{app: shy}}, policyTypes: [Ingress, Egress]}\n") POLICY("tame", "tame",
		"}\n  spec: {podSelector: {matchLabels: {app: tame}}, policyTypes: [Ingress]}\n");

struct bench {
	struct manifest_world world;
	struct policy_hits *hits;
};

static int setup(void **state)
{
	static struct bench bench;

	manifest_world_init(&bench.world, yaml);
	assert_int_equal(policy_hits_create(&bench.hits), 0);
	*state = &bench;
	return 0;
}

static int teardown(void **state)
{
	struct bench *bench = *state;

	policy_hits_free(bench->hits);
	manifest_world_deinit(&bench->world);
	return 0;
}

static struct record record_of(
	const struct bench *bench, const char *src, const char *dst, uint64_t time_ns)
{
	struct record record = {.snapshot = bench->world.snapshot,
		.time_ns = time_ns,
		.kind = RECORD_VERDICT,
		.flow = {.dst_port = 80, .protocol = IPPROTO_TCP}};

	ip_addr_parse(&record.flow.src, src);
	ip_addr_parse(&record.flow.dst, dst);
	record.judgement = snapshot_judge(record.snapshot, &record.flow);
	return record;
}

static void add(const struct bench *bench, const char *src, const char *dst, uint64_t time_ns)
{
	const struct record record = record_of(bench, src, dst, time_ns);

	policy_hits_add(bench->hits, &record);
}

static void expect(const struct bench *bench, const char *name, uint64_t denied, uint64_t audited,
	uint64_t cut, uint64_t last_ns)
{
	const struct policy_hit_counts counts = policy_hits_get(bench->hits, "shop", name);

	assert_int_equal(counts.denied, denied);
	assert_int_equal(counts.audited, audited);
	assert_int_equal(counts.cut, cut);
	assert_int_equal(counts.last_ns, last_ns);
}

static void all_that_isolate_are_hit(void **state)
{
	const struct bench *bench = *state;

	expect(bench, "db-a", 0, 0, 0, 0);
	add(bench, "10.0.0.1", "10.0.0.2", 5);
	expect(bench, "db-a", 1, 0, 0, 5);
	expect(bench, "db-b", 1, 0, 0, 5);
	expect(bench, "job", 0, 0, 0, 0);
	add(bench, "10.0.0.3", "10.0.0.2", 4); /* both ends deny; and it comes late */
	expect(bench, "db-a", 2, 0, 0, 5);
	expect(bench, "job", 1, 0, 0, 4);
	expect(bench, "nobody", 0, 0, 0, 0);
}

static void what_passes_hits_nobody(void **state)
{
	const struct bench *bench = *state;
	struct record record = record_of(bench, "10.0.0.1", "10.0.0.2", 5);

	record.flow.dst_port = 5432;
	record.judgement = snapshot_judge(record.snapshot, &record.flow);
	assert_int_equal(record.judgement.verdict, VERDICT_ALLOW);
	policy_hits_add(bench->hits, &record);
	record = (struct record){.kind = RECORD_UNREADABLE, .snapshot = bench->world.snapshot};
	policy_hits_add(bench->hits, &record);
	expect(bench, "db-a", 0, 0, 0, 0);
}

static void what_the_kernel_answered_counts(void **state)
{
	const struct bench *bench = *state;
	struct record record = record_of(bench, "10.0.0.1", "10.0.0.2", 5);

	record.answered = 4811;
	policy_hits_add(bench->hits, &record);
	add(bench, "10.0.0.1", "10.0.0.2", 6);
	expect(bench, "db-b", 4812, 0, 0, 6);
}

static void cuts_are_counted_apart(void **state)
{
	const struct bench *bench = *state;
	struct record record = record_of(bench, "10.0.0.1", "10.0.0.2", 7);

	record.kind = RECORD_REVOKED;
	policy_hits_add(bench->hits, &record);
	expect(bench, "db-a", 0, 0, 1, 7);
}

static void audit_mode_is_counted_apart(void **state)
{
	const struct bench *bench = *state;

	add(bench, "10.0.0.1", "10.0.0.5", 1);
	expect(bench, "tame", 0, 1, 0, 1);
	add(bench, "10.0.0.1", "10.0.0.4", 2); /* denied by shy, so that it says nothing of trial */
	expect(bench, "shy", 1, 0, 0, 2);
	expect(bench, "trial", 0, 0, 0, 0);
	add(bench, "10.0.0.4", "10.0.0.1", 3); /* egress: trial alone isolates there */
	expect(bench, "trial", 0, 1, 0, 3);
	expect(bench, "shy", 1, 0, 0, 2);
}

/* A rule that denies hits its own policy, and none of those that isolate the pod. */
static void a_deny_rule_hits_its_policy_alone(void **state)
{
	struct bench *bench = *state;

	manifest_world_rank(&bench->world, "db-a", TIER_ADMIN, 1, RULE_DENY);
	add(bench, "10.0.0.1", "10.0.0.2", 5); /* port 80: not what db-a denies */
	expect(bench, "db-a", 0, 0, 0, 0);
	expect(bench, "db-b", 1, 0, 0, 5);
	for (int i = 0; i < 3; i++) {
		struct record record = record_of(bench, "10.0.0.1", "10.0.0.2", 6);

		record.flow.dst_port = 5432;
		record.judgement = snapshot_judge(record.snapshot, &record.flow);
		assert_int_equal(record.judgement.sides[DIRECTION_INGRESS], SIDE_DENIED);
		policy_hits_add(bench->hits, &record);
	}
	expect(bench, "db-a", 3, 0, 0, 6);
	expect(bench, "db-b", 1, 0, 0, 5);
}

/* What ASan is to confirm: nothing of a snapshot is touched once it was settled. */
static void counts_outlive_their_snapshot(void **state)
{
	struct bench *bench = *state;

	for (int version = 0; version < 3; version++) {
		add(bench, "10.0.0.1", "10.0.0.2", 1);
		policy_hits_settle(bench->hits);
		manifest_world_deinit(&bench->world);
		manifest_world_init(&bench->world, yaml);
	}
	add(bench, "10.0.0.1", "10.0.0.2", 2);
	expect(bench, "db-a", 4, 0, 0, 2);
}

/* `count` pods and a policy for each, the first being number `first`. */
static char *many_policies(int first, int count)
{
	char *text = NULL;
	size_t size;
	FILE *to = open_memstream(&text, &size);

	fprintf(to, "apiVersion: v1\nkind: List\nitems:\n");
	for (int i = first; i < first + count; i++)
		fprintf(to,
			"- {apiVersion: v1, kind: Pod, metadata: {name: p%d, namespace: shop, "
			"labels: {app: p%d}}, status: {podIP: 10.1.%d.%d}}\n"
			"- {apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: "
			"{name: p%d, namespace: shop}, spec: {podSelector: {matchLabels: {app: "
			"p%d}}}}\n",
			i, i, i / 256, i % 256, i, i);
	fclose(to);
	return text;
}

static void many_policies_are_told_apart_and_the_oldest_forgotten(void **state)
{
	enum { MORE = 300, ALL = POLICY_HITS_MOST + MORE };
	struct bench *bench = *state;
	char name[16], address[32];
	char *text = many_policies(0, ALL);

	manifest_world_deinit(&bench->world);
	manifest_world_init(&bench->world, text);
	free(text);
	for (int round = 0; round < 2; round++) {
		for (int i = round * MORE; i < ALL; i++) {
			snprintf(address, sizeof(address), "10.1.%d.%d", i / 256, i % 256);
			add(bench, "192.0.2.1", address, (uint64_t)(round * ALL + i + 1));
		}
	}
	for (int i = 0; i < ALL; i++) {
		snprintf(name, sizeof(name), "p%d", i);
		expect(bench, name, i < MORE ? 0 : 2, 0, 0, i < MORE ? 0 : (uint64_t)(ALL + i + 1));
	}
}

struct reader {
	struct bench *bench;
	atomic_bool stop;
};

static void *read_on(void *context)
{
	struct reader *reader = context;

	while (!atomic_load(&reader->stop))
		policy_hits_get(reader->bench->hits, "shop", "db-a");
	return NULL;
}

static void somebody_may_read_meanwhile(void **state)
{
	enum { RECORDS = 20000 };
	struct bench *bench = *state;
	const struct record record = record_of(bench, "10.0.0.1", "10.0.0.2", 1);
	struct reader reader = {.bench = bench};
	pthread_t thread;

	assert_int_equal(pthread_create(&thread, NULL, read_on, &reader), 0);
	for (int i = 0; i < RECORDS; i++)
		policy_hits_add(bench->hits, &record);
	atomic_store(&reader.stop, true);
	pthread_join(thread, NULL);
	expect(bench, "db-a", RECORDS, 0, 0, 1);
}

#define WITH_BENCH(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_BENCH(all_that_isolate_are_hit),
		WITH_BENCH(what_passes_hits_nobody),
		WITH_BENCH(what_the_kernel_answered_counts),
		WITH_BENCH(cuts_are_counted_apart),
		WITH_BENCH(audit_mode_is_counted_apart),
		WITH_BENCH(a_deny_rule_hits_its_policy_alone),
		WITH_BENCH(counts_outlive_their_snapshot),
		WITH_BENCH(many_policies_are_told_apart_and_the_oldest_forgotten),
		WITH_BENCH(somebody_may_read_meanwhile),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
