/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Policies with errors that were never sound: what is in force of them. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/one_file.h"

#include "config/store/store.h"

static int begin(void **state)
{
	return store_create((struct store **)state);
}

static int end(void **state)
{
	store_free(*state);
	return 0;
}

static void put(struct store *store, const char *name, const char *text)
{
	assert_int_equal(one_file_put(store, name, text, strlen(text)), 0);
}

/* "2p1q" for a rule of two peers and one port. */
static void print_rules(char *out, const struct network_policy *policy, int direction)
{
	for (size_t i = 0; i < policy->rule_count[direction]; i++)
		sprintf(out + strlen(out), " %zup%uq", policy->rules[direction][i].peer_count,
			policy->rules[direction][i].port_count);
}

/* "shop/web! app IE in 1p0q out": those in force; ! for one in part. */
static void expect(struct store *store, const char *expected)
{
	struct cluster *cluster;
	char out[1024] = "";

	assert_int_equal(store_cluster(store, &cluster), 0);
	for (size_t i = 0; i < cluster->policy_count; i++) {
		const struct network_policy *policy = cluster->policies[i];

		sprintf(out + strlen(out), "%s%s/%s%s", i > 0 ? "; " : "", policy->namespace_name,
			policy->name, policy->in_part ? "!" : "");
		for (size_t j = 0; j < policy->pod_selector.count; j++)
			sprintf(out + strlen(out), " %s", policy->pod_selector.requirements[j].key);
		sprintf(out + strlen(out), " %s%s in",
			policy->isolates[DIRECTION_INGRESS] ? "I" : "",
			policy->isolates[DIRECTION_EGRESS] ? "E" : "");
		print_rules(out, policy, DIRECTION_INGRESS);
		strcat(out, " out");
		print_rules(out, policy, DIRECTION_EGRESS);
	}
	assert_string_equal(out, expected);
	cluster_unref(cluster);
}

#define HEAD "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\n"
#define META HEAD "metadata: {name: web, namespace: shop}\n"
#define INGRESS \
	META "spec:\n  podSelector: {matchLabels: {app: web}}\n  policyTypes: [Ingress]\n  " \
	     "ingress:\n"

