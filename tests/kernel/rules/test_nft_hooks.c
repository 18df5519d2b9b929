/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Rules that are all there, and that no packet passes: on the running kernel, in a network
 * namespace of our own.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "kernel/rules/nft_hooks.h"
#include "kernel/sets/pod_set.h"
#include "tests/support/netns.h"

static const struct ruleset_options options = {
	.backend = BACKEND_NFT,
	.ipv6 = true,
	.workers = 1,
	.queue_base = 8610,
	.mark_allow = 0x20000000,
	.mark_deny = 0x40000000,
	.host_traffic = true,
};

static void install(void)
{
	char problem[PROBLEM_SIZE];

	if (pod_set_create(true, problem) != 0 || ruleset_install(&options, problem) != 0)
		fail_msg("%s", problem);
	assert_int_equal(ruleset_verify(&options, problem), 0);
}

static void run(const char *command)
{
	assert_int_equal(netns_run("%s", command), 0);
}

/* What iptables-nft-save does not tell, and ruleset_verify() does; installing puts it right. */
static void is_noticed_and_mended(const char *command, const char *expected)
{
	char problem[PROBLEM_SIZE] = "";

	run(command);
	assert_int_equal(ruleset_verify(&options, problem), -ESTALE);
	assert_string_equal(problem, expected);
	install();
}

static void a_dormant_table_is_woken(void **state)
{
	(void)state;
	install();
	is_noticed_and_mended("nft add table ip mangle '{ flags dormant; }'",
		"the table mangle is dormant: no packet passes it (IPv4, nft)");
	is_noticed_and_mended("nft add table ip6 mangle '{ flags dormant; }'",
		"the table mangle is dormant: no packet passes it (IPv6, nft)");
	run("test -z \"$(nft list ruleset | grep dormant)\"");
}

static void a_chain_without_a_hook_is_made_anew(void **state)
{
	(void)state;
	install();
	is_noticed_and_mended("nft 'delete chain ip mangle FORWARD; add chain ip mangle FORWARD; "
			      "add rule ip mangle FORWARD counter jump PODGATE'",
		"chain FORWARD has no hook: no packet passes it (IPv4, nft)");
	run("nft list chain ip mangle FORWARD | grep -q 'hook forward priority mangle'");
	is_noticed_and_mended("nft 'delete chain ip6 mangle FORWARD; add chain ip6 mangle FORWARD; "
			      "add rule ip6 mangle FORWARD counter jump PODGATE'",
		"chain FORWARD has no hook: no packet passes it (IPv6, nft)");
	run("nft list chain ip6 mangle FORWARD | grep -q 'hook forward priority mangle'");
}

static void rules_of_others_are_not_deleted(void **state)
{
	char problem[PROBLEM_SIZE];

	(void)state;
	install();
	run("nft 'delete chain ip mangle FORWARD; add chain ip mangle FORWARD; add rule ip mangle "
	    "FORWARD counter jump PODGATE; add rule ip mangle FORWARD ip saddr 10.9.9.9 counter "
	    "accept'");
	assert_int_equal(ruleset_install(&options, problem), -EEXIST);
	assert_non_null(
		strstr(problem, "(nft delete chain ip mangle FORWARD), and podgate makes it anew"));
	run("nft list chain ip mangle FORWARD | grep -q 10.9.9.9");
	run("nft delete chain ip mangle FORWARD");
	install();
}

/* No table yet, or one without the chains: nothing is off, and nothing is made. */
static void where_nothing_is_nothing_is_mended(void **state)
{
	char problem[PROBLEM_SIZE];

	(void)state;
	assert_int_equal(nft_hooks_mend(&options, IP_FAMILY_V4, problem), 0);
	assert_int_equal(nft_hooks_verify(&options, IP_FAMILY_V4, problem), -ENOENT);
	run("nft add table ip mangle");
	assert_int_equal(nft_hooks_mend(&options, IP_FAMILY_V4, problem), 0);
	assert_int_equal(nft_hooks_verify(&options, IP_FAMILY_V4, problem), -ENOENT);
	run("test \"$(nft list ruleset | wc -l)\" = 2");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_dormant_table_is_woken, netns_enter),
		cmocka_unit_test_setup(a_chain_without_a_hook_is_made_anew, netns_enter),
		cmocka_unit_test_setup(rules_of_others_are_not_deleted, netns_enter),
		cmocka_unit_test_setup(where_nothing_is_nothing_is_mended, netns_enter),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
