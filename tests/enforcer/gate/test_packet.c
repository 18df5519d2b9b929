/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "enforcer/gate/packet.h"
#include "tests/support/packet_builder.h"

#define A4 "10.0.0.1"
#define B4 "10.0.0.2"
#define R4 "192.0.2.1"
#define A6 "fd00::1"
#define B6 "fd00::2"
#define R6 "fd00::ff"

static void expect_same_flow(const struct flow *flow, const struct flow *other)
{
	assert_true(
		ip_addr_equal(&flow->src, &other->src) && ip_addr_equal(&flow->dst, &other->dst));
	assert_int_equal(flow->src_port, other->src_port);
	assert_int_equal(flow->dst_port, other->dst_port);
	assert_int_equal(flow->protocol, other->protocol);
}

/*
 * Parses a copy that ends where its memory ends, so that AddressSanitizer sees a read past it; the
 * short way and the long one, which must come to the same.
 */
static enum packet_error parse(const uint8_t *bytes, size_t length, struct flow *out)
{
	uint8_t *copy = malloc(length + (length == 0));
	enum packet_error error;
	struct flow slowly;

	assert_non_null(copy);
	memcpy(copy, bytes, length);
	error = packet_parse(copy, length, out);
	assert_int_equal(packet_parse_slowly(copy, length, &slowly), error);
	if (error == PACKET_OK)
		expect_same_flow(out, &slowly);
	free(copy);
	return error;
}

static const char *describe(const struct flow *flow, char text[160])
{
	char src[IP_ADDR_TEXT], dst[IP_ADDR_TEXT], protocol[FLOW_PROTOCOL_TEXT];

	snprintf(text, 160, "%s %s %u > %s %u", flow_protocol_name(flow->protocol, protocol),
		ip_addr_format(&flow->src, src), flow->src_port, ip_addr_format(&flow->dst, dst),
		flow->dst_port);
	return text;
}

static void expect_flow(const struct built *packet, const char *expected)
{
	struct flow flow;
	char text[160];

	assert_int_equal(parse(packet->bytes, packet->length, &flow), PACKET_OK);
	assert_string_equal(describe(&flow, text), expected);
}

/* And nothing is written. */
static void expect_error(const struct built *packet, enum packet_error expected)
{
	struct flow flow, before;

	memset(&flow, 0xa5, sizeof(flow));
	memcpy(&before, &flow, sizeof(flow));
	assert_string_equal(packet_error_name(parse(packet->bytes, packet->length, &flow)),
		packet_error_name(expected));
	assert_memory_equal(&flow, &before, sizeof(flow));
}

/*
 * Every beginning of a packet: below `least` bytes it is `error` or one of the errors of an even
 * shorter one, from there on the flow is read and stays the same.
 */
static void expect_prefixes(const struct built *packet, size_t least, enum packet_error error)
{
	struct flow flow;
	char whole[160], text[160];

	assert_int_equal(parse(packet->bytes, packet->length, &flow), PACKET_OK);
	describe(&flow, whole);
	for (size_t length = 0; length <= packet->length; length++) {
		const enum packet_error got = parse(packet->bytes, length, &flow);

		if (length < least) {
			assert_int_not_equal(got, PACKET_OK);
			assert_true(got == PACKET_SHORT || got == error);
		} else {
			assert_int_equal(got, PACKET_OK);
			assert_string_equal(describe(&flow, text), whole);
		}
	}
}

static void test_ipv4_transports(void **state)
{
	static const uint8_t protocols[] = {IPPROTO_TCP, IPPROTO_UDP, IPPROTO_SCTP};
	static const char *const flows[] = {"TCP 10.0.0.1 40000 > 10.0.0.2 80",
		"UDP 10.0.0.1 40000 > 10.0.0.2 80", "SCTP 10.0.0.1 40000 > 10.0.0.2 80"};

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct built packet = {.length = 0};

		build_ipv4(&packet, A4, B4, protocols[i], 0, 8);
		build_ports(&packet, 40000, 80);
		expect_flow(&packet, flows[i]);
		expect_prefixes(&packet, 24, PACKET_SHORT_TRANSPORT);
	}
}

