/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Who is behind which port, made of what the kernel tells. No kernel. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>

#include "enforcer/places/facts_reader.h"

enum { BRIDGE = 10, WEB_PORT = 11, DB_PORT = 12, UPLINK = 13, ROUTED = 14, SILENT_PORT = 15 };

static struct ip_addr addr(const char *text)
{
	struct ip_addr out;

	assert_int_equal(ip_addr_parse(&out, text), 0);
	return out;
}

static const struct places_link links[] = {
	{.index = SILENT_PORT, .master = BRIDGE},
	{.index = ROUTED},
	{.index = UPLINK, .master = BRIDGE, .router = true},
	{.index = WEB_PORT, .master = BRIDGE},
	{.index = DB_PORT, .master = BRIDGE},
	{.index = BRIDGE, .bridge = true, .router = true},
};

static const struct places_forwarding forwarding[] = {
	{{2, 0, 0, 0, 0, 2}, DB_PORT, BRIDGE}, {{2, 0, 0, 0, 0, 1}, WEB_PORT, BRIDGE},
	{{2, 0, 0, 0, 0, 9}, UPLINK, BRIDGE},
	{{2, 0, 0, 0, 0, 1}, DB_PORT, 99}, /* of another bridge */
};

static struct places *make(const struct ip_addr *isolated, size_t count)
{
	const struct places_neighbour neighbours[] = {
		{addr("10.88.0.12"), {2, 0, 0, 0, 0, 2}, BRIDGE},
		{addr("10.88.0.11"), {2, 0, 0, 0, 0, 1}, BRIDGE},
		{addr("fd00:88::11"), {2, 0, 0, 0, 0, 1}, BRIDGE},
		/* whose port the bridge has forgotten */
		{addr("10.88.0.40"), {2, 0, 0, 0, 0, 7}, BRIDGE},
		{addr("10.99.0.1"), {2, 0, 0, 0, 0, 5}, ROUTED},
	};
	const struct places_network networks[] = {
		{addr("10.88.0.1"), 24, BRIDGE},
		{addr("10.88.0.2"), 24, BRIDGE},
		{addr("fd00:88::1"), 64, BRIDGE},
		{addr("203.0.113.1"), 24, ROUTED},
	};
	const struct places_facts facts = {links, forwarding, neighbours, networks, 6, 4, 5, 4};
	struct places *places;

	assert_int_equal(places_make(&places, &facts, isolated, count), 0);
	return places;
}

static void addresses_are_behind_ports(void **state)
{
	struct places *places = make(NULL, 0);
	const struct places_port *port = places_port(places, WEB_PORT);
	size_t count;

	(void)state;
	assert_int_equal(port->count, 2);
	assert_true(
		ip_addr_equal(&port->addrs[0], &(struct ip_addr){{10, 88, 0, 11}, IP_FAMILY_V4}));
	assert_int_equal(port->bridge, BRIDGE);
	assert_false(port->router);
	assert_int_equal(places_port(places, DB_PORT)->count, 1);
	assert_int_equal(places_port(places, SILENT_PORT)->count, 0);
	assert_int_equal(places_port(places, UPLINK)->count, 0);
	assert_true(places_port(places, UPLINK)->router);
	assert_int_equal(places_port(places, BRIDGE)->count, 4); /* on its link, whatever port */
	assert_int_equal(places_port(places, BRIDGE)->bridge, 0);
	assert_int_equal(places_port(places, ROUTED)->count, 1);
	assert_null(places_port(places, 99));
	places_near(places, &count);
	assert_int_equal(count, 3);
	places_free(places);
}

/* An isolated pod may be behind any port if it can be on a bridge here and nobody knows where. */
static void who_is_not_found_may_be_anywhere(void **state)
{
	const struct ip_addr isolated[] = {addr("10.77.0.1"), addr("10.88.0.11"),
		addr("10.88.0.40"), addr("fd00:88::12"), addr("fe80::")};
	struct places *places = make(isolated, 5);
	size_t count;
	const struct ip_addr *unplaced = places_unplaced(places, &count);

	(void)state;
	assert_int_equal(count, 2);
	assert_true(ip_addr_equal(&unplaced[0], &isolated[2]));
	assert_true(ip_addr_equal(&unplaced[1], &isolated[3]));
	places_free(places);
}

/* A bridge that the gateway has no address on says nothing of its network. */
static void a_bridge_without_an_address_may_have_anybody(void **state)
{
	const struct ip_addr isolated[] = {addr("10.77.0.1")};
	const struct places_facts facts = {.links = links, .link_count = 6};
	struct places *places;
	size_t count;

	(void)state;
	assert_int_equal(places_make(&places, &facts, isolated, 1), 0);
	places_unplaced(places, &count);
	assert_int_equal(count, 1);
	places_free(places);
}

static void groups_are_told_from_hosts(void **state)
{
	static const char *const groups[] = {"224.0.0.1", "239.255.255.255", "255.255.255.255",
		"10.88.0.255", "ff02::1", "ff0e::1"};
	static const char *const hosts[] = {"10.88.0.11", "203.0.113.255", "223.255.255.255",
		"240.0.0.1", "fd00:88::", "fd00:88::11", "fe80::1", "0.0.0.0"};
	struct places *places = make(NULL, 0);

	(void)state;
	for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++)
		assert_true(places_is_group(places, (struct ip_addr[]){addr(groups[i])}));
	for (size_t i = 0; i < sizeof(hosts) / sizeof(hosts[0]); i++)
		assert_false(places_is_group(places, (struct ip_addr[]){addr(hosts[i])}));
	places_free(places);
}

