/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * What the rules do to packets, with nobody at the queues: what is queued is lost, what arrives
 * passed in the kernel. Each test is a way around the gate, or a thing that must get through it.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <netinet/icmp6.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "kernel/rules/ruleset.h"
#include "kernel/sets/pod_set.h"
#include "tests/support/bridge_netns.h"
#include "tests/support/netns.h"

static enum backend_choice nft = BACKEND_NFT, legacy = BACKEND_LEGACY;

static struct ruleset_options options_for(void *const *state)
{
	return (struct ruleset_options){
		.backend = **(enum backend_choice *const *)state,
		.ipv6 = true,
		.workers = 1,
		.queue_base = 8610,
		.mark_allow = 0x20000000,
		.mark_deny = 0x40000000,
	};
}

/* Pod 0 is isolated, the others are not. */
static int enter(void **state)
{
	struct ip_addr isolated[2];
	char problem[PROBLEM_SIZE];

	bridge_netns_enter(state);
	ip_addr_parse(&isolated[0], "10.9.0.1");
	ip_addr_parse(&isolated[1], "fd09::1");
	if (pod_set_create(true, problem) != 0 || pod_set_fill(isolated, 2, true, problem) != 0)
		fail_msg("%s", problem);
	return 0;
}

static void install(const struct ruleset_options *options)
{
	char problem[PROBLEM_SIZE];

	if (ruleset_install(options, problem) != 0)
		fail_msg("%s", problem);
}

/* Packets of the rule that has `part` in it. */
static int packets_of(
	const struct ruleset_options *options, enum ip_family family, const char *part)
{
	struct rule_counter counters[32];
	char problem[PROBLEM_SIZE];
	const int count = ruleset_counters(options, family, counters, 32, problem);

	for (int i = 0; i < count; i++)
		if (strstr(counters[i].rule, part) != NULL)
			return (int)counters[i].packets;
	fail_msg("no rule with %s", part);
	return -1;
}

enum { MLDV2_LISTENER_REPORT = 143 };

#define TIER1 "CONFIRMED -j RETURN"
#define CUT "CONFIRMED -j DROP"
#define NOT_OURS "! --match-set"
#define ALLOWED_CLASS "--match-set podgate-allowed"
#define REPLY_QUEUE "--ctdir REPLY -j NFQUEUE"
#define ORIGINAL_QUEUE "-A PODGATE -j NFQUEUE" /* and of what is untracked */

static void the_unisolated_talk_freely(void **state)
{
	const struct ruleset_options options = options_for(state);
	const int one = bridge_netns_udp(1, AF_INET, 5000),
		  two = bridge_netns_udp(2, AF_INET, 5000);

	install(&options);
	bridge_netns_send(one, "10.9.0.3", 5000);
	assert_int_equal(bridge_netns_count(two), 1);
	assert_true(packets_of(&options, IP_FAMILY_V4, NOT_OURS) > 0);
	close(one);
	close(two);
}

static void the_isolated_are_queued_both_ways(void **state)
{
	const struct ruleset_options options = options_for(state);
	const int zero = bridge_netns_udp(0, AF_INET, 5000),
		  one = bridge_netns_udp(1, AF_INET, 5000);

	install(&options);
	bridge_netns_send(zero, "10.9.0.2", 5000);
	assert_int_equal(bridge_netns_count(one), 0);
	bridge_netns_send(one, "10.9.0.1", 5000);
	assert_int_equal(bridge_netns_count(zero), 0);
	assert_int_equal(packets_of(&options, IP_FAMILY_V4, ORIGINAL_QUEUE), 2);
	assert_int_equal(
		netns_run("conntrack -L 2>/dev/null | grep -q 'src=10.9.0.[12] .*dport=5000'"),
		1); /* no entry, no mark */
	close(zero);
	close(one);
}

/*
 * The class lets the first packet in, which marks its flow: the second pays one match, and so does
 * the answer.
 */
static void a_class_opens_a_flow_and_the_flow_its_answer(void **state)
{
	const struct ruleset_options options = options_for(state);
	const int zero = bridge_netns_udp(0, AF_INET, 4000),
		  one = bridge_netns_udp(1, AF_INET, 5000);

	install(&options);
	assert_int_equal(netns_run("ipset add podgate-allowed4 10.9.0.1,udp:5000,10.9.0.2"), 0);
	bridge_netns_send(zero, "10.9.0.2", 5000);
	bridge_netns_send(zero, "10.9.0.2", 5000);
	assert_int_equal(bridge_netns_count(one), 2);
	bridge_netns_send(one, "10.9.0.1", 4000);
	assert_int_equal(bridge_netns_count(zero), 1);
	assert_int_equal(packets_of(&options, IP_FAMILY_V4, ALLOWED_CLASS), 1);
	assert_int_equal(packets_of(&options, IP_FAMILY_V4, TIER1), 2);
	bridge_netns_send(one, "10.9.0.1", 5000); /* the class reversed is another class */
	assert_int_equal(bridge_netns_count(zero), 0);
	close(zero);
	close(one);
}

