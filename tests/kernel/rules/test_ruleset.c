/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The rules as text: what is rendered, how listings are read, and which rules of others use our
 * marks. No kernel.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "kernel/rules/mark_overlap.h"
#include "kernel/rules/rule_text.h"
#include "kernel/rules/ruleset.h"
#include "kernel/rules/ruleset_transaction.h"

static const struct ruleset_options usual = {
	.backend = BACKEND_NFT,
	.ipv6 = true,
	.workers = 2,
	.queue_base = 8610,
	.mark_allow = 0x20000000,
	.mark_deny = 0x40000000,
};

static void ipv4_is_rendered_whole(void **state)
{
	char *text = ruleset_render(&usual, IP_FAMILY_V4);

	(void)state;
	assert_string_equal(text,
		"*mangle\n"
		":PODGATE - [0:0]\n"
		":PODGATE-LEARNED - [0:0]\n"
		":PODGATE-GROUPS - [0:0]\n"
		"-A PODGATE ! -p icmp -m connmark --mark 0x20000000/0x60000000 -m conntrack "
		"--ctstatus CONFIRMED -j RETURN\n"
		"-A PODGATE -p icmp -m connmark --mark 0x20000000/0x60000000 -m conntrack ! "
		"--ctstate RELATED --ctstatus CONFIRMED -j RETURN\n"
		"-A PODGATE -m connmark --mark 0x40000000/0x60000000 -m conntrack --ctstatus "
		"CONFIRMED -j DROP\n"
		"-A PODGATE -d 224.0.0.0/3 -m set --match-set podgate-groups4 dst -g "
		"PODGATE-GROUPS\n"
		"-A PODGATE ! -d 224.0.0.0/4 -m conntrack ! --ctstatus CONFIRMED --ctdir ORIGINAL "
		"-m set --match-set podgate-allowed4 src,dst,dst -m pkttype --pkt-type unicast -g "
		"PODGATE-LEARNED\n"
		"-A PODGATE -m set ! --match-set podgate-pods4 dst -m set ! --match-set "
		"podgate-pods4 src -j RETURN\n"
		"-A PODGATE ! -d 224.0.0.0/4 -m pkttype --pkt-type unicast -m conntrack ! "
		"--ctstatus CONFIRMED -j CONNMARK --set-xmark 0x20000000/0x60000000\n"
		"-A PODGATE -m conntrack --ctdir ORIGINAL -m set --match-set podgate-denied4 "
		"src,dst,dst -j DROP\n"
		"-A PODGATE -m conntrack --ctstate INVALID -j DROP\n"
		"-A PODGATE -m conntrack --ctdir REPLY -j NFQUEUE --queue-num 8612\n"
		"-A PODGATE -j NFQUEUE --queue-balance 8610:8611\n"
		"-A PODGATE-LEARNED -j CONNMARK --set-xmark 0x20000000/0x60000000\n"
		"-A PODGATE-GROUPS -d 224.0.0.0/4 -p 2 -m ttl --ttl-eq 1 -j RETURN\n"
		"-A PODGATE-GROUPS -m conntrack --ctstate INVALID -j DROP\n"
		"-A PODGATE-GROUPS -j NFQUEUE --queue-balance 8610:8611\n"
		"-I FORWARD 1 -j PODGATE\n"
		"COMMIT\n");
	free(text);
}

/* Discovery messages first; they would else be judged as untracked packets. */
static void ipv6_lets_neighbours_find_each_other(void **state)
{
	char *text = ruleset_render(&usual, IP_FAMILY_V6);
	const char *solicitation = strstr(text,
		"-A PODGATE -p ipv6-icmp -m conntrack --ctstate UNTRACKED -m icmp6 --icmpv6-type "
		"135 -m hl --hl-eq 255 -j RETURN\n");
	const char *report = strstr(text,
		"-A PODGATE -d ff02::/16 -p ipv6-icmp -m conntrack --ctstate UNTRACKED -m icmp6 "
		"--icmpv6-type 143 -m hl --hl-eq 1 -j RETURN\n");

	(void)state;
	assert_non_null(solicitation);
	assert_non_null(report);
	assert_true(report < strstr(text, "-j NFQUEUE"));
	assert_null(strstr(text, "--icmpv6-type 137")); /* redirects are no pod's business */
	assert_null(strstr(text, "--icmpv6-type 134")); /* nor is being a router */
	assert_non_null(strstr(text, "! -d ff00::/8 "));
	assert_null(strstr(text, "podgate-pods4"));
	free(text);
}

