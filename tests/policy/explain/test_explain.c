/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Every kind of reason, in the words that a person reads. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "policy/explain/explain.h"
#include "policy/explain/query.h"
#include "tests/support/manifest_world.h"

/* Lines count: positions are part of what is explained. */
static const char pods[] =
	"apiVersion: v1\n" /* 1 */
	"kind: List\n"
	"items:\n"
	"- {apiVersion: v1, kind: Namespace, metadata: {name: shop, labels: {team: sales}}}\n"
	"- {apiVersion: v1, kind: Namespace, metadata: {name: web, labels: {team: front}}}\n"
	"- apiVersion: v1\n"
	"  kind: Pod\n"
	"  metadata: {name: db, namespace: shop, labels: {app: db}}\n"
	"  spec: {containers: [{name: c, ports: [{name: pg, containerPort: 5432}, {name: dns, "
	"containerPort: 53, protocol: UDP}]}]}\n"
	"  status: {podIPs: [{ip: 10.0.0.2}, {ip: 'fd00::2'}]}\n" /* 10 */
	"- {apiVersion: v1, kind: Pod, metadata: {name: api, namespace: shop, labels: {app: api, "
	"tier: back}}, status: {podIP: 10.0.0.3}}\n"
	"- {apiVersion: v1, kind: Pod, metadata: {name: front, namespace: web, labels: {app: api, "
	"pod-template-hash: a1b2}}, status: {podIP: 10.0.0.4}}\n"
	"- {apiVersion: v1, kind: Pod, metadata: {name: bare, namespace: shop}, status: {podIP: "
	"10.0.0.5}}\n"
	"- {apiVersion: v1, kind: Pod, metadata: {name: agent, namespace: shop}, spec: "
	"{hostNetwork: true}, status: {podIP: 192.0.2.1}}\n"
	"- {apiVersion: v1, kind: Pod, metadata: {name: job, namespace: shop}, status: {podIP: "
	"10.0.0.9, phase: Succeeded}}\n"
	"---\n"; /* 16 */

enum { FIRST_LINE = 17 }; /* of the policies that a test adds */

/* A question and what its answer must say at the destination (or, egress, at the source). */
struct wanted {
	const char *source, *destination;
	enum direction direction;
	enum side_verdict side;
	enum miss miss;
	const char *field, *wanted, *had, *fix;
	unsigned int line; /* of side.pos; 0: not looked at */
};

static void check_text(const char *what, const char *seen, const char *wanted)
{
	if (strcmp(seen, wanted) != 0)
		fail_msg("%s is \"%s\", not \"%s\"", what, seen, wanted);
}

static void check_side(const struct explain_side *side, const struct wanted *wanted)
{
	assert_false(side->disagrees);
	check_text("the side", side_verdict_name(side->side), side_verdict_name(wanted->side));
	check_text("the miss", miss_name(side->miss), miss_name(wanted->miss));
	check_text("field", side->field, wanted->field);
	check_text("wanted", side->wanted, wanted->wanted);
	check_text("had", side->had, wanted->had);
	check_text("fix", side->fix, wanted->fix);
	if (wanted->line != 0)
		assert_int_equal(side->pos.line, wanted->line);
}

static void check(const char *policies, const struct wanted *wanted)
{
	char yaml[8192], problem[QUERY_PROBLEM];
	struct manifest_world world;
	struct flow flows[QUERY_FLOWS_MOST];
	struct explanation explanation;

	assert_true(snprintf(yaml, sizeof(yaml), "%s%s", pods, policies) < (int)sizeof(yaml));
	manifest_world_init(&world, yaml);
	if (query_flows(world.snapshot, wanted->source, wanted->destination, flows, problem) < 1)
		fail_msg("%s", problem);
	assert_int_equal(explain_flow(world.snapshot, &flows[0], world.arena, &explanation), 0);
	check_side(&explanation.sides[wanted->direction], wanted);
	manifest_world_deinit(&world);
}

