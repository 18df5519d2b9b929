/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Which queue a source's new flows go to, with nobody at the queues: counted by the rules
 * themselves. The rate is the lowest there is, so that one burst is above it on any machine.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <netinet/ip.h>
#include <netinet/udp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "kernel/rules/ruleset.h"
#include "kernel/sets/pod_set.h"
#include "tests/support/bridge_netns.h"
#include "tests/support/netns.h"

static enum backend_choice nft = BACKEND_NFT, legacy = BACKEND_LEGACY;

enum { RATE = SETTINGS_FLOOD_RATE_LEAST, FLOWS = 1500, FEW = 10, FIRST_PORT = 2000 };

static struct ruleset_options options_for(void *const *state)
{
	return (struct ruleset_options){
		.backend = **(enum backend_choice *const *)state,
		.ipv6 = true,
		.workers = 2,
		.queue_base = 8610,
		.flood_rate = RATE,
		.mark_allow = 0x20000000,
		.mark_deny = 0x40000000,
	};
}

/* Pod 0 is isolated, the others are not; link-local addresses are looked at. */
static int enter(void **state)
{
	struct ip_addr isolated[3];
	char problem[PROBLEM_SIZE];

	bridge_netns_enter(state);
	ip_addr_parse(&isolated[0], "10.9.0.1");
	ip_addr_parse(&isolated[1], "fd09::1");
	ip_addr_parse(&isolated[2], "fe80::");
	if (pod_set_create(true, problem) != 0 || pod_set_fill(isolated, 3, true, problem) != 0)
		fail_msg("%s", problem);
	return 0;
}

static void install(const struct ruleset_options *options)
{
	char problem[PROBLEM_SIZE];

	if (ruleset_install(options, problem) != 0)
		fail_msg("%s", problem);
}

/* Packets of all rules that have `part` in them. */
static int packets_of(
	const struct ruleset_options *options, enum ip_family family, const char *part)
{
	struct rule_counter counters[32];
	char problem[PROBLEM_SIZE];
	const int count = ruleset_counters(options, family, counters, 32, problem);
	int packets = 0, rules = 0;

	for (int i = 0; i < count; i++) {
		if (strstr(counters[i].rule, part) == NULL)
			continue;
		packets += (int)counters[i].packets;
		rules++;
	}
	if (rules == 0)
		fail_msg("no rule with %s", part);
	return packets;
}

#define COMMON "-A PODGATE -j NFQUEUE"
#define REPLIES "--ctdir REPLY -j NFQUEUE"
#define FLOODS "-j NFQUEUE --queue-num 8613"
#define BY_POD "--hashlimit-name podgate-pods-"
#define BY_OTHER "--hashlimit-name podgate-others-"
#define ALL_OTHERS "--hashlimit-name podgate-all-"
#define LINK_LOCAL "--hashlimit-name podgate-link-"

static void begin_flows(int socket, const char *to, int flows)
{
	for (int i = 0; i < flows; i++)
		bridge_netns_send(socket, to, (uint16_t)(FIRST_PORT + i));
}

/* Nothing gets lost between the rules: a new flow is in one queue or the other. */
static void expect_apart(
	const struct ruleset_options *options, enum ip_family family, const char *limit, int flows)
{
	const int common = packets_of(options, family, COMMON);

	assert_true(packets_of(options, family, limit) > flows / 2);
	assert_true(common >= RATE / 5); /* the burst that everybody has */
	assert_int_equal(common + packets_of(options, family, FLOODS), flows);
}

static void an_isolated_pod_that_floods_is_apart(void **state)
{
	const struct ruleset_options options = options_for(state);
	const int zero = bridge_netns_udp(0, AF_INET, 4000),
		  one = bridge_netns_udp(1, AF_INET, 4000);
	int apart, common;

	install(&options);
	begin_flows(zero, "10.9.0.2", FLOWS);
	expect_apart(&options, IP_FAMILY_V4, BY_POD, FLOWS);
	assert_int_equal(packets_of(&options, IP_FAMILY_V4, BY_OTHER), 0);
	apart = packets_of(&options, IP_FAMILY_V4, FLOODS);
	common = packets_of(&options, IP_FAMILY_V4, COMMON);
	begin_flows(one, "10.9.0.1", FEW); /* another, in the middle of it */
	assert_int_equal(packets_of(&options, IP_FAMILY_V4, FLOODS), apart);
	assert_int_equal(packets_of(&options, IP_FAMILY_V4, COMMON), common + FEW);
	close(zero);
	close(one);
}

