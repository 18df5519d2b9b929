/* SPDX-License-Identifier: GPL-2.0-or-later */

/* What well-formed objects become: every field that is read, and the API's defaults. */

#include "config/kube/kube.h"

#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/findings.h"

struct fixture {
	struct arena *arena;
	struct diag_list diags;
	struct kube_objects objects;
};

static int begin(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));

	fixture->arena = arena_create();
	diag_list_init(&fixture->diags, fixture->arena);
	*state = fixture;
	return 0;
}

static int end(void **state)
{
	struct fixture *fixture = *state;

	arena_unref(fixture->arena);
	free(fixture);
	return 0;
}

/* The tree is gone when this returns: nothing of it may be in the model. */
static void decode(struct fixture *fixture, const char *text)
{
	struct arena *tree = arena_create();
	const struct byte_source source = byte_source_of_text(text, strlen(text));
	struct document_list documents;

	assert_int_equal(
		document_read(&documents, "f.yaml", &source, NULL, tree, &fixture->diags), 0);
	assert_int_equal(
		kube_decode(&fixture->objects, &documents, fixture->arena, &fixture->diags), 0);
	arena_unref(tree);
}

static const struct network_policy *decode_policy(struct fixture *fixture, const char *spec)
{
	char text[4096] =
		"apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: web}\n";

	strcat(text, spec);
	decode(fixture, text);
	if (fixture->objects.count != 1) {
		char out[FINDINGS_TEXT];

		findings_format(&fixture->diags, out);
		fail_msg("not understood: %s", out);
	}
	return fixture->objects.items[0].policy;
}

static void reads_a_namespace(void **state)
{
	struct fixture *fixture = *state;
	const struct namespace_object *object;

	decode(fixture,
		"apiVersion: v1\nkind: Namespace\nmetadata:\n  name: shop\n  labels:\n    zone: "
		"a\n    team: web\n"
		"    kubernetes.io/metadata.name: other\n  annotations: {podgate.io/audit: "
		"\"true\"}\nstatus: {phase: Active}\n");
	assert_int_equal(fixture->objects.count, 1);
	assert_int_equal(fixture->objects.items[0].kind, KUBE_NAMESPACE);
	object = fixture->objects.items[0].namespace_object;
	assert_string_equal(object->name, "shop");
	assert_true(object->audit);
	assert_int_equal(object->pos.line, 4);
	assert_string_equal(object->pos.file, "f.yaml");
	assert_int_equal(object->labels.count, 3);
	assert_string_equal(label_set_get(&object->labels, "kubernetes.io/metadata.name"), "shop");
	assert_string_equal(label_set_get(&object->labels, "team"), "web");
	assert_string_equal(label_set_get(&object->labels, "zone"), "a");
}

static void reads_a_pod(void **state)
{
	struct fixture *fixture = *state;
	const struct pod *pod;

	decode(fixture,
		"apiVersion: v1\nkind: Pod\nmetadata:\n  name: web-0\n  namespace: shop\n  "
		"creationTimestamp: 2024-01-31T12:00:00Z\n"
		"  deletionTimestamp: \"2024-01-31T13:00:00Z\"\n  labels: {app: web, empty: \"\"}\n"
		"spec:\n  nodeName: gw\n  hostNetwork: true\n"
		"  initContainers:\n  - name: once\n    ports: [{containerPort: 1}]\n"
		"  - name: beside\n    restartPolicy: Always\n    ports: [{containerPort: 9090, "
		"name: metrics}]\n"
		"  containers:\n  - name: web\n    ports:\n    - {containerPort: 80, name: http}\n"
		"    - {containerPort: 53, protocol: UDP}\n  - name: none\n"
		"status:\n  phase: Succeeded\n  podIP: 10.0.0.5\n  podIPs: [{ip: 10.0.0.5}, {ip: "
		"\"fd00::5\"}]\n");
	assert_int_equal(fixture->diags.count, 0);
	pod = fixture->objects.items[0].pod;
	assert_string_equal(pod->namespace_name, "shop");
	assert_string_equal(pod->name, "web-0");
	assert_string_equal(pod->node_name, "gw");
	assert_int_equal(pod->created, 1706702400);
	assert_true(pod->terminating);
	assert_true(pod->host_network);
	assert_true(pod->finished);
	assert_false(pod->audit);
	assert_string_equal(label_set_get(&pod->labels, "empty"), "");
	assert_int_equal(pod->ip_count, 2);
	assert_int_equal(pod->ips[0].family, IP_FAMILY_V4);
	assert_int_equal(pod->ips[1].family, IP_FAMILY_V6);
	assert_int_equal(pod->port_count, 3);
	assert_string_equal(pod->ports[0].name, "http");
	assert_int_equal(pod->ports[0].protocol, IPPROTO_TCP);
	assert_string_equal(pod->ports[1].name, "");
	assert_int_equal(pod->ports[1].protocol, IPPROTO_UDP);
	assert_string_equal(pod->ports[2].name, "metrics");
	assert_int_equal(pod->ports[2].port, 9090);
}

