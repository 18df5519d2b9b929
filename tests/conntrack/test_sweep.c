/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Sweeps over entries made by hand, in the running kernel's table: every mark that must change
 * does, and no other.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#include "conntrack/sweep.h"
#include "tests/support/flow_table.h"
#include "tests/support/shop.h"

enum { ALLOW = 0x20000000, DENY = 0x40000000, OURS = ALLOW | DENY };

struct cuts {
	struct flow flows[16];
	struct judgement judgements[16];
	size_t count;
};

static void note_cut(const struct flow *flow, const struct judgement *judgement, void *context)
{
	struct cuts *cuts = context;

	if (cuts->count < 16) {
		cuts->flows[cuts->count] = *flow;
		cuts->judgements[cuts->count] = *judgement;
	}
	cuts->count++;
}

static struct cuts cuts;
static const struct sweep_options plain = {
	.marks = {ALLOW, DENY}, .revoked = note_cut, .context = &cuts};

static int enter(void **state)
{
	flow_table_enter();
	cuts = (struct cuts){.count = 0};
	return ct_table_open((struct ct_table **)state);
}

static int leave(void **state)
{
	ct_table_close(*state);
	return 0;
}

/* Adds the flows, sweeps under `policies`, and holds each mark against the one expected. */
struct expectation {
	struct flow_spec spec;
	uint32_t mark;
};

static struct sweep_stats sweep_with(struct ct_table *table, enum shop_policies policies,
	bool audit, const struct sweep_options *options)
{
	struct snapshot *snapshot = shop_snapshot(policies, audit);
	struct sweep_stats stats;

	assert_int_equal(sweep_run(table, snapshot, options, &stats), 0);
	assert_int_equal(stats.skipped, 0);
	assert_true(stats.nanoseconds > 0);
	snapshot_free(snapshot);
	return stats;
}

static void add_all(const struct expectation *expected, size_t count)
{
	for (size_t i = 0; i < count; i++)
		flow_table_add(&expected[i].spec);
}

static void check_all(const struct expectation *expected, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const uint32_t mark = flow_table_mark(&expected[i].spec);

		if (mark != expected[i].mark)
			print_error("row %zu: %s -> %s:%u\n", i, expected[i].spec.src,
				expected[i].spec.dst, expected[i].spec.dport);
		assert_int_equal(mark, expected[i].mark);
	}
}

#define TCP(s, sp, d, dp) .protocol = IPPROTO_TCP, .src = s, .sport = sp, .dst = d, .dport = dp
#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

static void test_judges_what_touches_isolated_pods(void **state)
{
	const struct expectation rows[] = {
		{{TCP(WEB, 1, DB, 5432)}, ALLOW},
		{{TCP(WEB, 2, DB, 22)}, DENY},
		{{TCP(OTHER, 3, DB, 5432)}, DENY},
		{{TCP("192.0.2.1", 4, DB, 5432)}, DENY},
		{{TCP(DB, 5, WEB, 80)}, ALLOW}, /* db is isolated for ingress only */
		{{TCP(OTHER, 6, WEB, 80)}, 0},	/* neither end is isolated */
		{{TCP("192.0.2.1", 7, "192.0.2.2", 80)}, 0},
		{{TCP(DB, 8, DB, 22)}, ALLOW}, /* a pod reaches itself */
		{{TCP(WEB6, 9, DB6, 5432)}, ALLOW},
		{{TCP(OTHER6, 10, DB6, 5432)}, DENY},
		{{.protocol = IPPROTO_UDP, .src = WEB, .sport = 11, .dst = DB, .dport = 5432},
			DENY},
		{{.protocol = IPPROTO_SCTP, .src = WEB, .sport = 12, .dst = DB, .dport = 5432},
			DENY},
		/* the rule names ports */
		{{.protocol = IPPROTO_ICMP, .src = WEB, .dst = DB, .icmp_id = 13}, DENY},
		{{.protocol = IPPROTO_ICMPV6, .src = DB6, .dst = WEB6, .icmp_id = 14}, ALLOW},
		{{.protocol = IPPROTO_GRE, .src = WEB, .sport = 0, .dst = DB, .dport = 5432}, DENY},
		{{TCP(WEB, 1, DB, 5432), .zone = 9}, ALLOW},
		{{TCP(OTHER, 1, DB, 5432), .zone = 9, .mark = 0x11}, DENY | 0x11},
	};
	struct sweep_stats stats;

	add_all(rows, COUNT_OF(rows));
	stats = sweep_with(*state, SHOP_DB_FROM_WEB, false, &plain);
	check_all(rows, COUNT_OF(rows));
	assert_int_equal(stats.seen, 17);
	assert_int_equal(stats.judged, 15);
	assert_int_equal(stats.marked, 15);
	assert_int_equal(stats.revoked, 9);
	assert_int_equal(stats.restored, 0);
	assert_int_equal(stats.vanished, 0);
	assert_int_equal(cuts.count, 9);

	/* A second sweep by the same policies finds nothing to do, and cuts nothing twice. */
	stats = sweep_with(*state, SHOP_DB_FROM_WEB, false, &plain);
	check_all(rows, COUNT_OF(rows));
	assert_int_equal(stats.judged, 15);
	assert_int_equal(stats.marked, 0);
	assert_int_equal(stats.revoked, 0);
	assert_int_equal(cuts.count, 9);
}

