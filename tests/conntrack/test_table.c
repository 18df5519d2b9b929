/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The table against the kernel's own: what is dumped, what is marked, and what is left alone. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>

#include "conntrack/table.h"
#include "tests/support/flow_table.h"

enum { ALLOW = 0x20000000, DENY = 0x40000000, OURS = ALLOW | DENY };

struct seen {
	struct ct_entry entries[64];
	size_t count, visits;
	int answer;
};

static int collect(const struct ct_entry *entry, void *context)
{
	struct seen *seen = context;

	if (seen->count < sizeof(seen->entries) / sizeof(seen->entries[0]))
		seen->entries[seen->count++] = *entry;
	seen->visits++;
	return seen->answer;
}

static int enter(void **state)
{
	flow_table_enter();
	return ct_table_open((struct ct_table **)state);
}

static int leave(void **state)
{
	ct_table_close(*state);
	return 0;
}

static struct ct_entry only_entry(struct ct_table *table)
{
	struct seen seen = {.count = 0};
	size_t skipped = 99;

	assert_int_equal(ct_table_dump(table, collect, &seen, &skipped), 0);
	assert_int_equal(skipped, 0);
	assert_int_equal(seen.visits, 1);
	return seen.entries[0];
}

static void assert_end(const struct ip_addr *addr, const char *text)
{
	char buffer[IP_ADDR_TEXT];

	assert_string_equal(ip_addr_format(addr, buffer), text);
}

static void test_empty(void **state)
{
	struct seen seen = {.count = 0};
	size_t skipped = 99;

	assert_int_equal(ct_table_dump(*state, collect, &seen, &skipped), 0);
	assert_int_equal(seen.visits, 0);
	assert_int_equal(skipped, 0);
}

static void test_plain_tcp(void **state)
{
	struct ct_entry entry;

	flow_table_add(&(struct flow_spec){.protocol = IPPROTO_TCP,
		.src = "10.0.0.1",
		.dst = "10.0.0.2",
		.sport = 40000,
		.dport = 5432,
		.mark = 0x7});
	entry = only_entry(*state);
	assert_end(&entry.flow.src, "10.0.0.1");
	assert_end(&entry.flow.dst, "10.0.0.2");
	assert_int_equal(entry.flow.protocol, IPPROTO_TCP);
	assert_int_equal(entry.flow.src_port, 40000);
	assert_int_equal(entry.flow.dst_port, 5432);
	assert_int_equal(entry.mark, 0x7);
	assert_int_equal(entry.zone, 0);
}

/* A service: the client speaks to 10.96.0.1:80, the pod at 10.0.0.2:8080 answers. */
static void test_translated(void **state)
{
	struct ct_entry entry;

	flow_table_add(&(struct flow_spec){.protocol = IPPROTO_TCP,
		.src = "10.0.0.1",
		.dst = "10.96.0.1",
		.sport = 40000,
		.dport = 80,
		.backend = "10.0.0.2",
		.backend_port = 8080,
		.masquerade = "10.0.0.254"});
	entry = only_entry(*state);
	assert_end(&entry.flow.src, "10.0.0.1");
	assert_end(&entry.flow.dst, "10.0.0.2");
	assert_int_equal(entry.flow.dst_port, 8080);
	assert_end(&entry.original.dst, "10.96.0.1");
	assert_int_equal(entry.original.dst_port, 80);
}