static void defaults_a_pod(void **state)
{
	struct fixture *fixture = *state;
	const struct pod *pod;

	decode(fixture,
		"apiVersion: v1\nkind: Pod\nmetadata: {name: web, creationTimestamp: "
		"null}\nstatus: {podIP: \"\"}\n");
	pod = fixture->objects.items[0].pod;
	assert_string_equal(pod->namespace_name, "default");
	assert_string_equal(pod->node_name, "");
	assert_int_equal(pod->ip_count, 0);
	assert_int_equal(pod->created, 0);
	assert_false(pod->terminating);
	assert_false(pod->host_network);
	assert_false(pod->finished);
}

static void finds_addresses(void **state)
{
	static const struct {
		const char *rest;
		size_t count;
		const char *first;
	} cases[] = {
		{"status: {podIP: 10.0.0.1}", 1, "10.0.0.1"},
		{"status: {podIP: 10.0.0.1, podIPs: [{ip: 10.0.0.2}]}", 1, "10.0.0.2"},
		{"status: {podIPs: [{ip: 10.0.0.2}, {ip: 10.0.0.2}]}", 1, "10.0.0.2"},
		{"status: {podIPs: []}", 0, NULL},
		{"metadata: {name: web, annotations: {podgate.io/ip: 10.0.0.3}}", 1, "10.0.0.3"},
		{"metadata: {name: web, annotations: {podgate.io/ips: \"10.0.0.4, fd00::4\"}}", 2,
			"10.0.0.4"},
		{"metadata: {name: web, annotations: {podgate.io/ip: 10.0.0.3}}\nstatus: {podIP: "
		 "10.0.0.9}",
			1, "10.0.0.9"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct fixture *fixture = *state;
		char text[512] = "apiVersion: v1\nkind: Pod\n", address[IP_ADDR_TEXT];
		const struct pod *pod;

		if (strncmp(cases[i].rest, "metadata", 8) != 0)
			strcat(text, "metadata: {name: web}\n");
		strcat(text, cases[i].rest);
		decode(fixture, text);
		assert_int_equal(fixture->diags.count, 0);
		pod = fixture->objects.items[0].pod;
		assert_int_equal(pod->ip_count, cases[i].count);
		if (cases[i].count > 0)
			assert_string_equal(ip_addr_format(&pod->ips[0], address), cases[i].first);
	}
}

static void reads_times(void **state)
{
	static const struct {
		const char *text;
		int64_t seconds;
	} cases[] = {
		{"1970-01-01T00:00:01Z", 1},
		{"2024-02-29T23:59:59Z", 1709251199},
		{"2024-03-01T01:59:59+02:00", 1709251199},
		{"2024-02-29T18:29:59.123456-05:30", 1709251199},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct fixture *fixture = *state;
		char text[256];

		snprintf(text, sizeof(text),
			"apiVersion: v1\nkind: Pod\nmetadata: {name: a, creationTimestamp: "
			"\"%s\"}\n",
			cases[i].text);
		decode(fixture, text);
		assert_int_equal(fixture->objects.items[0].pod->created, cases[i].seconds);
	}
}

static void reads_a_policy(void **state)
{
	struct fixture *fixture = *state;
	const struct network_policy *policy = decode_policy(fixture,
		"spec:\n  podSelector:\n    matchLabels: {tier: db, app: shop}\n  policyTypes: "
		"[Egress, Ingress]\n"
		"  ingress:\n  - from:\n    - podSelector: {}\n      namespaceSelector:\n        "
		"matchExpressions:\n"
		"        - {key: team, operator: NotIn, values: [b, a, b]}\n        - {key: old, "
		"operator: DoesNotExist}\n"
		"    - ipBlock:\n        cidr: 10.1.2.3/8\n        except: [10.9.0.0/16, "
		"10.1.2.3/32]\n"
		"    ports:\n    - port: 5432\n    - {port: 8000, endPort: 8080, protocol: SCTP}\n "
		"   - {port: dns, protocol: UDP}\n"
		"    - protocol: UDP\n  - {}\n"
		"  egress: []\n");
	const struct policy_rule *rule = &policy->rules[DIRECTION_INGRESS][0];
	const struct selector *namespaces = &rule->peers[0].namespace_selector;
	char block[CIDR_TEXT];

	assert_int_equal(fixture->diags.count, 1); /* the host bits */
	assert_string_equal(policy->namespace_name, "default");
	assert_true(policy->isolates[DIRECTION_INGRESS]);
	assert_true(policy->isolates[DIRECTION_EGRESS]);
	assert_int_equal(policy->pod_selector.count, 2);
	assert_true(policy->pod_selector.requirements[0].from_match_labels);
	assert_string_equal(policy->pod_selector.requirements[0].key, "tier");
	assert_string_equal(policy->pod_selector.requirements[0].values[0], "db");
	assert_int_equal(policy->pod_selector.requirements[0].pos.line, 6);
	assert_int_equal(policy->rule_count[DIRECTION_INGRESS], 2);
	assert_int_equal(policy->rule_count[DIRECTION_EGRESS], 0);

	assert_int_equal(rule->peer_count, 2);
	assert_true(rule->peers[0].has_pod_selector && rule->peers[0].has_namespace_selector);
	assert_int_equal(rule->peers[0].pod_selector.count, 0);
	assert_int_equal(namespaces->count, 2);
	assert_int_equal(namespaces->requirements[0].op, REQUIREMENT_NOT_IN);
	assert_int_equal(namespaces->requirements[0].value_count, 2);
	assert_string_equal(namespaces->requirements[0].values[0], "a");
	assert_int_equal(namespaces->requirements[1].op, REQUIREMENT_DOES_NOT_EXIST);
	assert_int_equal(namespaces->requirements[1].value_count, 0);
	assert_string_equal(cidr_format(&rule->peers[1].ip_block.cidr, block), "10.0.0.0/8");
	assert_int_equal(rule->peers[1].ip_block.except_count, 2);
	assert_string_equal(cidr_format(&rule->peers[1].ip_block.excepts[1], block), "10.1.2.3/32");

	assert_int_equal(rule->port_count, 4);
	assert_int_equal(rule->ports[0].kind, POLICY_PORT_NUMBER);
	assert_int_equal(rule->ports[0].first, 5432);
	assert_int_equal(rule->ports[0].last, 5432);
	assert_int_equal(rule->ports[0].protocol, IPPROTO_TCP);
	assert_int_equal(rule->ports[1].last, 8080);
	assert_int_equal(rule->ports[1].protocol, IPPROTO_SCTP);
	assert_int_equal(rule->ports[2].kind, POLICY_PORT_NAMED);
	assert_string_equal(rule->ports[2].name, "dns");
	assert_int_equal(rule->ports[3].kind, POLICY_PORT_ANY);
	assert_int_equal(rule->ports[3].protocol, IPPROTO_UDP);
	assert_int_equal(policy->rules[DIRECTION_INGRESS][1].peer_count, 0);
	assert_int_equal(policy->rules[DIRECTION_INGRESS][1].port_count, 0);
}

static void defaults_policy_types(void **state)
{
	static const struct {
		const char *spec;
		bool ingress, egress;
	} cases[] = {
		{"", true, false},
		{"spec: null", true, false},
		{"spec: {}", true, false},
		{"spec: {podSelector: {}}", true, false},
		{"spec: {podSelector: {}, policyTypes: []}", true, false},
		{"spec: {podSelector: {}, policyTypes: null}", true, false},
		{"spec: {podSelector: {}, egress: []}", true, false},
		{"spec: {podSelector: {}, egress: }", true, false},
		{"spec: {podSelector: {}, egress: [{}]}", true, true},
		{"spec: {podSelector: {}, ingress: [{}]}", true, false},
		{"spec: {podSelector: {}, policyTypes: [Egress]}", false, true},
		{"spec: {podSelector: {}, policyTypes: [Egress, Ingress]}", true, true},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct network_policy *policy = decode_policy(*state, cases[i].spec);

		assert_int_equal(policy->isolates[DIRECTION_INGRESS], cases[i].ingress);
		assert_int_equal(policy->isolates[DIRECTION_EGRESS], cases[i].egress);
	}
}

/*
 * Absent, null and empty are one to the API wherever a list or the policy's own selector is
 * concerned.
 */
static void takes_nothing_for_empty(void **state)
{
	static const char *const specs[] = {
		"spec: {podSelector: null, ingress: [{from: [], ports: []}]}",
		"spec: {podSelector: , ingress: [{from: null, ports: null}]}",
		"spec: {podSelector: {matchLabels: null, matchExpressions: null}, ingress: [{}]}",
		("spec: {podSelector: {matchLabels: {}, matchExpressions: []}, "
		 "ingress: [{ports: }]}"),
	};

	for (size_t i = 0; i < sizeof(specs) / sizeof(specs[0]); i++) {
		const struct network_policy *policy = decode_policy(*state, specs[i]);

		assert_int_equal(((struct fixture *)*state)->diags.count, 0);
		assert_int_equal(policy->pod_selector.count, 0);
		assert_int_equal(policy->rule_count[DIRECTION_INGRESS], 1);
		assert_int_equal(policy->rules[DIRECTION_INGRESS][0].peer_count, 0);
		assert_int_equal(policy->rules[DIRECTION_INGRESS][0].port_count, 0);
	}
}

static void reads_ports_as_kubernetes_does(void **state)
{
	const struct network_policy *policy = decode_policy(*state,
		"spec: {podSelector: {}, ingress: [{ports: [{port: 0x50}, {port: ~}, {}, null, "
		"{port: \"http\"}]}]}");
	const struct policy_port *ports = policy->rules[DIRECTION_INGRESS][0].ports;

	assert_int_equal(policy->rules[DIRECTION_INGRESS][0].port_count, 5);
	assert_int_equal(ports[0].first, 80);
	assert_int_equal(ports[1].kind, POLICY_PORT_ANY);
	assert_int_equal(ports[2].kind, POLICY_PORT_ANY);
	assert_int_equal(ports[3].kind, POLICY_PORT_ANY);
	assert_int_equal(ports[4].kind, POLICY_PORT_NAMED);
}

static void keeps_neighbours_of_what_is_broken(void **state)
{
	struct fixture *fixture = *state;

	decode(fixture,
		"apiVersion: v1\nkind: Pod\nmetadata: {name: a}\n---\n"
		"apiVersion: v1\nkind: Pod\nmetadata: {name: 5}\n---\n"
		"spec\n  x: y\n---\n"
		"apiVersion: v1\nkind: List\nitems:\n"
		"- {apiVersion: v1, kind: Pod, metadata: {name: b}}\n"
		"- {apiVersion: v1, kind: Pod, metadata: {name: c, ? [name] : d}}\n"
		"- {apiVersion: v1, kind: Secret, metadata: {name: e}}\n"
		"- {apiVersion: v1, kind: Pod, metadata: {name: f}}\n");
	assert_int_equal(fixture->objects.count, 3);
	assert_string_equal(fixture->objects.items[0].pod->name, "a");
	assert_string_equal(fixture->objects.items[1].pod->name, "b");
	assert_string_equal(fixture->objects.items[2].pod->name, "f");
	assert_int_equal(fixture->objects.broken, 3);
	assert_int_equal(fixture->objects.passed_over, 1);
	assert_int_equal(fixture->diags.errors, 3);
}

static void knows_the_kind_of_a_typed_list(void **state)
{
	struct fixture *fixture = *state;

	decode(fixture,
		"{\"kind\": \"PodList\", \"apiVersion\": \"v1\", \"metadata\": "
		"{\"resourceVersion\": \"1\"},\"items\": [{\"metadata\": {\"name\": \"a\"}}]}");
	assert_int_equal(fixture->objects.count, 1);
	decode(fixture,
		"kind: NetworkPolicyList\napiVersion: networking.k8s.io/v1\nitems:\n"
		"- {metadata: {name: a}, spec: {podSelector: {}}}\n");
	assert_int_equal(fixture->objects.count, 1);
	decode(fixture, "kind: NamespaceList\napiVersion: v1\nitems:\n- {metadata: {name: a}}\n");
	assert_int_equal(fixture->objects.count, 1);
	assert_int_equal(fixture->diags.count, 0);
}

/* One of each as `kubectl get ... -A -o yaml` prints them, with all that an API server adds. */
static const char printed_yaml[] =
	"apiVersion: v1\nitems:\n"
	"- apiVersion: v1\n  kind: Pod\n  metadata:\n    annotations:\n      "
	"kubectl.kubernetes.io/last-applied-configuration: |\n"
	"        {\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"metadata\":{\"name\":\"web\"}}\n"
	"    creationTimestamp: \"2024-05-01T10:00:00Z\"\n    generateName: web-\n    labels:\n    "
	"  app: web\n"
	"    managedFields:\n    - apiVersion: v1\n      fieldsType: FieldsV1\n      fieldsV1:\n   "
	"     f:metadata:\n"
	"          f:labels:\n            .: {}\n            f:app: {}\n        f:spec:\n          "
	"f:containers:\n"
	"            k:{\"name\":\"web\"}:\n              .: {}\n      manager: kubectl\n      "
	"operation: Update\n"
	"      time: \"2024-05-01T10:00:00Z\"\n    name: web\n    namespace: shop\n    "
	"ownerReferences:\n"
	"    - apiVersion: apps/v1\n      blockOwnerDeletion: true\n      controller: true\n      "
	"kind: ReplicaSet\n"
	"      name: web\n      uid: 0b9f0c2e-0000-4000-8000-000000000001\n    resourceVersion: "
	"\"4711\"\n"
	"    uid: 0b9f0c2e-0000-4000-8000-000000000002\n"
	"  spec:\n    affinity: {}\n    containers:\n    - image: registry.example/web:1\n      "
	"imagePullPolicy: IfNotPresent\n"
	"      name: web\n      ports:\n      - containerPort: 8080\n        hostPort: 80\n        "
	"name: http\n        protocol: TCP\n"
	"      resources: {}\n      terminationMessagePath: /dev/termination-log\n      "
	"volumeMounts:\n"
	"      - mountPath: /var/run/secrets/kubernetes.io/serviceaccount\n        name: token\n   "
	"     readOnly: true\n"
	"    dnsPolicy: ClusterFirst\n    enableServiceLinks: true\n    nodeName: gw\n    "
	"preemptionPolicy: PreemptLowerPriority\n"
	"    priority: 0\n    restartPolicy: Always\n    schedulerName: default-scheduler\n    "
	"securityContext: {}\n"
	"    serviceAccount: default\n    serviceAccountName: default\n    "
	"terminationGracePeriodSeconds: 30\n"
	"    tolerations:\n    - effect: NoExecute\n      key: node.kubernetes.io/not-ready\n      "
	"operator: Exists\n"
	"      tolerationSeconds: 300\n"
	"  status:\n    conditions:\n    - lastProbeTime: null\n      lastTransitionTime: "
	"\"2024-05-01T10:00:01Z\"\n"
	"      status: \"True\"\n      type: Ready\n    containerStatuses:\n    - containerID: "
	"containerd://0\n      ready: true\n"
	"    hostIP: 192.0.2.10\n    hostIPs:\n    - ip: 192.0.2.10\n    phase: Running\n    "
	"podIP: 10.0.0.5\n    podIPs:\n"
	"    - ip: 10.0.0.5\n    - ip: fd00::5\n    qosClass: BestEffort\n    startTime: "
	"\"2024-05-01T10:00:00Z\"\n"
	"- apiVersion: networking.k8s.io/v1\n  kind: NetworkPolicy\n  metadata:\n    "
	"annotations:\n      note: \"\\U0001F600\"\n"
	"    creationTimestamp: \"2024-05-01T10:00:00Z\"\n    generation: 1\n    name: web\n    "
	"namespace: shop\n"
	"    resourceVersion: \"4712\"\n    uid: 0b9f0c2e-0000-4000-8000-000000000003\n"
	"  spec:\n    ingress:\n    - from:\n      - podSelector: {}\n      ports:\n      - port: "
	"8080\n        protocol: TCP\n"
	"    podSelector:\n      matchLabels:\n        app: web\n    policyTypes:\n    - Ingress\n "
	" status: {}\n"
	"- apiVersion: v1\n  kind: Namespace\n  metadata:\n    creationTimestamp: "
	"\"2024-05-01T10:00:00Z\"\n    labels:\n"
	"      kubernetes.io/metadata.name: shop\n    name: shop\n    resourceVersion: \"1\"\n"
	"    uid: 0b9f0c2e-0000-4000-8000-000000000004\n  spec:\n    finalizers:\n    - "
	"kubernetes\n  status:\n    phase: Active\n"
	"kind: List\nmetadata:\n  resourceVersion: \"\"\n";

static const char printed_json[] =
	"{\n    \"apiVersion\": \"v1\",\n    \"items\": [\n        {\n            \"apiVersion\": "
	"\"networking.k8s.io/v1\",\n"
	"            \"kind\": \"NetworkPolicy\",\n            \"metadata\": {\n                "
	"\"annotations\": {\n"
	"                    \"note\": \"\\ud83d\\ude00 \\u003cb\\u003e\"\n                },\n"
	"                \"name\": \"web\",\n                \"namespace\": \"shop\"\n            "
	"},\n            \"spec\": {\n"
	"                \"podSelector\": {},\n                \"policyTypes\": [\n                "
	"    \"Ingress\"\n                ]\n"
	"            }\n        }\n    ],\n    \"kind\": \"List\",\n    \"metadata\": {\n        "
	"\"resourceVersion\": \"\"\n    }\n}\n";

static void reads_what_kubectl_prints(void **state)
{
	struct fixture *fixture = *state;

	decode(fixture, printed_yaml);
	assert_int_equal(fixture->diags.count, 0);
	assert_int_equal(fixture->objects.count, 3);
	assert_int_equal(fixture->objects.items[0].pod->ip_count, 2);
	assert_string_equal(fixture->objects.items[1].policy->name, "web");
	assert_string_equal(fixture->objects.items[2].namespace_object->name, "shop");
	decode(fixture, printed_json);
	assert_int_equal(fixture->diags.count, 0);
	assert_int_equal(fixture->objects.count, 1);
	assert_int_equal(fixture->objects.items[0].policy->pos.line, 11);
}

static void keeps_texts_once(void **state)
{
	struct fixture *fixture = *state;

	decode(fixture,
		"apiVersion: v1\nkind: Pod\nmetadata: {name: a, namespace: shop, labels: {app: "
		"web}}\n---\n"
		"apiVersion: v1\nkind: Pod\nmetadata: {name: b, namespace: shop, labels: {app: "
		"web}}\n");
	assert_ptr_equal(fixture->objects.items[0].pod->namespace_name,
		fixture->objects.items[1].pod->namespace_name);
	assert_ptr_equal(fixture->objects.items[0].pod->labels.items[0].value,
		fixture->objects.items[1].pod->labels.items[0].value);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(reads_a_namespace, begin, end),
		cmocka_unit_test_setup_teardown(reads_a_pod, begin, end),
		cmocka_unit_test_setup_teardown(defaults_a_pod, begin, end),
		cmocka_unit_test_setup_teardown(finds_addresses, begin, end),
		cmocka_unit_test_setup_teardown(reads_times, begin, end),
		cmocka_unit_test_setup_teardown(reads_a_policy, begin, end),
		cmocka_unit_test_setup_teardown(defaults_policy_types, begin, end),
		cmocka_unit_test_setup_teardown(takes_nothing_for_empty, begin, end),
		cmocka_unit_test_setup_teardown(reads_ports_as_kubernetes_does, begin, end),
		cmocka_unit_test_setup_teardown(keeps_neighbours_of_what_is_broken, begin, end),
		cmocka_unit_test_setup_teardown(knows_the_kind_of_a_typed_list, begin, end),
		cmocka_unit_test_setup_teardown(reads_what_kubectl_prints, begin, end),
		cmocka_unit_test_setup_teardown(keeps_texts_once, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
