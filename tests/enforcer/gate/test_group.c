/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Packets to groups, judged for those they would reach; and what goes by ports. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "enforcer/gate/group.h"
#include "enforcer/gate/link_message.h"
#include "tests/support/manifest_world.h"

#define POD(name, addresses) \
	"- {apiVersion: v1, kind: Pod, metadata: {name: " name \
	", namespace: shop, labels: {app: " name "}}, " \
	"status: {podIPs: [" addresses "]}}\n"

/*
 * web: from client only. db: to the world, but not its neighbours. six: an address of IPv6 only,
 * closed.
 */
static const char yaml[] = "apiVersion: v1\nkind: List\nitems:\n" POD(
	"web", "{ip: 10.88.0.11}, {ip: 'fd00:88::11'}") POD("db", "{ip: 10.88.0.12}") POD("client",
	"{ip: 10.88.0.13}") POD("intruder", "{ip: 10.88.0.14}") POD("six",
	"{ip: 'fd00:88::16'}") POD("lost",
	"{ip: 10.88.0.17}") "- apiVersion: networking.k8s.io/v1\n  kind: NetworkPolicy\n  "
			    "metadata: {name: web, namespace: shop}\n  spec:\n"
			    "    podSelector: {matchLabels: {app: web}}\n    ingress: [{from: "
			    "[{podSelector: {matchLabels: {app: client}}}]}]\n"
			    "- apiVersion: networking.k8s.io/v1\n  kind: NetworkPolicy\n  "
			    "metadata: {name: six, namespace: shop}\n  spec:\n"
			    "    podSelector: {matchLabels: {app: six}}\n    policyTypes: "
			    "[Ingress]\n"
			    "- apiVersion: networking.k8s.io/v1\n  kind: NetworkPolicy\n  "
			    "metadata: {name: lost, namespace: shop}\n  spec:\n"
			    "    podSelector: {matchLabels: {app: lost}}\n    policyTypes: "
			    "[Ingress]\n"
			    "- apiVersion: networking.k8s.io/v1\n  kind: NetworkPolicy\n  "
			    "metadata: {name: db, namespace: shop}\n  spec:\n"
			    "    podSelector: {matchLabels: {app: db}}\n    policyTypes: [Egress]\n"
			    "    egress: [{to: [{ipBlock: {cidr: '0.0.0.0/0', except: "
			    "[10.88.0.0/24]}}]}]\n";

enum {
	BRIDGE = 10,
	WEB = 11,
	DB = 12,
	CLIENT = 13,
	INTRUDER = 14,
	BOTH = 15,
	SIX = 16,
	NEW = 18,
	UPLINK = 19,
	UNKNOWN = 20
};

static struct manifest_world world;
static struct places *places, *all_found;

static struct ip_addr addr(const char *text)
{
	struct ip_addr out;

	assert_int_equal(ip_addr_parse(&out, text), 0);
	return out;
}

static struct places *make(const struct ip_addr *isolated, size_t count)
{
	static const struct places_link links[] = {
		{.index = BRIDGE, .bridge = true},
		{.index = WEB, .master = BRIDGE},
		{.index = DB, .master = BRIDGE},
		{.index = CLIENT, .master = BRIDGE},
		{.index = INTRUDER, .master = BRIDGE},
		{.index = BOTH, .master = BRIDGE},
		{.index = SIX, .master = BRIDGE},
		{.index = NEW, .master = BRIDGE},
		{.index = UPLINK, .master = BRIDGE, .router = true},
	};
	static const struct places_forwarding forwarding[] = {{{1}, WEB, BRIDGE}, {{2}, DB, BRIDGE},
		{{3}, CLIENT, BRIDGE}, {{4}, INTRUDER, BRIDGE}, {{5}, BOTH, BRIDGE},
		{{6}, SIX, BRIDGE}};
	const struct places_neighbour neighbours[] = {{addr("10.88.0.11"), {1}, BRIDGE},
		{addr("fd00:88::11"), {1}, BRIDGE}, {addr("10.88.0.12"), {2}, BRIDGE},
		{addr("10.88.0.13"), {3}, BRIDGE}, {addr("10.88.0.14"), {4}, BRIDGE},
		{addr("10.88.0.99"), {5}, BRIDGE}, {addr("fd00:88::16"), {6}, BRIDGE}};
	const struct places_network networks[] = {
		{addr("10.88.0.1"), 24, BRIDGE}, {addr("fd00:88::1"), 64, BRIDGE}};
	const struct places_facts facts = {links, forwarding, neighbours, networks, 9, 6, 7, 2};
	struct places *made;

