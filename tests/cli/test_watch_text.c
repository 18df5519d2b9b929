/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The verdict log's lines as `podgate watch` shows them: each miss, from the policies to the words
 * on the screen.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "cli/output.h"
#include "cli/watch_text.h"
#include "enforcer/log/record_json.h"
#include "policy/explain/query.h"
#include "tests/support/json_read_back.h"
#include "tests/support/manifest_world.h"

#define POLICY(name, app, more) \
	"- apiVersion: networking.k8s.io/v1\n  kind: NetworkPolicy\n" \
	"  metadata: {name: " name \
	", namespace: shop}\n  spec: {podSelector: {matchLabels: {app: " app "}}, " more "}\n"
#define POD(name, namespace, ip) \
	"- {apiVersion: v1, kind: Pod, metadata: {name: " name \
	", namespace: " namespace ", labels: {app: " name "}" \
				  "}, status: {podIP: " ip "}}\n"

static const char yaml[] = "apiVersion: v1\nkind: List\nitems:\n" POD(
	"web", "shop", "10.0.0.1") POD("db", "shop", "10.0.0.2") POD("cache", "shop",
	"10.0.0.3") POD("shy", "shop", "10.0.0.4") POD("job", "shop", "10.0.0.5") POD("intruder",
	"lab", "10.0.1.1") POLICY("db", "db",
	"ingress: [{from: [{podSelector: {matchLabels: {app: web}}}], ports: [{port: 5432}]}]")
	POLICY("shy", "shy", "ingress: []") POLICY("job", "job",
		"egress: [{to: [{ipBlock: {cidr: 10.0.0.0/24, except: [10.0.0.3/32]}}]}]")
		POLICY("cache", "cache",
			"ingress: [{from: [{namespaceSelector: {}}], ports: [{protocol: UDP, port: "
			"53}]}]") "- apiVersion: networking.k8s.io/v1\n  kind: NetworkPolicy\n"
				  "  metadata: {name: trial, namespace: shop, annotations: "
				  "{podgate.io/audit: 'true'}}\n"
				  "  spec: {podSelector: {matchLabels: {app: shy}}, ingress: "
				  "[{from: [{podSelector: {matchLabels: {app: web}}}]}]}\n";

/* What watch_text_print() writes, into `text`. Takes the line. */
static void show(cJSON *line, char text[1024])
{
	FILE *file = tmpfile();
	const int kept = dup(STDOUT_FILENO);
	size_t length;

	assert_non_null(line);
	assert_non_null(file);
	assert_true(kept >= 0);
	fflush(stdout);
	assert_true(dup2(fileno(file), STDOUT_FILENO) >= 0);
	assert_int_equal(output_clean_json(line), 0);
	watch_text_print(line);
	fflush(stdout);
	dup2(kept, STDOUT_FILENO);
	close(kept);
	rewind(file);
	length = fread(text, 1, 1023, file);
	text[length] = '\0';
	fclose(file);
	cJSON_Delete(line);
}

static void check_flow(
	const char *source, const char *destination, enum record_kind kind, const char *wanted)
{
	struct folded folded = {.record = {.kind = kind}, .repeat = 1};
	struct json_writer line = {.text = NULL};
	struct flow flows[QUERY_FLOWS_MOST];
	char problem[QUERY_PROBLEM], text[1024];
	struct manifest_world world;

	manifest_world_init(&world, yaml);
	assert_int_equal(query_flows(world.snapshot, source, destination, flows, problem), 1);
	folded.record.snapshot = world.snapshot;
	folded.record.flow = flows[0];
	folded.record.judgement = snapshot_judge(world.snapshot, &flows[0]);
	record_json_verdict(&line, &folded, 1, NULL, world.arena);
	show(json_read_back(&line), text);
	assert_string_equal(text, wanted);
	manifest_world_deinit(&world);
}

