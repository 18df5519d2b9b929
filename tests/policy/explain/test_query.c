/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Flows as people write them, and what they are told when they slip. */
#include <errno.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "policy/explain/query.h"
#include "tests/support/manifest_world.h"

static const char pods[] =
	"apiVersion: v1\nkind: List\nitems:\n"
	"- {apiVersion: v1, kind: Pod, metadata: {name: web, namespace: shop}, status: {podIPs: "
	"[{ip: 10.0.0.1}, {ip: 'fd00::1'}]}}\n"
	"- apiVersion: v1\n"
	"  kind: Pod\n"
	"  metadata: {name: db, namespace: shop}\n"
	"  spec: {containers: [{name: c, ports: [{name: pg, containerPort: 5432}, {name: dns, "
	"containerPort: 53, protocol: UDP}, {containerPort: 9}]}]}\n"
	"  status: {podIPs: [{ip: 'fd00::2'}, {ip: 10.0.0.2}]}\n"
	"- {apiVersion: v1, kind: Pod, metadata: {name: six, namespace: lab}, status: {podIPs: "
	"[{ip: 'fd00::3'}]}}\n"
	"- {apiVersion: v1, kind: Pod, metadata: {name: new, namespace: lab}}\n"
	"- {apiVersion: v1, kind: Pod, metadata: {name: old, namespace: lab}, status: {podIP: "
	"10.0.0.9, phase: Failed}}\n"
	"- {apiVersion: v1, kind: Pod, metadata: {name: agent, namespace: lab}, spec: "
	"{hostNetwork: true}, status: {podIP: 192.0.2.1}}\n";

static struct manifest_world world;

static int setup(void **state)
{
	(void)state;
	manifest_world_init(&world, pods);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	manifest_world_deinit(&world);
	return 0;
}

/* "10.0.0.1 10.0.0.2 5432 6": source, destination, port, protocol; flows apart by "; ". */
static const char *write_flows(const struct flow *flows, int count, char *text, size_t size)
{
	size_t used = 0;

	text[0] = '\0';
	for (int i = 0; i < count; i++) {
		char src[IP_ADDR_TEXT], dst[IP_ADDR_TEXT];

		assert_int_equal(flows[i].src_port, 0);
		used += (size_t)snprintf(text + used, size - used, "%s%s %s %u %u",
			i > 0 ? "; " : "", ip_addr_format(&flows[i].src, src),
			ip_addr_format(&flows[i].dst, dst), flows[i].dst_port, flows[i].protocol);
	}
	return text;
}

static void check(const char *source, const char *destination, const char *wanted)
{
	struct flow flows[QUERY_FLOWS_MOST];
	char problem[QUERY_PROBLEM] = "", text[400];
	const int count = query_flows(world.snapshot, source, destination, flows, problem);

	if (count < 0)
		fail_msg("%s -> %s: %s", source, destination, problem);
	assert_string_equal(write_flows(flows, count, text, sizeof(text)), wanted);
}

static void check_refused(const char *source, const char *destination, const char *wanted)
{
	struct flow flows[QUERY_FLOWS_MOST];
	char problem[QUERY_PROBLEM] = "";

	assert_int_equal(query_flows(world.snapshot, source, destination, flows, problem), -EINVAL);
	assert_string_equal(problem, wanted);
}

static void test_destinations(void **state)
{
	(void)state;
	check("10.0.0.1", "10.0.0.7:5432/tcp", "10.0.0.1 10.0.0.7 5432 6");
	check("10.0.0.1", "10.0.0.7:5432", "10.0.0.1 10.0.0.7 5432 6");
	check("10.0.0.1", "10.0.0.7:53/UDP", "10.0.0.1 10.0.0.7 53 17");
	check("10.0.0.1", "10.0.0.7/icmp", "10.0.0.1 10.0.0.7 0 1");
	check("10.0.0.1", "10.0.0.7/47", "10.0.0.1 10.0.0.7 0 47");
	check("fd00::1", "[fd00::7]:53/sctp", "fd00::1 fd00::7 53 132");
	check("fd00::1", "[fd00::7]/icmp", "fd00::1 fd00::7 0 58");
	check("fd00::1", "fd00::7/icmpv6", "fd00::1 fd00::7 0 58");
	check("10.0.0.1", "shop/web:80", "10.0.0.1 10.0.0.1 80 6");
	check("10.0.0.1", "shop/web/icmp", "10.0.0.1 10.0.0.1 0 1");
	check("10.0.0.1", "shop/web:65535/udp", "10.0.0.1 10.0.0.1 65535 17");
	check("lab/agent", "shop/web:1", "192.0.2.1 10.0.0.1 1 6");
}

