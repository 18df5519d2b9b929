/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the helper process applies: everything that podgate writes, and nothing by which
 * iptables-restore reads or runs.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/rules/rule_guard.h"
#include "kernel/rules/ruleset_transaction.h"

static void expect_allowed(const char *text)
{
	char problem[PROBLEM_SIZE] = "";

	if (!rule_guard_allows(text, problem))
		fail_msg("refused: %s", problem);
}

static void expect_refused(const char *text, const char *why)
{
	char problem[PROBLEM_SIZE] = "";

	if (rule_guard_allows(text, problem))
		fail_msg("allowed: %s", text);
	if (strstr(problem, why) == NULL)
		fail_msg("\"%s\" lacks \"%s\"", problem, why);
}

static const struct ruleset_options usual = {
	.backend = BACKEND_NFT,
	.ipv6 = true,
	.workers = 2,
	.queue_base = 8610,
	.mark_allow = 0x20000000,
	.mark_deny = 0x40000000,
};

static void test_all_that_is_installed(void **state)
{
	static const enum ip_family families[] = {IP_FAMILY_V4, IP_FAMILY_V6};

	(void)state;
	for (unsigned int i = 0; i < 16; i++) {
		struct ruleset_options options = usual;
		char *text;

		options.workers = (i & 1) != 0 ? 1 : 64;
		options.queue_bypass = (i & 2) != 0;
		options.host_traffic = (i & 4) != 0;
		options.flood_rate = (i & 1) != 0 ? 0 : 2000;
		options.cpu_fanout = (i & 2) != 0;
		text = ruleset_render(&options, families[i / 8]);
		assert_non_null(text);
		expect_allowed(text);
		free(text);
	}
}

static void expect_transaction(
	const char *now, const struct ruleset_options *options, const char *before)
{
	const struct ruleset_transaction transaction = {
		.family = IP_FAMILY_V4, .now = now, .options = options, .before = before};
	char *text = ruleset_transaction_render(&transaction);

	assert_non_null(text);
	expect_allowed(text);
	free(text);
}

/* Repair, removal, and the way back to what was there, of tables that others have been at. */
static void test_all_that_is_changed(void **state)
{
	static const char tampered[] =
		"*mangle\n:FORWARD ACCEPT [0:0]\n:PODGATE - [0:0]\n"
		"-A FORWARD -p tcp -m tcp --dport 80 -j TCPMSS --clamp-mss-to-pmtu\n"
		"-A FORWARD -i eth0 ! -s 10.0.0.0/8 -m comment --comment \"it's \\\"mine\\\"\" -j "
		"PODGATE\n"
		"-A INPUT -m statistic --mode random --probability 0.5 -g PODGATE\n"
		"-A PODGATE -m limit --limit 5/min -j LOG --log-prefix \"a b\"\n"
		"-A PODGATE -j NFQUEUE --queue-num 8612\nCOMMIT\n";

	(void)state;
	expect_transaction(tampered, &usual, "");
	expect_transaction(tampered, NULL, "");
	expect_transaction("", NULL, tampered);
	expect_transaction(tampered, NULL, tampered);
}

static void test_scratch_chain(void **state)
{
	(void)state;
	expect_allowed("*mangle\n:PODGATE-SCRATCH - [0:0]\n-A PODGATE-SCRATCH -m physdev "
		       "--physdev-in x -j RETURN\nCOMMIT\n");
	expect_allowed("*mangle\n-F PODGATE-SCRATCH\n-X PODGATE-SCRATCH\nCOMMIT\n");
}

static void test_rules_of_others(void **state)
{
	(void)state;
	expect_refused("*filter\nCOMMIT\n", "none of those");
	expect_refused("*mangle\n:FORWARD DROP [0:0]\nCOMMIT\n", "chain of others");
	expect_refused("*mangle\n:PODGATE DROP [0:0]\nCOMMIT\n", "no chain");
	expect_refused("*mangle\n:PODGATE - [0:0] -M /tmp/x\nCOMMIT\n", "no chain");
	expect_refused("*mangle\n-A FORWARD -j DROP\nCOMMIT\n", "chain of others");
	expect_refused("*mangle\n-F FORWARD\nCOMMIT\n", "chain of others");
	expect_refused("*mangle\n-F\nCOMMIT\n", "chain of others");
	expect_refused("*mangle\n-X PODGATE2\nCOMMIT\n", "chain of others");
	expect_refused("*mangle\n-D FORWARD -j DROP\nCOMMIT\n", "does not lead");
	expect_refused("*mangle\n-D FORWARD 1\nCOMMIT\n", "does not lead");
	expect_refused("*mangle\n-I FORWARD 1 -j ACCEPT\nCOMMIT\n", "does not lead");
	expect_refused("*mangle\n-I FORWARD -j -j PODGATE\nCOMMIT\n", "does not lead");
	expect_refused("*mangle\n-P FORWARD DROP\nCOMMIT\n", "none of those");
	expect_refused("*mangle\n-N OTHER\nCOMMIT\n", "none of those");
	expect_refused("*mangle x\nCOMMIT\n", "something follows");
	expect_refused("[1:2] -A PODGATE -j DROP\n", "counters");
	expect_refused("# a word\n", "none of those");
	expect_refused("*mangle\n\nCOMMIT\n", "empty");
	expect_refused("", "empty");
}