static void test_ipv4_options(void **state)
{
	(void)state;
	for (size_t words = 1; words <= 10; words++) {
		struct built packet = {.length = 0};

		build_ipv4(&packet, A4, B4, IPPROTO_TCP, words, 8);
		build_ports(&packet, 1, 65535);
		expect_flow(&packet, "TCP 10.0.0.1 1 > 10.0.0.2 65535");
		expect_prefixes(&packet, 24 + words * 4, PACKET_SHORT_TRANSPORT);
	}
}

static void test_ipv4_bad_headers(void **state)
{
	struct built packet = {.length = 0};

	(void)state;
	build_ipv4(&packet, A4, B4, IPPROTO_TCP, 0, 8);
	build_ports(&packet, 1, 2);

	packet.bytes[0] = 0x44; /* a header of 16 bytes */
	expect_error(&packet, PACKET_BAD_HEADER);
	packet.bytes[0] = 0x40;
	expect_error(&packet, PACKET_BAD_HEADER);
	packet.bytes[0] = 0x4f; /* of 60, where the whole packet is 28 */
	expect_error(&packet, PACKET_BAD_HEADER);
	packet.bytes[0] = 0x55; /* no such version */
	expect_error(&packet, PACKET_BAD_HEADER);
	packet.bytes[0] = 0x00;
	expect_error(&packet, PACKET_BAD_HEADER);
	packet.bytes[0] = 0x65; /* IPv6 says a short IPv4 packet */
	expect_error(&packet, PACKET_SHORT);
	packet.bytes[0] = 0x45;
	packet.bytes[3] = 19; /* a total below the header's length */
	expect_error(&packet, PACKET_BAD_HEADER);
	packet.bytes[3] = 23; /* the ports lie behind the packet's end: padding */
	expect_error(&packet, PACKET_SHORT_TRANSPORT);
	packet.bytes[3] = 24;
	expect_flow(&packet, "TCP 10.0.0.1 1 > 10.0.0.2 2");
}

/*
 * A total of 0 is BIG TCP: merged segments beyond 64 KiB. Of another protocol there is no such
 * thing.
 */
static void test_ipv4_big_tcp(void **state)
{
	struct built packet = {.length = 0};

	(void)state;
	build_ipv4(&packet, A4, B4, IPPROTO_TCP, 0, 8);
	build_ports(&packet, 1, 2);
	packet.bytes[2] = packet.bytes[3] = 0;
	expect_flow(&packet, "TCP 10.0.0.1 1 > 10.0.0.2 2");
	packet.bytes[9] = IPPROTO_UDP;
	expect_error(&packet, PACKET_BAD_HEADER);
}

static void test_ipv4_fragments(void **state)
{
	struct built packet = {.length = 0};

	(void)state;
	build_ipv4(&packet, A4, B4, IPPROTO_UDP, 0, 8);
	build_ports(&packet, 53, 53);
	packet.bytes[6] = 0x20; /* more follow: the first one has the ports */
	expect_flow(&packet, "UDP 10.0.0.1 53 > 10.0.0.2 53");
	packet.bytes[7] = 1;
	expect_error(&packet, PACKET_FRAGMENT);
	packet.bytes[6] = 0; /* the last one */
	expect_error(&packet, PACKET_FRAGMENT);
	packet.bytes[6] = 0x1f;
	packet.bytes[7] = 0xff;
	expect_error(&packet, PACKET_FRAGMENT);
}