static void a_denied_class_and_a_revoked_flow_are_cut(void **state)
{
	const struct ruleset_options options = options_for(state);
	const int zero = bridge_netns_udp(0, AF_INET, 4000),
		  one = bridge_netns_udp(1, AF_INET, 5000);

	install(&options);
	assert_int_equal(netns_run("ipset add podgate-denied4 10.9.0.1,udp:5001,10.9.0.2; ipset "
				   "add podgate-allowed4 10.9.0.1,udp:5000,10.9.0.2"),
		0);
	bridge_netns_send(zero, "10.9.0.2", 5001);
	assert_int_equal(packets_of(&options, IP_FAMILY_V4, "--match-set podgate-denied4"), 1);
	assert_int_equal(packets_of(&options, IP_FAMILY_V4, ORIGINAL_QUEUE), 0);
	bridge_netns_send(zero, "10.9.0.2", 5000);
	assert_int_equal(bridge_netns_count(one), 1);
	assert_int_equal(netns_run("conntrack -U -s 10.9.0.1 -p udp --dport 5000 -m "
				   "0x40000000/0x60000000 >/dev/null 2>&1"),
		0);
	bridge_netns_send(zero, "10.9.0.2", 5000);
	bridge_netns_send(one, "10.9.0.1", 4000);
	assert_int_equal(bridge_netns_count(one) + bridge_netns_count(zero), 0);
	assert_int_equal(packets_of(&options, IP_FAMILY_V4, CUT), 2);
	close(zero);
	close(one);
}

/*
 * A flow that began before the rules: its answers go to the queue that judges them by their
 * reverse.
 */
static void an_answer_to_an_unjudged_flow_is_known_as_one(void **state)
{
	const struct ruleset_options options = options_for(state);
	const int zero = bridge_netns_udp(0, AF_INET, 4000),
		  one = bridge_netns_udp(1, AF_INET, 5000);

	assert_int_equal(netns_run("iptables-%s -t raw -A PREROUTING -m conntrack --ctstate NEW",
				 options.backend == BACKEND_NFT ? "nft" : "legacy"),
		0); /* someone must have asked for tracking */
	bridge_netns_send(one, "10.9.0.1", 4000);
	assert_int_equal(bridge_netns_count(zero), 1);
	install(&options);
	/* a class in the answer's direction says nothing about the flow that it answers */
	assert_int_equal(netns_run("ipset add podgate-allowed4 10.9.0.1,udp:5000,10.9.0.2"), 0);
	bridge_netns_send(zero, "10.9.0.2", 5000);
	assert_int_equal(bridge_netns_count(one), 0);
	assert_int_equal(packets_of(&options, IP_FAMILY_V4, REPLY_QUEUE), 1);
	assert_int_equal(packets_of(&options, IP_FAMILY_V4, ORIGINAL_QUEUE), 0);
	close(zero);
	close(one);
}

/*
 * A bridge clones what goes to many, and the clones share one unconfirmed entry. One that is lost
 * in the queue must not have opened the gate to its sisters, nor to what is sent after it.
 */
static void clones_do_not_open_the_gate(void **state)
{
	static const char *const everybody[] = {"239.1.1.1", "10.9.0.255", "255.255.255.255"};
	const struct ruleset_options options = options_for(state);
	const int zero = bridge_netns_udp(0, AF_INET, 4000),
		  one = bridge_netns_udp(1, AF_INET, 5000),
		  two = bridge_netns_udp(2, AF_INET, 5000);

	for (int pod = 1; pod <= 2; pod++)
		bridge_netns_run(pod, "ip addr add 239.1.1.1/32 dev eth0 autojoin");
	bridge_netns_run(0, "ip route add 255.255.255.255 dev eth0");
	install(&options);
	for (size_t i = 0; i < sizeof(everybody) / sizeof(everybody[0]); i++)
		for (int n = 0; n < 4; n++)
			bridge_netns_send(zero, everybody[i], 5000);
	assert_int_equal(bridge_netns_count(one) + bridge_netns_count(two), 0);
	assert_int_equal(packets_of(&options, IP_FAMILY_V4, TIER1), 0);
	assert_true(packets_of(&options, IP_FAMILY_V4, ORIGINAL_QUEUE) >= 3 * 4 * 2);
	assert_int_equal(netns_run("ipset add podgate-allowed4 10.9.0.1,udp:5000,239.1.1.1"), 0);
	for (int n = 0; n < 4; n++)
		bridge_netns_send(zero, "239.1.1.1", 5000);
	/* a class opens no flow of many either */
	assert_int_equal(packets_of(&options, IP_FAMILY_V4, ALLOWED_CLASS), 0);
	assert_int_equal(packets_of(&options, IP_FAMILY_V4, TIER1), 0);
	close(zero);
	close(one);
	close(two);
}