/* A policy on shop/db, ingress unless said otherwise; `rules` begins at line FIRST_LINE + 6. */
#define ON_DB(rules) \
	"apiVersion: networking.k8s.io/v1\n" \
	"kind: NetworkPolicy\n" \
	"metadata: {name: db, namespace: shop}\n" \
	"spec:\n" \
	"  podSelector: {matchLabels: {app: db}}\n" \
	"  ingress:\n" rules

enum { RULES_LINE = FIRST_LINE + 6, POLICY_LINE = FIRST_LINE + 2 };

static void test_label_differs(void **state)
{
	(void)state;
	check(ON_DB("  - from:\n    - podSelector:\n        matchLabels:\n          app: web\n     "
		    "     tier: back\n"),
		&(struct wanted){"shop/api", "shop/db:5432", DIRECTION_INGRESS, SIDE_DENIED,
			MISS_PEER, "ingress[0].from[0].podSelector.matchLabels.app", "app=web",
			"app=api",
			"add {podSelector: {matchLabels: {app: api, tier: back}}} to "
			"ingress[0].from of policy shop/db",
			RULES_LINE + 3});
}

static void test_label_is_missing(void **state)
{
	(void)state;
	check(ON_DB("  - from:\n    - podSelector: {matchExpressions: [{key: app, operator: In, "
		    "values: [web, api]}, {key: tier, operator: Exists}]}\n"),
		&(struct wanted){"shop/bare", "shop/db:5432", DIRECTION_INGRESS, SIDE_DENIED,
			MISS_PEER, "ingress[0].from[0].podSelector.matchExpressions[0]",
			"app in (api, web)", "no label app",
			"run pod shop/bare with label app=api, tier=true", RULES_LINE + 1});
}

static void test_label_is_too_much(void **state)
{
	(void)state;
	check(ON_DB("  - from:\n    - podSelector: {matchExpressions: [{key: tier, operator: "
		    "DoesNotExist}]}\n"),
		&(struct wanted){"shop/api", "shop/db:5432", DIRECTION_INGRESS, SIDE_DENIED,
			MISS_PEER, "ingress[0].from[0].podSelector.matchExpressions[0]",
			"no label tier", "tier=back",
			"add {podSelector: {matchLabels: {app: api, tier: back}}} to "
			"ingress[0].from of policy shop/db",
			0});
}

/* No label can be there and not there: then the fix is another peer. */
static void test_selector_contradicts_itself(void **state)
{
	(void)state;
	check(ON_DB("  - from:\n    - podSelector: {matchLabels: {x: a}, matchExpressions: [{key: "
		    "x, operator: DoesNotExist}]}\n"),
		&(struct wanted){"shop/api", "shop/db:5432", DIRECTION_INGRESS, SIDE_DENIED,
			MISS_PEER, "ingress[0].from[0].podSelector.matchLabels.x", "x=a",
			"no label x",
			"add {podSelector: {matchLabels: {app: api, tier: back}}} to "
			"ingress[0].from of policy shop/db",
			0});
}

static void test_other_namespace(void **state)
{
	(void)state;
	check(ON_DB("  - from:\n    - podSelector: {matchLabels: {app: api}}\n"),
		&(struct wanted){"web/front", "shop/db:5432", DIRECTION_INGRESS, SIDE_DENIED,
			MISS_PEER, "ingress[0].from[0].namespaceSelector",
			"a pod of namespace shop: a podSelector without namespaceSelector sees no "
			"other",
			"a pod of namespace web",
			"add {namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: "
			"web}}, podSelector: {matchLabels: {app: api}}} to ingress[0].from of "
			"policy shop/db",
			RULES_LINE + 1});
}