	assert_int_equal(places_make(&made, &facts, isolated, count), 0);
	return made;
}

static int setup(void **state)
{
	struct ip_addr lost = addr("10.88.0.17");

	(void)state;
	manifest_world_init(&world, yaml);
	places = make(&lost, 1);
	all_found = make(NULL, 0);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	places_free(places);
	places_free(all_found);
	manifest_world_deinit(&world);
	return 0;
}

/* "deny 10.88.0.11": the verdict, and whose it is. */
static void check(const struct places *by, const char *from, const char *group, uint32_t out,
	const char *wanted)
{
	const struct flow flow = {.src = addr(from),
		.dst = addr(group),
		.src_port = 1,
		.dst_port = 9,
		.protocol = IPPROTO_UDP};
	char text[IP_ADDR_TEXT] = "", seen[128];
	struct group_judgement judged;

	group_judge(world.snapshot, by, &flow, out, &judged);
	if (judged.receiver.family != 0)
		ip_addr_format(&judged.receiver, text);
	snprintf(seen, sizeof(seen), "%s%s%s", verdict_name(judged.judgement.verdict),
		*text != '\0' ? " " : "", text);
	if (strcmp(seen, wanted) != 0)
		fail_msg("%s to %s by %u: %s, not %s", from, group, out, seen, wanted);
}

static void each_port_is_judged_for_its_pods(void **state)
{
	static const char *const groups[] = {
		"255.255.255.255", "10.88.0.255", "224.0.0.1", "239.1.1.1"};

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		check(places, "10.88.0.14", groups[i], WEB, "deny 10.88.0.11");
		check(places, "10.88.0.13", groups[i], WEB, "allow");
		check(places, "10.88.0.14", groups[i], CLIENT, "allow");
		check(places, "10.88.0.200", groups[i], WEB, "deny 10.88.0.11");
		check(places, "0.0.0.0", groups[i], WEB, "deny 10.88.0.11");
		check(places, "10.88.0.12", groups[i], CLIENT, "deny 10.88.0.13");
		/* no pod, but a neighbour */
		check(places, "10.88.0.12", groups[i], BOTH, "deny 10.88.0.99");
		check(places, "10.88.0.12", groups[i], DB, "allow"); /* itself */
	}
	check(places, "fd00:88::14", "ff02::1", WEB, "deny fd00:88::11");
	check(places, "fd00:88::14", "ff0e::1", CLIENT, "allow");
}

/* Isolation holds for a pod, whatever family of its addresses is known. */
static void a_pod_without_an_address_of_the_family_is_isolated(void **state)
{
	(void)state;
	check(places, "10.88.0.14", "224.0.0.1", SIX, "deny fd00:88::16");
	check(places, "fd00:88::14", "ff02::1", SIX, "deny fd00:88::16");
}

static void a_port_of_nobody_known_may_have_who_is_not_found(void **state)
{
	(void)state;
	check(places, "10.88.0.14", "224.0.0.1", NEW, "deny 10.88.0.17");
	check(places, "10.88.0.14", "224.0.0.1", UNKNOWN, "deny 10.88.0.17");
	check(all_found, "10.88.0.14", "224.0.0.1", NEW, "allow");
	/* whoever it is, it is a neighbour */
	check(all_found, "10.88.0.12", "239.1.1.1", NEW, "deny 10.88.0.255");
	check(places, "10.88.0.14", "224.0.0.1", UPLINK, "allow"); /* no pods there */
	check(places, "10.88.0.14", "224.0.0.1", 0, "allow");	   /* the gateway */
}