/* The same by unicast frames to an address that the bridge does not know: it floods them. */
static void flooded_unicast_does_not_open_the_gate(void **state)
{
	const struct ruleset_options options = options_for(state);
	const int zero = bridge_netns_udp(0, AF_INET, 4000),
		  one = bridge_netns_udp(1, AF_INET, 5000);

	assert_int_equal(
		netns_run("ip link set br0 promisc on; for p in 0 1 2; do bridge link set dev "
			  "pod$p learning off; done; bridge fdb flush dev br0 2>/dev/null; true"),
		0);
	install(&options);
	for (int n = 0; n < 4; n++)
		bridge_netns_send(zero, "10.9.0.2", 5000);
	assert_int_equal(bridge_netns_count(one), 0);
	assert_int_equal(packets_of(&options, IP_FAMILY_V4, TIER1), 0);
	close(zero);
	close(one);
}

/*
 * A helper expects what an allowed request asked for, and gives it its mark. It is still a new
 * flow, in the other direction.
 */
static void an_expected_flow_is_judged_by_itself(void **state)
{
	const struct ruleset_options options = options_for(state);
	const int zero = bridge_netns_udp(0, AF_INET, 4000), one = bridge_netns_udp(1, AF_INET, 69),
		  data = bridge_netns_udp(1, AF_INET, 7777);
	static const char request[] = "\0\1file\0octet";
	const struct sockaddr_in server = {
		.sin_family = AF_INET, .sin_port = htons(69), .sin_addr = {htonl(0x0a090002)}};

	install(&options);
	assert_int_equal(
		netns_run("iptables-%s -t raw -A PREROUTING -p udp --dport 69 -j CT --helper tftp; "
			  "ipset add podgate-allowed4 10.9.0.1,udp:69,10.9.0.2",
			options.backend == BACKEND_NFT ? "nft" : "legacy"),
		0);
	assert_int_equal(sendto(zero, request, sizeof(request), 0, (const struct sockaddr *)&server,
				 sizeof(server)),
		(int)sizeof(request));
	assert_int_equal(bridge_netns_count(one), 1);
	assert_int_equal(
		netns_run("conntrack -L expect 2>/dev/null | grep -q 'src=10.9.0.2 dst=10.9.0.1'"),
		0);
	bridge_netns_send(data, "10.9.0.1", 4000);
	bridge_netns_send(data, "10.9.0.1", 4000);
	assert_int_equal(bridge_netns_count(zero), 0);
	assert_int_equal(packets_of(&options, IP_FAMILY_V4, ORIGINAL_QUEUE), 2);
	close(zero);
	close(one);
	close(data);
}

/*
 * Packets that the host keeps out of connection tracking are judged as sent, one by one; never
 * taken for replies.
 */
static void the_untracked_are_judged_as_sent(void **state)
{
	const struct ruleset_options options = options_for(state);
	const int zero = bridge_netns_udp(0, AF_INET, 4000),
		  one = bridge_netns_udp(1, AF_INET, 5000);

	install(&options);
	assert_int_equal(netns_run("iptables-%s -t raw -A PREROUTING -p udp -j CT --notrack",
				 options.backend == BACKEND_NFT ? "nft" : "legacy"),
		0);
	bridge_netns_send(zero, "10.9.0.2", 5000);
	bridge_netns_send(one, "10.9.0.1", 4000);
	assert_int_equal(bridge_netns_count(one) + bridge_netns_count(zero), 0);
	assert_int_equal(packets_of(&options, IP_FAMILY_V4, ORIGINAL_QUEUE), 2);
	assert_int_equal(packets_of(&options, IP_FAMILY_V4, REPLY_QUEUE), 0);
	close(zero);
	close(one);
}

/*
 * Nothing is known of each other: an allowed datagram arrives only if solicitation and
 * advertisement do.
 */