static void one_worker_needs_no_balance(void **state)
{
	struct ruleset_options options = usual;
	char *text;

	(void)state;
	options.workers = 1;
	options.queue_base = 65534;
	text = ruleset_render(&options, IP_FAMILY_V4);
	assert_null(strstr(text, "--queue-balance"));
	assert_non_null(strstr(text, "-A PODGATE -j NFQUEUE --queue-num 65534\n"));
	assert_non_null(strstr(text, "-m conntrack --ctdir REPLY -j NFQUEUE --queue-num 65535\n"));
	free(text);
}

/* iptables-save shows it behind the bypass; one queue has nothing to choose. */
static void the_cpu_chooses_among_queues(void **state)
{
	struct ruleset_options options = usual;
	char *text;

	(void)state;
	options.cpu_fanout = options.queue_bypass = true;
	text = ruleset_render(&options, IP_FAMILY_V4);
	assert_non_null(strstr(text,
		"-A PODGATE -j NFQUEUE --queue-balance 8610:8611 --queue-bypass "
		"--queue-cpu-fanout\n"));
	free(text);
	options.workers = 1;
	text = ruleset_render(&options, IP_FAMILY_V4);
	assert_null(strstr(text, "--queue-cpu-fanout"));
	free(text);
}

/* Every queue, or a packet of the forgotten one is dropped though failing open was asked for. */
static void bypass_is_on_every_queue(void **state)
{
	struct ruleset_options options = usual;
	size_t queues = 0, bypasses = 0;
	char *text;

	(void)state;
	options.queue_bypass = true;
	options.flood_rate = 1000;
	text = ruleset_render(&options, IP_FAMILY_V6);
	for (const char *at = text; (at = strstr(at, "-j NFQUEUE")) != NULL; at++)
		queues++;
	for (const char *at = text; (at = strstr(at, "--queue-bypass\n")) != NULL; at++)
		bypasses++;
	assert_int_equal(queues, 11);
	assert_int_equal(bypasses, 11);
	free(text);
}

#define BUCKET(rate, burst) \
	"-m hashlimit --hashlimit-above " rate "/sec --hashlimit-burst " burst \
	" --hashlimit-mode srcip --hashlimit-name "
#define FORGET " --hashlimit-htable-gcinterval 250 --hashlimit-htable-expire 250"

/* Behind what the kernel answers by itself, and before the queues that everybody shares. */
static void floods_have_a_queue_of_their_own(void **state)
{
	struct ruleset_options options = usual;
	char *text;

	(void)state;
	options.flood_rate = 3000;
	text = ruleset_render(&options, IP_FAMILY_V4);
	assert_non_null(strstr(text,
		"-A PODGATE -m conntrack --ctdir REPLY -j NFQUEUE --queue-num 8612\n"
		"-A PODGATE -m set --match-set podgate-pods4 src " BUCKET("3003",
			"600") "podgate-pods-3000 --hashlimit-htable-size 1024 "
			       "--hashlimit-htable-max 65536" FORGET
			       " -j NFQUEUE --queue-num 8613\n"
			       "-A PODGATE -m set ! --match-set podgate-pods4 src " BUCKET("3003",
				       "600") "podgate-others-3000 --hashlimit-htable-size 8192 "
					      "--hashlimit-htable-max 131072" FORGET
					      " -j NFQUEUE --queue-num 8613\n"
					      "-A PODGATE -m set ! --match-set podgate-pods4 "
					      "src " BUCKET("50000",
						      "9600") "podgate-all-48000 "
							      "--hashlimit-htable-size 16 "
							      "--hashlimit-htable-max 16" FORGET
							      " --hashlimit-srcmask 0 -j NFQUEUE "
							      "--queue-num 8613\n"
							      "-A PODGATE -j NFQUEUE "
							      "--queue-balance 8610:8611\n"));
	free(text);
	text = ruleset_render(&options, IP_FAMILY_V6);
	assert_non_null(strstr(text,
		"-A PODGATE -s fe80::/10 " BUCKET("3003",
			"600") "podgate-link-3000 --hashlimit-htable-size 16 "
			       "--hashlimit-htable-max 16" FORGET
			       " --hashlimit-srcmask 10 -j NFQUEUE --queue-num 8613\n"
			       "-A PODGATE ! -s fe80::/10 -m set --match-set podgate-pods6 src "));
	free(text);
}

