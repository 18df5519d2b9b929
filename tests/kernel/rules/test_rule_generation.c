/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * What the running kernel says of changes to the packet filter, in a network namespace of our own.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <linux/netfilter_ipv4/ip_tables.h>
#include <string.h>

#include "kernel/rules/rule_generation.h"
#include "tests/support/netns.h"

static const char *program(enum backend_choice backend, enum ip_family family)
{
	if (backend == BACKEND_NFT)
		return family == IP_FAMILY_V6 ? "ip6tables-nft" : "iptables-nft";
	return family == IP_FAMILY_V6 ? "ip6tables-legacy" : "iptables-legacy";
}

static uint64_t generation(enum backend_choice backend, enum ip_family family)
{
	uint64_t first, second;

	assert_int_equal(rule_generation_read(backend, family, "mangle", &first), 0);
	assert_int_equal(rule_generation_read(backend, family, "mangle", &second), 0);
	assert_true(first == second);
	return first;
}

/* Each of these leaves a table of the same size as the one before, but the first. */
static void sees_changes(enum backend_choice backend, enum ip_family family)
{
	static const char *const changes[] = {
		"-A OUTPUT -m connmark --mark 0x1/0x3 -j ACCEPT",
		"-R OUTPUT 1 -m connmark --mark 0x2/0x3 -j ACCEPT",
		"-R OUTPUT 1 -m connmark --mark 0x2/0x3 -j DROP",
		"-R OUTPUT 1 -m connmark --mark 0x2/0x2 -j DROP",
		"-P OUTPUT DROP",
	};
	const char *iptables = program(backend, family);
	uint64_t before;

	assert_int_equal(netns_run("%s -t mangle -A OUTPUT -j RETURN", iptables), 0);
	before = generation(backend, family);
	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		uint64_t after;

		assert_int_equal(netns_run("%s -t mangle %s", iptables, changes[i]), 0);
		after = generation(backend, family);
		assert_true(after != before);
		before = after;
	}
	assert_int_equal(
		netns_run("%s -t mangle -P OUTPUT ACCEPT; %s -t mangle -F; %s -t mangle -X",
			iptables, iptables, iptables),
		0);
	assert_true(generation(backend, family) != before);
}

static void changes_are_seen(void **state)
{
	(void)state;
	sees_changes(BACKEND_NFT, IP_FAMILY_V4);
	sees_changes(BACKEND_NFT, IP_FAMILY_V6);
	sees_changes(BACKEND_LEGACY, IP_FAMILY_V4);
	sees_changes(BACKEND_LEGACY, IP_FAMILY_V6);
}

static void packets_and_looks_are_no_changes(enum backend_choice backend)
{
	const char *iptables = program(backend, IP_FAMILY_V4);
	uint64_t before;

	assert_int_equal(
		netns_run("ip link set lo up && %s -t mangle -A OUTPUT -o lo -p udp -j ACCEPT",
			iptables),
		0);
	before = generation(backend, IP_FAMILY_V4);
	assert_int_equal(
		netns_run("bash -c 'for i in 1 2 3; do echo x >/dev/udp/127.0.0.1/9; done'"), 0);
	assert_int_equal(netns_run("%s -t mangle -nvxL OUTPUT | grep -q '^ *3 '", iptables), 0);
	assert_int_equal(netns_run("%s-save -c >/dev/null", iptables), 0);
	assert_true(generation(backend, IP_FAMILY_V4) == before);
	assert_int_equal(netns_run("%s -t mangle -F OUTPUT", iptables), 0);
}

static void counters_are_no_changes(void **state)
{
	(void)state;
	packets_and_looks_are_no_changes(BACKEND_NFT);
	packets_and_looks_are_no_changes(BACKEND_LEGACY);
}

/*
 * What others are there does not matter to a legacy table; nf_tables counts for all of its tables.
 */
static void of_which_table(void **state)
{
	const uint64_t nft = generation(BACKEND_NFT, IP_FAMILY_V4);
	uint64_t legacy;

	(void)state;
	assert_int_equal(netns_run("iptables-legacy -t mangle -A INPUT -j RETURN"), 0);
	legacy = generation(BACKEND_LEGACY, IP_FAMILY_V4);
	assert_true(generation(BACKEND_NFT, IP_FAMILY_V4) == nft);
	assert_int_equal(netns_run("nft add table inet others && iptables-legacy -t filter -A "
				   "INPUT -j RETURN"),
		0);
	assert_true(generation(BACKEND_NFT, IP_FAMILY_V4) != nft);
	assert_true(generation(BACKEND_LEGACY, IP_FAMILY_V4) == legacy);
}

/* Entries that end before or after the table does: the kernel's word is not taken for it. */
static void broken_entries_are_refused(void **state)
{
	struct ipt_entry entries[2] = {{.next_offset = sizeof(struct ipt_entry)},
		{.next_offset = sizeof(struct ipt_entry)}};
	uint64_t whole, counted, other;

	(void)state;
	assert_int_equal(rule_generation_hash(IP_FAMILY_V4, entries, sizeof(entries), &whole), 0);
	entries[0].counters.pcnt = entries[1].counters.bcnt = 7;
	assert_int_equal(rule_generation_hash(IP_FAMILY_V4, entries, sizeof(entries), &counted), 0);
	assert_true(whole == counted);
	entries[1].ip.proto = 6;
	assert_int_equal(rule_generation_hash(IP_FAMILY_V4, entries, sizeof(entries), &other), 0);
	assert_true(whole != other);
	assert_int_equal(
		rule_generation_hash(IP_FAMILY_V4, entries, sizeof(entries) - 1, &other), -EPROTO);
	entries[1].next_offset = 0;
	assert_int_equal(
		rule_generation_hash(IP_FAMILY_V4, entries, sizeof(entries), &other), -EPROTO);
	entries[1].next_offset = sizeof(struct ipt_entry) + 1;
	assert_int_equal(
		rule_generation_hash(IP_FAMILY_V4, entries, sizeof(entries), &other), -EPROTO);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(changes_are_seen, netns_enter),
		cmocka_unit_test_setup(counters_are_no_changes, netns_enter),
		cmocka_unit_test_setup(of_which_table, netns_enter),
		cmocka_unit_test(broken_entries_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