static void test_other_protocols(void **state)
{
	struct built packet = {.length = 0};

	(void)state;
	build_ipv4(&packet, A4, B4, IPPROTO_GRE, 0, 0);
	expect_flow(&packet, "protocol 47 10.0.0.1 0 > 10.0.0.2 0");
	/*
	 * Numbers that are extension headers to IPv6 only, ICMP of the other family, and the ends
	 * of the range.
	 */
	for (unsigned int i = 0; i < 256; i++) {
		packet.bytes[9] = (uint8_t)i;
		if (i == IPPROTO_ICMP)
			expect_error(&packet, PACKET_BAD_ICMP);
		else if (flow_protocol_has_ports((uint8_t)i))
			expect_error(&packet, PACKET_SHORT_TRANSPORT);
		else
			assert_int_equal(
				parse(packet.bytes, packet.length, &(struct flow){0}), PACKET_OK);
	}
}

static void test_ipv6_transports(void **state)
{
	static const uint8_t protocols[] = {IPPROTO_TCP, IPPROTO_UDP, IPPROTO_SCTP};
	static const char *const flows[] = {"TCP fd00::1 40000 > fd00::2 443",
		"UDP fd00::1 40000 > fd00::2 443", "SCTP fd00::1 40000 > fd00::2 443"};

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct built packet = {.length = 0};

		build_ipv6(&packet, A6, B6, protocols[i], 8);
		build_ports(&packet, 40000, 443);
		expect_flow(&packet, flows[i]);
		expect_prefixes(&packet, 44, PACKET_SHORT_TRANSPORT);
	}
}

static void test_ipv6_lengths(void **state)
{
	struct built packet = {.length = 0};

	(void)state;
	/* the ports lie behind the packet's end: padding */
	build_ipv6(&packet, A6, B6, IPPROTO_TCP, 3);
	build_ports(&packet, 1, 2);
	expect_error(&packet, PACKET_SHORT_TRANSPORT);
	packet.bytes[5] = 4;
	expect_flow(&packet, "TCP fd00::1 1 > fd00::2 2");
	packet.bytes[5] = 0; /* BIG TCP */
	expect_flow(&packet, "TCP fd00::1 1 > fd00::2 2");
}

static void test_ipv6_extensions(void **state)
{
	struct built packet = {.length = 0};

	(void)state;
	build_ipv6(&packet, A6, B6, IPPROTO_HOPOPTS, 8 + 24 + 16 + 24 + 8 + 8);
	build_extension(&packet, IPPROTO_HOPOPTS, IPPROTO_ROUTING, 8);
	build_extension(&packet, IPPROTO_ROUTING, IPPROTO_DSTOPTS, 24);
	build_extension(&packet, IPPROTO_DSTOPTS, IPPROTO_AH, 16);
	build_extension(&packet, IPPROTO_AH, IPPROTO_FRAGMENT, 24);
	build_fragment(&packet, IPPROTO_SCTP, 0); /* an atomic fragment (RFC 6946) */
	build_ports(&packet, 7, 9);
	assert_int_equal(packet.length, 128); /* what the kernel copies */
	expect_flow(&packet, "SCTP fd00::1 7 > fd00::2 9");

	for (size_t length = 40; length < 120; length++) {
		packet.length = length;
		expect_error(&packet, PACKET_EXTENSIONS);
	}
	packet.length = 123;
	expect_error(&packet, PACKET_SHORT_TRANSPORT);
	packet.length = 124;
	expect_flow(&packet, "SCTP fd00::1 7 > fd00::2 9");
}

static void test_ipv6_chain_beyond_the_copy(void **state)
{
	struct built packet = {.length = 0};

	(void)state;
	build_ipv6(&packet, A6, B6, IPPROTO_DSTOPTS, 264 + 8);
	build_extension(&packet, IPPROTO_DSTOPTS, IPPROTO_TCP, 264);
	build_ports(&packet, 1, 2);
	expect_flow(&packet, "TCP fd00::1 1 > fd00::2 2");
	packet.length = 128;
	expect_error(&packet, PACKET_EXTENSIONS);
	packet.length = 40 + 264 + 8;
	packet.bytes[41] = 255; /* longer than the packet */
	expect_error(&packet, PACKET_EXTENSIONS);
}

