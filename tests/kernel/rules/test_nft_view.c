/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Our rules in tables that iptables-nft-save does not list: on the running kernel, in a network
 * namespace of our own.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/rules/iptables.h"
#include "kernel/rules/nft_hooks.h"
#include "kernel/rules/nft_view.h"
#include "kernel/rules/ruleset_watch.h"
#include "kernel/sets/pod_set.h"
#include "tests/support/netns.h"

static const struct ruleset_options options = {
	.backend = BACKEND_NFT,
	.ipv6 = true,
	.workers = 2,
	.queue_base = 8610,
	.flood_rate = 1000,
	.mark_allow = 0x20000000,
	.mark_deny = 0x40000000,
	.host_traffic = true,
	.bridged = false,
};

#define FOREIGN \
	"for f in ip ip6; do nft add table $f mangle; " \
	"nft add chain $f mangle PREROUTING '{ type filter hook prerouting priority -150; policy " \
	"accept; }'; " \
	"nft add rule $f mangle PREROUTING ct state related,established counter meta mark set ct " \
	"mark; done"

static void run(const char *command)
{
	if (netns_run("%s", command) != 0)
		fail_msg("%s", command);
}

static void install(void)
{
	char problem[PROBLEM_SIZE];

	if (pod_set_create(true, problem) != 0 || ruleset_install(&options, problem) != 0)
		fail_msg("%s", problem);
}

static void verify(int expected, const char *words)
{
	char problem[PROBLEM_SIZE] = "";
	const int err = ruleset_verify(&options, problem);

	if (err != expected || strstr(problem, words) == NULL)
		fail_msg("%d, not %d: %s", err, expected, problem);
}

static void count_jumps(const char *number)
{
	char command[160];

	snprintf(command, sizeof(command),
		"test $(nft list ruleset | grep -c 'jump PODGATE ') = %s || test $(nft list "
		"ruleset | grep -c 'jump PODGATE$') = %s",
		number, number);
	run(command);
}

/* One jump a place, however often: FORWARD one, INPUT two, both families. */
static void a_table_that_is_not_listed_is_like_any_other(void **state)
{
	char problem[PROBLEM_SIZE];
	struct ruleset_place places[RULESET_PLACES_MOST];

	(void)state;
	run(FOREIGN);
	for (int i = 0; i < 3; i++) {
		install();
		verify(0, "");
		count_jumps("6");
	}
	run("nft insert rule ip mangle FORWARD meta mark set ct mark");
	verify(-ESTALE, "our jump is not the first rule of FORWARD (IPv4, nft)");
	install();
	verify(0, "");
	run("nft add rule ip6 mangle FORWARD counter jump PODGATE");
	verify(-ESTALE, "a jump into our chain was added (chain FORWARD) (IPv6, nft)");
	install();
	count_jumps("6");
	run("nft add rule ip mangle PODGATE counter return");
	verify(-ESTALE, "a rule was added to our chain PODGATE");
	install();
	run("nft add rule ip mangle PODGATE meta mark set ct mark");
	verify(-ESTALE, "a rule was added to our chain PODGATE");
	install();
	verify(0, "");
	run("nft flush chain ip mangle PODGATE");
	verify(-ENOENT, "our chain PODGATE ends after 0 of");
	install();
	assert_int_equal(ruleset_find(places), 2);
	assert_int_equal(ruleset_remove(problem), 0);
	assert_int_equal(ruleset_find(places), 0);
	verify(-ENOENT, "our chain PODGATE is gone");
	run("test $(nft list ruleset | grep -c PODGATE) = 0");
	run("test $(nft list ruleset | grep -c 'set ct mark') = 3");
}

/*
 * A rule of words that iptables-nft-save knows, in a sentence that it can't print: it fails. In a
 * table of ours, and in another.
 */
static void a_listing_that_fails_is_like_one_that_lacks_a_table(void **state)
{
	char problem[PROBLEM_SIZE], *saved;

	(void)state;
	run("nft 'add table ip raw; add chain ip raw OUTPUT { type filter hook output priority "
	    "-300; }; add rule ip raw OUTPUT meta mark set meta mark and 0xffff'");
	run("! iptables-nft-save >/dev/null 2>&1");
	install();
	verify(0, "");
	assert_int_equal(iptables_save(BACKEND_NFT, IP_FAMILY_V4, NULL, false, &saved, problem), 0);
	assert_false(iptables_save_is_whole(saved));
	free(saved);
	run("nft add rule ip mangle FORWARD meta mark set meta mark and 0xffff");
	install();
	verify(0, "");
	count_jumps("6");
	assert_int_equal(ruleset_remove(problem), 0);
	run("test $(nft list ruleset | grep -c PODGATE) = 0");
}

