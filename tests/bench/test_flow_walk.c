/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bench/load/flow_walk.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "bench/load/datagram.h"

static struct flow_walk walk_of(const char *from, const char *to, const char *ports)
{
	struct addr_span from_span, to_span;
	struct number_span port_span;
	struct flow_walk walk;

	assert_int_equal(addr_span_parse(&from_span, from), 0);
	assert_int_equal(addr_span_parse(&to_span, to), 0);
	assert_int_equal(number_span_parse(&port_span, ports, '-', 1), 0);
	flow_walk_init(&walk, &from_span, &to_span, &port_span);
	return walk;
}

static const char *text_of(const struct flow_step *step)
{
	static char text[160];
	char from[IP_ADDR_TEXT], to[IP_ADDR_TEXT];

	snprintf(text, sizeof(text), "%s %u %s %u", ip_addr_format(&step->from, from),
		step->from_port, ip_addr_format(&step->to, to), step->to_port);
	return text;
}

static void test_order(void **state)
{
	static const char *const expected[] = {
		"10.0.0.255 1024 10.1.0.0 80",
		"10.0.1.0 1024 10.1.0.0 80",
		"10.0.0.255 1024 10.1.0.1 80",
		"10.0.1.0 1024 10.1.0.1 80",
		"10.0.0.255 1024 10.1.0.0 81",
		"10.0.1.0 1024 10.1.0.0 81",
		"10.0.0.255 1024 10.1.0.1 81",
		"10.0.1.0 1024 10.1.0.1 81",
		"10.0.0.255 1025 10.1.0.0 80",
		"10.0.1.0 1025 10.1.0.0 80",
	};
	struct flow_walk walk = walk_of("10.0.0.255,2", "10.1.0.0,2", "80-81");

	(void)state;
	for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++) {
		const struct flow_step step = flow_walk_next(&walk);

		assert_string_equal(text_of(&step), expected[i]);
	}
}

/*
 * Through all of them and round: the count is right, and each source port comes by as often as any
 * other.
 */
static void test_whole_round(void **state)
{
	static unsigned int seen[UINT16_MAX + 1];
	struct flow_walk walk = walk_of("fd00::ffff,3", "fd01::1", "80-81");
	const struct flow_step first = flow_walk_next(&walk);
	struct flow_step step = first;
	uint64_t steps = 0;

	(void)state;
	do {
		seen[step.from_port]++;
		step = flow_walk_next(&walk);
		steps++;
	} while (memcmp(&step, &first, sizeof(step)) != 0);
	assert_int_equal(steps, flow_walk_total(&walk));
	assert_int_equal(steps, 3 * 2 * (65536 - 1024));
	for (size_t port = 0; port <= UINT16_MAX; port++)
		assert_int_equal(seen[port], port < 1024 ? 0 : 6);
}

/* Shares neither overlap nor leave anything out, also where they don't come out even. */
static void test_shares(void **state)
{
	static const uint32_t parts[] = {1, 2, 7, 64};

	(void)state;
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		uint32_t next = FLOW_WALK_FIRST_PORT;

		for (uint32_t part = 0; part < parts[i]; part++) {
			struct flow_walk walk = walk_of("10.0.0.1", "10.1.0.1", "80");
			uint64_t steps;

			flow_walk_share(&walk, part, parts[i]);
			steps = flow_walk_total(&walk);
			assert_int_equal(flow_walk_next(&walk).from_port, next);
			for (uint64_t step = 1; step < steps; step++)
				next = flow_walk_next(&walk).from_port;
			next++;
		}
		assert_int_equal(next, FLOW_WALK_LAST_PORT + 1);
	}
}

static void test_more_than_a_number_holds(void **state)
{
	const struct flow_walk walk = walk_of("fd00::,4294967295", "fd01::,4294967295", "1-65535");

	(void)state;
	assert_true(flow_walk_total(&walk) == UINT64_MAX);
}

/* RFC 1071: the sum over all that a checksum covers, the checksum among it, is all ones. */
static uint16_t sum_of(const uint8_t *bytes, size_t length, uint32_t sum)
{
	for (size_t i = 0; i < length; i++)
		sum += (uint32_t)bytes[i] << (i % 2 == 0 ? 8 : 0);
	while (sum > 0xffff)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)sum;
}

static void test_ipv6_checksums(void **state)
{
	struct flow_walk walk = walk_of("fd00::fffe,300", "fd01::ff,300", "53-60");
	uint8_t packet[DATAGRAM_BYTES];

	(void)state;
	/* More than there are checksums: so 0 is among them, which is sent as 0xffff. */
	for (uint64_t i = 0; i < 200000; i++) {
		const struct flow_step step = flow_walk_next(&walk);

		assert_int_equal(datagram_write(packet, &step, i), 56);
		assert_int_equal(sum_of(packet + 8, 48, IPPROTO_UDP + 16), 0xffff);
		assert_false(packet[46] == 0 && packet[47] == 0);
	}
}

static void test_ipv4_packet(void **state)
{
	static const uint8_t expected[36] = {
		0x45,
		0,
		0,
		36,
		0,
		1,
		0x40,
		0,
		64,
		17,
		0,
		0,
		10,
		0,
		0,
		1,
		10,
		1,
		0,
		1,
		4,
		0,
		0,
		53,
		0,
		16,
		0,
		0,
		0,
		0,
		0,
		0,
		1,
		2,
		3,
		4,
	};
	struct flow_walk walk = walk_of("10.0.0.1", "10.1.0.1", "53");
	const struct flow_step step = flow_walk_next(&walk);
	uint8_t packet[DATAGRAM_BYTES];

	(void)state;
	assert_int_equal(datagram_write(packet, &step, 0x01020304), sizeof(expected));
	assert_memory_equal(packet, expected, sizeof(expected));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_whole_round),
		cmocka_unit_test(test_shares),
		cmocka_unit_test(test_more_than_a_number_holds),
		cmocka_unit_test(test_ipv6_checksums),
		cmocka_unit_test(test_ipv4_packet),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
