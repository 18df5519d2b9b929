/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Names of interfaces that come, are renamed and go, in a network namespace of the test's own.
 * Needs root.
 */

#include <net/if.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "kernel/netlink/interface_names.h"

enum { MANY = 150 }; /* more than one netlink message tells of */

static void shell(const char *command)
{
	if (system(command) != 0)
		fail_msg("%s", command);
}

static int enter_namespace(void **state)
{
	(void)state;
	if (unshare(CLONE_NEWNET) != 0) {
		perror("a network namespace of its own (this test needs root)");
		return -1;
	}
	return 0;
}

static void test_follows_the_kernel(void **state)
{
	char buffer[IF_NAMESIZE];
	struct interface_names *names;
	unsigned int index;

	(void)state;
	assert_int_equal(interface_names_open(&names), 0);
	assert_string_equal(interface_names_get(names, 1, buffer), "lo");
	assert_string_equal(interface_names_get(names, 0, buffer), "");
	assert_string_equal(interface_names_get(names, 4711, buffer), "");

	shell("ip link add pod0 type veth peer name pod1");
	index = if_nametoindex("pod0");
	assert_string_equal(interface_names_get(names, index, buffer), "pod0");
	shell("ip link set pod0 name shop0");
	assert_string_equal(interface_names_get(names, index, buffer), "shop0");
	shell("ip link del shop0");
	assert_string_equal(interface_names_get(names, index, buffer), "");
	interface_names_close(names);
}

static void test_knows_those_that_were_there_before(void **state)
{
	char buffer[IF_NAMESIZE], name[IF_NAMESIZE];
	struct interface_names *names;

	(void)state;
	shell("for i in $(seq 0 149); do echo \"link add many$i type veth peer name pair$i\"; done "
	      "| ip -batch -");
	assert_int_equal(interface_names_open(&names), 0);
	for (int i = 0; i < MANY; i++) {
		snprintf(name, sizeof(name), "many%d", i);
		assert_string_equal(interface_names_get(names, if_nametoindex(name), buffer), name);
	}
	interface_names_close(names);
}

static void test_does_without(void **state)
{
	char buffer[IF_NAMESIZE] = "x";

	(void)state;
	assert_string_equal(interface_names_get(NULL, 1, buffer), "");
	interface_names_close(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_follows_the_kernel),
		cmocka_unit_test(test_knows_those_that_were_there_before),
		cmocka_unit_test(test_does_without),
	};

	return cmocka_run_group_tests(tests, enter_namespace, NULL);
}