static void another_source_that_floods_is_apart(void **state)
{
	const struct ruleset_options options = options_for(state);
	const int zero = bridge_netns_udp(0, AF_INET6, 4000),
		  one = bridge_netns_udp(1, AF_INET6, 4000);
	const int two = bridge_netns_udp(2, AF_INET6, 4000);
	int apart;

	install(&options);
	begin_flows(one, "fd09::1", FLOWS);
	expect_apart(&options, IP_FAMILY_V6, BY_OTHER, FLOWS);
	assert_int_equal(packets_of(&options, IP_FAMILY_V6, BY_POD), 0);
	apart = packets_of(&options, IP_FAMILY_V6, FLOODS);
	begin_flows(two, "fd09::1", FEW); /* of the same /64 */
	begin_flows(zero, "fd09::3", FEW);
	assert_int_equal(packets_of(&options, IP_FAMILY_V6, FLOODS), apart);
	close(zero);
	close(one);
	close(two);
}

/* A datagram from an address that nobody has. */
static void send_forged(int socket, uint32_t from, uint16_t port)
{
	const struct sockaddr_in to = {.sin_family = AF_INET, .sin_addr = {htonl(0x0a090001)}};
	struct {
		struct iphdr ip;
		struct udphdr udp;
	} packet = {
		.ip = {.version = 4,
			.ihl = 5,
			.ttl = 64,
			.protocol = IPPROTO_UDP,
			.saddr = htonl(from),
			.daddr = to.sin_addr.s_addr},
		.udp = {.source = htons(4000),
			.dest = htons(port),
			.len = htons(sizeof(struct udphdr))},
	};

	assert_int_equal(sendto(socket, &packet, sizeof(packet), 0, (const struct sockaddr *)&to,
				 sizeof(to)),
		(int)sizeof(packet));
}

/*
 * Who invents a source for each packet is under no source's limit, but all that are no isolated
 * pods have one together; so the isolated pods' flows are still served before.
 */
static void invented_sources_are_apart(void **state)
{
	const struct ruleset_options options = options_for(state);
	const int raw = bridge_netns_socket(1, AF_INET, SOCK_RAW, IPPROTO_RAW),
		  zero = bridge_netns_udp(0, AF_INET, 4000);
	const uint32_t first = 0x0a090100; /* 10.9.1.0 and on: not in the pods' network */
	int apart;

	install(&options);
	for (uint32_t i = 0; i < 4 * FLOWS; i++)
		send_forged(raw, first + i, FIRST_PORT);
	assert_int_equal(packets_of(&options, IP_FAMILY_V4, BY_OTHER), 0);
	apart = packets_of(&options, IP_FAMILY_V4, ALL_OTHERS);
	assert_true(apart > FLOWS);
	assert_int_equal(apart + packets_of(&options, IP_FAMILY_V4, COMMON), 4 * FLOWS);
	begin_flows(zero, "10.9.0.2", FEW);
	assert_int_equal(packets_of(&options, IP_FAMILY_V4, FLOODS), apart);
	close(raw);
	close(zero);
}

/* The one kind of address in the set of pods that anybody can invent. */
static void link_local_sources_are_one(void **state)
{
	const struct ruleset_options options = options_for(state);
	const int one = bridge_netns_udp(1, AF_INET6, 4000), link = 2; /* eth0, after lo */

	setsockopt(one, IPPROTO_IPV6, IPV6_UNICAST_IF, &(int){(int)htonl((uint32_t)link)},
		sizeof(link));
	bridge_netns_run(1, "ip addr add fe80::9:2/64 dev eth0 nodad");
	bridge_netns_run(0, "ip addr add fe80::9:1/64 dev eth0 nodad");
	install(&options);
	begin_flows(one, "fe80::9:1", FLOWS);
	expect_apart(&options, IP_FAMILY_V6, LINK_LOCAL, FLOWS);
	assert_int_equal(packets_of(&options, IP_FAMILY_V6, BY_POD), 0);
	close(one);
}

