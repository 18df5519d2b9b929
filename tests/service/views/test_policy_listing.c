/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is told of each policy: whom it selects, what it isolates, whether it is enforced, what it
 * denied.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "service/views/policy_listing.h"
#include "tests/support/manifest_world.h"
#include "tests/support/stream_reader.h"

#define POD(name, namespace, labels, more) \
	"- {apiVersion: v1, kind: Pod, metadata: {name: " name \
	", namespace: " namespace ", labels: {" labels "}}, " more "}\n"
#define POLICY(name, namespace, annotations, spec) \
	"- apiVersion: networking.k8s.io/v1\n  kind: NetworkPolicy\n  metadata: {name: " name \
	", namespace: " namespace ", annotations: {" annotations "}}\n  spec: {" spec "}\n"

static const char yaml[] =
	"apiVersion: v1\nkind: List\nitems:\n"
	"- {apiVersion: v1, kind: Namespace, metadata: {name: lab, annotations: {podgate.io/audit: "
	"'true'}}}\n" POD("web", "shop", "app: web",
		"spec: {nodeName: here}, status: {podIP: 10.0.0.1}") POD("db", "shop", "app: db",
		"spec: {nodeName: here}, status: {podIP: 10.0.0.2}") POD("far", "shop", "app: db",
		"spec: {nodeName: there}, status: {podIP: 10.0.0.3}") POD("new", "shop", "app: db",
		"spec: {nodeName: here}") POD("old", "shop", "app: db",
		"status: {podIP: 10.0.0.5, phase: Failed}") POD("agent", "shop", "app: db",
		"spec: {hostNetwork: true}, status: {podIP: 192.0.2.1}") POD("db", "lab", "app: db",
		"status: {podIP: 10.0.1.1}") POLICY("all", "lab", "",
		"podSelector: {}, policyTypes: [Ingress, Egress]") POLICY("db", "shop", "",
		"podSelector: {matchLabels: {app: db}}, ingress: [{from: [{podSelector: {}}]}, {}]")
		POLICY("stray", "shop", "",
			"podSelector: {matchLabels: {app: dbb}}, policyTypes: [Egress], egress: "
			"[{}]") POLICY("trial", "shop", "podgate.io/audit: 'true'",
			"podSelector: {matchLabels: {app: web}}");

struct stage {
	struct manifest_world world;
	struct snapshot *snapshot; /* of the same, on node "here" */
	struct policy_hits *hits;
	struct stream_reader reader;
};

static int setup(void **state)
{
	static struct stage stage;
	const struct snapshot_options options = {.revision = 7, .node_name = "here"};

	manifest_world_init(&stage.world, yaml);
	assert_int_equal(snapshot_compile(&stage.snapshot, stage.world.cluster, &options), 0);
	assert_int_equal(policy_hits_create(&stage.hits), 0);
	*state = &stage;
	return 0;
}

static int teardown(void **state)
{
	struct stage *stage = *state;

	stream_reader_deinit(&stage->reader);
	policy_hits_free(stage->hits);
	snapshot_free(stage->snapshot);
	manifest_world_deinit(&stage->world);
	return 0;
}

static void list(struct stage *stage, bool audit, const struct filter *filter)
{
	const struct policy_listing_options options = {.snapshot = stage->snapshot,
		.hits = stage->hits,
		.audit = audit,
		.filter = *filter};
	char problem[PROBLEM_SIZE] = "";
	struct stream *stream;

	stream_reader_deinit(&stage->reader);
	if (policy_listing_open(&stream, &options, problem) != 0)
		fail_msg("%s", problem);
	stream_reader_read_all(&stage->reader, stream);
	assert_true(stage->reader.count >= 2);
	stream_reader_expect_number(stage->reader.lines[0], "in_force", 4);
	stream_reader_expect_number(stage->reader.lines[0], "revision", 7);
	stream_reader_expect_number(stage->reader.lines[stage->reader.count - 1], "listed",
		(double)stage->reader.count - 2);
}

/* The policies listed, "all db stray trial". */
static void expect_listed(const struct stage *stage, const char *wanted)
{
	char names[256] = "";

	for (size_t i = 1; i + 1 < stage->reader.count; i++) {
		if (i > 1)
			strcat(names, " ");
		strcat(names, stream_reader_at(stage->reader.lines[i], "name")->valuestring);
	}
	assert_string_equal(names, wanted);
}

static void expect_names(const cJSON *line, const char *path, const char *wanted)
{
	char names[256] = "";
	const cJSON *name;

	cJSON_ArrayForEach(name, stream_reader_at(line, path)) {
		strcat(names, name->valuestring);
		strcat(names, " ");
	}
	assert_string_equal(names, wanted);
}

static void all_is_told_of_each(void **state)
{
	struct stage *stage = *state;
	const cJSON *line;

	list(stage, false, &(struct filter){.limit = 0});
	expect_listed(stage, "all db stray trial");
	line = stage->reader.lines[2];
	stream_reader_expect_text(line, "namespace", "shop");
	stream_reader_expect_text(line, "file", "world.yaml");
	assert_true(stream_reader_at(line, "line")->valuedouble > 10);
	stream_reader_expect_text(line, "mode", "enforced");
	assert_null(stream_reader_at(line, "audited_by"));
	expect_names(line, "isolates", "ingress ");
	stream_reader_expect_number(line, "rules.ingress", 2);
	stream_reader_expect_number(line, "rules.egress", 0);
	/* neither the finished nor the host's */
	stream_reader_expect_number(line, "pods.selected", 3);
	stream_reader_expect_number(line, "pods.local", 2);
	expect_names(line, "pods.names", "db far new ");
	stream_reader_expect_number(line, "hits.denied", 0);
	assert_null(stream_reader_at(line, "hits.last"));
	line = stage->reader.lines[3];
	stream_reader_expect_number(line, "pods.selected", 0);
	expect_names(line, "pods.names", "");
	expect_names(line, "isolates", "egress ");
	line = stage->reader.lines[1];
	expect_names(line, "isolates", "ingress egress ");
	stream_reader_expect_number(line, "pods.selected", 1);
}

