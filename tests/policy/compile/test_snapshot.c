/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The semantics one by one, in a small shop: what a reader of the API would expect, written out by
 * hand.
 */
#include "policy/compile/snapshot.h"

#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "tests/between.h"

#define LIST(type, ...) \
	(const type[]){__VA_ARGS__}, sizeof((const type[]){__VA_ARGS__}) / sizeof(type)
#define LABELS(...) \
	{ \
		LIST(struct label, __VA_ARGS__) \
	}
#define PORTS(...) \
	.ports = (const struct container_port[]){__VA_ARGS__}, \
	.port_count = sizeof((const struct container_port[]){__VA_ARGS__}) / \
		sizeof(struct container_port)

#define V4(a, b, c, d) \
	{ \
		{a, b, c, d}, IP_FAMILY_V4 \
	}
#define V6(last) \
	{ \
		{0xfd, [15] = last}, IP_FAMILY_V6 \
	}
#define IPS(...) \
	.ips = (const struct ip_addr[]){__VA_ARGS__}, \
	.ip_count = sizeof((const struct ip_addr[]){__VA_ARGS__}) / sizeof(struct ip_addr)

static const struct namespace_object namespaces[] = {
	{.name = "shop", .labels = LABELS({"team", "shop"})},
	{.name = "ops", .labels = LABELS({"team", "ops"})},
	{.name = "quiet", .audit = true},
};

enum { WEB, DB, CLIENT, MONITOR, HOST, JOB, OLD, NEW, REMOTE, QUIET, TRIAL, PODS };

static const struct pod pods[PODS] = {
	[WEB] = {.namespace_name = "shop",
		.name = "web",
		.labels = LABELS({"app", "web"}),
		.node_name = "here",
		IPS(V4(10, 0, 0, 1), V6(1)),
		PORTS({"http", 8080, IPPROTO_TCP}, {"http", 8081, IPPROTO_TCP},
			{"dns", 53, IPPROTO_UDP})},
	[DB] = {.namespace_name = "shop",
		.name = "db",
		.labels = LABELS({"app", "db"}),
		.node_name = "here",
		IPS(V4(10, 0, 0, 2)),
		PORTS({"http", 9000, IPPROTO_TCP})},
	[CLIENT] = {.namespace_name = "shop",
		.name = "client",
		.labels = LABELS({"app", "client"}),
		.node_name = "here",
		IPS(V4(10, 0, 0, 3), V6(3))},
	[MONITOR] = {.namespace_name = "ops",
		.name = "monitor",
		.labels = LABELS({"app", "client"}),
		.node_name = "here",
		IPS(V4(10, 0, 0, 4))},
	[HOST] = {.namespace_name = "shop",
		.name = "host",
		.labels = LABELS({"app", "client"}),
		.node_name = "here",
		IPS(V4(10, 0, 0, 5)),
		.host_network = true},
	[JOB] = {.namespace_name = "shop",
		.name = "job",
		.labels = LABELS({"app", "client"}),
		.node_name = "here",
		IPS(V4(10, 0, 0, 6)),
		.finished = true},
	[OLD] = {.namespace_name = "shop",
		.name = "old",
		.labels = LABELS({"app", "client"}),
		.node_name = "here",
		IPS(V4(10, 0, 0, 7)),
		.created = 9,
		.terminating = true},
	[NEW] = {.namespace_name = "shop",
		.name = "new",
		.labels = LABELS({"app", "web"}),
		.node_name = "here",
		IPS(V4(10, 0, 0, 7)),
		.created = 1},
	[REMOTE] = {.namespace_name = "shop",
		.name = "remote",
		.labels = LABELS({"app", "web"}),
		.node_name = "there",
		IPS(V4(10, 0, 0, 8))},
	[QUIET] = {.namespace_name = "quiet",
		.name = "pod",
		.labels = LABELS({"app", "web"}),
		.node_name = "here",
		IPS(V4(10, 0, 0, 9))},
	[TRIAL] = {.namespace_name = "shop",
		.name = "trial",
		.labels = LABELS({"app", "trial"}),
		.node_name = "here",
		IPS(V4(10, 0, 0, 10)),
		.audit = true},
};

