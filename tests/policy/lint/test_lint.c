/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is warned of, in which words, and where; and that sound manifests are left in peace. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "policy/lint/lint.h"
#include "tests/support/generator.h"
#include "tests/support/manifest_world.h"

static const char pods[] =
	"apiVersion: v1\nkind: List\nitems:\n" /* 1 */
	"- {apiVersion: v1, kind: Namespace, metadata: {name: shop, labels: {team: sales}}}\n"
	"- {apiVersion: v1, kind: Namespace, metadata: {name: empty}}\n"
	"- apiVersion: v1\n"
	"  kind: Pod\n"
	"  metadata: {name: pod-service, namespace: shop, labels: {role: service-pod, app: web}}\n"
	"  spec: {containers: [{name: c, ports: [{name: http, containerPort: 8080}, {name: dns, "
	"containerPort: 53, protocol: UDP}]}]}\n"
	"  status: {podIP: 10.0.0.1}\n" /* 10 */
	"- {apiVersion: v1, kind: Pod, metadata: {name: client-1, namespace: shop, labels: {role: "
	"service-client-pod}}, status: {podIP: 10.0.0.2}}\n"
	"- {apiVersion: v1, kind: Pod, metadata: {name: client-2, namespace: shop, labels: {role: "
	"service-client-pod}}, status: {podIP: 10.0.0.3}}\n"
	"- {apiVersion: v1, kind: Pod, metadata: {name: probe, namespace: lab, labels: {role: "
	"probe}}, status: {podIP: 10.0.0.4}}\n"
	"- {apiVersion: v1, kind: Pod, metadata: {name: agent, namespace: lab, labels: {role: "
	"agent}}, spec: {hostNetwork: true}, status: {podIP: 192.0.2.1}}\n"
	"---\n"; /* 15 */

enum { FIRST_LINE = 16 };

#define POLICY(namespace_name, spec) \
	"apiVersion: networking.k8s.io/v1\n" \
	"kind: NetworkPolicy\n" \
	"metadata: {name: p, namespace: " namespace_name "}\n" \
	"spec:\n" spec

enum { SPEC_LINE = FIRST_LINE + 4 }; /* the first line of `spec` */

struct wanted {
	unsigned int line;
	const char *code, *text, *hint; /* hint NULL: none */
};

static void check_found(const struct diag_list *found, const struct wanted *wanted, size_t count)
{
	for (size_t i = 0; i < found->count; i++) {
		const struct diag *diag = &found->items[i];

		if (i >= count)
			fail_msg("line %u, one too many: %s", diag->pos.line, diag->text);
		assert_int_equal(diag->severity, DIAG_WARNING);
		assert_string_equal(diag->code, wanted[i].code);
		assert_string_equal(diag->text, wanted[i].text);
		assert_string_equal(diag->hint != NULL ? diag->hint : "(none)",
			wanted[i].hint != NULL ? wanted[i].hint : "(none)");
		assert_int_equal(diag->pos.line, wanted[i].line);
		assert_string_equal(diag->pos.file, "world.yaml");
	}
	assert_int_equal(found->count, count);
}

static void check_yaml(const char *yaml, const struct wanted *wanted, size_t count)
{
	struct manifest_world world;
	struct diag_list found;

	manifest_world_init(&world, yaml);
	diag_list_init(&found, world.arena);
	lint_snapshot(world.snapshot, &found);
	diag_sort(&found);
	check_found(&found, wanted, count);
	manifest_world_deinit(&world);
}

static void check(const char *policies, const struct wanted *wanted, size_t count)
{
	char yaml[8192];

	assert_true(snprintf(yaml, sizeof(yaml), "%s%s", pods, policies) < (int)sizeof(yaml));
	check_yaml(yaml, wanted, count);
}

static void check_one(const char *policies, struct wanted wanted)
{
	check(policies, &wanted, 1);
}