/* The longest rule there can be is whole. */
static void long_rules_fit(void **state)
{
	struct ruleset_options options = usual;
	char *text;

	(void)state;
	options.queue_bypass = true;
	options.queue_base = 65532;
	options.flood_rate = SETTINGS_FLOOD_RATE_MOST;
	text = ruleset_render(&options, IP_FAMILY_V6);
	assert_non_null(strstr(
		text, "--hashlimit-srcmask 0 -j NFQUEUE --queue-num 65535 --queue-bypass\n"));
	assert_non_null(strstr(text, "podgate-others-50000 "));
	free(text);
}

/*
 * INPUT spares replies, which answer the host, and not what has no direction. In the listing's
 * order once both are inserted.
 */
static void host_traffic_jumps_from_input_too(void **state)
{
	struct ruleset_options options = usual;
	const char *flowless, *original;
	char *text;

	(void)state;
	options.host_traffic = true;
	text = ruleset_render(&options, IP_FAMILY_V4);
	flowless = strstr(text, "-I INPUT 1 -m conntrack --ctstate INVALID,UNTRACKED -j PODGATE\n");
	original = strstr(text, "-I INPUT 1 -m conntrack --ctdir ORIGINAL -j PODGATE\n");
	assert_non_null(flowless);
	assert_non_null(original);
	assert_true(flowless < original);
	free(text);
}

/*
 * What came in by a bridge's port: group frames are untracked, other first packets are judged
 * before they are cloned.
 */
static void bridges_have_rules_of_their_own(void **state)
{
	struct ruleset_options options = usual;
	char *text;

	(void)state;
	options.bridged = true;
	text = ruleset_render(&options, IP_FAMILY_V4);
	assert_non_null(strstr(text,
		"COMMIT\n*raw\n:PODGATE-UNTRACK - [0:0]\n"
		"-A PODGATE-UNTRACK -m set --match-set podgate-groups4 dst -j CT --notrack\n"
		"-I PREROUTING 1 -m physdev --physdev-is-in -j PODGATE-UNTRACK\nCOMMIT\n"));
	assert_non_null(strstr(text,
		"-A PODGATE-BRIDGED -m set ! --match-set podgate-near4 dst -j RETURN\n"
		"-A PODGATE-BRIDGED -m set --match-set podgate-allowed4 src,dst,dst -g "
		"PODGATE-LEARNED\n"));
	assert_non_null(strstr(text,
		"-I PREROUTING 1 -m physdev --physdev-is-in -m conntrack --ctstate NEW ! "
		"--ctstatus CONFIRMED -j PODGATE-BRIDGED\n"));
	free(text);
}

static const char foreign[] =
	"*mangle\n"
	":FORWARD ACCEPT [0:0]\n"
	":PODGATE - [0:0]\n"
	":OTHER - [0:0]\n"
	"-A FORWARD -m comment --comment \"-j PODGATE is not what I do\" -j ACCEPT\n"
	"-A FORWARD -i eth0 -m comment --comment \"it's \\\"mine\\\"\" -j PODGATE\n"
	"-A FORWARD -j OTHER\n"
	"-A FORWARD -j PODGATE\n"
	"-A PODGATE -j RETURN\n"
	"COMMIT\n";

static void old_jumps_are_deleted_word_for_word(void **state)
{
	const struct ruleset_transaction transaction = {
		.family = IP_FAMILY_V4, .now = foreign, .options = &usual, .before = ""};
	char *text = ruleset_transaction_render(&transaction);

	(void)state;
	assert_non_null(strstr(text,
		"\n-D FORWARD -i eth0 -m comment --comment \"it's \\\"mine\\\"\" -j PODGATE\n-D "
		"FORWARD -j PODGATE\n-A PODGATE"));
	assert_null(strstr(text, "not what I do"));
	assert_null(strstr(text, "OTHER"));
	free(text);
}

