/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/values/cidr.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

static struct cidr parse(const char *text)
{
	struct cidr block;

	assert_int_equal(cidr_parse(&block, text), 0);
	return block;
}

static struct ip_addr parse_addr(const char *text)
{
	struct ip_addr addr;

	assert_int_equal(ip_addr_parse(&addr, text), 0);
	return addr;
}

static void test_bounds(void **state)
{
	static const struct {
		const char *text, *masked, *first, *last;
	} cases[] = {
		{"0.0.0.0/0", "0.0.0.0/0", "0.0.0.0", "255.255.255.255"},
		{"10.1.2.3/0", "0.0.0.0/0", "0.0.0.0", "255.255.255.255"},
		{"10.1.2.3/1", "0.0.0.0/1", "0.0.0.0", "127.255.255.255"},
		{"10.1.2.3/8", "10.0.0.0/8", "10.0.0.0", "10.255.255.255"},
		{"10.1.2.3/17", "10.1.0.0/17", "10.1.0.0", "10.1.127.255"},
		{"10.1.2.3/31", "10.1.2.2/31", "10.1.2.2", "10.1.2.3"},
		{"10.1.2.3/32", "10.1.2.3/32", "10.1.2.3", "10.1.2.3"},
		{"::/0", "::/0", "::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"},
		{"fd00::1/8", "fd00::/8", "fd00::", "fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"},
		{"2001:db8::1/33", "2001:db8::/33",
			"2001:db8::", "2001:db8:7fff:ffff:ffff:ffff:ffff:ffff"},
		{"fd00::ff/127", "fd00::fe/127", "fd00::fe", "fd00::ff"},
		{"fd00::1/128", "fd00::1/128", "fd00::1", "fd00::1"},
	};
	char buffer[CIDR_TEXT];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct cidr block = parse(cases[i].text), masked = cidr_masked(&block);
		const struct ip_addr first = cidr_first(&block), last = cidr_last(&block);

		assert_string_equal(cidr_format(&block, buffer), cases[i].text);
		assert_string_equal(cidr_format(&masked, buffer), cases[i].masked);
		assert_string_equal(ip_addr_format(&first, buffer), cases[i].first);
		assert_string_equal(ip_addr_format(&last, buffer), cases[i].last);
		assert_int_equal(
			cidr_has_host_bits(&block), strcmp(cases[i].text, cases[i].masked) != 0);
		assert_false(cidr_has_host_bits(&masked));
	}
}

static void test_bad_texts_leave_the_result_alone(void **state)
{
	static const char *const texts[] = {"", "/", "10.0.0.0", "10.0.0.0/", "/8", "10.0.0.0/33",
		"10.0.0.0/-1", "10.0.0.0/+8", "10.0.0.0/08", "10.0.0.0/8 ", "10.0.0.0/ 8",
		"10.0.0.0/8/8", "10.0.0/8", "::/129", "::/0x10", "fd00::1%lo/64",
		"10.0.0.0/99999999999999999999",
		"0000000000000000000000000000000000000000000000000000000000::/8"};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct cidr block = {.prefix = 77};

		assert_int_equal(cidr_parse(&block, texts[i]), -EINVAL);
		assert_int_equal(block.prefix, 77);
	}
}

static void test_contains(void **state)
{
	static const struct {
		const char *block, *addr;
		bool contains;
	} cases[] = {
		{"10.0.0.0/8", "10.0.0.0", true},
		{"10.0.0.0/8", "10.255.255.255", true},
		{"10.0.0.0/8", "11.0.0.0", false},
		{"10.0.0.0/8", "9.255.255.255", false},
		{"10.0.0.4/30", "10.0.0.7", true},
		{"10.0.0.4/30", "10.0.0.8", false},
		{"10.0.0.4/32", "10.0.0.4", true},
		{"10.0.0.4/32", "10.0.0.5", false},
		{"0.0.0.0/0", "255.1.2.3", true},
		{"0.0.0.0/0", "::", false},
		{"::/0", "10.0.0.1", false},
		{"::/0", "::ffff:10.0.0.1", true},
		{"10.0.0.0/8", "::ffff:10.0.0.1", false},
		{"fd00::/65", "fd00::7fff:0:0:1", true},
		{"fd00::/65", "fd00::8000:0:0:1", false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct cidr block = parse(cases[i].block);
		const struct ip_addr addr = parse_addr(cases[i].addr);

		assert_int_equal(cidr_contains(&block, &addr), cases[i].contains);
	}
}

static void test_contains_block(void **state)
{
	static const struct {
		const char *outer, *inner;
		bool contains;
	} cases[] = {
		{"10.0.0.0/8", "10.0.0.0/8", true},
		{"10.0.0.0/8", "10.1.0.0/16", true},
		{"10.1.0.0/16", "10.0.0.0/8", false},
		{"10.0.0.0/8", "11.0.0.0/16", false},
		{"0.0.0.0/0", "10.0.0.0/8", true},
		{"::/0", "10.0.0.0/8", false},
		{"fd00::/64", "fd00::1/128", true},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct cidr outer = parse(cases[i].outer), inner = parse(cases[i].inner);

		assert_int_equal(cidr_contains_block(&outer, &inner), cases[i].contains);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bounds),
		cmocka_unit_test(test_bad_texts_leave_the_result_alone),
		cmocka_unit_test(test_contains),
		cmocka_unit_test(test_contains_block),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