static void test_sound(void **state)
{
	(void)state;
	check(POLICY("shop",
		      "  podSelector: {matchLabels: {role: service-pod}}\n"
		      "  ingress:\n"
		      "  - from: [{podSelector: {matchLabels: {role: service-client-pod}}}, "
		      "{ipBlock: {cidr: 10.0.0.0/8}}]\n"
		      "    ports: [{port: http}, {port: 8000, endPort: 9000}, {protocol: SCTP, "
		      "port: 9}]\n"
		      "  egress:\n"
		      "  - to: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: "
		      "lab}}}]\n"
		      "  - ports: [{port: 443}]\n"),
		NULL, 0);
}

/* Policies in one folder, pods elsewhere: nothing can be said of selectors. */
static void test_no_pods_at_all(void **state)
{
	(void)state;
	check_yaml(POLICY("shop",
			   "  podSelector: {matchLabels: {role: x}}\n  ingress: [{ports: [{port: "
			   "http}]}]\n"),
		NULL, 0);
}

static void test_label_of_nobody(void **state)
{
	(void)state;
	check_one(POLICY("shop", "  podSelector: {matchLabels: {role: service-clint-pod}}\n"),
		(struct wanted){SPEC_LINE, "selector-matches-no-pod",
			"no pod in namespace shop has role=service-clint-pod: the policy isolates "
			"none",
			"did you mean role=service-client-pod? (2 pods)"});
	check_one(POLICY("shop", "  podSelector: {matchLabels: {roel: service-pod}}\n"),
		(struct wanted){SPEC_LINE, "selector-matches-no-pod",
			"no pod in namespace shop has roel=service-pod: the policy isolates none",
			"did you mean the label role? (3 pods)"});
	check_one(POLICY("shop", "  podSelector: {matchLabels: {role: database}}\n"),
		(struct wanted){SPEC_LINE, "selector-matches-no-pod",
			"no pod in namespace shop has role=database: the policy isolates none",
			"there is role=service-client-pod, role=service-pod"});
	check_one(POLICY("shop",
			  "  podSelector: {matchExpressions: [{key: zone, operator: Exists}]}\n"),
		(struct wanted){SPEC_LINE, "selector-matches-no-pod",
			"no pod in namespace shop has the label zone: the policy isolates none",
			NULL});
	check_one(POLICY("shop",
			  "  podSelector: {matchExpressions: [{key: role, operator: "
			  "DoesNotExist}]}\n"),
		(struct wanted){SPEC_LINE, "selector-matches-no-pod",
			"every pod in namespace shop has the label role: the policy isolates none",
			NULL});
}

/* The documentation's own mistake: the pod's name where its label should be. */
static void test_name_for_label(void **state)
{
	(void)state;
	check_one(POLICY("shop",
			  "  podSelector: {}\n  ingress:\n  - from:\n    - podSelector:\n        "
			  "matchLabels:\n"
			  "          role: pod-service\n"),
		(struct wanted){SPEC_LINE + 5, "selector-matches-no-pod",
			"no pod in namespace shop has role=pod-service: the peer is nobody",
			"'pod-service' is the name of a pod, whose label is role=service-pod: did "
			"you mean that?"});
}

static void test_no_pod_has_all(void **state)
{
	(void)state;
	check_one(POLICY("shop",
			  "  podSelector: {matchLabels: {app: web, role: service-client-pod}}\n"),
		(struct wanted){SPEC_LINE, "selector-matches-no-pod",
			"no pod in namespace shop matches all of app=web, role=service-client-pod: "
			"the policy isolates none",
			NULL});
}

