/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/values/flow.h"

#include <errno.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

static void test_reversed(void **state)
{
	const struct flow flow = {.src = {{10, 0, 0, 1}, IP_FAMILY_V4},
		.dst = {{10, 0, 0, 2}, IP_FAMILY_V4},
		.src_port = 40000,
		.dst_port = 80,
		.protocol = IPPROTO_TCP};
	const struct flow back = flow_reversed(&flow);

	(void)state;
	assert_true(ip_addr_equal(&back.src, &flow.dst));
	assert_true(ip_addr_equal(&back.dst, &flow.src));
	assert_int_equal(back.src_port, 80);
	assert_int_equal(back.dst_port, 40000);
	assert_int_equal(back.protocol, IPPROTO_TCP);
}

static void test_protocols_with_ports(void **state)
{
	(void)state;
	for (unsigned int i = 0; i <= UINT8_MAX; i++)
		assert_int_equal(
			flow_protocol_has_ports((uint8_t)i), i == 6 || i == 17 || i == 132);
}

static void test_every_protocol_has_a_name_that_reads_back(void **state)
{
	static const char *const names[] = {
		"tcp", "Tcp", "UDP", "sctp", "icmp", "ICMPv6", "icmpV6"};
	static const uint8_t numbers[] = {6, 6, 17, 132, 1, 58, 58};
	char buffer[FLOW_PROTOCOL_TEXT];
	uint8_t protocol;

	(void)state;
	for (size_t i = 0; i < sizeof(numbers); i++) {
		assert_int_equal(flow_protocol_parse(&protocol, names[i]), 0);
		assert_int_equal(protocol, numbers[i]);
	}
	assert_string_equal(flow_protocol_name(IPPROTO_ICMPV6, buffer), "ICMPv6");
	assert_string_equal(flow_protocol_name(47, buffer), "protocol 47");
	assert_string_equal(flow_protocol_name(255, buffer), "protocol 255");
}

static void test_numbers(void **state)
{
	static const char *const bad[] = {
		"", "256", "-1", "6 ", " 6", "tcp6", "0x6", "99999999999999999999"};
	uint8_t protocol = 0;

	(void)state;
	assert_int_equal(flow_protocol_parse(&protocol, "255"), 0);
	assert_int_equal(protocol, 255);
	assert_int_equal(flow_protocol_parse(&protocol, "0"), 0);
	assert_int_equal(protocol, 0);
	protocol = 77;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(flow_protocol_parse(&protocol, bad[i]), -EINVAL);
		assert_int_equal(protocol, 77);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reversed),
		cmocka_unit_test(test_protocols_with_ports),
		cmocka_unit_test(test_every_protocol_has_a_name_that_reads_back),
		cmocka_unit_test(test_numbers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
