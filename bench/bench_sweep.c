/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * A sweep over a full flow table, in a network namespace of its own (needs root): how long to dump
 * it, to dump and judge it when no mark changes, and to rewrite every mark; the median of several
 * rounds. And, for comparison, the same dump decoded by libnetfilter_conntrack.
 *
 * 	bench_sweep [ENTRIES [ROUNDS]]		100 000 entries, 7 rounds
 *
 * A table of a million needs net.netfilter.nf_conntrack_max above that in the initial network
 * namespace.
 */

#include <err.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <libmnl/libmnl.h>
#include <libnetfilter_conntrack/libnetfilter_conntrack.h>
#include <linux/netfilter/nfnetlink.h>

#include "conntrack/sweep.h"
#include "kernel/netlink/netlink.h"
#include "tests/support/flow_table.h"
#include "tests/support/shop.h"

enum { ROUNDS_MOST = 99 };

static const struct sweep_options options = {.marks = {0x20000000, 0x40000000}};

static double now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static int order(const void *pa, const void *pb)
{
	const double *a = pa, *b = pb;

	return (*a > *b) - (*a < *b);
}

static void report(const char *what, double *times, size_t rounds, size_t entries)
{
	qsort(times, rounds, sizeof(times[0]), order);
	printf("%-44s %9.1f ms   %6.2f us an entry   (%.1f .. %.1f)\n", what, times[rounds / 2],
		times[rounds / 2] * 1e3 / (double)entries, times[0], times[rounds - 1]);
}

static int count_message(const struct nlmsghdr *message, void *context)
{
	(void)message;
	++*(size_t *)context;
	return 0;
}

static int parse_by_library(const struct nlmsghdr *message, void *context)
{
	struct nf_conntrack *ct = nfct_new();

	if (ct == NULL || nfct_nlmsg_parse(message, ct) != 0)
		errx(1, "nfct_nlmsg_parse");
	++*(size_t *)context;
	nfct_destroy(ct);
	return 0;
}

static int count_entry(const struct ct_entry *entry, void *context)
{
	(void)entry;
	++*(size_t *)context;
	return 0;
}

static void dump_raw(netlink_visit *visit, size_t entries)
{
	char buffer[64] __attribute__((aligned(MNL_ALIGNTO)));
	struct nlmsghdr *request = mnl_nlmsg_put_header(buffer);
	struct nfgenmsg *header = mnl_nlmsg_put_extra_header(request, sizeof(*header));
	struct mnl_socket *socket = mnl_socket_open(NETLINK_NETFILTER);
	size_t count = 0;

	header->nfgen_family = AF_UNSPEC;
	request->nlmsg_type = NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_GET;
	request->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	if (socket == NULL || mnl_socket_bind(socket, 0, MNL_SOCKET_AUTOPID) < 0 ||
		netlink_ask(socket, request, visit, &count, NULL) != 0 || count != entries)
		errx(1, "the dump gave %zu of %zu entries", count, entries);
	mnl_socket_close(socket);
}

static void dump_decoded(struct ct_table *table, size_t entries)
{
	size_t count = 0, skipped;

	if (ct_table_dump(table, count_entry, &count, &skipped) != 0 || count != entries)
		errx(1, "the dump gave %zu of %zu entries", count, entries);
}

static void sweep(struct ct_table *table, const struct snapshot *snapshot, size_t marks)
{
	struct sweep_stats stats;

	if (sweep_run(table, snapshot, &options, &stats) != 0 || stats.marked != marks)
		errx(1, "%zu marks were written, not %zu", stats.marked, marks);
}

static void clear(struct ct_table *table, size_t marks)
{
	size_t cleared;

	if (sweep_clear(table, options.marks, &cleared) != 0 || cleared != marks)
		errx(1, "%zu marks were cleared, not %zu", cleared, marks);
}

static void measure(
	struct ct_table *table, const struct snapshot *snapshot, size_t entries, size_t rounds)
{
	static double raw[ROUNDS_MOST], library[ROUNDS_MOST], decoded[ROUNDS_MOST],
		all[ROUNDS_MOST], none[ROUNDS_MOST], cleared[ROUNDS_MOST];

	for (size_t i = 0; i < rounds; i++) {
		const double start = now_ms();

		dump_raw(count_message, entries);
		raw[i] = now_ms() - start;
		dump_raw(parse_by_library, entries);
		library[i] = now_ms() - start - raw[i];
	}
	for (size_t i = 0; i < rounds; i++) {
		double start = now_ms();

		dump_decoded(table, entries);
		decoded[i] = now_ms() - start;
		start = now_ms();
		sweep(table, snapshot, entries);
		all[i] = now_ms() - start;
		start = now_ms();
		sweep(table, snapshot, 0);
		none[i] = now_ms() - start;
		start = now_ms();
		clear(table, entries);
		cleared[i] = now_ms() - start;
	}
	report("dump, not decoded", raw, rounds, entries);
	report("dump, decoded by libnetfilter_conntrack", library, rounds, entries);
	report("dump, decoded", decoded, rounds, entries);
	report("sweep: dump, judge, no mark changes", none, rounds, entries);
	report("sweep: dump, judge, every mark changes", all, rounds, entries);
	report("clear every mark", cleared, rounds, entries);
}

int main(int argc, char **argv)
{
	const size_t entries = argc > 1 ? strtoul(argv[1], NULL, 10) : 100000;
	const size_t rounds = argc > 2 ? strtoul(argv[2], NULL, 10) : 7;
	struct snapshot *snapshot;
	struct ct_table *table;

	if (argc > 3 || entries == 0 || entries > 1 << 24 || rounds == 0 || rounds > ROUNDS_MOST)
		errx(2, "usage: bench_sweep [ENTRIES [ROUNDS]], at most %d and %d", 1 << 24,
			ROUNDS_MOST);
	flow_table_enter();
	snapshot = shop_snapshot(SHOP_DB_FROM_WEB, false);
	if (ct_table_open(&table) != 0)
		errx(1, "ctnetlink is not to be had");
	flow_table_fill(entries, DB, 5432, 0);
	printf("%zu entries, %zu rounds, medians:\n", entries, rounds);
	measure(table, snapshot, entries, rounds);
	ct_table_close(table);
	snapshot_free(snapshot);
	return 0;
}