static void nothing_is_a_place_of_nobody(void **state)
{
	const struct places_facts facts = {.links = NULL};
	struct places *places;
	size_t count;

	(void)state;
	assert_int_equal(places_make(&places, &facts, NULL, 0), 0);
	assert_null(places_port(places, 1));
	places_unplaced(places, &count);
	assert_int_equal(count, 0);
	places_near(places, &count);
	assert_int_equal(count, 0);
	places_free(places);
	places_free(NULL);
}

/* ---- messages ---- */

static struct nlmsghdr *begin_neighbour(char *buffer, uint8_t family, uint16_t neighbour_state)
{
	struct nlmsghdr *message = mnl_nlmsg_put_header(buffer);
	struct ndmsg *header;

	message->nlmsg_type = RTM_NEWNEIGH;
	header = mnl_nlmsg_put_extra_header(message, sizeof(*header));
	header->ndm_family = family;
	header->ndm_state = neighbour_state;
	header->ndm_ifindex = WEB_PORT;
	return message;
}

static const uint8_t mac[PLACES_MAC] = {2, 0, 0, 0, 0, 1}, v4[4] = {10, 88, 0, 11};

static size_t take_neighbour(uint16_t neighbour_state, size_t addr_length, size_t mac_length)
{
	char buffer[256];
	struct nlmsghdr *message = begin_neighbour(buffer, AF_INET, neighbour_state);
	struct facts facts = {.links = NULL};
	size_t count;

	mnl_attr_put(message, NDA_DST, addr_length, v4);
	mnl_attr_put(message, NDA_LLADDR, mac_length, mac);
	assert_int_equal(facts_take(&facts, message), 0);
	count = facts.neighbour_count;
	facts_deinit(&facts);
	return count;
}

static void only_neighbours_that_answered_count(void **state)
{
	(void)state;
	assert_int_equal(take_neighbour(NUD_REACHABLE, 4, 6), 1);
	assert_int_equal(take_neighbour(NUD_STALE, 4, 6), 1);
	assert_int_equal(take_neighbour(NUD_PERMANENT, 4, 6), 1);
	assert_int_equal(take_neighbour(NUD_FAILED, 4, 6), 0);
	assert_int_equal(take_neighbour(NUD_INCOMPLETE, 4, 6), 0);
	assert_int_equal(take_neighbour(NUD_REACHABLE, 3, 6), 0);
	assert_int_equal(take_neighbour(NUD_REACHABLE, 4, 5), 0);
}

static void the_bridges_own_entries_are_nobodys_place(void **state)
{
	static const struct {
		uint16_t state;
		uint32_t master;
		size_t count;
	} cases[] = {{NUD_REACHABLE, BRIDGE, 1}, {NUD_NOARP, BRIDGE, 1}, {NUD_PERMANENT, BRIDGE, 0},
		{NUD_REACHABLE, 0, 0}};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char buffer[256];
		struct nlmsghdr *message = begin_neighbour(buffer, AF_BRIDGE, cases[i].state);
		struct facts facts = {.links = NULL};

		mnl_attr_put(message, NDA_LLADDR, sizeof(mac), mac);
		if (cases[i].master != 0)
			mnl_attr_put_u32(message, NDA_MASTER, cases[i].master);
		assert_int_equal(facts_take(&facts, message), 0);
		assert_int_equal(facts.forwarding_count, cases[i].count);
		facts_deinit(&facts);
	}
}

static bool is_router(const char *router_ports, const char *name, const char *kind)
{
	char buffer[512];
	struct nlmsghdr *message = mnl_nlmsg_put_header(buffer);
	struct facts facts = {.router_ports = router_ports};
	struct nlattr *info;
	bool router;

	message->nlmsg_type = RTM_NEWLINK;
	mnl_nlmsg_put_extra_header(message, sizeof(struct ifinfomsg));
	mnl_attr_put_strz(message, IFLA_IFNAME, name);
	info = mnl_attr_nest_start(message, IFLA_LINKINFO);
	if (*kind != '\0')
		mnl_attr_put_strz(message, IFLA_INFO_KIND, kind);
	mnl_attr_nest_end(message, info);
	assert_int_equal(facts_take(&facts, message), 0);
	assert_int_equal(facts.link_count, 1);
	router = facts.links[0].router;
	facts_deinit(&facts);
	return router;
}

/* By default what no pod has; else who is named, and nobody else. */
static void routers_ports_are_known(void **state)
{
	(void)state;
	assert_true(is_router("", "eth0", ""));
	assert_true(is_router(NULL, "bond0", "bond"));
	assert_true(is_router("", "vx1", "vxlan"));
	assert_false(is_router("", "veth1", "veth"));
	assert_false(is_router("", "tap1", "tun"));
	assert_true(is_router("veth1", "veth1", "veth"));
	assert_true(is_router("eth0, veth1,x", "veth1", "veth"));
	assert_true(is_router("eth0,x", "x", "veth"));
	assert_false(is_router("veth10", "veth1", "veth"));
	assert_false(is_router("veth", "veth1", "veth"));
	assert_false(is_router("veth1", "eth0", ""));
	assert_false(is_router(" , ", "eth0", ""));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses_are_behind_ports),
		cmocka_unit_test(who_is_not_found_may_be_anywhere),
		cmocka_unit_test(a_bridge_without_an_address_may_have_anybody),
		cmocka_unit_test(groups_are_told_from_hosts),
		cmocka_unit_test(nothing_is_a_place_of_nobody),
		cmocka_unit_test(only_neighbours_that_answered_count),
		cmocka_unit_test(the_bridges_own_entries_are_nobodys_place),
		cmocka_unit_test(routers_ports_are_known),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