static const char *const web[] = {"web"}, *const db[] = {"db"}, *const client[] = {"client"},
			 *const ops[] = {"ops"}, *const trial[] = {"trial"};

#define WHERE(k, list) \
	{ \
		.requirements = &(const struct requirement){.key = k, \
			.op = REQUIREMENT_IN, \
			.values = list, \
			.value_count = 1}, \
		.count = 1 \
	}
#define POD_PEER(list) \
	{ \
		.has_pod_selector = true, .pod_selector = WHERE("app", list) \
	}
#define NUMBER(proto, from, to) \
	{ \
		.protocol = proto, .kind = POLICY_PORT_NUMBER, .first = from, .last = to, \
		.name = "" \
	}
#define NAMED(proto, text) \
	{ \
		.protocol = proto, .kind = POLICY_PORT_NAMED, .name = text \
	}
#define RULES(...) \
	(const struct policy_rule[]) \
	{ \
		__VA_ARGS__ \
	}
#define FROM(...) \
	.peers = (const struct policy_peer[]){__VA_ARGS__}, \
	.peer_count = sizeof((const struct policy_peer[]){__VA_ARGS__}) / \
		sizeof(struct policy_peer)
#define AT(...) \
	.ports = (const struct policy_port[]){__VA_ARGS__}, \
	.port_count = sizeof((const struct policy_port[]){__VA_ARGS__}) / \
		sizeof(struct policy_port)

#define POLICY(direction, selector, rule_list, count) \
	{ \
		.namespace_name = "shop", .name = "p", .pod_selector = selector, \
		.isolates[direction] = true, .rules[direction] = rule_list, \
		.rule_count[direction] = count \
	}

struct expected {
	const char *src, *dst;
	uint8_t protocol;
	uint16_t port;
	enum verdict verdict;
};

static struct snapshot *compile(
	const struct network_policy *policies, size_t count, const struct snapshot_options *options)
{
	const struct network_policy *policy_list[4];
	const struct namespace_object *const namespace_list[] = {
		&namespaces[0], &namespaces[1], &namespaces[2]};
	const struct pod *pod_list[PODS];
	struct cluster_objects objects = {
		namespace_list, 3, pod_list, PODS, policy_list, count, NULL, 0};
	struct snapshot *snapshot;
	struct cluster *cluster;

	for (size_t i = 0; i < count; i++)
		policy_list[i] = &policies[i];
	for (size_t i = 0; i < PODS; i++)
		pod_list[i] = &pods[i];
	assert_int_equal(cluster_create(&cluster, &objects), 0);
	assert_int_equal(snapshot_compile(&snapshot, cluster, options), 0);
	cluster_unref(cluster); /* the snapshot holds its own reference */
	return snapshot;
}

static struct ip_addr addr(const char *text)
{
	struct ip_addr parsed;

	assert_int_equal(ip_addr_parse(&parsed, text), 0);
	return parsed;
}

static struct judgement judge(const struct snapshot *snapshot, const struct expected *e)
{
	const struct flow flow = {addr(e->src), addr(e->dst), 40000, e->port, e->protocol};

	return snapshot_judge(snapshot, &flow);
}

static void check(const struct network_policy *policies, size_t count,
	const struct snapshot_options *options, const struct expected *expected,
	size_t expected_count)
{
	struct snapshot *snapshot = compile(policies, count, options);

	for (size_t i = 0; i < expected_count; i++) {
		const enum verdict seen = judge(snapshot, &expected[i]).verdict;

		if (seen != expected[i].verdict)
			fail_msg("%s -> %s:%u/%u: %s, wanted %s", expected[i].src, expected[i].dst,
				(unsigned int)expected[i].port, (unsigned int)expected[i].protocol,
				verdict_name(seen), verdict_name(expected[i].verdict));
	}
	snapshot_free(snapshot);
}

static const struct snapshot_options everywhere = {.revision = 7}, here = {.node_name = "here"},
				     trying = {.audit = true};

#define CHECK(policies, options, expected) \
	check(policies, sizeof(policies) / sizeof(policies[0]), &options, expected, \
		sizeof(expected) / sizeof(expected[0]))