static void test_namespace_label(void **state)
{
	(void)state;
	check(ON_DB("  - from:\n    - namespaceSelector: {matchLabels: {team: sales}}\n      "
		    "podSelector: {matchLabels: {app: web}}\n"),
		&(struct wanted){"web/front", "shop/db:5432", DIRECTION_INGRESS, SIDE_DENIED,
			MISS_PEER, "ingress[0].from[0].namespaceSelector.matchLabels.team",
			"team=sales", "team=front",
			"add {namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: "
			"web}}, podSelector: {matchLabels: {app: api}}} to ingress[0].from of "
			"policy shop/db",
			RULES_LINE + 1});
	check(ON_DB("  - from:\n    - namespaceSelector: {matchLabels: {sales: yes-please}}\n      "
		    "podSelector: {matchLabels: {front: new}}\n"),
		&(struct wanted){"web/front", "shop/db:5432", DIRECTION_INGRESS, SIDE_DENIED,
			MISS_PEER, "ingress[0].from[0].namespaceSelector.matchLabels.sales",
			"sales=yes-please", "no label sales",
			"run pod web/front with label front=new, and have namespace web with label "
			"sales=yes-please",
			RULES_LINE + 1});
}

/* The name's own label is the API server's: no fix touches it. */
static void test_namespace_name(void **state)
{
	(void)state;
	check(ON_DB("  - from:\n    - namespaceSelector: {matchLabels: "
		    "{kubernetes.io/metadata.name: shop}}\n"),
		&(struct wanted){"web/front", "shop/db:5432", DIRECTION_INGRESS, SIDE_DENIED,
			MISS_PEER,
			"ingress[0].from[0].namespaceSelector.matchLabels[\"kubernetes.io/"
			"metadata.name\"]",
			"kubernetes.io/metadata.name=shop", "kubernetes.io/metadata.name=web",
			"add {namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: "
			"web}}, podSelector: {matchLabels: {app: api}}} to ingress[0].from of "
			"policy shop/db",
			0});
}

static void test_address_is_no_pod(void **state)
{
	static const char policy[] = ON_DB(
		"  - from:\n    - podSelector: {matchLabels: {app: api}}\n");
	struct wanted wanted = {"198.51.100.7", "shop/db:5432", DIRECTION_INGRESS, SIDE_DENIED,
		MISS_PEER, "ingress[0].from[0].podSelector", "a pod with app=api",
		"198.51.100.7, which no pod has",
		"add {ipBlock: {cidr: 198.51.100.7/32}} to ingress[0].from of policy shop/db",
		RULES_LINE + 1};

	(void)state;
	check(policy, &wanted);
	wanted.source = "shop/agent";
	wanted.had = "192.0.2.1, the node's address, which pod shop/agent uses by hostNetwork";
	wanted.fix = "add {ipBlock: {cidr: 192.0.2.1/32}} to ingress[0].from of policy shop/db";
	check(policy, &wanted);
	wanted.source = "10.0.0.9";
	wanted.had = "10.0.0.9, which pod shop/job had before it finished";
	wanted.fix = "add {ipBlock: {cidr: 10.0.0.9/32}} to ingress[0].from of policy shop/db";
	check(policy, &wanted);
	wanted.source = "fd01::1";
	wanted.had = "fd01::1, which no pod has";
	wanted.fix = "add {ipBlock: {cidr: fd01::1/128}} to ingress[0].from of policy shop/db";
	check(policy, &wanted);
}

static void test_block(void **state)
{
	(void)state;
	check(ON_DB("  - from:\n    - ipBlock: {cidr: 203.0.113.0/24}\n    - ipBlock: {cidr: "
		    "198.51.101.0/24}\n"),
		&(struct wanted){"198.51.100.7", "shop/db:5432", DIRECTION_INGRESS, SIDE_DENIED,
			MISS_PEER, "ingress[0].from[1].ipBlock.cidr", "198.51.101.0/24",
			"198.51.100.7",
			"add {ipBlock: {cidr: 198.51.100.7/32}} to ingress[0].from of policy "
			"shop/db",
			RULES_LINE + 2});
}