/* As many as fit, all of the same kind: the walk ends where the bytes do. */
static void test_ipv6_long_chain(void **state)
{
	struct built packet = {.length = 0};

	(void)state;
	build_ipv6(&packet, A6, B6, IPPROTO_DSTOPTS, 400 + 8);
	for (int i = 0; i < 50; i++)
		build_extension(
			&packet, IPPROTO_DSTOPTS, i < 49 ? IPPROTO_DSTOPTS : IPPROTO_UDP, 8);
	build_ports(&packet, 1, 2);
	expect_flow(&packet, "UDP fd00::1 1 > fd00::2 2");
	packet.length = 128;
	expect_error(&packet, PACKET_EXTENSIONS);
}

static void test_ipv6_fragments(void **state)
{
	struct built packet = {.length = 0};

	(void)state;
	build_ipv6(&packet, A6, B6, IPPROTO_FRAGMENT, 16);
	build_fragment(&packet, IPPROTO_TCP, 1); /* the first of several */
	build_ports(&packet, 1, 2);
	expect_flow(&packet, "TCP fd00::1 1 > fd00::2 2");
	packet.bytes[43] = 0x07; /* reserved bits are no offset */
	expect_flow(&packet, "TCP fd00::1 1 > fd00::2 2");
	packet.bytes[43] = 0x08;
	expect_error(&packet, PACKET_FRAGMENT);
	packet.bytes[42] = 0x80;
	packet.bytes[43] = 0x01;
	expect_error(&packet, PACKET_FRAGMENT);
}

/*
 * Where conntrack stops, so do we: its entry has no ports, and a verdict by ports would be kept for
 * other ports, too.
 */
static void test_ipv6_final_headers(void **state)
{
	static const struct {
		uint8_t next;
		const char *flow;
	} cases[] = {
		{IPPROTO_ESP, "protocol 50 fd00::1 0 > fd00::2 0"},
		{IPPROTO_NONE, "protocol 59 fd00::1 0 > fd00::2 0"},
		{IPPROTO_MH, "protocol 135 fd00::1 0 > fd00::2 0"},
		{139, "protocol 139 fd00::1 0 > fd00::2 0"},  /* HIP */
		{140, "protocol 140 fd00::1 0 > fd00::2 0"},  /* Shim6 */
		{IPPROTO_ICMP, "ICMP fd00::1 0 > fd00::2 0"}, /* IPv4's: just a number here */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct built packet = {.length = 0};

		build_ipv6(&packet, A6, B6, cases[i].next, 16);
		build_extension(&packet, IPPROTO_DSTOPTS, IPPROTO_TCP, 8);
		build_ports(&packet, 1, 2);
		expect_flow(&packet, cases[i].flow);
	}
}

static void test_icmp_queries(void **state)
{
	struct built four = {.length = 0}, six = {.length = 0};

	(void)state;
	build_ipv4(&four, A4, B4, IPPROTO_ICMP, 0, 8);
	build_icmp(&four, 8);
	expect_flow(&four, "ICMP 10.0.0.1 0 > 10.0.0.2 0");
	expect_prefixes(&four, 28, PACKET_BAD_ICMP);

	build_ipv6(&six, A6, B6, IPPROTO_ICMPV6, 8);
	build_icmp(&six, 128);
	expect_flow(&six, "ICMPv6 fd00::1 0 > fd00::2 0");
	expect_prefixes(&six, 48, PACKET_BAD_ICMP);
}

/*
 * From a router to A about a packet that A sent to B: it belongs to that flow, and runs against it.
 */
static void test_icmp_errors_ipv4(void **state)
{
	static const uint8_t types[] = {3, 4, 5, 11, 12};

	(void)state;
	for (size_t i = 0; i < sizeof(types); i++) {
		struct built packet = {.length = 0};

		build_ipv4(&packet, R4, A4, IPPROTO_ICMP, 0, 8 + 20 + 8);
		build_icmp(&packet, types[i]);
		build_ipv4(&packet, A4, B4, IPPROTO_TCP, 0, 1400); /* most of it was left out */
		build_ports(&packet, 40000, 80);
		expect_flow(&packet, "TCP 10.0.0.2 80 > 10.0.0.1 40000");
		expect_prefixes(&packet, 20 + 8 + 20 + 4, PACKET_BAD_ICMP);
	}
}