static const struct {
	const char *manifest, *expected;
} cases[] = {
	/* The selector: its readable requirements, and without any the namespace. */
	{META "spec: {podSelector: {matchLabels: {app: web, x: [1]}}, policyTypes: [Ingress]}\n",
		"shop/web! app I in out"},
	{META "spec: {podSelector: {matchLabels: {app: [web]}}, policyTypes: [Ingress]}\n",
		"shop/web! I in out"},
	{META "spec: {podSelector: {matchLabel: {app: web}}, policyTypes: [Ingress]}\n",
		"shop/web! I in out"},
	{META "spec: {podSelector: [a], policyTypes: [Ingress]}\n", "shop/web! I in out"},
	{META "spec: {podselector: {matchLabels: {app: web}}, policyTypes: [Ingress]}\n",
		"shop/web! I in out"},
	{META "spec: {podSelector: {matchExpressions: [{key: app, operator: Inn, values: [a]}, "
	      "{key: b, operator: Exists}]}}\n",
		"shop/web! b I in out"},
	/* The types: both when they can't be read. */
	{META "spec: {podSelector: {}, policyTypes: [Ingres]}\n", "shop/web! IE in out"},
	{META "spec: {podSelector: {}, policyTypes: Ingress}\n", "shop/web! IE in out"},
	{META "spec: {podSelector: {}, policyType: [Ingress]}\n", "shop/web! IE in out"},
	{META "spec: {podSelector: {}, egress: [{to: [{x: y}]}]}\n", "shop/web! IE in out"},
	{META "spec: {podSelector: {}, ingress: [{from: [{x: y}]}]}\n", "shop/web! I in out"},
	{META "spec: nothing\n", "shop/web! IE in out"},
	/* The rules: those that can be read; what can't be read admits nobody. */
	{INGRESS "  - from: [{podSelector: {}}, {podSelector: {matchLabels: 7}}]\n",
		"shop/web! app I in 1p0q out"},
	{INGRESS "  - from: [{podSelector: {matchLabels: 7}}]\n", "shop/web! app I in out"},
	{INGRESS "  - form: [{podSelector: {}}]\n", "shop/web! app I in out"},
	{INGRESS "  - from: 7\n", "shop/web! app I in out"},
	{INGRESS "  - ports: [{port: 99999}]\n", "shop/web! app I in out"},
	{INGRESS "  - ports: [{port: 99999}, {port: 80}]\n", "shop/web! app I in 0p1q out"},
	{INGRESS "  - ports: {port: 80}\n", "shop/web! app I in out"},
	{INGRESS "  - ports: [{port: 80, protocol: ICMP}]\n  - from: [{podSelector: {}}]\n",
		"shop/web! app I in 1p0q out"},
	{INGRESS "  - from: [{ipBlock: {cidr: 10.0.0.0/8, except: [10.1.2.300/32]}}]\n",
		"shop/web! app I in out"},
	{INGRESS "  - from: [{ipBlock: {cidr: 10.0.0.0/8, except: [10.0.0.0/8]}}]\n",
		"shop/web! app I in out"},
	{INGRESS "  - from: [{podSelector: {}, ipBlock: {cidr: 10.0.0.0/8}}, {}]\n",
		"shop/web! app I in out"},
	{INGRESS "  - 7\n  - {}\n", "shop/web! app I in 0p0q out"},
	{INGRESS "  - from: *nowhere\n", "shop/web! app I in out"},
	{INGRESS "  - *nowhere\n", "shop/web! app I in out"},
	{INGRESS "  - from: [*nowhere]\n", "shop/web! app I in out"},
	{INGRESS "  - from: [{podSelector: *nowhere, namespaceSelector: {}}]\n",
		"shop/web! app I in out"},
	{INGRESS "  - from: [{podSelector: {matchLabels: {a: *nowhere}}}]\n",
		"shop/web! app I in out"},
	{META "spec: {podSelector: {}, policyTypes: *nowhere}\n", "shop/web! IE in out"},
	{META "spec: *nowhere\n", "shop/web! IE in out"},
	{HEAD "metadata: {name: web, namespace: *nowhere}\nspec: {podSelector: {}}\n", ""},
	{HEAD "metadata: *nowhere\nspec: {podSelector: {}}\n", ""},
	{INGRESS "\t- from: []\n", ""}, /* no YAML: not even its kind is known */
	/* What it is called, and where it is. */
	{HEAD "metadata: {namespace: shop}\nspec: {podSelector: {}}\n",
		"shop/unnamed-at-line-1! I in out"},
	{HEAD "metadata: {name: [a], namespace: shop}\nspec: {podSelector: {}}\n",
		"shop/unnamed-at-line-1! I in out"},
	{HEAD "metadata: {name: web, namespace: 123}\nspec: {podSelector: {}}\n",
		"123/web! I in out"},
	{HEAD "metadata: {name: web, namespace: Shop}\nspec: {podSelector: {}}\n", ""},
	{HEAD "metadata: {name: web, namespace: [shop]}\nspec: {podSelector: {}}\n", ""},
	{HEAD "metadata: web\nspec: {podSelector: {}}\n", ""},
	{HEAD "spec: {podSelector: {}}\n", "default/unnamed-at-line-1! I in out"},
	/* What it is. */
	{"kind: NetworkPolicy\nmetadata: {name: web, namespace: shop}\nspec: {podSelector: {}}\n",
		"shop/web! I in out"},
	{"apiVersion: networking.k8s.io/v2\nkind: NetworkPolicy\nmetadata: {name: web}\nspec: "
	 "{podSelector: {}}\n",
		"default/web! I in out"},
	{"apiVersion: networking.k8s.io/v1\nkind: NetworkPolcy\nmetadata: {name: web}\nspec: "
	 "{podSelector: {}}\n",
		"default/web! I in out"},
	{"apiVersion: crd.projectcalico.org/v1\nkind: NetworkPolicy\nmetadata: {name: web}\nspec: "
	 "{x: y}\n",
		""},
	{"apiVersion: v1\nkind: List\nitems:\n- apiVersion: networking.k8s.io/v1\n  kind: "
	 "NetworkPolicy\n"
	 "  metadata: {name: a}\n  spec: {podSelector: {}, x: y}\n- apiVersion: "
	 "networking.k8s.io/v1\n  kind: NetworkPolicy\n"
	 "  metadata: {name: b}\n  spec: {podSelector: {}}\n",
		"default/a! IE in out; default/b I in out"},
};