static void test_except(void **state)
{
	(void)state;
	check(ON_DB("  - from:\n    - ipBlock: {cidr: 198.51.100.0/24, except: [198.51.100.128/25, "
		    "198.51.100.0/29]}\n"),
		&(struct wanted){"198.51.100.7", "shop/db:5432", DIRECTION_INGRESS, SIDE_DENIED,
			MISS_PEER, "ingress[0].from[0].ipBlock.except[1]",
			"198.51.100.0/24 except 198.51.100.128/25, 198.51.100.0/29",
			"198.51.100.7, which is excepted",
			"add {ipBlock: {cidr: 198.51.100.7/32}} to ingress[0].from of policy "
			"shop/db",
			RULES_LINE + 1});
}

static void test_port(void **state)
{
	static const char policy[] = ON_DB(
		"  - from:\n    - podSelector: {}\n    ports:\n    - port: 80\n    - port: 5400\n"
		"      endPort: 5431\n    - {port: 5432, protocol: UDP}\n");
	struct wanted wanted = {"shop/api", "shop/db:5432", DIRECTION_INGRESS, SIDE_DENIED,
		MISS_PORT, "ingress[0].ports[1].port", "5400-5431", "5432",
		"add {protocol: TCP, port: 5432} to ingress[0].ports of policy shop/db",
		RULES_LINE + 4};

	(void)state;
	check(policy, &wanted);
	wanted.destination = "shop/db:5432/sctp";
	wanted.miss = MISS_PROTOCOL;
	wanted.field = "ingress[0].ports[0].protocol";
	wanted.wanted = "TCP or UDP";
	wanted.had = "SCTP";
	wanted.fix = "add {protocol: SCTP, port: 5432} to ingress[0].ports of policy shop/db";
	wanted.line = RULES_LINE + 3;
	check(policy, &wanted);
	wanted.destination = "shop/db/icmp";
	wanted.had = "ICMP";
	wanted.fix =
		"add the rule {from: [{podSelector: {matchLabels: {app: api, tier: back}}}]} to "
		"ingress of policy shop/db (a rule without ports: no NetworkPolicy can name ICMP)";
	check(policy, &wanted);
}

static void test_named_port(void **state)
{
	(void)state;
	check(ON_DB("  - ports: [{port: postgres}]\n"),
		&(struct wanted){"shop/api", "shop/db:5432", DIRECTION_INGRESS, SIDE_DENIED,
			MISS_PORT, "ingress[0].ports[0].port", "postgres",
			"5432; pod shop/db declares pg 5432",
			"give pod shop/db the container port {name: postgres, containerPort: 5432, "
			"protocol: TCP}",
			RULES_LINE});
	check(ON_DB("  - ports: [{port: pg}]\n"),
		&(struct wanted){"shop/api", "shop/db:5433", DIRECTION_INGRESS, SIDE_DENIED,
			MISS_PORT, "ingress[0].ports[0].port", "pg",
			"5433; pod shop/db declares pg 5432",
			"add {protocol: TCP, port: 5433} to ingress[0].ports of policy shop/db",
			RULES_LINE});
	check(ON_DB("  - ports: [{port: sync, protocol: SCTP}]\n"),
		&(struct wanted){"shop/api", "shop/db:9/sctp", DIRECTION_INGRESS, SIDE_DENIED,
			MISS_PORT, "ingress[0].ports[0].port", "sync",
			"9; pod shop/db names no SCTP port",
			"give pod shop/db the container port {name: sync, containerPort: 9, "
			"protocol: SCTP}",
			RULES_LINE});
}

#define EGRESS_OF_API(rules) \
	"apiVersion: networking.k8s.io/v1\n" \
	"kind: NetworkPolicy\n" \
	"metadata: {name: api, namespace: shop}\n" \
	"spec:\n" \
	"  podSelector: {matchLabels: {app: api}}\n" \
	"  policyTypes: [Egress]\n" rules