/* Each protocol, family and zone can be read, and named well enough to be marked. */
static const struct flow_spec kinds[] = {
	{.protocol = IPPROTO_TCP,
		.src = "10.0.0.1",
		.dst = "10.0.0.2",
		.sport = 1,
		.dport = 80,
		.mark = 0x1},
	{.protocol = IPPROTO_UDP, .src = "10.0.0.1", .dst = "10.0.0.2", .sport = 1, .dport = 53},
	{.protocol = IPPROTO_SCTP, .src = "10.0.0.1", .dst = "10.0.0.2", .sport = 1, .dport = 132},
	{.protocol = IPPROTO_ICMP, .src = "10.0.0.1", .dst = "10.0.0.2", .icmp_id = 77},
	{.protocol = IPPROTO_GRE, .src = "10.0.0.1", .dst = "10.0.0.2", .sport = 3, .dport = 4},
	{.protocol = IPPROTO_ESP, .src = "10.0.0.1", .dst = "10.0.0.2"},
	{.protocol = IPPROTO_TCP,
		.src = "fd00::1",
		.dst = "fd00::2",
		.sport = 1,
		.dport = 80,
		.mark = 0x80000000},
	{.protocol = IPPROTO_UDP, .src = "fd00::1", .dst = "fd00::2", .sport = 1, .dport = 53},
	{.protocol = IPPROTO_ICMPV6, .src = "fd00::1", .dst = "fd00::2", .icmp_id = 78},
	{.protocol = IPPROTO_TCP,
		.src = "10.0.0.1",
		.dst = "10.0.0.2",
		.sport = 1,
		.dport = 80,
		.zone = 5},
	{.protocol = IPPROTO_TCP,
		.src = "10.0.0.1",
		.dst = "10.96.0.9",
		.sport = 9,
		.dport = 80,
		.backend = "10.0.0.3",
		.backend_port = 8080},
};
enum { KIND_COUNT = sizeof(kinds) / sizeof(kinds[0]) };

static void test_mark_every_kind(void **state)
{
	struct ct_mark marks[KIND_COUNT];
	struct seen seen = {.count = 0};
	size_t skipped, vanished = 99;

	for (size_t i = 0; i < KIND_COUNT; i++)
		flow_table_add(&kinds[i]);
	assert_int_equal(ct_table_dump(*state, collect, &seen, &skipped), 0);
	assert_int_equal(seen.count, KIND_COUNT);
	assert_int_equal(skipped, 0);
	for (size_t i = 0; i < seen.count; i++)
		marks[i] = (struct ct_mark){
			.entry = seen.entries[i], .mark = DENY, .mask = OURS, .error = 99};
	assert_int_equal(ct_table_mark(*state, marks, seen.count, &vanished), 0);
	assert_int_equal(vanished, 0);
	for (size_t i = 0; i < KIND_COUNT; i++) {
		assert_int_equal(flow_table_mark(&kinds[i]), kinds[i].mark | DENY);
		assert_int_equal(marks[i].error, 0);
	}
}

/*
 * Protocols that have none show no ports in the flow, but keep what names them in the original
 * tuple.
 */
static void test_keys_are_no_ports(void **state)
{
	struct ct_entry entry;

	flow_table_add(&kinds[4]);
	entry = only_entry(*state);
	assert_int_equal(entry.flow.protocol, IPPROTO_GRE);
	assert_int_equal(entry.flow.src_port, 0);
	assert_int_equal(entry.flow.dst_port, 0);
}

static void test_foreign_bits_stay(void **state)
{
	const struct flow_spec spec = {.protocol = IPPROTO_UDP,
		.src = "10.0.0.1",
		.dst = "10.0.0.2",
		.sport = 5,
		.dport = 6,
		.mark = 0x9abcdef5 | DENY};
	struct ct_mark mark = {.mark = 0xffffffff & ALLOW, .mask = OURS};
	size_t vanished;

	flow_table_add(&spec);
	mark.entry = only_entry(*state);
	assert_int_equal(ct_table_mark(*state, &mark, 1, &vanished), 0);
	assert_int_equal(flow_table_mark(&spec), (0x9abcdef5 & ~(uint32_t)OURS) | ALLOW);
	/* Bits outside the mask are no business of the call, even if the caller sets them. */
	mark.mark = 0xffffffff;
	mark.mask = DENY;
	assert_int_equal(ct_table_mark(*state, &mark, 1, &vanished), 0);
	assert_int_equal(flow_table_mark(&spec), 0x9abcdef5 | OURS);
}

