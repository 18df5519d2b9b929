/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The gateway's own addresses, as `ip address` sets them. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "kernel/netlink/local_addrs.h"
#include "tests/support/flow_table.h"

static bool is_local(const struct local_addrs *addrs, const char *text)
{
	struct ip_addr addr;

	assert_int_equal(ip_addr_parse(&addr, text), 0);
	return local_addrs_contain(addrs, &addr);
}

static struct local_addrs *read_now(void)
{
	struct local_addrs *addrs = NULL;

	assert_int_equal(local_addrs_read(&addrs), 0);
	assert_non_null(addrs);
	return addrs;
}

static int enter(void **state)
{
	(void)state;
	flow_table_enter();
	return 0;
}

static void test_both_families(void **state)
{
	struct local_addrs *addrs;

	(void)state;
	flow_table_run("ip address add 10.1.0.1/24 dev lo && ip address add fd01::1/64 dev lo");
	addrs = read_now();
	assert_true(is_local(addrs, "127.0.0.1"));
	assert_true(is_local(addrs, "::1"));
	assert_true(is_local(addrs, "10.1.0.1"));
	assert_true(is_local(addrs, "fd01::1"));
	assert_false(is_local(addrs, "10.1.0.2"));
	assert_false(is_local(addrs, "fd01::2"));
	/* another address: policy/values/ip_addr.h */
	assert_false(is_local(addrs, "::ffff:10.1.0.1"));
	local_addrs_free(addrs);
}

/* On a point-to-point link the kernel names the peer first: that one is not ours. */
static void test_point_to_point(void **state)
{
	struct local_addrs *addrs;

	(void)state;
	flow_table_run("ip address add 10.2.0.1 peer 10.2.0.9 dev lo && ip address add fd02::1 "
		       "peer fd02::9 dev lo");
	addrs = read_now();
	assert_true(is_local(addrs, "10.2.0.1"));
	assert_false(is_local(addrs, "10.2.0.9"));
	assert_true(is_local(addrs, "fd02::1"));
	assert_false(is_local(addrs, "fd02::9"));
	local_addrs_free(addrs);
}

/* More than one datagram's worth. */
static void test_many(void **state)
{
	struct local_addrs *addrs;

	(void)state;
	flow_table_run("for i in $(seq 0 9); do for j in $(seq 1 100); do echo address add "
		       "10.3.$i.$j/32 dev lo; done; done | ip -batch -");
	addrs = read_now();
	for (int i = 0; i < 10; i++)
		for (int j = 0; j <= 100; j++) {
			const uint8_t bytes[4] = {10, 3, (uint8_t)i, (uint8_t)j};
			const struct ip_addr addr = ip_addr_v4(bytes);

			assert_int_equal(local_addrs_contain(addrs, &addr), j > 0);
		}
	local_addrs_free(addrs);
}

static void test_none(void **state)
{
	struct local_addrs *addrs;

	(void)state;
	flow_table_run("ip link set lo down && ip address flush dev lo");
	addrs = read_now();
	assert_false(is_local(addrs, "127.0.0.1"));
	local_addrs_free(addrs);
	local_addrs_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_both_families, enter),
		cmocka_unit_test_setup(test_point_to_point, enter),
		cmocka_unit_test_setup(test_many, enter),
		cmocka_unit_test_setup(test_none, enter),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