static void closes_what_can_not_be_read(void **state)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		put(*state, "f.yaml", cases[i].manifest);
		print_message("%s", cases[i].manifest);
		expect(*state, cases[i].expected);
		assert_true(store_stats(*state).broken_files == 1 || *cases[i].expected == '\0');
		one_file_remove(*state, "f.yaml");
	}
}

static void yields_to_what_was_sound(void **state)
{
	struct store *store = *state;

	put(store, "f.yaml",
		META "spec: {podSelector: {matchLabels: {app: web}}, policyTypes: [Egress]}\n");
	put(store, "f.yaml", META "spec: {podSelector: {}, policyTypes: [Ingres]}\n");
	expect(store, "shop/web app E in out");
	/* Its name breaks, too: it may be the same, and what was in force stays as it was. */
	put(store, "f.yaml",
		HEAD "metadata: {name: [web], namespace: shop}\nspec: {podSelector: {}, "
		     "policyTypes: [Ingres]}\n");
	expect(store, "shop/web app E in out");
	assert_int_equal(store_stats(store).partial_objects, 0);
	/* One that is new is closed. */
	put(store, "f.yaml",
		META
		"spec: {podSelector: {matchLabels: {app: web}}, policyTypes: [Egress]}\n---\n" HEAD
		"metadata: {name: new, namespace: shop}\nspec: {podSelector: {}, x: y}\n");
	expect(store, "shop/new! IE in out; shop/web app E in out");
	assert_int_equal(store_stats(store).partial_objects, 1);
	/* As long as it is there, and has errors. Of two that can't be read the newer counts. */
	put(store, "f.yaml",
		META
		"spec: {podSelector: {matchLabels: {app: web}}, policyTypes: [Egress]}\n---\n" HEAD
		"metadata: {name: new, namespace: shop}\nspec: {podSelector: {}, policyTypes: "
		"[Ingress], ingress: 7}\n");
	expect(store, "shop/new! I in out; shop/web app E in out");
	put(store, "f.yaml", "half a fi");
	expect(store, "shop/new! I in out; shop/web app E in out");
	put(store, "f.yaml", META "spec: {podSelector: {}}\n");
	expect(store, "shop/web I in out");
}

static void yields_to_a_sound_one_elsewhere(void **state)
{
	struct store *store = *state;

	put(store, "a.yaml", META "spec: {podSelector: {}}\n");
	put(store, "b.yaml", META "spec: {podSelector: {}, policyTypes: [Ingres]}\n");
	expect(store, "shop/web I in out");
	one_file_remove(store, "a.yaml");
	expect(store, "shop/web! IE in out");
}

#define POD "apiVersion: v1\nkind: Pod\n"