static void test_misses(void **state)
{
	static const struct {
		const char *source, *destination, *wanted;
	} cases[] = {
		{"shop/cache", "shop/db:5432",
			"00:00:00.000 DENY       shop/cache -> shop/db:5432/TCP  ingress: shop/db "
			"ingress[0].from[0].podSelector.matchLabels.app wants app=web; has "
			"app=cache\n"},
		{"lab/intruder", "shop/db:5432",
			"00:00:00.000 DENY       lab/intruder -> shop/db:5432/TCP  ingress: "
			"shop/db ingress[0].from[0].namespaceSelector wants a pod of namespace "
			"shop: a podSelector without namespaceSelector sees no other; has a pod of "
			"namespace lab\n"},
		{"192.0.2.1", "shop/db:22",
			"00:00:00.000 DENY       192.0.2.1 -> shop/db:22/TCP  ingress: shop/db "
			"ingress[0].from[0].podSelector wants a pod with app=web; has 192.0.2.1, "
			"which no pod has; no port of the rule fits, either\n"},
		{"shop/web", "shop/db:22",
			"00:00:00.000 DENY       shop/web -> shop/db:22/TCP  ingress: shop/db "
			"ingress[0].ports[0].port wants 5432; has 22\n"},
		{"shop/web", "shop/cache:53",
			"00:00:00.000 DENY       shop/web -> shop/cache:53/TCP  ingress: "
			"shop/cache ingress[0].ports[0].protocol wants UDP; has TCP\n"},
		{"shop/cache", "shop/shy:8080",
			"00:00:00.000 DENY       shop/cache -> shop/shy:8080/TCP  ingress: "
			"shop/shy admits nothing (no ingress rules)\n"},
		{"shop/web", "shop/shy:8080",
			"00:00:00.000 DENY       shop/web -> shop/shy:8080/TCP  ingress: "
			"shop/trial ingress[0] would admit it, but the policy is in audit mode\n"},
		{"shop/job", "shop/cache:53/udp",
			"00:00:00.000 DENY       shop/job -> shop/cache:53/UDP  egress: shop/job "
			"egress[0].to[0].ipBlock.except[0] wants 10.0.0.0/24 except 10.0.0.3/32; "
			"has 10.0.0.3, which is excepted\n"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		check_flow(cases[i].source, cases[i].destination, RECORD_VERDICT, cases[i].wanted);
}

static void test_other_verdicts(void **state)
{
	(void)state;
	check_flow("shop/web", "shop/db:5432", RECORD_VERDICT,
		"00:00:00.000 allow      shop/web -> shop/db:5432/TCP  ingress: shop/db "
		"ingress[0]\n");
	check_flow("shop/web", "192.0.2.1:80", RECORD_VERDICT,
		"00:00:00.000 allow      shop/web -> 192.0.2.1:80/TCP\n");
	check_flow("shop/cache", "shop/shy/icmp", RECORD_REVOKED,
		"00:00:00.000 CUT        shop/cache -> shop/shy/ICMP  ingress: shop/shy admits "
		"nothing (no ingress rules)\n");
}

static void test_lines_without_a_flow(void **state)
{
	struct json_writer line = {.text = NULL};
	char text[1024];

	(void)state;
	record_json_overload(&line, 0, 1, false, 12);
	show(json_read_back(&line), text);
	assert_string_equal(text,
		"00:00:00.000 OVERLOAD   packets dropped by the kernel, a queue being full  (12 "
		"times)\n");
	record_json_overload(&line, 0, 1, true, 12);
	show(json_read_back(&line), text);
	assert_string_equal(text,
		"00:00:00.000 OVERLOAD   packets dropped by the kernel, the queue of floods being "
		"full  (12 times)\n");
	record_json_lost(&line, 0, 1, 3);
	show(json_read_back(&line), text);
	assert_string_equal(text, "00:00:00.000 3 lines lost here\n");
	show(cJSON_Parse("{\"verdict\": \"unreadable\", \"cause\": \"short\", \"repeat\": 1}"),
		text);
	assert_string_equal(text, "UNREADABLE packet: short\n");
	show(cJSON_Parse("{\"verdict\": 3, \"protocol\": [], \"denied\": {}, \"ingress\": \"x\"}"),
		text);
	assert_string_equal(text, "            -> /\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_misses),
		cmocka_unit_test(test_other_verdicts),
		cmocka_unit_test(test_lines_without_a_flow),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