static void undoing_puts_back_what_was_ours(void **state)
{
	const struct ruleset_transaction transaction = {
		.family = IP_FAMILY_V4,
		.now = "*mangle\n:PODGATE - [0:0]\n-A FORWARD -j PODGATE\nCOMMIT\n",
		.before = foreign,
	};
	char *text = ruleset_transaction_render(&transaction);

	(void)state;
	assert_string_equal(text,
		"*mangle\n:PODGATE - [0:0]\n-D FORWARD -j PODGATE\n-A PODGATE -j RETURN\n"
		"-I FORWARD 2 -i eth0 -m comment --comment \"it's \\\"mine\\\"\" -j PODGATE\n"
		"-I FORWARD 4 -j PODGATE\nCOMMIT\n");
	free(text);
}

static void removing_leaves_no_chain(void **state)
{
	const struct ruleset_transaction transaction = {
		.family = IP_FAMILY_V6, .now = foreign, .before = ""};
	char *text = ruleset_transaction_render(&transaction);

	(void)state;
	assert_non_null(strstr(text, "-X PODGATE\nCOMMIT\n"));
	assert_null(strstr(text, "-A "));
	free(text);
}

static void words_are_read_as_iptables_writes_them(void **state)
{
	static struct rule_text rule;
	const char *next = rule_text_read(&rule,
		"[12:3456] -A FORWARD -m comment --comment \"a \\\"b\\\" \\\\c\" -j X\nnext");

	(void)state;
	assert_string_equal(next, "next");
	assert_int_equal(rule.packets, 12);
	assert_int_equal(rule.octets, 3456);
	assert_int_equal(rule.count, 8);
	assert_string_equal(rule.words[5], "a \"b\" \\c");
	assert_string_equal(rule_text_chain(&rule), "FORWARD");
	assert_string_equal(rule_text_target(&rule), "X");
	assert_null(rule_text_read(&rule, ":PODGATE - [0:0]\n"));
	assert_null(rule_text_chain(&rule));
	assert_null(rule_text_read(&rule, ""));
	assert_int_equal(rule.count, 0);
}

/*
 * Longer than the buffer, an open quote, no words but quotes: read to the line's end, never past
 * it.
 */
static void hostile_lines_stay_lines(void **state)
{
	static struct rule_text rule, same;
	char *text = malloc(40000);

	(void)state;
	memset(text, 'x', 40000);
	memcpy(text, "-A FORWARD \"", 12);
	text[39990] = '\n';
	text[39999] = '\0';
	assert_ptr_equal(rule_text_read(&rule, text), text + 39991);
	assert_true(rule.cut);
	rule_text_read(&same, text);
	assert_false(rule_text_equal(&rule, &same)); /* what was not read whole equals nothing */
	for (size_t i = 0; i < 39990; i++)
		text[i] = i % 2 == 0 ? 'y' : ' ';
	assert_ptr_equal(rule_text_read(&rule, text), text + 39991);
	assert_true(rule.cut);
	assert_int_equal(rule.count, RULE_WORDS_MOST);
	free(text);
	assert_string_equal(rule_text_read(&rule, "\"\\\n\"\" x"), "\"\" x");
	assert_int_equal(rule.count, 1);
}

static void versions_of_iptables_agree(void **state)
{
	static struct rule_text a, b;

	(void)state;
	rule_text_read(&a, "-A PODGATE -p ipv6-icmp -j RETURN");
	rule_text_read(&b, "-A PODGATE -p icmpv6 -j RETURN\n");
	assert_true(rule_text_equal(&a, &b));
	rule_text_read(&b, "-A PODGATE -p 58 -j RETURN");
	assert_true(rule_text_equal(&a, &b));
	rule_text_read(&b, "-A PODGATE -p tcp -j RETURN");
	assert_false(rule_text_equal(&a, &b));
	rule_text_read(&b, "-A PODGATE -p ipv6-icmp -j RETURN -x");
	assert_false(rule_text_equal(&a, &b));
	rule_text_read(&a, "-A PODGATE -p 2 -j RETURN");    /* iptables 1.8.11 */
	rule_text_read(&b, "-A PODGATE -p igmp -j RETURN"); /* 1.8.9 */
	assert_true(rule_text_equal(&a, &b));
}