#define WEB_IP "10.0.0.1"
#define DB_IP "10.0.0.2"
#define CLIENT_IP "10.0.0.3"
#define MONITOR_IP "10.0.0.4"
#define HOST_IP "10.0.0.5"
#define JOB_IP "10.0.0.6"
#define SHARED_IP "10.0.0.7"
#define REMOTE_IP "10.0.0.8"
#define TRIAL_IP "10.0.0.10"
#define OUTSIDE "198.51.100.1"

static void test_deny_all(void **state)
{
	const struct network_policy policies[] = {POLICY(DIRECTION_INGRESS, {0}, NULL, 0)};
	static const struct expected expected[] = {
		{CLIENT_IP, WEB_IP, IPPROTO_TCP, 80, VERDICT_DENY},
		{OUTSIDE, WEB_IP, IPPROTO_ICMP, 0, VERDICT_DENY},
		{"fd00::3", "fd00::1", IPPROTO_UDP, 53, VERDICT_DENY},
		{WEB_IP, OUTSIDE, IPPROTO_TCP, 80, VERDICT_ALLOW},    /* egress is not isolated */
		{WEB_IP, MONITOR_IP, IPPROTO_TCP, 80, VERDICT_ALLOW}, /* another namespace */
		/* hostNetwork: never selected */
		{CLIENT_IP, HOST_IP, IPPROTO_TCP, 80, VERDICT_ALLOW},
		{CLIENT_IP, JOB_IP, IPPROTO_TCP, 80, VERDICT_ALLOW}, /* finished: owns no address */
		{OUTSIDE, "203.0.113.9", IPPROTO_TCP, 80, VERDICT_ALLOW},
		{WEB_IP, WEB_IP, IPPROTO_TCP, 80, VERDICT_ALLOW}, /* itself */
		/* itself, at its other address */
		{"fd00::1", WEB_IP, IPPROTO_TCP, 80, VERDICT_ALLOW},
		/* no pod's addresses */
		{"::ffff:10.0.0.3", "::ffff:10.0.0.1", IPPROTO_TCP, 80, VERDICT_ALLOW},
	};

	(void)state;
	CHECK(policies, everywhere, expected);
}

static void test_pod_selector_is_of_the_own_namespace(void **state)
{
	const struct network_policy policies[] = {
		POLICY(DIRECTION_INGRESS, WHERE("app", web), RULES({FROM(POD_PEER(client))}), 1)};
	static const struct expected expected[] = {
		{CLIENT_IP, WEB_IP, IPPROTO_TCP, 80, VERDICT_ALLOW},
		{CLIENT_IP, WEB_IP, IPPROTO_ICMP, 0,
			VERDICT_ALLOW}, /* a rule without ports admits all protocols */
		{"fd00::3", "fd00::1", IPPROTO_ICMPV6, 0, VERDICT_ALLOW},
		/* same labels, other namespace */
		{MONITOR_IP, WEB_IP, IPPROTO_TCP, 80, VERDICT_DENY},
		{DB_IP, WEB_IP, IPPROTO_TCP, 80, VERDICT_DENY},
		/* hostNetwork matches no podSelector */
		{HOST_IP, WEB_IP, IPPROTO_TCP, 80, VERDICT_DENY},
		{JOB_IP, WEB_IP, IPPROTO_TCP, 80, VERDICT_DENY},
		{SHARED_IP, WEB_IP, IPPROTO_TCP, 80,
			VERDICT_DENY}, /* the new pod's (web), not the terminating client's */
		{CLIENT_IP, SHARED_IP, IPPROTO_TCP, 80, VERDICT_ALLOW},
		{DB_IP, SHARED_IP, IPPROTO_TCP, 80, VERDICT_DENY},
		{DB_IP, CLIENT_IP, IPPROTO_TCP, 80, VERDICT_ALLOW}, /* not selected */
	};

	(void)state;
	CHECK(policies, everywhere, expected);
}