static void test_vanished(void **state)
{
	struct ct_mark marks[KIND_COUNT];
	struct seen seen = {.count = 0};
	size_t skipped, vanished = 99;

	for (size_t i = 0; i < KIND_COUNT; i++)
		flow_table_add(&kinds[i]);
	assert_int_equal(ct_table_dump(*state, collect, &seen, &skipped), 0);
	for (size_t i = 0; i < seen.count; i++)
		marks[i] = (struct ct_mark){.entry = seen.entries[i], .mark = DENY, .mask = OURS};
	flow_table_delete(&kinds[1]);
	flow_table_delete(&kinds[8]);
	assert_int_equal(ct_table_mark(*state, marks, seen.count, &vanished), 0);
	assert_int_equal(vanished, 2);
	assert_int_equal(flow_table_count(), KIND_COUNT - 2);
	assert_int_equal(flow_table_mark(&kinds[0]), kinds[0].mark | DENY);
	for (size_t i = 0; i < seen.count; i++) {
		const uint8_t protocol = seen.entries[i].flow.protocol;
		const bool v4 = seen.entries[i].flow.src.family == IP_FAMILY_V4;
		const bool gone = (protocol == IPPROTO_UDP && v4) || protocol == IPPROTO_ICMPV6;

		assert_int_equal(marks[i].error, gone ? -ENOENT : 0);
	}
}

/*
 * More than one send's worth, and most of them gone: every refusal is read, none belongs to a wrong
 * entry.
 */
static void test_many_vanished(void **state)
{
	enum { COUNT = 6400, KEPT_OF = 64 };
	struct ct_mark *marks = calloc(COUNT, sizeof(*marks));
	struct ct_entry entry;
	size_t vanished = 99;

	assert_non_null(marks);
	flow_table_fill(1, "10.255.0.1", 80, 0);
	entry = only_entry(*state);
	for (size_t i = 0; i < COUNT; i++) {
		marks[i] = (struct ct_mark){.entry = entry, .mark = ALLOW, .mask = OURS};
		if (i % KEPT_OF != 0)
			marks[i].entry.original.src_port = 9;
	}
	assert_int_equal(ct_table_mark(*state, marks, COUNT, &vanished), 0);
	assert_int_equal(vanished, COUNT - COUNT / KEPT_OF);
	for (size_t i = 0; i < COUNT; i++)
		assert_int_equal(marks[i].error, i % KEPT_OF != 0 ? -ENOENT : 0);
	free(marks);
}

/* A mark that can't be written at all is an error; those around it are written all the same. */
static void test_refused(void **state)
{
	struct ct_mark marks[2];
	size_t vanished = 99;
	int err;

	flow_table_add(&kinds[0]);
	marks[0] = (struct ct_mark){.entry = only_entry(*state), .mark = DENY, .mask = OURS};
	marks[1] = marks[0];
	marks[0].entry.original.dst.family = IP_FAMILY_V6;
	marks[0].entry.original.src.family = IP_FAMILY_V6;
	marks[0].entry.original.protocol = IPPROTO_ICMPV6;
	marks[0].entry.icmp_type = 255;
	err = ct_table_mark(*state, marks, 2, &vanished);
	assert_int_not_equal(err, 0);
	assert_int_equal(marks[0].error, err);
	assert_int_equal(vanished, 0);
	assert_int_equal(marks[1].error, 0);
	assert_int_equal(flow_table_mark(&kinds[0]), kinds[0].mark | DENY);
}

static void test_visit_ends_dump(void **state)
{
	struct seen seen = {.answer = -ECANCELED};
	size_t skipped;

	flow_table_fill(3000, "10.255.0.1", 80, 0);
	assert_int_equal(ct_table_dump(*state, collect, &seen, &skipped), -ECANCELED);
	assert_int_equal(seen.visits, 1);
	/* And the socket is ready for the next one. */
	seen = (struct seen){.count = 0};
	assert_int_equal(ct_table_dump(*state, collect, &seen, &skipped), 0);
	assert_int_equal(seen.visits, 3000);
}