/* Each of these would have iptables-restore run /tmp/x, or might in some version. */
static void test_programs_are_not_run(void **state)
{
	static const char *const words[] = {
		"-M /tmp/x",
		"-M/tmp/x",
		"--modprobe /tmp/x",
		"--modprobe=/tmp/x",
		"--modp=/tmp/x",
		"--mo /tmp/x",
		"--m=/tmp/x",
		"-nM/tmp/x",
		"-n -M /tmp/x",
		"\"-M\" /tmp/x",
		"\"-\\M\" /tmp/x",
		"\"--modprobe\" /tmp/x",
		"-vM/tmp/x",
		"-x",
		"-c 1 2",
		"-t filter",
		"-w",
		"-W 1",
		"-4",
		"-",
	};
	char text[256];

	(void)state;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		snprintf(text, sizeof(text), "*mangle\n-A PODGATE %s -j DROP\nCOMMIT\n", words[i]);
		expect_refused(text, "option");
		snprintf(text, sizeof(text), "*mangle\n-D FORWARD %s -j PODGATE\nCOMMIT\n",
			words[i]);
		expect_refused(text, "option");
		snprintf(text, sizeof(text), "*mangle\n-I FORWARD 1 -j PODGATE %s\nCOMMIT\n",
			words[i]);
		expect_refused(text, "option");
	}
}

static void test_files_are_not_read(void **state)
{
	(void)state;
	expect_refused("-A PODGATE -m ../../../tmp/evil -j DROP\n", "no name");
	expect_refused("-A PODGATE -j ../../../tmp/evil\n", "no name");
	expect_refused("-A PODGATE -p ../evil -j DROP\n", "no name");
	expect_refused("-A PODGATE -m \"\" -j DROP\n", "no name");
	expect_refused("-A PODGATE -j\n", "no name");
	expect_refused("-A PODGATE -m bpf --object-pinned /sys/fs/bpf/x -j DROP\n", "option");
	expect_refused("-A PODGATE -m bpf --object-pin /sys/fs/bpf/x -j DROP\n", "option");
	expect_refused("-A PODGATE -m bpf --obj=/sys/fs/bpf/x -j DROP\n", "option");
	/* What leads to an extension by its long name. */
	expect_refused("-A PODGATE --match x/../../tmp/y -j DROP\n", "option");
	expect_refused("-A PODGATE --jum=x/../../tmp/y\n", "option");
	expect_refused("-A PODGATE --goto x/../../tmp/y\n", "option");
	expect_refused("-A PODGATE --protocol=x/../../tmp/y -j DROP\n", "option");
	expect_refused("-A PODGATE --proto x/../../tmp/y -j DROP\n", "no name");
	expect_allowed("-D FORWARD -m policy --dir in --pol ipsec --proto esp -j PODGATE\n");
	expect_allowed("-A PODGATE -m set --match-set PODGATE4 src -j ACCEPT\n");
}

/*
 * iptables-restore ends words at tabs, and lines at 10 KiB; what we take for one word must be one.
 */
static void test_words_end_where_we_think(void **state)
{
	char *text = malloc(32768);

	(void)state;
	expect_refused("-A PODGATE -j\tDROP\n", "control character");
	expect_refused("-A PODGATE -p tcp\t-M /tmp/x -j DROP\n", "control character");
	expect_refused("-A PODGATE -j DROP\r\n", "control character");
	expect_refused("-A PODGATE \x7f -j DROP\n", "control character");
	expect_refused("-A PODGATE \"a\"-M /tmp/x -j DROP\n", "quoting");
	expect_refused("-A PODGATE x\"-y \"-M\" \"/tmp/x -j DROP\n", "quoting");
	expect_refused("-A PODGATE --comment \"a -j DROP\n", "quoting");
	expect_refused("-A PODGATE --comment \"a\\\" -j DROP\n", "quoting");
	expect_allowed("-A PODGATE -m comment --comment \"a\\\"b\" -j DROP\n");
	strcpy(text, "-A PODGATE -j DROP ");
	memset(text + strlen(text), 'x', 20000);
	strcpy(text + 20010, " -M /tmp/x\n");
	expect_refused(text, "too long");
	strcpy(text, "-A PODGATE -j DROP");
	for (int i = 0; i < 600; i++)
		strcat(text, " x");
	strcat(text, " -M /tmp/x\n");
	expect_refused(text, "too long");
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_that_is_installed),
		cmocka_unit_test(test_all_that_is_changed),
		cmocka_unit_test(test_scratch_chain),
		cmocka_unit_test(test_rules_of_others),
		cmocka_unit_test(test_programs_are_not_run),
		cmocka_unit_test(test_files_are_not_read),
		cmocka_unit_test(test_words_end_where_we_think),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