static void test_namespace_selectors(void **state)
{
	const struct network_policy policies[] = {
		POLICY(DIRECTION_INGRESS, WHERE("app", web),
			RULES({FROM({.has_namespace_selector = true,
				       .namespace_selector = WHERE("team", ops)}),
				AT(NUMBER(IPPROTO_TCP, 80, 80))}),
			1),
		{.namespace_name = "shop",
			.name = "q",
			.pod_selector = WHERE("app", db),
			.isolates[DIRECTION_INGRESS] = true,
			.rules[DIRECTION_INGRESS] = RULES({FROM({.has_namespace_selector = true,
				.has_pod_selector = true,
				.pod_selector = WHERE("app", client)})}),
			.rule_count[DIRECTION_INGRESS] = 1},
	};
	static const struct expected expected[] = {
		{MONITOR_IP, WEB_IP, IPPROTO_TCP, 80, VERDICT_ALLOW},
		{MONITOR_IP, WEB_IP, IPPROTO_TCP, 81, VERDICT_DENY},
		{CLIENT_IP, WEB_IP, IPPROTO_TCP, 80, VERDICT_DENY},
		{MONITOR_IP, DB_IP, IPPROTO_TCP, 80, VERDICT_ALLOW}, /* any namespace, app=client */
		{CLIENT_IP, DB_IP, IPPROTO_TCP, 80, VERDICT_ALLOW},
		{WEB_IP, DB_IP, IPPROTO_TCP, 80, VERDICT_DENY},
		{OUTSIDE, DB_IP, IPPROTO_TCP, 80, VERDICT_DENY},
	};

	(void)state;
	CHECK(policies, everywhere, expected);
}

static void test_ports(void **state)
{
	const struct network_policy policies[] = {POLICY(DIRECTION_INGRESS, WHERE("app", web),
		RULES({AT(NUMBER(IPPROTO_TCP, 80, 90), NUMBER(IPPROTO_UDP, 53, 53))},
			{AT({.protocol = IPPROTO_SCTP, .name = ""})},
			{FROM(POD_PEER(client)), AT(NUMBER(IPPROTO_TCP, 65535, 65535))}),
		3)};
	static const struct expected expected[] = {
		{OUTSIDE, WEB_IP, IPPROTO_TCP, 79, VERDICT_DENY},
		{OUTSIDE, WEB_IP, IPPROTO_TCP, 80, VERDICT_ALLOW},
		{OUTSIDE, WEB_IP, IPPROTO_TCP, 90, VERDICT_ALLOW},
		{OUTSIDE, WEB_IP, IPPROTO_TCP, 91, VERDICT_DENY},
		{OUTSIDE, WEB_IP, IPPROTO_UDP, 80, VERDICT_DENY},
		{OUTSIDE, WEB_IP, IPPROTO_UDP, 53, VERDICT_ALLOW},
		{OUTSIDE, WEB_IP, IPPROTO_SCTP, 0, VERDICT_ALLOW},
		{OUTSIDE, WEB_IP, IPPROTO_SCTP, 65535, VERDICT_ALLOW},
		{OUTSIDE, WEB_IP, IPPROTO_ICMP, 0, VERDICT_DENY},
		{OUTSIDE, WEB_IP, 0, 0, VERDICT_DENY},
		{CLIENT_IP, WEB_IP, IPPROTO_TCP, 65535, VERDICT_ALLOW},
		{OUTSIDE, WEB_IP, IPPROTO_TCP, 65535, VERDICT_DENY},
		{CLIENT_IP, WEB_IP, IPPROTO_TCP, 65534, VERDICT_DENY},
	};

	(void)state;
	CHECK(policies, everywhere, expected);
}

static void test_named_ports_resolve_on_the_destination(void **state)
{
	const struct network_policy policies[] = {
		POLICY(DIRECTION_INGRESS, WHERE("app", web),
			RULES({AT(NAMED(IPPROTO_TCP, "http"), NAMED(IPPROTO_TCP, "dns"))}), 1),
		{.namespace_name = "shop",
			.name = "q",
			.pod_selector = WHERE("app", client),
			.isolates[DIRECTION_EGRESS] = true,
			.rules[DIRECTION_EGRESS] = RULES({AT(NAMED(IPPROTO_TCP, "http"))}),
			.rule_count[DIRECTION_EGRESS] = 1},
	};
	static const struct expected expected[] = {
		{OUTSIDE, WEB_IP, IPPROTO_TCP, 8080, VERDICT_ALLOW},
		{OUTSIDE, WEB_IP, IPPROTO_TCP, 8081, VERDICT_ALLOW},
		{OUTSIDE, WEB_IP, IPPROTO_TCP, 9000, VERDICT_DENY},
		{OUTSIDE, WEB_IP, IPPROTO_UDP, 53, VERDICT_DENY},
		{OUTSIDE, WEB_IP, IPPROTO_TCP, 53, VERDICT_DENY},
		{CLIENT_IP, WEB_IP, IPPROTO_TCP, 8080, VERDICT_ALLOW},
		{CLIENT_IP, DB_IP, IPPROTO_TCP, 9000,
			VERDICT_ALLOW}, /* the same name, another number there */
		{CLIENT_IP, DB_IP, IPPROTO_TCP, 8080, VERDICT_DENY},
		{CLIENT_IP, OUTSIDE, IPPROTO_TCP, 8080, VERDICT_DENY},	  /* no pod, no names */
		{CLIENT_IP, MONITOR_IP, IPPROTO_TCP, 8080, VERDICT_DENY}, /* declares none */
	};

	(void)state;
	CHECK(policies, everywhere, expected);
}