static void test_icmp_errors_ipv6(void **state)
{
	static const uint8_t types[] = {0, 1, 2, 3, 4, 100, 127};

	(void)state;
	for (size_t i = 0; i < sizeof(types); i++) {
		struct built packet = {.length = 0};

		build_ipv6(&packet, R6, A6, IPPROTO_ICMPV6, 8 + 40 + 8 + 8);
		build_icmp(&packet, types[i]);
		build_ipv6(&packet, A6, B6, IPPROTO_DSTOPTS, 1200);
		build_extension(&packet, IPPROTO_DSTOPTS, IPPROTO_UDP, 8);
		build_ports(&packet, 40000, 53);
		expect_flow(&packet, "UDP fd00::2 53 > fd00::1 40000");
		expect_prefixes(&packet, 40 + 8 + 40 + 8 + 4, PACKET_BAD_ICMP);
	}
}

static void test_icmp_error_about_a_ping(void **state)
{
	struct built packet = {.length = 0};

	(void)state;
	build_ipv4(&packet, R4, A4, IPPROTO_ICMP, 0, 8 + 20 + 8);
	build_icmp(&packet, 11);
	build_ipv4(&packet, A4, B4, IPPROTO_ICMP, 0, 8);
	build_icmp(&packet, 8);
	expect_flow(&packet, "ICMP 10.0.0.2 0 > 10.0.0.1 0");
	packet.bytes[48] = 3; /* about an ICMP error: nobody may send that */
	expect_error(&packet, PACKET_BAD_ICMP);
}

/*
 * R tells A about a packet that C sent: were that taken for B > C, any packet to A could pass as an
 * error about B > C.
 */
static void test_icmp_error_to_a_stranger(void **state)
{
	struct built packet = {.length = 0};

	(void)state;
	build_ipv4(&packet, R4, A4, IPPROTO_ICMP, 0, 8 + 20 + 8);
	build_icmp(&packet, 3);
	build_ipv4(&packet, "10.0.0.3", B4, IPPROTO_TCP, 0, 8);
	build_ports(&packet, 40000, 80);
	expect_error(&packet, PACKET_BAD_ICMP);
}

static void test_who_reports(void **state)
{
	struct built packet = {.length = 0}, query = {.length = 0};
	char text[IP_ADDR_TEXT];
	struct ip_addr reporter;

	(void)state;
	build_ipv4(&packet, R4, A4, IPPROTO_ICMP, 0, 8 + 20 + 8);
	build_icmp(&packet, 3);
	build_ipv4(&packet, A4, B4, IPPROTO_TCP, 0, 8);
	build_ports(&packet, 40000, 80);
	assert_true(packet_read_reporter(packet.bytes, packet.length, &reporter));
	assert_string_equal(ip_addr_format(&reporter, text), R4);
	assert_false(packet_read_reporter(packet.bytes, 20 + 7, &reporter));

	build_ipv4(&query, A4, B4, IPPROTO_ICMP, 0, 8);
	build_icmp(&query, 8);
	assert_false(packet_read_reporter(query.bytes, query.length, &reporter));
	query.length = 0;
	build_ipv4(&query, A4, B4, IPPROTO_TCP, 0, 8);
	build_ports(&query, 3, 80);
	assert_false(packet_read_reporter(query.bytes, query.length, &reporter));
}

