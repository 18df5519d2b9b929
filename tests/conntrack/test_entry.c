/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The decoder against messages built by libnetfilter_conntrack, and against every way to spoil one.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <libmnl/libmnl.h>
#include <libnetfilter_conntrack/libnetfilter_conntrack.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>

#include "conntrack/entry.h"

enum { MESSAGE_MOST = 1024 };

static struct nlmsghdr *begin(void *buffer, uint8_t family)
{
	struct nlmsghdr *message = mnl_nlmsg_put_header(buffer);
	struct nfgenmsg *header = mnl_nlmsg_put_extra_header(message, sizeof(*header));

	message->nlmsg_type = NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_NEW;
	header->nfgen_family = family;
	return message;
}

/* 10.0.0.1:40000 -> 10.96.0.1:80, answered by 10.0.0.2:8080; mark 0x40000007, zone 5. */
static struct nlmsghdr *build_service_flow(void *buffer, uint8_t protocol)
{
	struct nf_conntrack *ct = nfct_new();
	struct nlmsghdr *message = begin(buffer, AF_INET);

	assert_non_null(ct);
	nfct_set_attr_u8(ct, ATTR_L3PROTO, AF_INET);
	nfct_set_attr_u8(ct, ATTR_L4PROTO, protocol);
	nfct_set_attr_u32(ct, ATTR_ORIG_IPV4_SRC, htonl(0x0a000001));
	nfct_set_attr_u32(ct, ATTR_ORIG_IPV4_DST, htonl(0x0a600001));
	nfct_set_attr_u16(ct, ATTR_ORIG_PORT_SRC, htons(40000));
	nfct_set_attr_u16(ct, ATTR_ORIG_PORT_DST, htons(80));
	nfct_setobjopt(ct, NFCT_SOPT_SETUP_REPLY);
	nfct_set_attr_u32(ct, ATTR_REPL_IPV4_SRC, htonl(0x0a000002));
	nfct_set_attr_u16(ct, ATTR_REPL_PORT_SRC, htons(8080));
	nfct_set_attr_u32(ct, ATTR_MARK, 0x40000007);
	nfct_set_attr_u16(ct, ATTR_ZONE, 5);
	assert_int_equal(nfct_nlmsg_build(message, ct), 0);
	nfct_destroy(ct);
	return message;
}

static void assert_addr(const struct ip_addr *addr, const char *text)
{
	char buffer[IP_ADDR_TEXT];

	assert_string_equal(ip_addr_format(addr, buffer), text);
}

static void test_translated_flow(void **state)
{
	char buffer[MESSAGE_MOST] __attribute__((aligned(MNL_ALIGNTO)));
	struct ct_entry entry;

	(void)state;
	assert_int_equal(ct_entry_decode(&entry, build_service_flow(buffer, IPPROTO_TCP)), 0);
	assert_addr(&entry.flow.src, "10.0.0.1");
	assert_addr(&entry.flow.dst, "10.0.0.2");
	assert_int_equal(entry.flow.src_port, 40000);
	assert_int_equal(entry.flow.dst_port, 8080);
	assert_int_equal(entry.flow.protocol, IPPROTO_TCP);
	assert_addr(&entry.original.dst, "10.96.0.1");
	assert_int_equal(entry.original.dst_port, 80);
	assert_int_equal(entry.mark, 0x40000007);
	assert_int_equal(entry.zone, 5);
}

/* What names an entry comes out as it went in. */
static void test_name_round_trip(void **state)
{
	char buffer[MESSAGE_MOST] __attribute__((aligned(MNL_ALIGNTO)));
	char named[MESSAGE_MOST] __attribute__((aligned(MNL_ALIGNTO)));
	struct nf_conntrack *ct = nfct_new();
	struct nlmsghdr *message;
	struct ct_entry entry;

	(void)state;
	assert_non_null(ct);
	assert_int_equal(ct_entry_decode(&entry, build_service_flow(buffer, IPPROTO_UDP)), 0);
	message = begin(named, AF_INET);
	ct_entry_put_name(message, &entry);
	assert_true(
		message->nlmsg_len <= mnl_nlmsg_size(sizeof(struct nfgenmsg)) + CT_ENTRY_NAME_MOST);
	assert_int_equal(nfct_nlmsg_parse(message, ct), 0);
	assert_int_equal(nfct_get_attr_u8(ct, ATTR_L4PROTO), IPPROTO_UDP);
	assert_int_equal(nfct_get_attr_u32(ct, ATTR_ORIG_IPV4_SRC), htonl(0x0a000001));
	assert_int_equal(nfct_get_attr_u32(ct, ATTR_ORIG_IPV4_DST), htonl(0x0a600001));
	assert_int_equal(nfct_get_attr_u16(ct, ATTR_ORIG_PORT_SRC), htons(40000));
	assert_int_equal(nfct_get_attr_u16(ct, ATTR_ORIG_PORT_DST), htons(80));
	assert_int_equal(nfct_get_attr_u16(ct, ATTR_ZONE), 5);
	nfct_destroy(ct);
}