static void test_ip_blocks_match_pods_too(void **state)
{
	static const struct cidr excepts[] = {{V4(10, 0, 0, 2), 32}};
	const struct network_policy policies[] = {POLICY(DIRECTION_EGRESS, WHERE("app", web),
		RULES({FROM({.has_ip_block = true,
			      .ip_block = {{V4(10, 0, 0, 0), 30}, excepts, 1, {0}}})},
			{FROM({.has_ip_block = true, .ip_block = {.cidr = {V6(3), 128}}})}),
		2)};
	static const struct expected expected[] = {
		{WEB_IP, CLIENT_IP, IPPROTO_TCP, 80, VERDICT_ALLOW},
		{WEB_IP, DB_IP, IPPROTO_TCP, 80, VERDICT_DENY},
		{WEB_IP, MONITOR_IP, IPPROTO_TCP, 80, VERDICT_DENY},
		{WEB_IP, "10.0.0.0", IPPROTO_ICMP, 0, VERDICT_ALLOW},
		{"fd00::1", "fd00::3", IPPROTO_TCP, 80, VERDICT_ALLOW},
		{"fd00::1", "fd00::2", IPPROTO_TCP, 80, VERDICT_DENY},
	};

	(void)state;
	CHECK(policies, everywhere, expected);
}

static void test_both_ends_judge(void **state)
{
	const struct network_policy policies[] = {
		POLICY(DIRECTION_EGRESS, WHERE("app", client), RULES({FROM(POD_PEER(web))}), 1),
		{.namespace_name = "shop",
			.name = "q",
			.pod_selector = WHERE("app", web),
			.isolates[DIRECTION_INGRESS] = true,
			.rules[DIRECTION_INGRESS] = RULES({AT(NUMBER(IPPROTO_TCP, 80, 80))}),
			.rule_count[DIRECTION_INGRESS] = 1},
	};
	const struct expected both = {CLIENT_IP, WEB_IP, IPPROTO_TCP, 80, VERDICT_ALLOW};
	const struct expected out_only = {CLIENT_IP, WEB_IP, IPPROTO_TCP, 81, VERDICT_DENY};
	const struct expected in_open = {CLIENT_IP, DB_IP, IPPROTO_TCP, 80, VERDICT_DENY};
	struct snapshot *snapshot = compile(policies, 2, &everywhere);
	struct judgement seen;

	(void)state;
	seen = judge(snapshot, &both);
	assert_int_equal(seen.verdict, VERDICT_ALLOW);
	assert_int_equal(seen.sides[DIRECTION_EGRESS], SIDE_ALLOWED);
	assert_int_equal(seen.sides[DIRECTION_INGRESS], SIDE_ALLOWED);
	seen = judge(snapshot, &out_only);
	assert_int_equal(seen.verdict, VERDICT_DENY);
	assert_int_equal(seen.sides[DIRECTION_EGRESS], SIDE_ALLOWED);
	assert_int_equal(seen.sides[DIRECTION_INGRESS], SIDE_DENIED);
	seen = judge(snapshot, &in_open);
	assert_int_equal(seen.sides[DIRECTION_EGRESS], SIDE_DENIED);
	assert_int_equal(seen.sides[DIRECTION_INGRESS], SIDE_OPEN);
	snapshot_free(snapshot);
}

