/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * What kubectl 1.36 and its API server make of values that YAML's readers differ about, as seen on
 * real ones: each is read as they read it, and a warning tells it.
 */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "config/kube/kube.h"
#include "tests/support/findings.h"

#define POLICY \
	"apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata:\n  name: web\nspec:\n  " \
	"podSelector: {}\n"
#define POD "apiVersion: v1\nkind: Pod\nmetadata:\n  name: web\n"
#define PORTS POLICY "  ingress:\n  - ports:\n"

struct reading {
	struct arena *arena;
	struct diag_list diags;
	struct kube_objects objects;
};

static struct reading read_text(const char *text)
{
	struct reading reading = {.arena = arena_create()};
	const struct byte_source source = byte_source_of_text(text, strlen(text));
	bool truncated = false;

	diag_list_init(&reading.diags, reading.arena);
	assert_int_equal(kube_read(&reading.objects, &truncated, "f", &source, NULL,
				 (struct annotation_trust){0}, reading.arena, &reading.diags),
		0);
	return reading;
}

/* Reads what holds one sound object. */
static struct reading read_object(const char *text)
{
	struct reading reading = read_text(text);

	if (reading.diags.errors > 0 || reading.objects.count != 1)
		fail_msg("not one sound object: %s\n%s", text,
			reading.diags.count > 0 ? reading.diags.items[0].text : "");
	return reading;
}

static void reads_ports(void **state)
{
	static const struct {
		const char *text;
		uint16_t port;
	} cases[] = {
		{"080", 80},
		{"0120", 80},
		{"0o120", 80},
		{"0b1010000", 80},
		{"8_080", 8080},
		{"1e3", 1000},
		{"80.0", 80},
		{"0x5_0", 80},
		{"0x_50", 80},
		{"1_000.0", 1000},
		{"08", 8},
		{"1000e-1", 100},
		{"!!float 80.0", 80},
	};
	char text[512];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct reading reading;
		const struct policy_port *port;

		snprintf(text, sizeof(text), PORTS "    - {port: %s, endPort: 60000}\n",
			cases[i].text);
		reading = read_object(text);
		port = &reading.objects.items[0].policy->rules[DIRECTION_INGRESS][0].ports[0];
		assert_int_equal(port->kind, POLICY_PORT_NUMBER);
		assert_int_equal(port->first, cases[i].port);
		assert_int_equal(reading.diags.count, 1);
		assert_string_equal(reading.diags.items[0].code, "odd-number");
		arena_unref(reading.arena);
		snprintf(text, sizeof(text),
			POD "spec:\n  containers:\n  - ports:\n    - containerPort: %s\n",
			cases[i].text);
		reading = read_object(text);
		assert_int_equal(reading.objects.items[0].pod->ports[0].port, cases[i].port);
		arena_unref(reading.arena);
	}
}

static void reads_ports_of_json(void **state)
{
	static const char *const cases[] = {"8e1", "80.0", "8.0E1"};
	char text[512];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct reading reading;

		snprintf(text, sizeof(text),
			"{\"apiVersion\": \"networking.k8s.io/v1\", \"kind\": \"NetworkPolicy\", "
			"\"metadata\": {\"name\": \"web\"}, \"spec\": {\"podSelector\": {}, "
			"\"ingress\": [{\"ports\": [{\"port\": %s}]}]}}",
			cases[i]);
		reading = read_object(text);
		assert_int_equal(
			reading.objects.items[0].policy->rules[DIRECTION_INGRESS][0].ports[0].first,
			80);
		arena_unref(reading.arena);
	}
}

static void reads_label_values(void **state)
{
	static const struct {
		const char *text, *value;
	} cases[] = {
		{"1234e567", "1234e567"},
		{"1e309", "1e309"},
		{"0o8", "0o8"},
		{"5e12345", "5e12345"},
		{"!!binary YWJj", "abc"},
		{"2024-01-01", "2024-01-01"},
		{"~", ""},
		{"y", "y"},
	};
	char text[512];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct reading reading;

		snprintf(text, sizeof(text), POD "  labels: {app: %s}\n", cases[i].text);
		reading = read_object(text);
		assert_string_equal(label_set_get(&reading.objects.items[0].pod->labels, "app"),
			cases[i].value);
		arena_unref(reading.arena);
		snprintf(text, sizeof(text),
			POLICY "  ingress:\n  - from: [{podSelector: {matchExpressions: [{key: "
			       "app, operator: In, values: [%s]}]}}]\n",
			cases[i].text);
		reading = read_object(text);
		arena_unref(reading.arena);
	}
}