static void marks_that_overlap_are_found(void **state)
{
	static const char *const touching[] = {
		"-A PREROUTING -j CONNMARK --set-xmark 0x20000000/0x20000000",
		"-A PREROUTING -j CONNMARK --set-xmark 0x1/0xffffffff",
		"-A PREROUTING -j CONNMARK --set-xmark 0x40000000/0x0", /* flips the bit */
		"-A PREROUTING -j CONNMARK --set-mark 0x1",
		"-A PREROUTING -j CONNMARK --or-mark 0x60000000",
		"-A PREROUTING -j CONNMARK --xor-mark 0x20000000",
		"-A PREROUTING -j CONNMARK --and-mark 0xffff",
		"-A PREROUTING -j CONNMARK --save-mark --nfmask 0xffffffff --ctmask 0xffffffff",
		"-A PREROUTING -j CONNMARK --save-mark --nfmask 0x40000000 --ctmask 0xff",
		"-A PREROUTING -j CONNMARK --restore-mark --nfmask 0xffffffff --ctmask 0xffffffff",
		"-A PREROUTING -j CONNMARK --restore-mark",
		"-A INPUT -m connmark --mark 0x1 -j ACCEPT",
		"-A INPUT -p tcp -m connmark ! --mark 0x0/0x60000000 -m mark --mark 0x1/0x1 -j "
		"ACCEPT",
		"-A INPUT -m mark --mark 0x1/0x1 -m connmark --mark 0x20000000/0x20000000 -j "
		"ACCEPT",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(touching) / sizeof(touching[0]); i++)
		assert_ptr_equal(mark_overlap_find(touching[i], 0x60000000), touching[i]);
}

static void other_marks_are_none_of_ours(void **state)
{
	static const char apart[] =
		"*mangle\n"
		":PREROUTING ACCEPT [0:0]\n"
		"-A PREROUTING -j CONNMARK --set-xmark 0x1/0xff\n"
		/* the packet's mark, not the connection's */
		"-A PREROUTING -j MARK --set-xmark 0x20000000/0xffffffff\n"
		"-A PREROUTING -m mark --mark 0x20000000 -j ACCEPT\n"
		"-A PREROUTING -j CONNMARK --and-mark 0xf0000000\n"
		"-A PREROUTING -j CONNMARK --or-mark 0x1\n"
		"-A PREROUTING -j CONNMARK --save-mark --nfmask 0xffff --ctmask 0xffff\n"
		"-A PREROUTING -j CONNMARK --restore-mark --nfmask 0xffffffff --ctmask 0xffff\n"
		"-A INPUT -m connmark --mark 0x1/0x1 -m mark --mark 0x20000000 -j ACCEPT\n"
		"-A INPUT -m comment --comment \"-j CONNMARK --set-mark 1\" -j ACCEPT\n"
		"-A PODGATE -m connmark --mark 0x20000000/0x60000000 -j RETURN\n"
		"COMMIT\n"
		"# Completed";

	(void)state;
	assert_null(mark_overlap_find(apart, 0x60000000));
	assert_null(mark_overlap_find("", 0x60000000));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ipv4_is_rendered_whole),
		cmocka_unit_test(ipv6_lets_neighbours_find_each_other),
		cmocka_unit_test(bridges_have_rules_of_their_own),
		cmocka_unit_test(one_worker_needs_no_balance),
		cmocka_unit_test(the_cpu_chooses_among_queues),
		cmocka_unit_test(bypass_is_on_every_queue),
		cmocka_unit_test(floods_have_a_queue_of_their_own),
		cmocka_unit_test(long_rules_fit),
		cmocka_unit_test(host_traffic_jumps_from_input_too),
		cmocka_unit_test(old_jumps_are_deleted_word_for_word),
		cmocka_unit_test(undoing_puts_back_what_was_ours),
		cmocka_unit_test(removing_leaves_no_chain),
		cmocka_unit_test(words_are_read_as_iptables_writes_them),
		cmocka_unit_test(hostile_lines_stay_lines),
		cmocka_unit_test(versions_of_iptables_agree),
		cmocka_unit_test(marks_that_overlap_are_found),
		cmocka_unit_test(other_marks_are_none_of_ours),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