static void test_pods_of_other_nodes_are_peers_only(void **state)
{
	const struct network_policy policies[] = {POLICY(DIRECTION_INGRESS, {0},
		RULES({FROM(POD_PEER(web)), AT(NUMBER(IPPROTO_TCP, 80, 80))}), 1)};
	static const struct expected expected[] = {
		{OUTSIDE, REMOTE_IP, IPPROTO_TCP, 22, VERDICT_ALLOW},
		{REMOTE_IP, DB_IP, IPPROTO_TCP, 80, VERDICT_ALLOW},
		{REMOTE_IP, DB_IP, IPPROTO_TCP, 81, VERDICT_DENY},
	};
	static const struct expected all_local[] = {
		{OUTSIDE, REMOTE_IP, IPPROTO_TCP, 22, VERDICT_DENY}};

	(void)state;
	CHECK(policies, here, expected);
	CHECK(policies, everywhere, all_local);
}

static void test_audit(void **state)
{
	const struct network_policy policies[] = {
		{.namespace_name = "quiet", .name = "p", .isolates[DIRECTION_INGRESS] = true},
		{.namespace_name = "shop",
			.name = "p",
			.pod_selector = WHERE("app", trial),
			.isolates[DIRECTION_INGRESS] = true},
		{.namespace_name = "shop",
			.name = "q",
			.pod_selector = WHERE("app", web),
			.isolates[DIRECTION_INGRESS] = true,
			.audit = true,
			.rules[DIRECTION_INGRESS] = RULES({FROM(POD_PEER(client))}),
			.rule_count[DIRECTION_INGRESS] = 1},
		{.namespace_name = "shop",
			.name = "r",
			.pod_selector = WHERE("app", db),
			.isolates[DIRECTION_INGRESS] = true},
	};
	static const struct expected expected[] = {
		/* the namespace is in audit mode */
		{OUTSIDE, "10.0.0.9", IPPROTO_TCP, 80, VERDICT_AUDIT_DENY},
		{OUTSIDE, TRIAL_IP, IPPROTO_TCP, 80, VERDICT_AUDIT_DENY}, /* the pod is */
		{DB_IP, WEB_IP, IPPROTO_TCP, 80, VERDICT_AUDIT_DENY},	  /* the only policy is */
		{CLIENT_IP, WEB_IP, IPPROTO_TCP, 80, VERDICT_ALLOW},
		{OUTSIDE, DB_IP, IPPROTO_TCP, 80, VERDICT_DENY},
	};
	static const struct expected all_logged[] = {
		{OUTSIDE, DB_IP, IPPROTO_TCP, 80, VERDICT_AUDIT_DENY}};

	(void)state;
	CHECK(policies, everywhere, expected);
	CHECK(policies, trying, all_logged);
}

/* An audited policy admits nobody that the enforced ones deny. */
static void test_an_audited_policy_does_not_admit(void **state)
{
	const struct network_policy policies[] = {
		POLICY(DIRECTION_INGRESS, {0}, NULL, 0),
		{.namespace_name = "shop",
			.name = "q",
			.isolates[DIRECTION_INGRESS] = true,
			.audit = true,
			.rules[DIRECTION_INGRESS] = RULES({0}),
			.rule_count[DIRECTION_INGRESS] = 1},
	};
	static const struct expected expected[] = {
		{CLIENT_IP, WEB_IP, IPPROTO_TCP, 80, VERDICT_DENY}};

	(void)state;
	CHECK(policies, everywhere, expected);
}