static void test_other_namespaces(void **state)
{
	(void)state;
	check_one(POLICY("shop",
			  "  podSelector: {}\n  ingress:\n  - from: [{podSelector: {matchLabels: "
			  "{role: probe}}}]\n"),
		(struct wanted){SPEC_LINE + 2, "selector-matches-no-pod",
			"no pod in namespace shop has role=probe, and a podSelector without "
			"namespaceSelector sees no other namespace",
			"pods in namespace lab match: add namespaceSelector: {matchLabels: "
			"{kubernetes.io/metadata.name: lab}}"});
	check_one(POLICY("shop",
			  "  podSelector: {}\n  ingress:\n  - from: [{namespaceSelector: "
			  "{matchLabels: {team: slaes}}}]\n"),
		(struct wanted){SPEC_LINE + 2, "selector-matches-no-namespace",
			"no namespace has team=slaes: the peer is nobody",
			"did you mean team=sales? (1 namespace)"});
	check_one(POLICY("shop",
			  "  podSelector: {}\n  ingress:\n  - from: [{namespaceSelector: "
			  "{matchLabels: {kubernetes.io/metadata.name: labb}}}]\n"),
		(struct wanted){SPEC_LINE + 2, "selector-matches-no-namespace",
			"no namespace has kubernetes.io/metadata.name=labb: the peer is nobody",
			"did you mean kubernetes.io/metadata.name=lab? (1 namespace)"});
	check_one(POLICY("shop",
			  "  podSelector: {}\n  ingress:\n  - from: [{namespaceSelector: "
			  "{matchLabels: {kubernetes.io/metadata.name: empty}}}]\n"),
		(struct wanted){SPEC_LINE + 2, "selector-matches-no-pod",
			"the namespaces that this peer selects have no pods: the peer is nobody",
			NULL});
	check_one(POLICY("shop",
			  "  podSelector: {}\n  ingress:\n  - from:\n    - namespaceSelector: {}\n "
			  "     podSelector: {matchLabels: {role: prube}}\n"),
		(struct wanted){SPEC_LINE + 4, "selector-matches-no-pod",
			"no pod of the selected namespaces has role=prube: the peer is nobody",
			"did you mean role=probe? (1 pod)"});
	check_one(POLICY("shp", "  podSelector: {matchLabels: {role: service-pod}}\n"),
		(struct wanted){FIRST_LINE + 2, "namespace-without-pods",
			"namespace shp has no pods: policy p isolates none",
			"pods in namespace shop would match: is metadata.namespace right?"});
}

static void test_host_network(void **state)
{
	(void)state;
	check_one(POLICY("lab", "  podSelector: {matchLabels: {role: agent}}\n"),
		(struct wanted){SPEC_LINE, "selects-host-network",
			"every pod that this policy selects uses hostNetwork: NetworkPolicy does "
			"not apply to them",
			"protect the node's own addresses with a host firewall"});
	check_one(POLICY("lab",
			  "  podSelector: {}\n  ingress:\n  - from: [{podSelector: {matchLabels: "
			  "{role: agent}}}]\n"),
		(struct wanted){SPEC_LINE + 2, "peer-is-host-network",
			"every pod of this peer uses hostNetwork, where no podSelector finds it: "
			"the peer is nobody",
			"name the node's address in an ipBlock"});
}

static void test_ports(void **state)
{
	(void)state;
	check_one(POLICY("shop",
			  "  podSelector: {matchLabels: {app: web}}\n  ingress:\n  - ports:\n    - "
			  "port: htpt\n"),
		(struct wanted){SPEC_LINE + 3, "named-port-undeclared",
			"no selected pod declares a TCP port named htpt: the rule admits nothing "
			"by it",
			"did you mean http?"});
	check_one(POLICY("shop",
			  "  podSelector: {matchLabels: {app: web}}\n  ingress:\n  - ports:\n    - "
			  "{port: metrics, protocol: UDP}\n"),
		(struct wanted){SPEC_LINE + 3, "named-port-undeclared",
			"no selected pod declares a UDP port named metrics: the rule admits "
			"nothing by it",
			"pod shop/pod-service declares dns 53"});
	check_one(POLICY("shop",
			  "  podSelector: {}\n  egress:\n  - to: [{podSelector: {matchLabels: "
			  "{role: service-client-pod}}}]\n    ports: [{port: http}]\n"),
		(struct wanted){SPEC_LINE + 3, "named-port-undeclared",
			"no pod of the peers declares a TCP port named http: the rule admits "
			"nothing by it",
			"name the port in the pods' spec.containers[].ports, or write its number"});
	check_one(POLICY("shop",
			  "  podSelector: {matchLabels: {app: web}}\n  ingress:\n  - ports:\n    - "
			  "port: 80\n"),
		(struct wanted){SPEC_LINE + 3, "port-undeclared",
			"no selected pod declares TCP port 80",
			"pod shop/pod-service declares http 8080; a NetworkPolicy names the port "
			"of the pod, not that of its Service"});
	/* The others declare nothing: they may well listen there. */
	check(POLICY("shop", "  podSelector: {}\n  ingress:\n  - ports:\n    - port: 80\n"), NULL,
		0);
	check_one(POLICY("shop",
			  "  podSelector: {matchLabels: {app: web}}\n  ingress:\n  - ports:\n    - "
			  "port: 8080\n"
			  "    - {port: 8000, endPort: 9000}\n"),
		(struct wanted){SPEC_LINE + 3, "port-repeated",
			"TCP port 8080 is needless: ports[1] of the same rule has it", NULL});
	check_one(POLICY("shop",
			  "  podSelector: {matchLabels: {app: web}}\n  ingress:\n  - ports:\n    - "
			  "port: http\n    - port: http\n"),
		(struct wanted){SPEC_LINE + 4, "port-repeated",
			"TCP port http is needless: ports[0] of the same rule has it", NULL});
}