static void ipv6_neighbours_find_each_other(void **state)
{
	const struct ruleset_options options = options_for(state);
	const int zero = bridge_netns_udp(0, AF_INET6, 4000),
		  one = bridge_netns_udp(1, AF_INET6, 5000);

	install(&options);
	assert_int_equal(netns_run("ipset add podgate-allowed6 fd09::1,udp:5000,fd09::2"), 0);
	bridge_netns_send(zero, "fd09::2", 5000);
	assert_int_equal(bridge_netns_count(one), 1);
	assert_true(packets_of(&options, IP_FAMILY_V6, "--icmpv6-type 135") > 0);
	assert_true(packets_of(&options, IP_FAMILY_V6, "--icmpv6-type 136") > 0);
	bridge_netns_send(zero, "fd09::3", 5000); /* found, and yet not allowed */
	assert_true(packets_of(&options, IP_FAMILY_V6, ORIGINAL_QUEUE) > 0);
	close(zero);
	close(one);
}

static void send_icmpv6(int socket, uint8_t type, int hops)
{
	const struct sockaddr_in6 victim = {
		.sin6_family = AF_INET6, .sin6_addr.s6_addr = {0xfd, 0x09, [15] = 2}};
	const uint8_t message[32] = {type};

	setsockopt(socket, IPPROTO_IPV6, IPV6_UNICAST_HOPS, &hops, sizeof(hops));
	assert_int_equal(sendto(socket, message, sizeof(message), 0,
				 (const struct sockaddr *)&victim, sizeof(victim)),
		(int)sizeof(message));
}

/*
 * A "solicitation" with another hop limit is none to its receivers, and no way out for data. A
 * "listener report" to one pod is none either, though its hop limit is right: a router makes it so
 * of 2.
 */
static void discovery_carries_nothing_else(void **state)
{
	const struct ruleset_options options = options_for(state);
	const int zero = bridge_netns_socket(0, AF_INET6, SOCK_RAW, IPPROTO_ICMPV6);
	int solicitations, reports, judged;

	bridge_netns_run(0, "ip neigh add fd09::2 lladdr 02:00:00:00:00:02 dev eth0 nud permanent");
	install(&options);
	solicitations = packets_of(&options, IP_FAMILY_V6, "--icmpv6-type 135");
	reports = packets_of(&options, IP_FAMILY_V6, "--icmpv6-type 143");
	judged = packets_of(&options, IP_FAMILY_V6, ORIGINAL_QUEUE);
	send_icmpv6(zero, ND_NEIGHBOR_SOLICIT, 64);
	usleep(100000);
	assert_int_equal(packets_of(&options, IP_FAMILY_V6, "--icmpv6-type 135"), solicitations);
	assert_true(packets_of(&options, IP_FAMILY_V6, ORIGINAL_QUEUE) > judged);
	judged = packets_of(&options, IP_FAMILY_V6, ORIGINAL_QUEUE);
	send_icmpv6(zero, MLDV2_LISTENER_REPORT, 1);
	usleep(100000);
	assert_int_equal(packets_of(&options, IP_FAMILY_V6, "--icmpv6-type 143"), reports);
	assert_true(packets_of(&options, IP_FAMILY_V6, ORIGINAL_QUEUE) > judged);
	close(zero);
}

static int link_local_udp(int pod, uint16_t port)
{
	const int fd = bridge_netns_udp(pod, AF_INET6, port), link = 2; /* eth0, after lo */

	setsockopt(fd, IPPROTO_IPV6, IPV6_UNICAST_IF, &(int){(int)htonl((uint32_t)link)},
		sizeof(link));
	setsockopt(fd, IPPROTO_IPV6, IPV6_MULTICAST_IF, &link, sizeof(link));
	return fd;
}

/*
 * An isolated pod has an address that no manifest names, and so has everybody. Once the sets say
 * that somebody is isolated, what such addresses send each other is judged; finding neighbours goes
 * on all the same.
 */