/* A pod's addresses are known though something else of it is not. */
static void closes_pods(void **state)
{
	static const struct {
		const char *manifest, *labels, *policies;
		size_t ips;
		bool host_network;
	} pods[] = {
		/* All labels can be read: policies select it by them. */
		{POD "metadata: {name: web, namespace: shop, labels: {app: web}}\nspec: "
		     "{containers: [{name: a, ports: [{containerPort: 99999}]}]}\n"
		     "status: {podIP: 10.0.0.1}\n",
			"app=web", "", 1, false},
		{POD "metadata: {name: web, namespace: shop, labels: {app: web}, "
		     "creationTimestamp: now}\nstatus: {podIP: 10.0.0.1}\n",
			"app=web", "", 1, false},
		{POD "metadata: {name: web, namespace: shop, labels: {app: web}}\nstatus: {podIPs: "
		     "[{ip: 10.0.0.1}, {ip: 10.0.0.300}]}\n",
			"app=web", "", 1, false},
		{POD "metadata: {name: web, namespace: shop}\nspec: {hostNetwork: maybe}\nstatus: "
		     "{podIP: 10.0.0.1}\n",
			"", "", 1, true},
		/* Some can't: which policies select it is not known, so it is isolated. */
		{POD "metadata: {name: web, namespace: shop, labels: {app: web, role: "
		     "[a]}}\nstatus: {podIP: 10.0.0.1}\n",
			"app=web podgate.io/unreadable-pod=web",
			"shop/unreadable-pod-web! podgate.io/unreadable-pod IE in out", 1, false},
		{POD "metadata: {name: web, namespace: shop, labels: [app]}\nstatus: {podIP: "
		     "10.0.0.1}\n",
			"podgate.io/unreadable-pod=web",
			"shop/unreadable-pod-web! podgate.io/unreadable-pod IE in out", 1, false},
		{POD "metadata: {name: [web], namespace: shop, labels: *nowhere}\nstatus: {podIP: "
		     "10.0.0.1}\n",
			"podgate.io/unreadable-pod=unnamed-at-line-1",
			"shop/unreadable-pod-unnamed-at-line-1! podgate.io/unreadable-pod IE in "
			"out",
			1, false},
	};
	struct store *store = *state;

	for (size_t i = 0; i < sizeof(pods) / sizeof(pods[0]); i++) {
		struct cluster *cluster;
		char labels[256] = "";

		print_message("%s", pods[i].manifest);
		put(store, "f.yaml", pods[i].manifest);
		expect(store, pods[i].policies);
		assert_int_equal(store_stats(store).partial_objects, 1);
		assert_int_equal(store_cluster(store, &cluster), 0);
		assert_int_equal(cluster->pod_count, 1);
		for (size_t j = 0; j < cluster->pods[0]->labels.count; j++)
			sprintf(labels + strlen(labels), "%s%s=%s", j > 0 ? " " : "",
				cluster->pods[0]->labels.items[j].key,
				cluster->pods[0]->labels.items[j].value);
		assert_string_equal(labels, pods[i].labels);
		assert_string_equal(cluster->pods[0]->namespace_name, "shop");
		assert_int_equal(cluster->pods[0]->ip_count, pods[i].ips);
		assert_int_equal(cluster->pods[0]->host_network, pods[i].host_network);
		cluster_unref(cluster);
		one_file_remove(store, "f.yaml");
	}
	/* What isolates it goes when it can be read, though its file is broken still. */
	put(store, "f.yaml", pods[4].manifest);
	put(store, "f.yaml",
		POD "metadata: {name: web, namespace: shop, labels: {app: web}}\n---\nbroken\n");
	expect(store, "");
	/* And what was sound of it stays as it was. */
	put(store, "f.yaml", pods[4].manifest);
	expect(store, "");
	assert_int_equal(store_stats(store).partial_objects, 0);
	assert_int_equal(store_stats(store).kept_objects, 1);
}

static void is_an_error_that_tells(void **state)
{
	struct arena *arena = arena_create();
	struct diag_list diags;

	put(*state, "f.yaml", META "spec: {podSelector: {}, policyTypes: [Ingres]}\n");
	assert_int_equal(store_diags(*state, arena, &diags), 0);
	assert_int_equal(diags.count, 2);
	assert_string_equal(diags.items[0].code, "enforced-in-part");
	assert_int_equal(diags.items[0].pos.line, 3);
	assert_string_equal(diags.items[0].text,
		"policy shop/web has errors: it isolates all pods of its namespace for ingress and "
		"egress, and admits what 0 of its rules say");
	assert_string_equal(diags.items[1].code, "bad-policy-type");
	arena_unref(arena);
}

static void can_be_left_open(void **state)
{
	struct store *store = *state;

	store_open_broken(store);
	put(store, "f.yaml", META "spec: {podSelector: {}, policyTypes: [Ingres]}\n");
	expect(store, "");
	assert_int_equal(store_stats(store).broken_files, 1);
}

#define STORE_TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		STORE_TEST(closes_what_can_not_be_read),
		STORE_TEST(yields_to_what_was_sound),
		STORE_TEST(yields_to_a_sound_one_elsewhere),
		STORE_TEST(closes_pods),
		STORE_TEST(is_an_error_that_tells),
		STORE_TEST(can_be_left_open),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