static void test_what_is_told_of_addresses(void **state)
{
	const struct network_policy policies[] = {
		{.namespace_name = "shop",
			.name = "b",
			.pod_selector = WHERE("app", web),
			.isolates[DIRECTION_INGRESS] = true},
		{.namespace_name = "shop",
			.name = "a",
			.pod_selector = WHERE("app", web),
			.isolates[DIRECTION_INGRESS] = true,
			.audit = true},
	};
	static const char *const wanted[] = {WEB_IP, SHARED_IP, "fd00::1"};
	struct snapshot *snapshot = compile(policies, 2, &here);
	struct arena *arena = arena_create();
	struct policy_list applied;
	const struct ip_addr *isolated, web_addr = addr(WEB_IP), shared = addr(SHARED_IP),
					host = addr(HOST_IP);
	size_t count;

	(void)state;
	isolated = snapshot_isolated(snapshot, &count);
	assert_int_equal(count, 3);
	for (size_t i = 0; i < 3; i++) {
		const struct ip_addr one = addr(wanted[i]);

		assert_true(ip_addr_equal(&isolated[i], &one));
		assert_true(snapshot_isolates(snapshot, &one));
	}
	assert_int_equal(
		snapshot_policies(snapshot, &web_addr, DIRECTION_INGRESS, arena, &applied), 0);
	assert_int_equal(applied.count, 2);
	assert_ptr_equal(applied.items[0], &policies[1]);
	assert_ptr_equal(applied.items[1], &policies[0]);
	assert_int_equal(
		snapshot_policies(snapshot, &web_addr, DIRECTION_EGRESS, arena, &applied), 0);
	assert_int_equal(applied.count, 0);
	assert_int_equal(snapshot_policies(snapshot, &host, DIRECTION_INGRESS, arena, &applied), 0);
	assert_int_equal(applied.count, 0);
	arena_unref(arena);
	assert_ptr_equal(snapshot_pod_at(snapshot, &shared), &pods[NEW]);
	assert_null(snapshot_pod_at(snapshot, &host));
	assert_false(snapshot_isolates(snapshot, &host));
	assert_true(snapshot_pod_is_local(snapshot, &pods[WEB]));
	assert_false(snapshot_pod_is_local(snapshot, &pods[REMOTE]));
	assert_int_equal(snapshot_cluster(snapshot)->pod_count, PODS);
	assert_between(snapshot_memory(snapshot), 1, 64 * 1024);
	snapshot_free(snapshot);
	snapshot_free(NULL);
}

static enum verdict judge_link_local(
	const struct network_policy *policies, size_t count, bool audit)
{
	const struct snapshot_options options = {
		.revision = 7, .deny_link_local = true, .audit = audit};
	static const struct expected to_web = {"fe80::1", WEB_IP, IPPROTO_TCP, 80, VERDICT_ALLOW};
	static const struct expected between = {
		"fe80::1", "febf:ffff::1", IPPROTO_UDP, 80, VERDICT_ALLOW};
	static const struct expected outside = {
		"fec0::1", "fd00::77", IPPROTO_UDP, 80, VERDICT_ALLOW};
	struct snapshot *snapshot = compile(policies, count, &options);
	const struct ip_addr any = addr("fe80::77"), all = addr("fe80::");
	const enum verdict verdict = judge(snapshot, &between).verdict;
	const struct ip_addr *isolated;
	size_t isolated_count, found = 0;

	assert_int_equal(judge(snapshot, &to_web).verdict, verdict);
	assert_int_equal(judge(snapshot, &outside).verdict, VERDICT_ALLOW);
	assert_int_equal(snapshot_isolates(snapshot, &any), verdict != VERDICT_ALLOW);
	isolated = snapshot_isolated(snapshot, &isolated_count);
	for (size_t i = 0; i < isolated_count; i++)
		found += ip_addr_equal(&isolated[i], &all);
	assert_int_equal(found, verdict != VERDICT_ALLOW);
	assert_int_equal(snapshot_isolated_pods(snapshot), isolated_count - found);
	snapshot_free(snapshot);
	return verdict;
}

/*
 * Whose they are nobody knows: they are denied as soon as anybody is isolated, and audited if that
 * is all.
 */
static void test_link_local_addresses_are_nobodys(void **state)
{
	/* Whoever may reach web at all, fe80:: may not. */
	const struct network_policy policies[] = {
		{.namespace_name = "shop",
			.name = "open",
			.pod_selector = WHERE("app", web),
			.isolates[DIRECTION_INGRESS] = true,
			.rules[DIRECTION_INGRESS] = RULES({0}),
			.rule_count[DIRECTION_INGRESS] = 1},
	};
	struct network_policy audited = policies[0];
	static const struct expected allowed[] = {
		{"fe80::1", "fe80::2", IPPROTO_TCP, 80, VERDICT_ALLOW},
		{"fe80::1", WEB_IP, IPPROTO_TCP, 80, VERDICT_ALLOW},
	};

	(void)state;
	audited.audit = true;
	assert_int_equal(judge_link_local(NULL, 0, false), VERDICT_ALLOW);
	assert_int_equal(judge_link_local(policies, 1, false), VERDICT_DENY);
	assert_int_equal(judge_link_local(policies, 1, true), VERDICT_AUDIT_DENY);
	assert_int_equal(judge_link_local(&audited, 1, false), VERDICT_AUDIT_DENY);
	/* unless that is asked for, they are addresses as any other */
	CHECK(policies, everywhere, allowed);
}