/* The world may be reached by a router, its neighbours may not. */
static void a_router_takes_what_may_leave_the_link(void **state)
{
	(void)state;
	check(places, "10.88.0.12", "239.1.1.1", UPLINK, "allow");
	check(places, "10.88.0.12", "224.0.0.5", UPLINK, "deny 10.88.0.255");
	check(places, "10.88.0.12", "255.255.255.255", UPLINK, "deny 10.88.0.255");
	check(places, "10.88.0.12", "10.88.0.255", UPLINK, "deny");
}

static void a_bridge_has_all_that_are_on_it(void **state)
{
	(void)state;
	check(places, "10.88.0.14", "239.1.1.1", BRIDGE, "deny 10.88.0.11");
}

static enum link_message message_of(
	const char *from, uint8_t protocol, uint16_t src_port, uint16_t dst_port, uint8_t type)
{
	const struct flow flow = {.src = addr(from),
		.dst = addr("ff02::1"),
		.src_port = src_port,
		.dst_port = dst_port,
		.protocol = protocol};
	uint8_t packet[48] = {0x60, [5] = 8, [6] = IPPROTO_ICMPV6, [7] = 255, [40] = type};

	return link_message_of(&flow, packet, sizeof(packet));
}

static void link_messages_are_told_apart(void **state)
{
	(void)state;
	assert_int_equal(
		message_of("fe80::1", IPPROTO_ICMPV6, 0, 0, 134), LINK_ROUTER_ADVERTISEMENT);
	assert_int_equal(
		message_of("fe80::1", IPPROTO_ICMPV6, 0, 0, 133), LINK_ROUTER_SOLICITATION);
	assert_int_equal(message_of("fe80::1", IPPROTO_ICMPV6, 0, 0, 135), LINK_NONE);
	assert_int_equal(message_of("fe80::1", IPPROTO_UDP, 547, 546, 0), LINK_DHCP_ANSWER);
	assert_int_equal(message_of("fe80::1", IPPROTO_UDP, 546, 547, 0), LINK_NONE);
	assert_int_equal(message_of("10.88.0.1", IPPROTO_UDP, 67, 68, 0), LINK_DHCP_ANSWER);
	assert_int_equal(message_of("10.88.0.1", IPPROTO_UDP, 68, 67, 0), LINK_NONE);
	assert_int_equal(message_of("10.88.0.1", IPPROTO_TCP, 67, 68, 0), LINK_NONE);
}

static void link_messages_go_by_ports(void **state)
{
	(void)state;
	assert_false(link_message_passes(LINK_ROUTER_ADVERTISEMENT, places, INTRUDER, WEB));
	assert_false(link_message_passes(LINK_ROUTER_ADVERTISEMENT, places, INTRUDER, UPLINK));
	assert_false(link_message_passes(LINK_ROUTER_ADVERTISEMENT, places, UNKNOWN, WEB));
	assert_true(link_message_passes(LINK_ROUTER_ADVERTISEMENT, places, UPLINK, WEB));
	assert_true(link_message_passes(LINK_ROUTER_ADVERTISEMENT, places, INTRUDER, 0));
	assert_false(link_message_passes(LINK_ROUTER_SOLICITATION, places, WEB, INTRUDER));
	assert_true(link_message_passes(LINK_ROUTER_SOLICITATION, places, WEB, UPLINK));
	assert_true(link_message_passes(LINK_ROUTER_SOLICITATION, places, WEB, 0));
	assert_false(link_message_passes(LINK_DHCP_ANSWER, places, INTRUDER, WEB));
	assert_true(link_message_passes(LINK_DHCP_ANSWER, places, UPLINK, WEB));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_port_is_judged_for_its_pods),
		cmocka_unit_test(a_pod_without_an_address_of_the_family_is_isolated),
		cmocka_unit_test(a_port_of_nobody_known_may_have_who_is_not_found),
		cmocka_unit_test(a_router_takes_what_may_leave_the_link),
		cmocka_unit_test(a_bridge_has_all_that_are_on_it),
		cmocka_unit_test(link_messages_are_told_apart),
		cmocka_unit_test(link_messages_go_by_ports),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