static void test_addresses(void **state)
{
	static const char yaml[] =
		"apiVersion: v1\nkind: List\nitems:\n"
		"- {apiVersion: v1, kind: Pod, metadata: {name: a, creationTimestamp: "
		"'2024-01-01T00:00:00Z'}, status: {podIPs: [{ip: 10.0.0.1}, {ip: 10.0.0.9}]}}\n"
		"- {apiVersion: v1, kind: Pod, metadata: {name: b, creationTimestamp: "
		"'2024-01-02T00:00:00Z'}, status: {podIP: 10.0.0.1}}\n"
		"- {apiVersion: v1, kind: Pod, metadata: {name: c}}\n"
		"- {apiVersion: v1, kind: Pod, metadata: {name: gone}, status: {podIP: 10.0.0.1, "
		"phase: Succeeded}}\n"
		"- {apiVersion: v1, kind: Pod, metadata: {name: host}, spec: {hostNetwork: "
		"true}}\n";
	const struct wanted wanted[] = {
		{4, "contested-address",
			"pods default/a and default/b (world.yaml:5) both have the address "
			"10.0.0.1: the policies of both hold for it",
			"give each its own address, or remove the pod that is gone (one with phase "
			"Succeeded or Failed has none)"},
		{6, "pod-without-address",
			"pod default/c has no address: nothing can be judged for it",
			"write the annotation podgate.io/ip: ADDRESS under its metadata; what "
			"kubectl get pods -A -o yaml prints has it in status.podIPs"},
	};

	(void)state;
	check_yaml(yaml, wanted, 2);
}

/* An isolated pod that names one family, where others have both: one finding a namespace. */
static void test_one_family(void **state)
{
#define ONE(namespace_name, name, ips) \
	"- {apiVersion: v1, kind: Pod, metadata: {namespace: " namespace_name ", name: " name \
	"}, status: {podIPs: [" ips "]}}\n"
	static const char yaml[] = "apiVersion: v1\nkind: List\nitems:\n" ONE("a", "dual",
		"{ip: 10.0.0.1}, {ip: 'fd00::1'}") ONE("a", "one", "{ip: 10.0.0.2}") ONE("a", "two",
		"{ip: 10.0.0.3}") ONE("b", "six", "{ip: 'fd00::4'}") ONE("c", "open",
		"{ip: 10.0.0.5}") "- {apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, "
				  "metadata: {name: x, namespace: a}, spec: {podSelector: {}}}\n"
				  "- {apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, "
				  "metadata: {name: x, namespace: b}, spec: {podSelector: {}}}\n";
	static const char hint[] =
		"name both addresses, or see to it that such pods have none of the other family: "
		"net.ipv6.conf.all.disable_ipv6=1 in the pod, for one";
	const struct wanted wanted[] = {
		{5, "one-family",
			"pod a/one (and 1 more of its namespace) has no IPv6 address in its "
			"manifest, while pod a/dual has: if it gets one, no policy is enforced for "
			"it",
			hint},
		{7, "one-family",
			"pod b/six has no IPv4 address in its manifest, while pod a/dual has: if "
			"it gets one, no policy is enforced for it",
			hint},
	};

	(void)state;
	check_yaml(yaml, wanted, 2);
	/* Without a pod that has both the network has one family, for all that is known. */
	check_yaml("apiVersion: v1\nkind: List\nitems:\n" ONE("a", "one",
			   "{ip: 10.0.0.2}") "- {apiVersion: networking.k8s.io/v1, kind: "
					     "NetworkPolicy, metadata: {name: x, namespace: a}, "
					     "spec: {podSelector: {}}}\n",
		NULL, 0);
#undef ONE
}