static void test_egress(void **state)
{
	(void)state;
	check(EGRESS_OF_API("  egress: [{ports: [{port: https}]}]\n"),
		&(struct wanted){"shop/api", "198.51.100.7:443", DIRECTION_EGRESS, SIDE_DENIED,
			MISS_PORT, "egress[0].ports[0].port", "https",
			"443, of a destination that is no pod and so has no port names",
			"add {protocol: TCP, port: 443} to egress[0].ports of policy shop/api", 0});
	check(EGRESS_OF_API("  egress:\n  - to: [{podSelector: {matchLabels: {app: cache}}}]\n    "
			    "ports: [{port: 6379}]\n"),
		&(struct wanted){"shop/api", "shop/db:5432", DIRECTION_EGRESS, SIDE_DENIED,
			MISS_PEER_AND_PORT, "egress[0].to[0].podSelector.matchLabels.app",
			"app=cache", "app=db",
			"add the rule {to: [{podSelector: {matchLabels: {app: db}}}], ports: "
			"[{protocol: TCP, port: 5432}]} to egress of policy shop/api",
			0});
}

static void test_no_rules(void **state)
{
	(void)state;
	check(EGRESS_OF_API(""),
		&(struct wanted){"shop/api", "198.51.100.7:443/udp", DIRECTION_EGRESS, SIDE_DENIED,
			MISS_NO_RULES, "egress",
			"nothing: it has no egress rules, so it admits none", "UDP 443",
			"add the rule {to: [{ipBlock: {cidr: 198.51.100.7/32}}], ports: "
			"[{protocol: UDP, port: 443}]} to egress of policy shop/api",
			POLICY_LINE});
}

/*
 * A rule that has the peer is nearer than one that has the port, and one label off is nearer than
 * two.
 */
static void test_nearest(void **state)
{
	(void)state;
	check(ON_DB("  - from: [{podSelector: {matchLabels: {app: web, tier: front}}}]\n"
		    "  - from: [{podSelector: {matchLabels: {app: web, tier: back}}}]\n"
		    "  - ports: [{port: 81}]\n"),
		&(struct wanted){"shop/api", "shop/db:5432", DIRECTION_INGRESS, SIDE_DENIED,
			MISS_PORT, "ingress[2].ports[0].port", "81", "5432",
			"add {protocol: TCP, port: 5432} to ingress[2].ports of policy shop/db",
			RULES_LINE + 2});
	check(ON_DB("  - from: [{podSelector: {matchLabels: {app: web, tier: front}}}]\n"
		    "  - from: [{podSelector: {matchLabels: {app: web, tier: back}}}]\n"),
		&(struct wanted){"shop/api", "shop/db:5432", DIRECTION_INGRESS, SIDE_DENIED,
			MISS_PEER, "ingress[1].from[0].podSelector.matchLabels.app", "app=web",
			"app=api",
			"add {podSelector: {matchLabels: {app: api, tier: back}}} to "
			"ingress[1].from of policy shop/db",
			RULES_LINE + 1});
}

#define AUDITED(name, rules) \
	"---\napiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\n" \
	"metadata: {name: " name ", namespace: shop, annotations: {podgate.io/audit: 'true'}}\n" \
	"spec:\n  podSelector: {matchLabels: {app: db}}\n  policyTypes: [Ingress]\n" rules

