/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/values/ip_addr.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

static void test_good_texts(void **state)
{
	static const char *const texts[][2] = {
		/* as written, as formatted */
		{"0.0.0.0", "0.0.0.0"},
		{"255.255.255.255", "255.255.255.255"},
		{"10.42.0.7", "10.42.0.7"},
		{"::", "::"},
		{"2001:DB8:0:0:0:0:0:1", "2001:db8::1"},
		{"fd00::0001", "fd00::1"},
		{"::ffff:10.0.0.1", "::ffff:10.0.0.1"},
		{"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
			"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"},
	};
	char buffer[IP_ADDR_TEXT];

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct ip_addr addr;

		assert_int_equal(ip_addr_parse(&addr, texts[i][0]), 0);
		assert_string_equal(ip_addr_format(&addr, buffer), texts[i][1]);
		assert_int_equal(addr.family,
			strchr(texts[i][0], ':') != NULL ? IP_FAMILY_V6 : IP_FAMILY_V4);
	}
}

static void test_bad_texts_leave_the_result_alone(void **state)
{
	static const char *const texts[] = {"", " ", "10.0.0", "10.0.0.0.0", "10.0.0.256",
		"010.0.0.1", "10.0.0.01", "10.0.0.1 ", " 10.0.0.1", "0x0a.0.0.1", "1",
		"10.0.0.1/32", ":::", "fd00::1::2", "fd00::1%eth0", "fd00:::1",
		"12345::", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "::10.0.0.256", "web"};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct ip_addr addr = {.family = 99};

		assert_int_equal(ip_addr_parse(&addr, texts[i]), -EINVAL);
		assert_int_equal(addr.family, 99);
	}
}

static struct ip_addr parse(const char *text)
{
	struct ip_addr addr;

	assert_int_equal(ip_addr_parse(&addr, text), 0);
	return addr;
}

static void test_order(void **state)
{
	static const char *const rising[] = {"0.0.0.0", "9.255.255.255", "10.0.0.0", "10.0.0.1",
		"10.0.1.0", "128.0.0.0", "255.255.255.255", "::", "::1", "::ffff:10.0.0.1",
		"2001:db8::", "2001:db8:0:1::", "ffff::"};

	(void)state;
	for (size_t i = 0; i < sizeof(rising) / sizeof(rising[0]); i++) {
		for (size_t j = 0; j < sizeof(rising) / sizeof(rising[0]); j++) {
			const struct ip_addr a = parse(rising[i]), b = parse(rising[j]);

			assert_int_equal(ip_addr_cmp(&a, &b) < 0, i < j);
			assert_int_equal(ip_addr_cmp(&a, &b) > 0, i > j);
			assert_int_equal(ip_addr_equal(&a, &b), i == j);
		}
	}
}

static void test_from_bytes(void **state)
{
	const uint8_t bytes[] = {0, 10, 42, 0, 7, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9};
	/* unaligned on purpose */
	const struct ip_addr v4 = ip_addr_v4(bytes + 1), wanted = parse("10.42.0.7");
	const struct ip_addr v6 = ip_addr_v6(bytes + 1);

	(void)state;
	assert_true(ip_addr_equal(&v4, &wanted));
	assert_memory_equal(v6.bytes, bytes + 1, 16);
	assert_int_equal(ip_addr_bits(&v4), 32);
	assert_int_equal(ip_addr_bits(&v6), 128);
}

enum { SORTED = 3000 };

static void test_sort(void **state)
{
	static struct ip_addr addrs[SORTED];
	uint32_t random = 1, sum = 0, again = 0;

	(void)state;
	assert_int_equal(ip_addr_sort(NULL, 0), 0);
	for (int spread = 1; spread <= 16; spread++) { /* how many of their bytes differ */
		for (int i = 0; i < SORTED; i++) {
			uint8_t bytes[16] = {0xfd};

			for (int j = 0; j < spread; j++) {
				random = random * 1664525 + 1013904223;
				bytes[15 - j] = (uint8_t)(random >> 24);
			}
			addrs[i] = random >> 20 & 1 ? ip_addr_v6(bytes) : ip_addr_v4(bytes + 12);
			sum += addrs[i].bytes[3] * 31U + addrs[i].bytes[15] * 7U + addrs[i].family;
		}
		assert_int_equal(ip_addr_sort(addrs, SORTED), 0);
		for (int i = 0; i < SORTED; i++) {
			assert_true(i == 0 || ip_addr_cmp(&addrs[i - 1], &addrs[i]) <= 0);
			again += addrs[i].bytes[3] * 31U + addrs[i].bytes[15] * 7U +
				addrs[i].family;
		}
		assert_int_equal(sum, again); /* they are those that there were */
	}
}

static void test_unmap(void **state)
{
	struct ip_addr addr, out = {.family = 0};

	(void)state;
	assert_int_equal(ip_addr_parse(&addr, "::ffff:10.0.0.7"), 0);
	assert_string_equal(ip_addr_pod_problem(&addr), "an IPv4-mapped address");
	assert_true(ip_addr_unmap(&addr, &out));
	assert_null(ip_addr_pod_problem(&out));
	assert_int_equal(ip_addr_parse(&addr, "10.0.0.7"), 0);
	assert_true(ip_addr_equal(&addr, &out));
	assert_false(ip_addr_unmap(&addr, &out));
	assert_int_equal(ip_addr_parse(&addr, "::fffe:10.0.0.7"), 0);
	assert_false(ip_addr_unmap(&addr, &out));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good_texts),
		cmocka_unit_test(test_bad_texts_leave_the_result_alone),
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_from_bytes),
		cmocka_unit_test(test_sort),
		cmocka_unit_test(test_unmap),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
