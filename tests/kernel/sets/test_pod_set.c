/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The sets on the running kernel, looked at with ipset(8). */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <linux/capability.h>
#include <unistd.h>

#include "kernel/sets/pod_set.h"
#include "tests/support/netns.h"

static void assert_ok(int err, const char *problem)
{
	if (err != 0)
		fail_msg("%d: %s", err, problem);
}

static struct ip_addr v4(uint32_t number)
{
	const uint32_t bytes = htonl(0x0a000000 + number);

	return ip_addr_v4(&bytes);
}

static struct ip_addr v6(uint32_t number)
{
	uint8_t bytes[16] = {0xfd, 0x01};
	const uint32_t tail = htonl(number);

	memcpy(bytes + 12, &tail, sizeof(tail));
	return ip_addr_v6(bytes);
}

static void assert_listed(const char *command, const char *expected)
{
	char *text = netns_read("%s", command);

	assert_string_equal(text, expected);
	free(text);
}

static void sets_are_made_as_the_rules_need_them(void **state)
{
	char problem[PROBLEM_SIZE];

	(void)state;
	assert_int_equal(pod_set_count(IP_FAMILY_V4), -ENOENT);
	assert_int_equal(pod_set_present(), 0);
	assert_ok(pod_set_create(true, problem), problem);
	assert_int_equal(pod_set_present(), 12);
	assert_listed("ipset save | sort | sed 's/ bucketsize.*//'",
		"create podgate-allowed4 hash:ip,port,ip family inet hashsize 1024 maxelem 262144 "
		"timeout 600 counters\n"
		"create podgate-allowed6 hash:ip,port,ip family inet6 hashsize 1024 maxelem 262144 "
		"timeout 600 counters\n"
		"create podgate-denied4 hash:ip,port,ip family inet hashsize 1024 maxelem 262144 "
		"timeout 10 counters\n"
		"create podgate-denied6 hash:ip,port,ip family inet6 hashsize 1024 maxelem 262144 "
		"timeout 10 counters\n"
		"create podgate-groups4 hash:net family inet hashsize 1024 maxelem 65536\n"
		"create podgate-groups6 hash:net family inet6 hashsize 1024 maxelem 65536\n"
		"create podgate-near4 hash:ip family inet hashsize 1024 maxelem 65536\n"
		"create podgate-near6 hash:ip family inet6 hashsize 1024 maxelem 65536\n"
		"create podgate-pods4 hash:ip family inet hashsize 1024 maxelem 65536\n"
		"create podgate-pods6 hash:net family inet6 hashsize 1024 maxelem 65536\n"
		"create podgate-spare4 hash:ip,port,ip family inet hashsize 1024 maxelem 262144 "
		"timeout 10 counters\n"
		"create podgate-spare6 hash:ip,port,ip family inet6 hashsize 1024 maxelem 262144 "
		"timeout 10 counters\n");
	assert_int_equal(pod_set_count(IP_FAMILY_V4), 0);
	assert_int_equal(pod_set_count(IP_FAMILY_V6), 0);
}

static void without_ipv6_there_are_no_ipv6_sets(void **state)
{
	const struct ip_addr addrs[] = {v4(1), v6(1)};
	char problem[PROBLEM_SIZE];

	(void)state;
	assert_ok(pod_set_create(false, problem), problem);
	assert_ok(pod_set_fill(addrs, 2, false, problem), problem);
	assert_listed("ipset list -n | sort",
		"podgate-allowed4\npodgate-denied4\npodgate-groups4\npodgate-near4\npodgate-"
		"pods4\npodgate-spare4\n");
	assert_int_equal(pod_set_count(IP_FAMILY_V4), 1);
	assert_ok(pod_set_destroy(problem), problem);
}