/* The longest name there is: IPv6, ICMPv6, a zone. */
static void test_longest_name_fits(void **state)
{
	char buffer[MESSAGE_MOST] __attribute__((aligned(MNL_ALIGNTO)));
	struct nlmsghdr *message = begin(buffer, AF_INET6);
	const struct ct_entry entry = {.original = {.src = {.family = IP_FAMILY_V6},
					       .dst = {.family = IP_FAMILY_V6},
					       .protocol = IPPROTO_ICMPV6},
		.zone = 65535};
	const uint32_t before = message->nlmsg_len;

	(void)state;
	ct_entry_put_name(message, &entry);
	assert_true(message->nlmsg_len - before <= CT_ENTRY_NAME_MOST);
}

/*
 * Cut anywhere, the message is refused or read without what was cut; never read past its end (the
 * copy is exact).
 */
static void test_every_truncation(void **state)
{
	char buffer[MESSAGE_MOST] __attribute__((aligned(MNL_ALIGNTO)));
	const struct nlmsghdr *message = build_service_flow(buffer, IPPROTO_TCP);
	size_t refused = 0;

	(void)state;
	for (uint32_t length = sizeof(*message); length < message->nlmsg_len; length++) {
		const struct ct_entry untouched = {.mark = 0x1234};
		struct ct_entry entry = untouched;
		struct nlmsghdr *cut = malloc(length);

		assert_non_null(cut);
		memcpy(cut, message, length);
		cut->nlmsg_len = length;
		if (ct_entry_decode(&entry, cut) != 0) {
			assert_memory_equal(&entry, &untouched, sizeof(entry));
			refused++;
		}
		free(cut);
	}
	assert_true(refused > 100);
}

static void set_family(struct nlmsghdr *message, uint8_t family)
{
	((struct nfgenmsg *)mnl_nlmsg_get_payload(message))->nfgen_family = family;
}

static void test_refuses_foreign_families(void **state)
{
	char buffer[MESSAGE_MOST] __attribute__((aligned(MNL_ALIGNTO)));
	struct nlmsghdr *message = build_service_flow(buffer, IPPROTO_TCP);
	struct ct_entry entry;

	(void)state;
	set_family(message, AF_INET6); /* its attributes are IPv4's */
	assert_int_equal(ct_entry_decode(&entry, message), -EBADMSG);
	set_family(message, AF_BRIDGE);
	assert_int_equal(ct_entry_decode(&entry, message), -EBADMSG);
	set_family(message, AF_INET);
	assert_int_equal(ct_entry_decode(&entry, message), 0);
}

/* A mark of the wrong size is no mark of 0. */
static void test_refuses_odd_sizes(void **state)
{
	char buffer[MESSAGE_MOST] __attribute__((aligned(MNL_ALIGNTO)));
	struct nlmsghdr *message = build_service_flow(buffer, IPPROTO_TCP);
	struct ct_entry entry;

	(void)state;
	mnl_attr_put_u16(message, CTA_MARK, 7);
	assert_int_equal(ct_entry_decode(&entry, message), -EBADMSG);
	message = build_service_flow(buffer, IPPROTO_TCP);
	mnl_attr_put_u32(message, CTA_ZONE, 7);
	assert_int_equal(ct_entry_decode(&entry, message), -EBADMSG);
}

/*
 * Two tuples of one entry are of one protocol; a message in which they are not describes no flow.
 */
static void test_refuses_mixed_protocols(void **state)
{
	char buffer[MESSAGE_MOST] __attribute__((aligned(MNL_ALIGNTO)));
	char other[MESSAGE_MOST] __attribute__((aligned(MNL_ALIGNTO)));
	struct nlmsghdr *message = build_service_flow(buffer, IPPROTO_TCP);
	struct nlmsghdr *named = begin(other, AF_INET);
	const struct nlattr *tuple = mnl_nlmsg_get_payload_tail(named);
	struct ct_entry entry;

	(void)state;
	assert_int_equal(ct_entry_decode(&entry, message), 0);
	entry.original.protocol = IPPROTO_UDP;
	ct_entry_put_name(named, &entry);
	mnl_attr_put(message, CTA_TUPLE_REPLY, mnl_attr_get_payload_len(tuple),
		mnl_attr_get_payload(tuple));
	assert_int_equal(ct_entry_decode(&entry, message), -EBADMSG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_translated_flow),
		cmocka_unit_test(test_name_round_trip),
		cmocka_unit_test(test_longest_name_fits),
		cmocka_unit_test(test_every_truncation),
		cmocka_unit_test(test_refuses_foreign_families),
		cmocka_unit_test(test_refuses_odd_sizes),
		cmocka_unit_test(test_refuses_mixed_protocols),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