static void reads_keys(void **state)
{
	static const char *const cases[][2] = {
		{"on", "true"},
		{"yes", "true"},
		{"y", "true"},
		{"OFF", "false"},
		{"012", "10"},
		{"08", "8"},
		{"0x1f", "31"},
		{"1_0", "10"},
		{"1e3", "1000"},
		{"1.0", "1"},
		{"1.10", "1.1"},
		{".5", "0.5"},
	};
	char text[512];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct reading reading;

		snprintf(text, sizeof(text), POD "  labels: {%s: x}\n", cases[i][0]);
		reading = read_object(text);
		assert_string_equal(
			label_set_get(&reading.objects.items[0].pod->labels, cases[i][1]), "x");
		assert_int_equal(reading.diags.count, 1);
		assert_string_equal(reading.diags.items[0].code, "odd-key");
		arena_unref(reading.arena);
	}
}

static void reads_a_short_boolean(void **state)
{
	struct reading reading = read_object(POD "spec: {hostNetwork: y}\n");

	(void)state;
	assert_true(reading.objects.items[0].pod->host_network);
	arena_unref(reading.arena);
}

/*
 * cJSON would end the text at the NUL and read "true", which leaves the pod's policies unenforced.
 */
static void keeps_a_pod_whose_annotation_has_a_nul(void **state)
{
	struct reading reading = read_object(
		"{\"apiVersion\": \"v1\", \"kind\": \"Pod\", \"metadata\": {\"name\": \"web\", "
		"\"annotations\": {\"podgate.io/audit\": \"true\\u0000x\"}}}");

	(void)state;
	assert_false(reading.objects.items[0].pod->audit);
	arena_unref(reading.arena);
}

static void names_what_the_server_would_name(void **state)
{
	struct reading reading = read_text(
		"apiVersion: v1\nkind: Pod\nmetadata: {generateName: web-}\n---\n"
		"apiVersion: v1\nkind: Pod\nmetadata: {generateName: web-}\n");
	const char *first, *second;

	(void)state;
	assert_int_equal(reading.diags.errors, 0);
	assert_int_equal(reading.objects.count, 2);
	first = reading.objects.items[0].pod->name;
	second = reading.objects.items[1].pod->name;
	assert_memory_equal(first, "web-.3-", 7);
	assert_memory_equal(second, "web-.7-", 7);
	/* so the server has given it to no other pod */
	assert_non_null(object_name_problem(first));
	arena_unref(reading.arena);
}

/*
 * The requirement stays, and matches as the API has it: no label has the value, so In never does,
 * and NotIn always.
 */
static void keeps_values_no_label_can_have(void **state)
{
	struct reading reading = read_object(POLICY
		"  ingress:\n  - from: [{podSelector: {matchExpressions: [{key: a, operator: In, "
		"values: [\"b c\"]}]}}, {podSelector: {matchExpressions: [{key: a, operator: "
		"NotIn, values: [\"b c\"]}]}}, {podSelector: {matchLabels: {a: \"b c\"}}}]\n");
	const struct policy_peer
		*peers = reading.objects.items[0].policy->rules[DIRECTION_INGRESS][0].peers;
	const struct label label = {"a", "b"};
	const struct label_set with = {.items = &label, .count = 1}, without = {.count = 0};

	(void)state;
	assert_int_equal(reading.diags.count, 3);
	assert_string_equal(reading.diags.items[0].code, "impossible-value");
	assert_false(selector_matches(&peers[0].pod_selector, &with));
	assert_false(selector_matches(&peers[0].pod_selector, &without));
	assert_true(selector_matches(&peers[1].pod_selector, &with));
	assert_true(selector_matches(&peers[1].pod_selector, &without));
	assert_false(selector_matches(&peers[2].pod_selector, &with));
	arena_unref(reading.arena);
}