/* A multicast address stands for all of them, whatever the set of pods holds. */
static void groups_are_nets(void **state)
{
	struct ip_addr groups[4], near[2] = {v4(1), v6(7)};
	char problem[PROBLEM_SIZE];

	(void)state;
	assert_int_equal(ip_addr_parse(&groups[0], "10.0.0.255"), 0);
	assert_int_equal(ip_addr_parse(&groups[1], "224.0.0.0"), 0);
	assert_int_equal(ip_addr_parse(&groups[2], "255.255.255.255"), 0);
	assert_int_equal(ip_addr_parse(&groups[3], "ff00::"), 0);
	assert_ok(pod_set_create(true, problem), problem);
	assert_ok(pod_set_fill_groups(groups, 4, true, problem), problem);
	assert_ok(pod_set_fill_near(near, 2, true, problem), problem);
	assert_listed("ipset save | grep ^add | sort",
		"add podgate-groups4 10.0.0.255\nadd podgate-groups4 224.0.0.0/4\nadd "
		"podgate-groups4 255.255.255.255\n"
		"add podgate-groups6 ff00::/8\nadd podgate-near4 10.0.0.1\nadd podgate-near6 "
		"fd01::7\n");
	assert_ok(pod_set_fill_groups(NULL, 0, true, problem), problem);
	assert_listed("ipset save | grep ^add | grep -c groups || true", "0\n");
	assert_int_equal(pod_set_present(), 12);
	assert_ok(pod_set_destroy(problem), problem);
}

static void filling_replaces_the_content(void **state)
{
	const struct ip_addr first[] = {v4(1), v4(2), v6(7)},
			     second[] = {v4(2), v4(0x00ffffff), v6(8), v6(9)};
	char problem[PROBLEM_SIZE];

	(void)state;
	assert_ok(pod_set_create(true, problem), problem);
	assert_ok(pod_set_fill(first, 3, true, problem), problem);
	assert_listed("ipset save | grep ^add | sort",
		"add podgate-pods4 10.0.0.1\nadd podgate-pods4 10.0.0.2\nadd podgate-pods6 "
		"fd01::7\n");
	assert_ok(pod_set_fill(second, 4, true, problem), problem);
	assert_listed("ipset save | grep ^add | sort",
		"add podgate-pods4 10.0.0.2\nadd podgate-pods4 10.255.255.255\nadd podgate-pods6 "
		"fd01::8\nadd podgate-pods6 fd01::9\n");
	assert_ok(pod_set_fill(NULL, 0, true, problem), problem);
	assert_int_equal(pod_set_count(IP_FAMILY_V4), 0);
	assert_int_equal(pod_set_count(IP_FAMILY_V6), 0);
	assert_int_equal(pod_set_present(), 12); /* no half-filled one is left */
}

static int verify(const struct ip_addr *addrs, size_t count, const char *part)
{
	char problem[PROBLEM_SIZE] = "";
	long size = -1;
	const int err = pod_set_verify(IP_FAMILY_V4, addrs, count, 0, &size, problem);

	if (strstr(problem, part) == NULL)
		fail_msg("%s", problem);
	return err;
}

/* By content: an address swapped for another leaves the size as it was. */
static void what_others_change_is_found(void **state)
{
	const struct ip_addr addrs[] = {v4(1), v4(2), v4(3), v6(7), v6(8)};
	char problem[PROBLEM_SIZE];
	long size;

	(void)state;
	assert_int_equal(verify(addrs, 3, "can't be read"), -ENOENT);
	assert_ok(pod_set_create(true, problem), problem);
	assert_int_equal(verify(NULL, 0, ""), 0);
	assert_ok(pod_set_fill(addrs, 5, true, problem), problem);
	assert_int_equal(verify(addrs, 3, ""), 0);
	assert_ok(pod_set_verify(IP_FAMILY_V6, addrs + 3, 2, 0, &size, problem), problem);
	assert_int_equal(size, 2);
	assert_int_equal(
		netns_run("ipset add podgate-pods4 10.0.0.9 && ipset del podgate-pods4 10.0.0.2"),
		0);
	assert_int_equal(verify(addrs, 3, "holds 10.0.0.9"), -ESTALE);
	assert_int_equal(netns_run("ipset del podgate-pods4 10.0.0.9"), 0);
	assert_int_equal(verify(addrs, 3, "2 of 3"), -ESTALE);
	assert_int_equal(netns_run("ipset flush podgate-pods4"), 0);
	assert_int_equal(verify(addrs, 3, "0 of 3"), -ESTALE);
	assert_int_equal(
		netns_run(
			"ipset del podgate-pods6 fd01::7; ipset add podgate-pods6 fd01::7 nomatch"),
		0);
	assert_int_equal(pod_set_verify(IP_FAMILY_V6, addrs + 3, 2, 0, &size, problem), -ESTALE);
	assert_int_equal(
		netns_run("ipset del podgate-pods6 fd01::7; ipset add podgate-pods6 fd01::/64"), 0);
	assert_int_equal(pod_set_verify(IP_FAMILY_V6, addrs + 3, 2, 0, &size, problem), -ESTALE);
	assert_int_equal(
		netns_run("ipset del podgate-pods6 fd01::/64; ipset add podgate-pods6 fd01::6"), 0);
	assert_int_equal(pod_set_verify(IP_FAMILY_V6, addrs + 3, 2, 0, &size, problem), -ESTALE);
}