/*
 * What an older version left behind after a night of repairs: more than one datagram's default
 * size.
 */
static void thousands_of_jumps_are_removed(void **state)
{
	char problem[PROBLEM_SIZE];

	(void)state;
	run(FOREIGN);
	install();
	run("(for i in $(seq 5000); do echo 'insert rule ip mangle FORWARD counter jump PODGATE'; "
	    "done) | nft -f -");
	install();
	count_jumps("6");
	run("(for i in $(seq 5000); do echo 'insert rule ip mangle FORWARD counter jump PODGATE'; "
	    "done) | nft -f -");
	assert_int_equal(ruleset_remove(problem), 0);
	run("test $(nft list ruleset | grep -c PODGATE) = 0");
}

/* With what was installed in memory, each rule is known, listed or not. */
static void a_rule_that_was_replaced_is_seen(void **state)
{
	struct ruleset_watch watch = {.seen_whole = false};
	char problem[PROBLEM_SIZE] = "";

	(void)state;
	run(FOREIGN);
	install();
	assert_int_equal(ruleset_watch_remember(&watch, &options, problem), 0);
	assert_true(watch.remembers);
	assert_int_equal(ruleset_watch_look(&watch, &options, problem), 0);
	run("handle=$(nft -a list chain ip6 mangle PODGATE | sed -n 's/.*# handle //p' | sed -n "
	    "4p); nft replace rule ip6 mangle PODGATE handle $handle counter return");
	/* by number and place all is well */
	assert_int_equal(ruleset_verify(&options, problem), 0);
	assert_int_equal(ruleset_watch_look(&watch, &options, problem), -ESTALE);
	assert_non_null(strstr(
		problem, "rule 3 of our chain is not what was installed (PODGATE) (IPv6, nft)"));
	install();
	/* the same rules again */
	assert_int_equal(ruleset_watch_look(&watch, &options, problem), 0);
	ruleset_watch_deinit(&watch);
}

/*
 * Rules of others in a chain without a hook are not deleted because a program does not list them.
 */
static void others_rules_are_seen_where_nothing_is_listed(void **state)
{
	char problem[PROBLEM_SIZE];

	(void)state;
	run(FOREIGN);
	install();
	run("nft 'delete chain ip mangle FORWARD; add chain ip mangle FORWARD; add rule ip mangle "
	    "FORWARD counter jump PODGATE; add rule ip mangle FORWARD meta mark set ct mark'");
	assert_int_equal(ruleset_install(&options, problem), -EEXIST);
	run("nft list chain ip mangle FORWARD | grep -q 'set ct mark'");
}

/* A map of verdicts holds the chain: that is said, and nothing is half removed. */
static void a_verdict_map_is_named(void **state)
{
	char problem[PROBLEM_SIZE] = "";
	struct ruleset_place places[RULESET_PLACES_MOST];

	(void)state;
	install();
	run("nft 'add chain ip mangle own; add rule ip mangle own ip protocol vmap { tcp : jump "
	    "PODGATE }'");
	assert_int_equal(ruleset_remove(problem), -EBUSY);
	assert_non_null(strstr(problem, "such as a verdict map"));
	run("nft list chain ip mangle FORWARD | grep -q 'jump PODGATE'");
	run("nft delete chain ip mangle own");
	assert_int_equal(ruleset_remove(problem), 0);
	assert_int_equal(ruleset_find(places), 0);
}

static void what_a_listing_leaves_out_is_told(void **state)
{
	(void)state;
	assert_true(iptables_save_is_whole(""));
	assert_true(iptables_save_is_whole("*mangle\n-A FORWARD -m comment --comment \"is "
					   "incompatible, use 'nft' tool.\" -j ACCEPT\n"));
	assert_false(iptables_save_is_whole("# Table `mangle' is incompatible, use 'nft' tool.\n"));
	assert_false(iptables_save_is_whole(
		"*filter\nCOMMIT\n# Table `raw' is incompatible, use 'nft' tool."));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_table_that_is_not_listed_is_like_any_other, netns_enter),
		cmocka_unit_test_setup(
			a_listing_that_fails_is_like_one_that_lacks_a_table, netns_enter),
		cmocka_unit_test_setup(thousands_of_jumps_are_removed, netns_enter),
		cmocka_unit_test_setup(a_rule_that_was_replaced_is_seen, netns_enter),
		cmocka_unit_test_setup(others_rules_are_seen_where_nothing_is_listed, netns_enter),
		cmocka_unit_test_setup(a_verdict_map_is_named, netns_enter),
		cmocka_unit_test(what_a_listing_leaves_out_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