static void test_twins(void **state)
{
	static const char yaml[] =
		"apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: one, "
		"namespace: x}\n"
		"spec: {podSelector: {matchLabels: {a: b}}, ingress: [{from: [{ipBlock: {cidr: "
		"10.0.0.0/8, except: [10.1.0.0/16]}}], ports: [{port: 1}]}]}\n"
		"---\napiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: two, "
		"namespace: x}\n"
		"spec: {podSelector: {matchLabels: {a: b}}, policyTypes: [Ingress], ingress: "
		"[{from: [{ipBlock: {cidr: 10.0.0.0/8, except: [10.1.0.0/16]}}], ports: [{port: "
		"1}]}]}\n"
		"---\napiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: "
		"other-block, namespace: x}\n"
		"spec: {podSelector: {matchLabels: {a: b}}, ingress: [{from: [{ipBlock: {cidr: "
		"10.0.0.0/8, except: [10.2.0.0/16]}}], ports: [{port: 1}]}]}\n"
		"---\napiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: "
		"other-port, namespace: x}\n"
		"spec: {podSelector: {matchLabels: {a: b}}, ingress: [{from: [{ipBlock: {cidr: "
		"10.0.0.0/8, except: [10.1.0.0/16]}}], ports: [{port: 2}]}]}\n"
		"---\napiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: one, "
		"namespace: y}\n"
		"spec: {podSelector: {matchLabels: {a: b}}, ingress: [{from: [{ipBlock: {cidr: "
		"10.0.0.0/8, except: [10.1.0.0/16]}}], ports: [{port: 1}]}]}\n";
	const struct wanted wanted = {8, "policy-repeated",
		"policy x/two says the same as policy one",
		"remove one of them, or change it to what it was to say"};

	(void)state;
	check_yaml(yaml, &wanted, 1);
}

/* Whatever the cluster: it ends, and every finding is whole. */
static void test_random(void **state)
{
	const struct generator_limits limits = {.namespaces = 5, .pods = 30, .policies = 30};
	const struct snapshot_options options = {.revision = 1};
	size_t total = 0;

	(void)state;
	for (uint64_t seed = generator_seed(77); seed < generator_seed(77) + 100; seed++) {
		struct generator generator = {seed};
		struct cluster *cluster = generator_cluster(&generator, &limits);
		struct arena *arena = arena_create();
		struct snapshot *snapshot;
		struct diag_list found;

		assert_int_equal(snapshot_compile(&snapshot, cluster, &options), 0);
		diag_list_init(&found, arena);
		lint_snapshot(snapshot, &found);
		assert_int_equal(found.errors, 0);
		for (size_t i = 0; i < found.count; i++)
			assert_true(*found.items[i].text != '\0' && *found.items[i].code != '\0');
		total += found.count;
		snapshot_free(snapshot);
		arena_unref(arena);
		cluster_unref(cluster);
	}
	assert_true(total > 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sound),
		cmocka_unit_test(test_no_pods_at_all),
		cmocka_unit_test(test_label_of_nobody),
		cmocka_unit_test(test_name_for_label),
		cmocka_unit_test(test_no_pod_has_all),
		cmocka_unit_test(test_other_namespaces),
		cmocka_unit_test(test_host_network),
		cmocka_unit_test(test_ports),
		cmocka_unit_test(test_addresses),
		cmocka_unit_test(test_one_family),
		cmocka_unit_test(test_twins),
		cmocka_unit_test(test_random),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