static void test_icmp_errors_quoting_garbage(void **state)
{
	struct built packet = {.length = 0}, broken;

	(void)state;
	build_ipv4(&packet, R4, A4, IPPROTO_ICMP, 0, 8 + 20 + 8);
	build_icmp(&packet, 3);
	build_ipv4(&packet, A4, B4, IPPROTO_TCP, 0, 8);
	build_ports(&packet, 40000, 80);

	broken = packet;
	broken.bytes[28] = 0x65; /* IPv6 in ICMP */
	expect_error(&broken, PACKET_BAD_ICMP);
	broken.bytes[28] = 0x41; /* a header of 4 bytes */
	expect_error(&broken, PACKET_BAD_ICMP);
	broken.bytes[28] = 0x4f; /* of 60 */
	expect_error(&broken, PACKET_BAD_ICMP);
	broken = packet;
	broken.bytes[35] = 1; /* a later fragment */
	expect_error(&broken, PACKET_BAD_ICMP);
	broken = packet;
	/* a wrong total does not matter: old stacks swap its bytes */
	broken.bytes[30] = broken.bytes[31] = 0;
	expect_flow(&broken, "TCP 10.0.0.2 80 > 10.0.0.1 40000");
}

/*
 * parse() compares: each length, and each bit of each header turned, so that what is just not plain
 * is met, too.
 */
static void bend(const struct built *packet)
{
	struct flow flow;

	for (size_t length = 0; length <= packet->length; length++)
		parse(packet->bytes, length, &flow);
	for (size_t bit = 0; bit < packet->length * 8; bit++) {
		struct built bent = *packet;

		bent.bytes[bit / 8] ^= (uint8_t)(1U << bit % 8);
		for (size_t cut = 0; cut <= 8; cut += 4)
			parse(bent.bytes, bent.length - cut, &flow);
	}
}

static void test_short_way_changes_nothing(void **state)
{
	static const uint8_t protocols[] = {
		IPPROTO_TCP, IPPROTO_UDP, IPPROTO_SCTP, IPPROTO_ICMP, IPPROTO_ICMPV6};

	(void)state;
	for (size_t i = 0; i < sizeof(protocols); i++) {
		for (size_t payload = 0; payload <= 8; payload++) {
			struct built four = {.length = 0}, six = four;

			build_ipv4(&four, A4, B4, protocols[i], 0, payload);
			build_ports(&four, 40000, 443);
			bend(&four);
			build_ipv6(&six, A6, B6, protocols[i], payload);
			build_ports(&six, 40000, 443);
			bend(&six);
		}
	}
}

static void test_error_names(void **state)
{
	(void)state;
	for (int i = 0; i < PACKET_ERROR_COUNT; i++) {
		assert_non_null(packet_error_name((enum packet_error)i));
		for (int j = 0; j < i; j++)
			assert_string_not_equal(packet_error_name((enum packet_error)i),
				packet_error_name((enum packet_error)j));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ipv4_transports),
		cmocka_unit_test(test_ipv4_options),
		cmocka_unit_test(test_ipv4_bad_headers),
		cmocka_unit_test(test_ipv4_big_tcp),
		cmocka_unit_test(test_ipv4_fragments),
		cmocka_unit_test(test_other_protocols),
		cmocka_unit_test(test_ipv6_transports),
		cmocka_unit_test(test_ipv6_lengths),
		cmocka_unit_test(test_ipv6_extensions),
		cmocka_unit_test(test_ipv6_chain_beyond_the_copy),
		cmocka_unit_test(test_ipv6_long_chain),
		cmocka_unit_test(test_ipv6_fragments),
		cmocka_unit_test(test_ipv6_final_headers),
		cmocka_unit_test(test_icmp_queries),
		cmocka_unit_test(test_icmp_errors_ipv4),
		cmocka_unit_test(test_icmp_errors_ipv6),
		cmocka_unit_test(test_icmp_error_about_a_ping),
		cmocka_unit_test(test_icmp_error_to_a_stranger),
		cmocka_unit_test(test_who_reports),
		cmocka_unit_test(test_icmp_errors_quoting_garbage),
		cmocka_unit_test(test_short_way_changes_nothing),
		cmocka_unit_test(test_error_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