/* They are nobody's: one of them stands for all. */
static void link_local_addresses_go_together(void **state)
{
	struct ip_addr addrs[2] = {v6(7)};
	char problem[PROBLEM_SIZE];
	long size;

	(void)state;
	ip_addr_parse(&addrs[1], "fe80::");
	assert_ok(pod_set_create(true, problem), problem);
	assert_ok(pod_set_fill(addrs, 2, true, problem), problem);
	assert_ok(pod_set_verify(IP_FAMILY_V6, addrs, 2, 0, &size, problem), problem);
	assert_int_equal(
		netns_run("ipset test -q podgate-pods6 fe80::1 && ipset test -q podgate-pods6 "
			  "fe80::ffff:1 && ipset test -q podgate-pods6 fd01::7 && ! ipset test -q "
			  "podgate-pods6 fd01::8 && ! ipset test -q podgate-pods6 fec0::1"),
		0);
	assert_int_equal(
		netns_run("ipset del podgate-pods6 fe80::/10 && ipset add podgate-pods6 fe80::/64"),
		0);
	assert_int_equal(pod_set_verify(IP_FAMILY_V6, addrs, 2, 0, &size, problem), -ESTALE);
}

/* More than fits a set of the usual size, and many messages. */
static void many_addresses_fit(void **state)
{
	enum { MANY = 70000 };
	struct ip_addr *addrs = calloc(2 * MANY, sizeof(*addrs));
	char problem[PROBLEM_SIZE];

	(void)state;
	for (uint32_t i = 0; i < MANY; i++) {
		addrs[i] = v4(i);
		addrs[MANY + i] = v6(i);
	}
	assert_ok(pod_set_create(true, problem), problem);
	assert_ok(pod_set_fill(addrs, 2 * MANY, true, problem), problem);
	assert_int_equal(pod_set_count(IP_FAMILY_V4), MANY);
	assert_int_equal(pod_set_count(IP_FAMILY_V6), MANY);
	for (int family = 0; family < 2; family++) {
		long size = 0;

		assert_ok(pod_set_verify(family == 0 ? IP_FAMILY_V4 : IP_FAMILY_V6,
				  addrs + family * MANY, MANY, 0, &size, problem),
			problem);
		assert_int_equal(size, MANY);
	}
	assert_int_equal(
		netns_run("ipset test -q podgate-pods4 10.1.17.111 && ipset test -q podgate-pods6 "
			  "fd01::1:116f && ! ipset test -q podgate-pods4 10.1.17.112"),
		0);
	free(addrs);
}

/*
 * The rule's lookup goes by the set's place: swapping changes what it finds, without the rule being
 * touched.
 */
static void rules_see_the_new_content(void **state)
{
	const struct ip_addr addrs[] = {v4(1)};
	char problem[PROBLEM_SIZE];

	(void)state;
	assert_ok(pod_set_create(true, problem), problem);
	assert_int_equal(netns_run("iptables -t mangle -A FORWARD -m set --match-set podgate-pods4 "
				   "src -j DROP"),
		0);
	assert_ok(pod_set_fill(addrs, 1, true, problem), problem);
	assert_listed("ipset list podgate-pods4 | grep -e ^References -e ^10",
		"References: 1\n10.0.0.1\n");
	assert_int_equal(pod_set_destroy(problem), -EBUSY);
	assert_non_null(strstr(problem, "podgate-pods4"));
	assert_non_null(strstr(problem, "podgate cleanup"));
	assert_int_equal(pod_set_present(), 1); /* what could go is gone */
	assert_int_equal(netns_run("iptables -t mangle -F FORWARD"), 0);
	assert_ok(pod_set_destroy(problem), problem);
	assert_ok(pod_set_destroy(problem), problem);
	assert_int_equal(pod_set_present(), 0);
}