/* Ends are judged by who they are, not by what NAT made of them. */
static void test_sees_through_nat(void **state)
{
	const struct expectation rows[] = {
		{{TCP(WEB, 1, "10.96.0.1", 80), .backend = DB, .backend_port = 5432}, ALLOW},
		{{TCP(OTHER, 2, "10.96.0.1", 80), .backend = DB, .backend_port = 5432}, DENY},
		{{TCP(WEB, 3, "10.96.0.1", 5432), .backend = DB, .backend_port = 80}, DENY},
		{{TCP(WEB, 4, "10.96.0.1", 80), .backend = DB, .backend_port = 5432,
			 .masquerade = "10.0.0.254"},
			ALLOW}, /* who asks is web, whoever db believes it to be */
		{{TCP(DB, 5, "10.96.0.1", 80), .backend = DB, .backend_port = 80,
			 .masquerade = "10.0.0.254"},
			ALLOW}, /* a pod reaches itself through a service */
		{{TCP("192.0.2.1", 6, "203.0.113.1", 80), .backend = DB, .backend_port = 5432},
			DENY},
		/* it never gets to db */
		{{TCP(OTHER, 7, DB, 5432), .backend = WEB, .backend_port = 80}, 0},
	};

	add_all(rows, COUNT_OF(rows));
	sweep_with(*state, SHOP_DB_FROM_WEB, false, &plain);
	check_all(rows, COUNT_OF(rows));
}

static void test_egress_behind_masquerade(void **state)
{
	const struct expectation rows[] = {
		{{TCP(WEB, 1, "203.0.113.1", 443), .masquerade = "192.0.2.254"}, DENY},
		{{TCP(OTHER, 2, "203.0.113.1", 443), .masquerade = "192.0.2.254"}, 0},
		{{TCP(WEB, 3, OTHER, 443)}, ALLOW},
		/* web answers it: no egress of its own */
		{{TCP("203.0.113.1", 4, WEB, 443)}, ALLOW},
		{{TCP(WEB6, 5, "2001:db8::1", 443)}, DENY},
	};

	add_all(rows, COUNT_OF(rows));
	sweep_with(*state, SHOP_WEB_TO_PODS, false, &plain);
	check_all(rows, COUNT_OF(rows));
}

static void test_revokes_and_restores(void **state)
{
	const struct flow_spec flow = {TCP(WEB, 1, DB, 5432), .mark = ALLOW | 0x5};
	struct sweep_stats stats;
	char text[IP_ADDR_TEXT];

	flow_table_add(&flow);
	stats = sweep_with(*state, SHOP_DB_CLOSED, false, &plain);
	assert_int_equal(flow_table_mark(&flow), DENY | 0x5);
	assert_int_equal(stats.revoked, 1);
	assert_int_equal(cuts.count, 1);
	assert_string_equal(ip_addr_format(&cuts.flows[0].src, text), WEB);
	assert_int_equal(cuts.flows[0].dst_port, 5432);
	assert_int_equal(cuts.judgements[0].verdict, VERDICT_DENY);
	assert_int_equal(cuts.judgements[0].sides[DIRECTION_INGRESS], SIDE_DENIED);

	stats = sweep_with(*state, SHOP_DB_FROM_WEB, false, &plain);
	assert_int_equal(flow_table_mark(&flow), ALLOW | 0x5);
	assert_int_equal(stats.restored, 1);
	assert_int_equal(stats.revoked, 0);
	assert_int_equal(cuts.count, 1);
}