static const struct finding_case cases[] = {
	/* Read as kubectl reads it. */
	{"a key that is a boolean", POD "  labels: {on: x}\n", "5:12 warning odd-key\n"},
	{"a key too large for kubectl", POD "  labels: {12345678901234567890: x}\n",
		"5:12 warning odd-key\n"},
	{"a port in octal", PORTS "    - port: 0120\n", "9:13 warning odd-number\n"},
	{"a port that is a name to Go", PORTS "    - port: 0o8\n", ""},
	{"a merge over what stands above",
		"x: &x {app: b}\n" POD "  labels:\n    app: c\n    <<: *x\n",
		"8:5 warning merge-replaces\n"},
	{"a list of nodes",
		"{\"kind\": \"NodeList\", \"apiVersion\": \"v1\", \"items\": [{\"metadata\": "
		"{\"name\": \"n\"}}]}",
		""},
	{"a list of jobs", "kind: JobList\napiVersion: batch/v1\nitems: []\n", ""},
	{"a misspelt list", "kind: PoodList\napiVersion: v1\nitems: []\n", "1:7 unknown-kind\n"},
	{"a name that the server would make",
		"apiVersion: v1\nkind: Pod\nmetadata:\n  generateName: web-\n",
		"4:17 warning generated-name\n"},
	{"a namespace whose name the server would make",
		"apiVersion: v1\nkind: Namespace\nmetadata:\n  generateName: web-\n",
		"4:3 missing-name\n"},
	{"a number in an annotation that Go takes for a text",
		POD "  annotations: {commit: 1234e567}\n", ""},
	{"a value that no label can have",
		POLICY
		"  ingress:\n  - from:\n    - podSelector:\n        matchLabels: {a: \"b c\"}\n",
		"10:26 warning impossible-value\n"},
	/* Refused by the server, and read here. */
	{"a letter that is a boolean", POD "  labels: {app: y}\n", "5:17 warning letter-boolean\n"},
	{"a letter for a port", PORTS "    - port: n\n", "9:13 warning letter-boolean\n"},
	{"an annotation's key with a blank", POD "  annotations: {a b: c}\n",
		"5:17 warning bad-annotation\n"},
	{"the 30th of February", POD "  creationTimestamp: 2024-02-30T00:00:00Z\n",
		"5:22 warning odd-time\n"},
	{"a small z", POD "  creationTimestamp: 2024-01-01T00:00:00z\n", "5:22 warning odd-time\n"},
	{"a small t", POD "  creationTimestamp: 2024-01-01t00:00:00Z\n", "5:22 warning odd-time\n"},
	{"a blank for the T", POD "  creationTimestamp: 2024-01-01 00:00:00Z\n",
		"5:22 warning odd-time\n"},
	{"a port's name twice in a container",
		POD "spec:\n  containers:\n  - ports: [{name: dns, containerPort: 53}, {name: dns, "
		    "containerPort: 53, protocol: UDP}]\n",
		"7:45 warning duplicate-port-name\n"},
	{"a port's name in two containers",
		POD "spec:\n  containers:\n  - ports: [{name: http, containerPort: 80}]\n  - "
		    "ports: [{name: http, containerPort: 81}]\n",
		"8:13 warning duplicate-port-name\n"},
	{"a port's name in two containers, and no doubt",
		POD "spec:\n  containers:\n  - ports: [{name: dns, containerPort: 53}]\n"
		    "  - ports: [{name: dns, containerPort: 53, protocol: UDP}]\n",
		""},
	{"a list in a list",
		"apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: List\n  items: []\n",
		"4:3 warning nested-list\n"},
	{"items that are null", "apiVersion: v1\nkind: List\nitems: null\n",
		"3:8 warning null-items\n"},
	{"a kind that is empty", "apiVersion: v1\nkind: \"\"\nmetadata: {name: web}\n",
		"1:1 missing-kind\n"},
};

static void warns_where_it_is(void **state)
{
	(void)state;
	findings_check(cases, sizeof(cases) / sizeof(cases[0]), findings_of_manifest);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_ports),
		cmocka_unit_test(reads_ports_of_json),
		cmocka_unit_test(reads_label_values),
		cmocka_unit_test(reads_keys),
		cmocka_unit_test(reads_a_short_boolean),
		cmocka_unit_test(keeps_a_pod_whose_annotation_has_a_nul),
		cmocka_unit_test(names_what_the_server_would_name),
		cmocka_unit_test(keeps_values_no_label_can_have),
		cmocka_unit_test(warns_where_it_is),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