static void an_earlier_runs_sets_are_taken_over(void **state)
{
	const struct ip_addr addrs[] = {v4(1), v4(2)};
	char problem[PROBLEM_SIZE];

	(void)state;
	assert_ok(pod_set_create(true, problem), problem);
	assert_ok(pod_set_fill(addrs, 2, true, problem), problem);
	assert_int_equal(netns_run("ipset add podgate-allowed4 10.0.0.1,tcp:80,10.0.0.2; ipset "
				   "create podgate-fill4 hash:ip; ipset add podgate-fill4 1.2.3.4"),
		0);
	assert_ok(pod_set_create(true, problem), problem);
	assert_int_equal(pod_set_count(IP_FAMILY_V4), 2); /* still isolated */
	assert_int_equal(netns_run("ipset save podgate-allowed4 | grep -q ^add"), 1);
	assert_ok(pod_set_fill(addrs, 1, true, problem), problem);
	assert_listed("ipset save | grep ^add", "add podgate-pods4 10.0.0.1\n");
	assert_int_equal(netns_run("ipset list -n | grep -q fill"), 1);
}

static void a_set_of_another_kind_is_refused(void **state)
{
	static const struct {
		const char *create, *named;
	} kinds[] = {
		{"podgate-pods4 hash:net", "podgate-pods4"},
		{"podgate-pods6 hash:ip family inet", "podgate-pods6"},
		/* neither timeout nor counters */
		{"podgate-denied4 hash:ip,port,ip", "podgate-denied4"},
		{"podgate-allowed6 hash:ip,port family inet6 timeout 5 counters",
			"podgate-allowed6"},
	};
	char problem[PROBLEM_SIZE];

	(void)state;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		assert_int_equal(netns_run("ipset destroy; ipset create %s", kinds[i].create), 0);
		assert_int_equal(pod_set_create(true, problem), -EEXIST);
		assert_non_null(strstr(problem, kinds[i].named));
		assert_non_null(strstr(problem, "ipset destroy"));
	}
}

/* What the kernel does not take keeps nothing else out, and is told. */
static void a_refused_entry_keeps_no_other_out(void **state)
{
	struct ip_addr addrs[6] = {ip_addr_v4((const uint8_t[4]){0}), v4(1), v4(2), v6(1),
		ip_addr_v6((const uint8_t[16]){0xfe, 0x80}),
		ip_addr_v6((const uint8_t[16]){0xfe, 0x80, [15] = 0x77})};
	struct ipset_refused refused;
	char problem[PROBLEM_SIZE];
	long size;

	(void)state;
	assert_ok(pod_set_create(true, problem), problem);
	assert_int_equal(pod_set_fill(addrs, 6, true, problem), -EINVAL);
	assert_ok(pod_set_fill_possible(POD_SET_PODS, addrs, 6, true, &refused, problem), problem);
	assert_int_equal(refused.count[0], 1);
	assert_int_equal(refused.count[1], 1);
	assert_true(ip_addr_equal(&refused.first, &addrs[0]));
	assert_non_null(strstr(refused.why, "podgate-pods4"));
	assert_listed("ipset save | grep ^add | sort",
		"add podgate-pods4 10.0.0.1\nadd podgate-pods4 10.0.0.2\nadd podgate-pods6 "
		"fd01::1\nadd podgate-pods6 fe80::/10\n");
	assert_ok(pod_set_verify(IP_FAMILY_V4, addrs, 3, 1, &size, problem), problem);
	assert_ok(pod_set_verify(IP_FAMILY_V6, addrs + 3, 3, 1, &size, problem), problem);
	/* An address that goes away does so all the same, and one that comes is there. */
	addrs[1] = v4(7);
	addrs[2] = v4(8);
	assert_ok(pod_set_fill_possible(POD_SET_PODS, addrs, 6, true, &refused, problem), problem);
	assert_listed("ipset save | grep '^add podgate-pods4' | sort",
		"add podgate-pods4 10.0.0.7\nadd podgate-pods4 10.0.0.8\n");
	assert_int_equal(pod_set_present(), 12); /* no set that was to be swapped in is left */
	assert_ok(pod_set_fill(addrs + 1, 4, true, problem), problem);
	assert_ok(pod_set_destroy(problem), problem);
}