/* Both bits at once match none of the rules: whoever wrote that, a sweep settles it. */
static void test_settles_both_bits(void **state)
{
	const struct expectation rows[] = {
		{{TCP(WEB, 1, DB, 5432), .mark = OURS}, ALLOW},
		{{TCP(OTHER, 2, DB, 5432), .mark = OURS}, DENY},
		{{TCP(OTHER, 3, WEB, 80), .mark = OURS | 8}, 8},
	};
	struct sweep_stats stats;

	add_all(rows, COUNT_OF(rows));
	stats = sweep_with(*state, SHOP_DB_FROM_WEB, false, &plain);
	check_all(rows, COUNT_OF(rows));
	assert_int_equal(stats.revoked, 0); /* it carried DENY before */
	assert_int_equal(stats.restored, 2);
}

static void test_clears_denials_of_open_pods(void **state)
{
	const struct expectation rows[] = {
		{{TCP(OTHER, 1, DB, 5432), .mark = DENY | 0x100}, 0x100},
		/* true then and true now: not worth a message */
		{{TCP(WEB, 2, DB, 5432), .mark = ALLOW}, ALLOW},
		{{TCP(WEB, 3, OTHER, 80), .mark = 0x100}, 0x100},
	};
	struct sweep_stats stats;

	add_all(rows, COUNT_OF(rows));
	stats = sweep_with(*state, SHOP_OPEN, false, &plain);
	check_all(rows, COUNT_OF(rows));
	assert_int_equal(stats.judged, 0);
	assert_int_equal(stats.marked, 1);
	assert_int_equal(stats.restored, 1);
}

static void test_audit_lets_pass(void **state)
{
	const struct expectation rows[] = {
		{{TCP(OTHER, 1, DB, 5432)}, ALLOW},
		{{TCP(OTHER, 2, DB, 5432), .mark = DENY}, ALLOW},
	};

	add_all(rows, COUNT_OF(rows));
	sweep_with(*state, SHOP_DB_FROM_WEB, true, &plain);
	check_all(rows, COUNT_OF(rows));
	assert_int_equal(cuts.count, 0);
}

static void test_gateway_itself(void **state)
{
	const struct expectation untouched[] = {
		{{TCP(WEB, 1, "172.16.0.254", 53)}, 0}, /* pod to gateway */
		{{TCP("10.0.0.254", 2, DB, 22)}, 0},	/* a probe of the node's */
		/* denied once, by whatever mistake */
		{{TCP("fd00::fe", 3, DB6, 22), .mark = DENY}, 0},
		{{TCP(WEB, 4, "203.0.113.1", 443)}, DENY},
	};
	const struct expectation judged[] = {
		{{TCP(WEB, 1, "172.16.0.254", 53)}, DENY},
		{{TCP("10.0.0.254", 2, DB, 22)}, 0},
		{{TCP("fd00::fe", 3, DB6, 22)}, 0},
	};
	const struct sweep_options host_traffic = {.marks = {ALLOW, DENY}, .host_traffic = true};

	flow_table_run("ip address add 10.0.0.254/24 dev lo && ip address add 172.16.0.254 peer "
		       "172.16.0.1 dev lo");
	flow_table_run("ip address add fd00::fe/64 dev lo");
	add_all(untouched, COUNT_OF(untouched));
	sweep_with(*state, SHOP_WEB_TO_PODS, false, &plain);
	check_all(untouched, COUNT_OF(untouched));
	sweep_with(*state, SHOP_WEB_TO_PODS, false, &host_traffic);
	check_all(judged, COUNT_OF(judged));
	/* db takes nothing from anybody, but the node's probes are not anybody. */
	sweep_with(*state, SHOP_DB_CLOSED, false, &host_traffic);
	assert_int_equal(flow_table_mark(&judged[1].spec), 0);
	assert_int_equal(flow_table_mark(&judged[2].spec), 0);
}

static void flush_table(const struct flow *flow, const struct judgement *judgement, void *context)
{
	size_t *calls = context;

	(void)flow;
	(void)judgement;
	if ((*calls)++ == 0)
		flow_table_run("conntrack -F >/dev/null 2>&1");
}

/*
 * The whole table is emptied when the first flow is cut: what was read but not yet marked has
 * vanished, and is not told as cut.
 */