static void test_audited_policy(void **state)
{
	(void)state;
	/* Alone it only logs. */
	check(AUDITED("try", "  ingress: [{ports: [{port: 80}]}]\n"),
		&(struct wanted){"shop/api", "shop/db:5432", DIRECTION_INGRESS, SIDE_AUDIT_DENIED,
			MISS_PORT, "ingress[0].ports[0].port", "80", "5432",
			"add {protocol: TCP, port: 5432} to ingress[0].ports of policy shop/try",
			0});
	/*
	 * Beside an enforced one that denies, its admission counts for nothing, and that is the
	 * nearest miss.
	 */
	check(ON_DB("  - ports: [{port: 80}]\n")
			AUDITED("try", "  ingress: [{ports: [{port: 5432}]}]\n"),
		&(struct wanted){"shop/api", "shop/db:5432", DIRECTION_INGRESS, SIDE_DENIED,
			MISS_AUDITED, "metadata.annotations[\"podgate.io/audit\"]",
			"the flow, but in audit mode, where a policy admits nothing", "",
			"enforce policy shop/try: take its annotation podgate.io/audit away", 0});
	/* It admits, and does not isolate: nothing to explain. */
	check(AUDITED("try", "  ingress: [{ports: [{port: 5432}]}]\n"),
		&(struct wanted){"shop/api", "shop/db:5432", DIRECTION_INGRESS, SIDE_OPEN,
			MISS_NONE, "", "", "", "", 0});
}

static void test_allowed(void **state)
{
	struct manifest_world world;
	struct explanation explanation;
	struct flow flows[QUERY_FLOWS_MOST];
	char yaml[8192], problem[QUERY_PROBLEM], path[EXPLAIN_PATH];
	const struct explain_side *side = &explanation.sides[DIRECTION_INGRESS];

	(void)state;
	snprintf(yaml, sizeof(yaml), "%s%s", pods,
		ON_DB("  - ports: [{port: 1}]\n  - from: [{podSelector: {}}, {ipBlock: {cidr: "
		      "0.0.0.0/0}}]\n    ports: [{port: 2}, {port: pg}]\n"));
	manifest_world_init(&world, yaml);
	assert_int_equal(query_flows(world.snapshot, "shop/api", "shop/db:pg", flows, problem), 1);
	assert_int_equal(explain_flow(world.snapshot, &flows[0], world.arena, &explanation), 0);
	assert_int_equal(explanation.judgement.verdict, VERDICT_ALLOW);
	assert_int_equal(side->side, SIDE_ALLOWED);
	assert_int_equal(side->miss, MISS_NONE);
	assert_string_equal(side->policy->name, "db");
	assert_ptr_equal(side->rule, &side->policy->rules[DIRECTION_INGRESS][1]);
	assert_ptr_equal(side->peer, &side->rule->peers[0]);
	assert_ptr_equal(side->port, &side->rule->ports[1]);
	assert_string_equal(explain_rule_path(side, DIRECTION_INGRESS, path), "ingress[1]");
	assert_int_equal(side->isolating_count, 1);
	assert_string_equal(side->fix, "");
	assert_int_equal(explanation.sides[DIRECTION_EGRESS].side, SIDE_OPEN);
	manifest_world_deinit(&world);
}

static void test_itself(void **state)
{
	(void)state;
	check(ON_DB("  - ports: [{port: 80}]\n"),
		&(struct wanted){"shop/db", "shop/db:1", DIRECTION_INGRESS, SIDE_OPEN, MISS_NONE,
			"", "", "", "", 0});
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_label_differs),
		cmocka_unit_test(test_label_is_missing),
		cmocka_unit_test(test_label_is_too_much),
		cmocka_unit_test(test_selector_contradicts_itself),
		cmocka_unit_test(test_other_namespace),
		cmocka_unit_test(test_namespace_label),
		cmocka_unit_test(test_namespace_name),
		cmocka_unit_test(test_address_is_no_pod),
		cmocka_unit_test(test_block),
		cmocka_unit_test(test_except),
		cmocka_unit_test(test_port),
		cmocka_unit_test(test_named_port),
		cmocka_unit_test(test_egress),
		cmocka_unit_test(test_no_rules),
		cmocka_unit_test(test_nearest),
		cmocka_unit_test(test_audited_policy),
		cmocka_unit_test(test_allowed),
		cmocka_unit_test(test_itself),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