static void test_families(void **state)
{
	(void)state;
	check("shop/web", "shop/db:1", "10.0.0.1 10.0.0.2 1 6; fd00::1 fd00::2 1 6");
	/* its primary leads */
	check("shop/db", "shop/web:1", "fd00::2 fd00::1 1 6; 10.0.0.2 10.0.0.1 1 6");
	check("shop/web", "fd00::7/icmp", "fd00::1 fd00::7 0 58");
	check("10.0.0.8", "shop/db:1", "10.0.0.8 10.0.0.2 1 6");
	check("shop/web", "lab/six:1", "fd00::1 fd00::3 1 6");
	check("shop/web", "shop/db/icmp", "10.0.0.1 10.0.0.2 0 1; fd00::1 fd00::2 0 58");
	check_refused("10.0.0.1", "lab/six:1",
		"the two ends have no address family in common: one is IPv4, the other IPv6");
}

static void test_port_names(void **state)
{
	(void)state;
	check("10.0.0.1", "shop/db:pg", "10.0.0.1 10.0.0.2 5432 6");
	/* the name knows its protocol */
	check("10.0.0.1", "shop/db:dns", "10.0.0.1 10.0.0.2 53 17");
	check("10.0.0.1", "10.0.0.2:pg/tcp", "10.0.0.1 10.0.0.2 5432 6");
	check_refused("10.0.0.1", "shop/db:pg/udp",
		"\"pg\" is no port of pod shop/db, which declares pg 5432/TCP, dns 53/UDP, 9/TCP");
	check_refused("10.0.0.1", "shop/db:pgg",
		"pod shop/db has no such port \"pgg\"; did you mean pg?");
	check_refused("10.0.0.1", "shop/web:icmp",
		"ICMP has no ports: write it behind a slash, as in DESTINATION/icmp");
	check_refused("10.0.0.1", "shop/web:http",
		"pod shop/web declares no ports, so \"http\" is none of them");
	check_refused("10.0.0.1", "10.0.0.77:http",
		"only a pod names its ports, and no pod has that address: write the number of port "
		"\"http\"");
}

static void test_mistaken_ends(void **state)
{
	(void)state;
	check_refused(
		"web", "10.0.0.1:1", "a pod is written namespace/name; did you mean shop/web?");
	check_refused("wob", "10.0.0.1:1", "\"wob\" is neither an address nor namespace/pod");
	check_refused("shop/wbe", "10.0.0.1:1", "there is no pod shop/wbe; did you mean shop/web?");
	check_refused("shop/six", "10.0.0.1:1", "there is no pod shop/six; did you mean lab/six?");
	check_refused("shop/zzzzzz", "10.0.0.1:1", "there is no pod shop/zzzzzz");
	check_refused("shp/web", "10.0.0.1:1", "there is no namespace shp; did you mean shop/web?");
	check_refused("default/six", "10.0.0.1:1",
		"there is no namespace default; did you mean lab/six?");
	check_refused("default/zzz", "10.0.0.1:1", "there is no namespace default");
	check_refused("shop/", "10.0.0.1:1", "\"shop/\" is neither an address nor namespace/pod");
	check_refused("10.0.0.256", "10.0.0.1:1",
		"\"10.0.0.256\" is neither an address nor namespace/pod");
	check_refused(
		"lab/new", "10.0.0.1:1", "pod lab/new has no address: status.podIPs is empty");
	check_refused(
		"lab/old", "10.0.0.1:1", "pod lab/old has finished: it owns no address any more");
}

static void test_mistaken_services(void **state)
{
	(void)state;
	check_refused("10.0.0.1", "shop/db",
		"which port? shop/db declares pg 5432/TCP, dns 53/UDP, 9/TCP");
	check_refused("10.0.0.1", "shop/web/udp",
		"which port? Write DESTINATION:PORT, or DESTINATION/icmp");
	check_refused("10.0.0.1", "fd00::7:53",
		"which port? An IPv6 address with a port is written [ADDRESS]:PORT");
	check_refused("10.0.0.1", "shop/db:80/tpc",
		"\"tpc\" is no protocol: tcp, udp, sctp, icmp, or a number to 255");
	check_refused("10.0.0.1", "shop/db:80/",
		"\"\" is no protocol: tcp, udp, sctp, icmp, or a number to 255");
	check_refused("10.0.0.1", "shop/db:80/tcp/udp",
		"\"tcp/udp\" is no protocol: tcp, udp, sctp, icmp, or a number to 255");
	check_refused("10.0.0.1", "shop/db:80/icmp", "ICMP has no ports");
	check_refused("10.0.0.1", "shop/db:0", "port 0 is out of range: 1 to 65535");
	check_refused("10.0.0.1", "shop/db:65536", "port 65536 is out of range: 1 to 65535");
	check_refused("10.0.0.1", "shop/db:99999999999999999999",
		"port 99999999999999999999 is out of range: 1 to 65535");
	check_refused("10.0.0.1", "shop/db:", "a port is missing after ':'");
	check_refused("10.0.0.1", "[fd00::7:53", "\"[fd00::7:53\" lacks a closing ']'");
	check_refused("10.0.0.1", "[fd00::7]53", "\"53\" after ']' is neither :PORT nor /PROTOCOL");
	check_refused("10.0.0.1", "", "\"\" is neither an address nor namespace/pod");
}