static void test_entries_vanish_meanwhile(void **state)
{
	size_t calls = 0;
	const struct sweep_options options = {
		.marks = {ALLOW, DENY}, .revoked = flush_table, .context = &calls};
	struct sweep_stats stats;

	flow_table_fill(3000, DB, 5432, 0);
	stats = sweep_with(*state, SHOP_DB_FROM_WEB, false, &options);
	assert_int_equal(flow_table_count(), 0);
	assert_true(stats.vanished > 0);
	assert_true(stats.seen < 3000);
	assert_int_equal(stats.revoked, calls);
	assert_int_equal(stats.judged, stats.marked + stats.vanished);
}

struct tally {
	size_t allow, deny, none, foreign;
};

static int tally(const struct ct_entry *entry, void *context)
{
	struct tally *counts = context;

	counts->allow += (entry->mark & OURS) == ALLOW;
	counts->deny += (entry->mark & OURS) == DENY;
	counts->none += (entry->mark & OURS) == 0;
	counts->foreign += (entry->mark & ~(uint32_t)OURS) != 0;
	return 0;
}

static struct tally count_marks(struct ct_table *table)
{
	struct tally counts = {.allow = 0};
	size_t skipped;

	assert_int_equal(ct_table_dump(table, tally, &counts, &skipped), 0);
	return counts;
}

/*
 * The sources are 10.0.0.0 upwards (every fourth 11.x.y.z): web, db and other are among them once
 * in each filling.
 */
static void test_hundred_thousand(void **state)
{
	const struct flow_spec kept = {TCP(WEB, 1, DB, 5432)};
	struct sweep_stats stats;
	struct tally counts;
	size_t cleared;

	flow_table_fill(60000, DB, 5432, 4);
	flow_table_fill(40000, "192.0.2.7", 80, 0);
	assert_int_equal(flow_table_count(), 100000);
	stats = sweep_with(*state, SHOP_DB_FROM_WEB, false, &plain);
	assert_int_equal(stats.seen, 100000);
	/* and one that comes from db's own address, 10.0.0.2 */
	assert_int_equal(stats.judged, 60000 + 1);
	counts = count_marks(*state);
	assert_int_equal(counts.none, 40000 - 1);
	assert_int_equal(counts.allow, 3); /* from web, from db to itself, from db to the outside */
	assert_int_equal(counts.deny, 60000 - 2);
	assert_int_equal(cuts.count, counts.deny);

	flow_table_add(&kept);
	sweep_with(*state, SHOP_DB_CLOSED, false, &plain);
	assert_int_equal(flow_table_mark(&kept), DENY);
	assert_int_equal(sweep_clear(*state, plain.marks, &cleared), 0);
	assert_int_equal(cleared, 60000 + 2);
	assert_int_equal(count_marks(*state).none, 100001);
}

static void test_clear_leaves_the_rest(void **state)
{
	const struct expectation rows[] = {
		{{TCP(WEB, 1, DB, 1), .mark = ALLOW}, 0},
		{{TCP(WEB, 2, DB, 2), .mark = DENY | 0x80000001}, 0x80000001},
		{{TCP(WEB, 3, DB, 3), .mark = OURS | 0x1fffffff}, 0x1fffffff},
		{{TCP(WEB6, 4, DB6, 4), .mark = DENY}, 0},
		{{TCP(WEB, 5, DB, 5), .mark = 0x80000000}, 0x80000000},
	};
	size_t cleared = 99;

	add_all(rows, COUNT_OF(rows));
	assert_int_equal(sweep_clear(*state, plain.marks, &cleared), 0);
	check_all(rows, COUNT_OF(rows));
	assert_int_equal(cleared, 4);
	assert_int_equal(sweep_clear(*state, plain.marks, &cleared), 0);
	assert_int_equal(cleared, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			test_judges_what_touches_isolated_pods, enter, leave),
		cmocka_unit_test_setup_teardown(test_sees_through_nat, enter, leave),
		cmocka_unit_test_setup_teardown(test_egress_behind_masquerade, enter, leave),
		cmocka_unit_test_setup_teardown(test_revokes_and_restores, enter, leave),
		cmocka_unit_test_setup_teardown(test_settles_both_bits, enter, leave),
		cmocka_unit_test_setup_teardown(test_clears_denials_of_open_pods, enter, leave),
		cmocka_unit_test_setup_teardown(test_audit_lets_pass, enter, leave),
		cmocka_unit_test_setup_teardown(test_gateway_itself, enter, leave),
		cmocka_unit_test_setup_teardown(test_entries_vanish_meanwhile, enter, leave),
		cmocka_unit_test_setup_teardown(test_hundred_thousand, enter, leave),
		cmocka_unit_test_setup_teardown(test_clear_leaves_the_rest, enter, leave),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