static void who_is_in_audit_mode_is_told(void **state)
{
	struct stage *stage = *state;

	list(stage, false, &(struct filter){.limit = 0});
	stream_reader_expect_text(stage->reader.lines[1], "audited_by", "namespace");
	stream_reader_expect_text(stage->reader.lines[4], "audited_by", "policy");
	list(stage, true, &(struct filter){.limit = 0});
	stream_reader_expect_text(stage->reader.lines[1], "audited_by", "namespace");
	stream_reader_expect_text(stage->reader.lines[2], "mode", "audit");
	stream_reader_expect_text(stage->reader.lines[2], "audited_by", "gateway");
}

static void hits_are_told(void **state)
{
	struct stage *stage = *state;
	struct record record = {.snapshot = stage->snapshot,
		.time_ns = 1700000000123456789ULL,
		.answered = 41,
		.flow = {.dst_port = 1, .protocol = IPPROTO_TCP}};

	ip_addr_parse(&record.flow.src, "192.0.2.9");
	ip_addr_parse(&record.flow.dst, "10.0.0.2");
	record.judgement = snapshot_judge(stage->snapshot, &record.flow);
	/* db's second rule lets everybody in */
	assert_int_equal(record.judgement.verdict, VERDICT_ALLOW);
	policy_hits_add(stage->hits, &record);
	ip_addr_parse(&record.flow.dst, "10.0.1.1");
	record.judgement = snapshot_judge(stage->snapshot, &record.flow);
	policy_hits_add(stage->hits, &record);
	list(stage, false, &(struct filter){.limit = 0});
	stream_reader_expect_number(stage->reader.lines[1], "hits.audited", 41);
	stream_reader_expect_number(stage->reader.lines[1], "hits.denied", 0);
	stream_reader_expect_text(
		stage->reader.lines[1], "hits.last", "2023-11-14T22:13:20.123456Z");
	stream_reader_expect_number(stage->reader.lines[2], "hits.denied", 0);
}

static void filters_filter(void **state)
{
	struct stage *stage = *state;

	list(stage, false, &(struct filter){.namespace_name = "lab"});
	expect_listed(stage, "all");
	list(stage, false, &(struct filter){.pod = "shop/far"});
	expect_listed(stage, "db");
	list(stage, false, &(struct filter){.pod = "shop/agent"});
	expect_listed(stage, "");
	list(stage, false, &(struct filter){.pod = "shop/web", .namespace_name = "lab"});
	expect_listed(stage, "");
}

static void expect_refused(const struct stage *stage, const struct filter *filter, const char *why)
{
	const struct policy_listing_options options = {
		.snapshot = stage->snapshot, .hits = stage->hits, .filter = *filter};
	char problem[PROBLEM_SIZE] = "";
	struct stream *stream;

	assert_int_equal(policy_listing_open(&stream, &options, problem), -EINVAL);
	assert_string_equal(problem, why);
}

static void names_that_are_none_are_refused(void **state)
{
	expect_refused(*state, &(struct filter){.pod = "shop/wbe"},
		"there is no pod shop/wbe; did you mean shop/web?");
	expect_refused(*state, &(struct filter){.namespace_name = "elsewhere"},
		"there is no namespace elsewhere");
}

/* However many there are, a piece is small, and of many pods the first few are named. */
static void many_come_in_pieces(void **state)
{
	enum { PODS = 500, POLICIES = 2000 };
	struct stage *stage = *state;
	struct policy_listing_options options = {.hits = stage->hits};
	char problem[PROBLEM_SIZE], *text = NULL;
	struct manifest_world world;
	struct stream *stream;
	size_t size;
	FILE *to = open_memstream(&text, &size);

	fprintf(to, "apiVersion: v1\nkind: List\nitems:\n");
	for (int i = 0; i < PODS; i++)
		fprintf(to, POD("p%04d", "many", "app: x", "status: {podIP: 10.7.%d.%d}"), i,
			i / 256, i % 256);
	for (int i = 0; i < POLICIES; i++)
		fprintf(to, POLICY("n%04d", "many", "", "podSelector: {}"), i);
	fclose(to);
	manifest_world_init(&world, text);
	free(text);
	options.snapshot = world.snapshot;
	assert_int_equal(policy_listing_open(&stream, &options, problem), 0);
	stream_reader_read_all(&stage->reader, stream);
	assert_int_equal(stage->reader.count, POLICIES + 2);
	assert_true(stage->reader.pieces > 10);
	assert_true(stage->reader.longest < 2 * PIECE_ENOUGH);
	stream_reader_expect_number(stage->reader.lines[POLICIES], "pods.selected", PODS);
	assert_int_equal(
		cJSON_GetArraySize(stream_reader_at(stage->reader.lines[POLICIES], "pods.names")),
		16);
	stream_reader_expect_text(stage->reader.lines[POLICIES], "name", "n1999");
	manifest_world_deinit(&world);
}

#define WITH_STAGE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_STAGE(all_is_told_of_each),
		WITH_STAGE(who_is_in_audit_mode_is_told),
		WITH_STAGE(hits_are_told),
		WITH_STAGE(filters_filter),
		WITH_STAGE(names_that_are_none_are_refused),
		WITH_STAGE(many_come_in_pieces),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