static void link_local_is_no_way_around(void **state)
{
	const struct ruleset_options options = options_for(state);
	const int zero = link_local_udp(0, 4000), one = link_local_udp(1, 5000),
		  two = link_local_udp(2, 5000);
	struct ip_addr isolated[3];
	char problem[PROBLEM_SIZE];

	for (int pod = 0; pod < BRIDGE_NETNS_PODS; pod++)
		bridge_netns_run(pod,
			"ip addr add fe80::9:%d/64 dev eth0 nodad && ip -6 route add ff00::/8 dev "
			"eth0 table local",
			pod + 1);
	install(&options);
	bridge_netns_send(zero, "fe80::9:2", 5000);
	/* the hole, while the sets hold pods' addresses only */
	assert_int_equal(bridge_netns_count(one), 1);
	bridge_netns_run(0, "ip -6 neigh flush dev eth0");
	ip_addr_parse(&isolated[0], "10.9.0.1");
	ip_addr_parse(&isolated[1], "fd09::1");
	ip_addr_parse(&isolated[2], "fe80::");
	assert_int_equal(pod_set_fill(isolated, 3, true, problem), 0);
	bridge_netns_send(zero, "fe80::9:2", 5000);
	bridge_netns_send(two, "fe80::9:2", 5000); /* whoever this is */
	bridge_netns_send(two, "ff02::1", 5000);
	assert_int_equal(bridge_netns_count(one), 0);
	assert_true(packets_of(&options, IP_FAMILY_V6, ORIGINAL_QUEUE) >= 3);
	assert_true(packets_of(&options, IP_FAMILY_V6, "--icmpv6-type 135") > 0);
	bridge_netns_send(two, "fd09::2", 5000);
	assert_int_equal(bridge_netns_count(one), 1);
	close(zero);
	close(one);
	close(two);
}

static int gateway_udp(uint16_t port)
{
	const struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
	const struct timeval silence = {.tv_usec = 300000};
	const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &silence, sizeof(silence));
	assert_int_equal(bind(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
	return fd;
}

/*
 * With host_traffic a pod's packets to the gateway are judged, its answers to the gateway are not.
 */
static void the_gateway_reaches_its_pods(void **state)
{
	struct ruleset_options options = options_for(state);
	const int zero = bridge_netns_udp(0, AF_INET, 4000), gateway = gateway_udp(6000);

	options.host_traffic = true;
	install(&options);
	bridge_netns_send(zero, "10.9.0.254", 6000);
	assert_int_equal(bridge_netns_count(gateway), 0);
	assert_int_equal(packets_of(&options, IP_FAMILY_V4, ORIGINAL_QUEUE), 1);
	bridge_netns_send(gateway, "10.9.0.1", 4000);
	assert_int_equal(bridge_netns_count(zero), 1);
	bridge_netns_send(zero, "10.9.0.254", 6000); /* the answer */
	assert_int_equal(bridge_netns_count(gateway), 1);
	assert_int_equal(packets_of(&options, IP_FAMILY_V4, REPLY_QUEUE), 0);
	close(gateway);
	close(zero);
}

static void host_traffic_is_let_alone_by_default(void **state)
{
	const struct ruleset_options options = options_for(state);
	const int zero = bridge_netns_udp(0, AF_INET, 4000), gateway = gateway_udp(6000);

	install(&options);
	bridge_netns_send(zero, "10.9.0.254", 6000);
	assert_int_equal(bridge_netns_count(gateway), 1);
	close(gateway);
	close(zero);
}

static void failing_open_passes_and_marks(void **state)
{
	struct ruleset_options options = options_for(state);
	const int zero = bridge_netns_udp(0, AF_INET, 4000),
		  one = bridge_netns_udp(1, AF_INET, 5000);

	options.queue_bypass = true;
	install(&options);
	bridge_netns_send(zero, "10.9.0.2", 5000);
	bridge_netns_send(zero, "10.9.0.2", 5000);
	assert_int_equal(bridge_netns_count(one), 2);
	assert_int_equal(packets_of(&options, IP_FAMILY_V4, TIER1),
		1); /* for the sweeper to judge when a daemon is back */
	close(zero);
	close(one);
}

#define WITH_BOTH(test) \
	cmocka_unit_test_prestate_setup_teardown(test, enter, NULL, &nft), \
		cmocka_unit_test_prestate_setup_teardown(test, enter, NULL, &legacy)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_BOTH(the_unisolated_talk_freely),
		WITH_BOTH(the_isolated_are_queued_both_ways),
		WITH_BOTH(a_class_opens_a_flow_and_the_flow_its_answer),
		WITH_BOTH(a_denied_class_and_a_revoked_flow_are_cut),
		WITH_BOTH(an_answer_to_an_unjudged_flow_is_known_as_one),
		WITH_BOTH(clones_do_not_open_the_gate),
		WITH_BOTH(flooded_unicast_does_not_open_the_gate),
		WITH_BOTH(an_expected_flow_is_judged_by_itself),
		WITH_BOTH(the_untracked_are_judged_as_sent),
		WITH_BOTH(ipv6_neighbours_find_each_other),
		WITH_BOTH(discovery_carries_nothing_else),
		WITH_BOTH(link_local_is_no_way_around),
		WITH_BOTH(the_gateway_reaches_its_pods),
		WITH_BOTH(host_traffic_is_let_alone_by_default),
		WITH_BOTH(failing_open_passes_and_marks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