/* No IPv6 packet comes here, so what is told of one is what becomes of it. */
static void test_ipv6_off(void **state)
{
	const struct network_policy closed[] = {{.namespace_name = "shop",
		.name = "closed",
		.pod_selector = WHERE("app", web),
		.isolates = {[DIRECTION_INGRESS] = true, [DIRECTION_EGRESS] = true}}};
	const struct snapshot_options off = {
		.revision = 7, .deny_link_local = true, .ipv6_off = true};
	const struct ip_addr v6 = addr("fd00::1"), local = addr("fe80::1");
	static const struct expected flows[] = {
		{DB_IP, WEB_IP, IPPROTO_TCP, 80, VERDICT_DENY},
		{WEB_IP, DB_IP, IPPROTO_TCP, 80, VERDICT_DENY},
		{"fd00::77", "fd00::1", IPPROTO_TCP, 80, VERDICT_ALLOW},
		{"fd00::1", "fd00::77", IPPROTO_TCP, 80, VERDICT_ALLOW},
		{"fe80::1", "fd00::1", IPPROTO_TCP, 80, VERDICT_ALLOW},
	};
	struct snapshot *snapshot = compile(closed, 1, &off);
	const struct ip_addr *isolated;
	struct arena *arena = arena_create();
	struct policy_list applied;
	size_t count;

	(void)state;
	for (size_t i = 0; i < sizeof(flows) / sizeof(flows[0]); i++)
		assert_int_equal(judge(snapshot, &flows[i]).verdict, flows[i].verdict);
	assert_true(snapshot_ipv6_off(snapshot));
	assert_false(snapshot_isolates(snapshot, &v6));
	assert_false(snapshot_isolates(snapshot, &local));
	assert_ptr_equal(snapshot_pod_at(snapshot, &v6), &pods[WEB]);
	isolated = snapshot_isolated(snapshot, &count);
	for (size_t i = 0; i < count; i++)
		assert_int_equal(isolated[i].family, IP_FAMILY_V4);
	assert_int_equal(snapshot_policies(snapshot, &v6, DIRECTION_INGRESS, arena, &applied), 0);
	assert_int_equal(applied.count, 0);
	arena_unref(arena);
	snapshot_free(snapshot);
}

static void test_empty_cluster(void **state)
{
	const struct cluster_objects nothing = {0};
	const struct expected any = {CLIENT_IP, WEB_IP, IPPROTO_TCP, 80, VERDICT_ALLOW};
	struct snapshot *snapshot;
	struct cluster *cluster;
	size_t count;

	(void)state;
	assert_int_equal(cluster_create(&cluster, &nothing), 0);
	assert_int_equal(snapshot_compile(&snapshot, cluster, &everywhere), 0);
	cluster_unref(cluster);
	assert_true(snapshot_revision(snapshot) == 7);
	assert_int_equal(judge(snapshot, &any).verdict, VERDICT_ALLOW);
	snapshot_isolated(snapshot, &count);
	assert_int_equal(count, 0);
	snapshot_free(snapshot);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_deny_all),
		cmocka_unit_test(test_pod_selector_is_of_the_own_namespace),
		cmocka_unit_test(test_namespace_selectors),
		cmocka_unit_test(test_ports),
		cmocka_unit_test(test_named_ports_resolve_on_the_destination),
		cmocka_unit_test(test_ip_blocks_match_pods_too),
		cmocka_unit_test(test_both_ends_judge),
		cmocka_unit_test(test_pods_of_other_nodes_are_peers_only),
		cmocka_unit_test(test_audit),
		cmocka_unit_test(test_an_audited_policy_does_not_admit),
		cmocka_unit_test(test_what_is_told_of_addresses),
		cmocka_unit_test(test_link_local_addresses_are_nobodys),
		cmocka_unit_test(test_ipv6_off),
		cmocka_unit_test(test_empty_cluster),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