/* Somebody's rule holds the set that was to be filled and swapped in: the one in use is amended. */
static void a_filling_set_in_use_stops_nobody(void **state)
{
	const struct ip_addr addrs[] = {v4(1), v4(2)};
	struct ipset_refused refused;
	char problem[PROBLEM_SIZE];

	(void)state;
	assert_ok(pod_set_create(true, problem), problem);
	assert_int_equal(netns_run("ipset create podgate-fill4 hash:ip && ipset create holder "
				   "list:set && ipset add holder podgate-fill4"),
		0);
	assert_ok(pod_set_fill_possible(POD_SET_PODS, addrs, 2, true, &refused, problem), problem);
	assert_int_equal(refused.count[0], 0);
	assert_listed("ipset save | grep '^add podgate-pods4' | sort",
		"add podgate-pods4 10.0.0.1\nadd podgate-pods4 10.0.0.2\n");
	assert_ok(pod_set_fill(addrs, 1, true, problem), problem);
	assert_listed(
		"ipset save | grep '^add podgate-pods4' | sort", "add podgate-pods4 10.0.0.1\n");
	/* It is too small for all: what finds room is there. */
	assert_int_equal(netns_run("ipset destroy podgate-pods4 && ipset create podgate-pods4 "
				   "hash:ip maxelem 1"),
		0);
	assert_ok(pod_set_fill_possible(POD_SET_PODS, addrs, 2, true, &refused, problem), problem);
	assert_int_equal(refused.count[0], 1);
	assert_int_equal(pod_set_count(IP_FAMILY_V4), 1);
	assert_int_equal(netns_run("ipset destroy holder"), 0);
	assert_ok(pod_set_destroy(problem), problem);
}

static void filling_fails_whole(void **state)
{
	const struct ip_addr addrs[] = {v4(1)};
	char problem[PROBLEM_SIZE];

	(void)state;
	assert_int_equal(pod_set_fill(addrs, 1, true, problem), -ENOENT); /* never created */
	assert_non_null(strstr(problem, "podgate-"));
	assert_int_equal(pod_set_present(), 0);
}

static void *create_without_privilege(void *context)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];

	syscall(SYS_capget, &header, data);
	data[0].effective &= ~(1U << CAP_NET_ADMIN);
	syscall(SYS_capset, &header, data);
	return (void *)(intptr_t)pod_set_create(true, context);
}

static void without_privilege_it_is_said_so(void **state)
{
	char problem[PROBLEM_SIZE] = "";
	pthread_t thread;
	void *result;

	(void)state;
	assert_int_equal(pthread_create(&thread, NULL, create_without_privilege, problem), 0);
	pthread_join(thread, &result);
	assert_int_equal((intptr_t)result, -EPERM);
	assert_non_null(strstr(problem, "CAP_NET_ADMIN"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(sets_are_made_as_the_rules_need_them, netns_enter),
		cmocka_unit_test_setup(without_ipv6_there_are_no_ipv6_sets, netns_enter),
		cmocka_unit_test_setup(filling_replaces_the_content, netns_enter),
		cmocka_unit_test_setup(groups_are_nets, netns_enter),
		cmocka_unit_test_setup(what_others_change_is_found, netns_enter),
		cmocka_unit_test_setup(link_local_addresses_go_together, netns_enter),
		cmocka_unit_test_setup(many_addresses_fit, netns_enter),
		cmocka_unit_test_setup(rules_see_the_new_content, netns_enter),
		cmocka_unit_test_setup(an_earlier_runs_sets_are_taken_over, netns_enter),
		cmocka_unit_test_setup(a_set_of_another_kind_is_refused, netns_enter),
		cmocka_unit_test_setup(a_refused_entry_keeps_no_other_out, netns_enter),
		cmocka_unit_test_setup(a_filling_set_in_use_stops_nobody, netns_enter),
		cmocka_unit_test_setup(filling_fails_whole, netns_enter),
		cmocka_unit_test_setup(without_privilege_it_is_said_so, netns_enter),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