static void test_dump_marked(void **state)
{
	struct seen seen = {.count = 0};
	size_t skipped;

	flow_table_fill(500, "10.255.0.1", 80, 0);
	flow_table_add(&(struct flow_spec){.protocol = IPPROTO_TCP,
		.src = "1.0.0.1",
		.dst = "1.0.0.2",
		.sport = 1,
		.dport = 80,
		.mark = DENY | 1});
	flow_table_add(&(struct flow_spec){.protocol = IPPROTO_TCP,
		.src = "fd00::1",
		.dst = "fd00::2",
		.sport = 1,
		.dport = 80,
		.mark = OURS});
	assert_int_equal(ct_table_dump_marked(*state, DENY, DENY, collect, &seen, &skipped), 0);
	assert_int_equal(seen.visits, 2);
	seen = (struct seen){.count = 0};
	assert_int_equal(ct_table_dump_marked(*state, DENY, OURS, collect, &seen, &skipped), 0);
	assert_int_equal(seen.visits, 1);
	assert_int_equal(seen.entries[0].mark, DENY | 1);
}

struct marking {
	struct ct_table *table;
	size_t visits, vanished;
	int err;
};

static int mark_while_dumping(const struct ct_entry *entry, void *context)
{
	struct marking *marking = context;
	struct ct_mark mark = {.entry = *entry, .mark = ALLOW, .mask = OURS};

	marking->visits++;
	marking->err |= ct_table_mark(marking->table, &mark, 1, &marking->vanished);
	return 0;
}

static void tick(int signal)
{
	(void)signal;
}

/* Marking within a dump, with a signal every millisecond: each entry is still met exactly once. */
static void test_mark_within_dump_and_signals(void **state)
{
	/* no SA_RESTART: calls come back with EINTR */
	const struct sigaction action = {.sa_handler = tick};
	const struct itimerval every = {{0, 1000}, {0, 1000}}, never = {{0, 0}, {0, 0}};
	struct marking marking = {.table = *state};
	struct seen seen = {.count = 0};
	size_t skipped;

	flow_table_fill(20000, "10.255.0.1", 80, 0);
	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &every, NULL);
	assert_int_equal(ct_table_dump(*state, mark_while_dumping, &marking, &skipped), 0);
	setitimer(ITIMER_REAL, &never, NULL);
	assert_int_equal(marking.err, 0);
	assert_int_equal(marking.visits, 20000);
	assert_int_equal(ct_table_dump_marked(*state, ALLOW, OURS, collect, &seen, &skipped), 0);
	assert_int_equal(seen.visits, 20000);
}

/* A second opinion on our marks: the conntrack tool's. */
static void test_tool_agrees(void **state)
{
	struct ct_mark mark = {.mark = DENY, .mask = OURS};
	size_t vanished;
	FILE *tool;
	char line[512] = "";

	flow_table_add(&(struct flow_spec){.protocol = IPPROTO_TCP,
		.src = "10.0.0.1",
		.dst = "10.96.0.1",
		.sport = 40000,
		.dport = 80,
		.backend = "10.0.0.2",
		.backend_port = 8080,
		.mark = 0x10});
	mark.entry = only_entry(*state);
	assert_int_equal(ct_table_mark(*state, &mark, 1, &vanished), 0);
	tool = popen("conntrack -L -p tcp --orig-dst 10.96.0.1 2>/dev/null", "r");
	assert_non_null(tool);
	assert_non_null(fgets(line, sizeof(line), tool));
	pclose(tool);
	assert_non_null(strstr(line, "mark=1073741840")); /* DENY | 0x10 */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_empty, enter, leave),
		cmocka_unit_test_setup_teardown(test_plain_tcp, enter, leave),
		cmocka_unit_test_setup_teardown(test_translated, enter, leave),
		cmocka_unit_test_setup_teardown(test_mark_every_kind, enter, leave),
		cmocka_unit_test_setup_teardown(test_keys_are_no_ports, enter, leave),
		cmocka_unit_test_setup_teardown(test_foreign_bits_stay, enter, leave),
		cmocka_unit_test_setup_teardown(test_vanished, enter, leave),
		cmocka_unit_test_setup_teardown(test_many_vanished, enter, leave),
		cmocka_unit_test_setup_teardown(test_refused, enter, leave),
		cmocka_unit_test_setup_teardown(test_visit_ends_dump, enter, leave),
		cmocka_unit_test_setup_teardown(test_dump_marked, enter, leave),
		cmocka_unit_test_setup_teardown(test_mark_within_dump_and_signals, enter, leave),
		cmocka_unit_test_setup_teardown(test_tool_agrees, enter, leave),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