static void test_long_texts(void **state)
{
	struct flow flows[QUERY_FLOWS_MOST];
	char problem[QUERY_PROBLEM], text[5000];

	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	assert_int_equal(query_flows(world.snapshot, text, "10.0.0.1:1", flows, problem), -EINVAL);
	assert_int_equal(query_flows(world.snapshot, "10.0.0.1", text, flows, problem), -EINVAL);
	text[2] = '/';
	assert_int_equal(query_flows(world.snapshot, text, "10.0.0.1:1", flows, problem), -EINVAL);
	text[500] = '\0';
	assert_int_equal(query_flows(world.snapshot, text, "10.0.0.1:1", flows, problem), -EINVAL);
	assert_int_equal(query_flows(world.snapshot, "10.0.0.1", text, flows, problem), -EINVAL);
	assert_true(strlen(problem) < QUERY_PROBLEM);
}

static void test_fields(void **state)
{
	struct flow flows[QUERY_FLOWS_MOST];
	char problem[QUERY_PROBLEM], text[400];

	(void)state;
	assert_int_equal(
		query_fields(world.snapshot, "shop/web", "fd00::2", "TCP", "5432", flows, problem),
		1);
	assert_string_equal(write_flows(flows, 1, text, sizeof(text)), "fd00::1 fd00::2 5432 6");
	assert_int_equal(
		query_fields(world.snapshot, "10.0.0.1", "shop/db", "UDP", "dns", flows, problem),
		1);
	assert_string_equal(write_flows(flows, 1, text, sizeof(text)), "10.0.0.1 10.0.0.2 53 17");
	assert_int_equal(
		query_fields(world.snapshot, "10.0.0.1", "shop/db", "ICMP", "-", flows, problem),
		1);
	assert_string_equal(write_flows(flows, 1, text, sizeof(text)), "10.0.0.1 10.0.0.2 0 1");
	assert_int_equal(
		query_fields(world.snapshot, "10.0.0.1", "shop/db", "ICMP", "", flows, problem), 1);
	assert_int_equal(
		query_fields(world.snapshot, "10.0.0.1", "shop/db", "TCP", "-", flows, problem),
		-EINVAL);
	assert_int_equal(
		query_fields(world.snapshot, "10.0.0.1", "shop/db:1", "TCP", "1", flows, problem),
		-EINVAL);
	assert_int_equal(
		query_fields(world.snapshot, "10.0.0.1", "shop/db", "XTP", "1", flows, problem),
		-EINVAL);
}

static void check_pod(const char *text, const char *refused)
{
	char problem[QUERY_PROBLEM] = "";
	const struct pod *pod = NULL;
	const int err = query_pod(world.snapshot, text, &pod, problem);

	assert_string_equal(problem, refused);
	assert_int_equal(err, *refused == '\0' ? 0 : -EINVAL);
	if (err == 0)
		assert_string_equal(pod->name, strchr(text, '/') + 1);
}

static void test_names_alone(void **state)
{
	char problem[QUERY_PROBLEM] = "";

	(void)state;
	check_pod("shop/web", "");
	check_pod("lab/new", "");
	check_pod("lab/old", "");
	check_pod("shop/wbe", "there is no pod shop/wbe; did you mean shop/web?");
	check_pod("shp/web", "there is no namespace shp; did you mean shop/web?");
	check_pod("web", "a pod is written namespace/name, not \"web\"");
	check_pod("/web", "a pod is written namespace/name, not \"/web\"");
	check_pod("shop/", "a pod is written namespace/name, not \"shop/\"");
	assert_int_equal(query_namespace(world.snapshot, "lab", problem), 0);
	assert_int_equal(query_namespace(world.snapshot, "lap", problem), -EINVAL);
	assert_string_equal(problem, "there is no namespace lap; did you mean lab?");
	assert_int_equal(query_namespace(world.snapshot, "elsewhere", problem), -EINVAL);
	assert_string_equal(problem, "there is no namespace elsewhere");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_destinations),
		cmocka_unit_test(test_families),
		cmocka_unit_test(test_port_names),
		cmocka_unit_test(test_mistaken_ends),
		cmocka_unit_test(test_mistaken_services),
		cmocka_unit_test(test_long_texts),
		cmocka_unit_test(test_fields),
		cmocka_unit_test(test_names_alone),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