/* What is never tracked would else be a way to fill the common queues. */
static void untracked_packets_are_apart(void **state)
{
	const struct ruleset_options options = options_for(state);
	const int zero = bridge_netns_udp(0, AF_INET, 4000);

	install(&options);
	assert_int_equal(netns_run("iptables-%s -t raw -A PREROUTING -p udp -j CT --notrack",
				 options.backend == BACKEND_NFT ? "nft" : "legacy"),
		0);
	begin_flows(zero, "10.9.0.2", FLOWS);
	expect_apart(&options, IP_FAMILY_V4, BY_POD, FLOWS);
	assert_int_equal(packets_of(&options, IP_FAMILY_V4, REPLIES), 0);
	close(zero);
}

/* Flows that the kernel answers by itself are not counted: they delay nobody. */
static void learned_classes_are_no_flood(void **state)
{
	const struct ruleset_options options = options_for(state);
	const int zero = bridge_netns_udp(0, AF_INET, 4000);

	install(&options);
	assert_int_equal(
		netns_run("ipset add podgate-denied4 10.9.0.1,udp:%d,10.9.0.2", FIRST_PORT), 0);
	for (int i = 0; i < FLOWS; i++)
		bridge_netns_send(zero, "10.9.0.2", FIRST_PORT);
	begin_flows(zero, "10.9.0.3", FEW);
	assert_int_equal(packets_of(&options, IP_FAMILY_V4, FLOODS), 0);
	assert_int_equal(packets_of(&options, IP_FAMILY_V4, COMMON), FEW);
	close(zero);
}

/*
 * The kernel remembers a table of buckets by its name for as long as a rule uses it, also one that
 * is on its way out.
 */
static void another_rate_counts_at_once(void **state)
{
	struct ruleset_options options = options_for(state);
	const int zero = bridge_netns_udp(0, AF_INET, 4000);

	install(&options);
	begin_flows(zero, "10.9.0.2", FLOWS);
	expect_apart(&options, IP_FAMILY_V4, BY_POD, FLOWS);
	options.flood_rate = SETTINGS_FLOOD_RATE_MOST;
	install(&options);
	begin_flows(zero, "10.9.0.2", FLOWS);
	assert_int_equal(packets_of(&options, IP_FAMILY_V4, FLOODS), 0);
	assert_int_equal(packets_of(&options, IP_FAMILY_V4, COMMON), FLOWS);
	close(zero);
}

/*
 * Whatever the rate, the rules are read back as they were written; the kernel counts in steps of
 * its own.
 */
static void any_rate_is_recognised(void **state)
{
	static const unsigned int rates[] = {SETTINGS_FLOOD_RATE_LEAST, 101, 999, 1000, 3000, 7777,
		33333, SETTINGS_FLOOD_RATE_MOST - 1, SETTINGS_FLOOD_RATE_MOST};
	struct ruleset_options options = options_for(state);
	char problem[PROBLEM_SIZE];

	for (size_t i = 0; i < sizeof(rates) / sizeof(rates[0]); i++) {
		options.flood_rate = rates[i];
		install(&options);
		if (ruleset_verify(&options, problem) != 0)
			fail_msg("%u: %s", rates[i], problem);
	}
	options.flood_rate = 1000;
	assert_int_not_equal(ruleset_verify(&options, problem), 0);
	assert_non_null(strstr(problem, "of our chain is"));
}

#define WITH_BOTH(test) \
	cmocka_unit_test_prestate_setup_teardown(test, enter, NULL, &nft), \
		cmocka_unit_test_prestate_setup_teardown(test, enter, NULL, &legacy)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_BOTH(an_isolated_pod_that_floods_is_apart),
		WITH_BOTH(another_source_that_floods_is_apart),
		WITH_BOTH(invented_sources_are_apart),
		WITH_BOTH(link_local_sources_are_one),
		WITH_BOTH(untracked_packets_are_apart),
		WITH_BOTH(learned_classes_are_no_flood),
		WITH_BOTH(another_rate_counts_at_once),
		WITH_BOTH(any_rate_is_recognised),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
