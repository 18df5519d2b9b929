/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "conntrack/sweep.h"

#include <stdlib.h>
#include <time.h>

#include "conntrack/jurisdiction.h"

enum { BATCH = 256 };

struct sweep {
	struct ct_table *table;
	struct jurisdiction jurisdiction;
	const struct sweep_options *options;
	const struct sweep_end *ends; /* NULL: the whole table */
	size_t end_count;
	struct sweep_stats *stats;
	int refused; /* the first refusal of a mark: told in the end, but no reason to stop */
	size_t pending;
	struct ct_mark marks[BATCH];
	/* one for each mark; of no meaning where nothing was judged */
	struct judgement judgements[BATCH];
};

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000U + (uint64_t)now.tv_nsec;
}

/* A mark that was written: counted, and told when it cuts a flow. */
static void account(
	struct sweep *sweep, const struct ct_mark *mark, const struct judgement *judgement)
{
	const uint32_t deny = sweep->options->marks.deny;

	sweep->stats->marked++;
	if ((mark->entry.mark & deny) && !(mark->mark & deny))
		sweep->stats->restored++;
	if ((mark->entry.mark & deny) || !(mark->mark & deny))
		return;
	sweep->stats->revoked++;
	if (sweep->options->revoked != NULL)
		sweep->options->revoked(&mark->entry.flow, judgement, sweep->options->context);
}

static void flush(struct sweep *sweep)
{
	size_t vanished = 0;
	const int err = ct_table_mark(sweep->table, sweep->marks, sweep->pending, &vanished);

	if (sweep->refused == 0)
		sweep->refused = err;
	sweep->stats->vanished += vanished;
	for (size_t i = 0; i < sweep->pending; i++)
		if (sweep->marks[i].error == 0)
			account(sweep, &sweep->marks[i], &sweep->judgements[i]);
	sweep->pending = 0;
}

static void set_mark(struct sweep *sweep, const struct ct_entry *entry, uint32_t mark,
	struct judgement judgement)
{
	const uint32_t mask = sweep->options->marks.allow | sweep->options->marks.deny;

	if ((entry->mark & mask) == mark)
		return;
	sweep->marks[sweep->pending] = (struct ct_mark){
		.entry = *entry, .mark = mark, .mask = mask};
	sweep->judgements[sweep->pending] = judgement;
	if (++sweep->pending == BATCH)
		flush(sweep);
}

static void note_marked(const struct sweep *sweep, const struct ct_entry *entry)
{
	if (sweep->options->marked != NULL)
		sweep->options->marked(&entry->flow, sweep->options->context);
}

static int judge(const struct ct_entry *entry, void *context)
{
	struct sweep *sweep = context;
	const struct sweep_marks marks = sweep->options->marks;
	struct judgement judgement = {.verdict = VERDICT_ALLOW};

	sweep->stats->seen++;
	if ((entry->mark & (marks.allow | marks.deny)) != 0)
		note_marked(sweep, entry);
	if (!jurisdiction_isolates(&sweep->jurisdiction, &entry->flow) ||
		!jurisdiction_gates(&sweep->jurisdiction, &entry->flow)) {
		/* An earlier version marked flows to groups. */
		if ((entry->mark &
			    (marks.deny |
				    (ip_addr_is_group(&entry->flow.dst) ? marks.allow : 0))) != 0)
			set_mark(sweep, entry, 0, judgement);
		return 0;
	}
	sweep->stats->judged++;
	note_marked(sweep, entry);
	judgement = snapshot_judge(sweep->jurisdiction.snapshot, &entry->flow);
	set_mark(sweep, entry, judgement.verdict == VERDICT_DENY ? marks.deny : marks.allow,
		judgement);
	return 0;
}

/* Judges the entry if it has one of the ends. */
static int judge_end(const struct ct_entry *entry, void *context)
{
	const struct sweep *sweep = context;

	for (size_t i = 0; i < sweep->end_count; i++)
		if (ip_addr_equal(&sweep->ends[i].addr,
			    sweep->ends[i].end == FLOW_SOURCE ? &entry->flow.src
							      : &entry->flow.dst))
			return judge(entry, context);
	return 0;
}

/* A dump for each end of IPv4, and one for all of IPv6. */
static int dump_ends(struct sweep *sweep)
{
	size_t skipped = 0;
	bool ipv6 = false;
	int err = 0;

	for (size_t i = 0; err == 0 && i < sweep->end_count; i++) {
		const struct sweep_end *end = &sweep->ends[i];

		if (end->addr.family == IP_FAMILY_V6) {
			ipv6 = true;
			continue;
		}
		err = ct_table_dump_end(
			sweep->table, &end->addr, end->end, judge_end, sweep, &skipped);
		sweep->stats->skipped += skipped;
	}
	if (err == 0 && ipv6) {
		err = ct_table_dump_ipv6(sweep->table, judge_end, sweep, &skipped);
		sweep->stats->skipped += skipped;
	}
	return err;
}

static int run(struct sweep *sweep)
{
	const int err = sweep->ends != NULL
		? dump_ends(sweep)
		: ct_table_dump(sweep->table, judge, sweep, &sweep->stats->skipped);

	if (sweep->pending > 0)
		flush(sweep);
	return err != 0 ? err : sweep->refused;
}

int sweep_run(struct ct_table *table, const struct snapshot *snapshot,
	const struct sweep_options *options, struct sweep_stats *stats)
{
	return sweep_run_ends(table, snapshot, options, NULL, 0, stats);
}

int sweep_run_ends(struct ct_table *table, const struct snapshot *snapshot,
	const struct sweep_options *options, const struct sweep_end *ends, size_t count,
	struct sweep_stats *stats)
{
	const uint64_t start = now_ns();
	struct local_addrs *local = NULL;
	struct sweep sweep = {
		.table = table,
		.jurisdiction = {.snapshot = snapshot, .host_traffic = options->host_traffic},
		.options = options,
		.ends = ends,
		.end_count = count,
		.stats = stats,
	};
	int err;

	*stats = (struct sweep_stats){.seen = 0};
	err = local_addrs_read(&local);
	if (err == 0) {
		sweep.jurisdiction.local = local;
		err = run(&sweep);
		local_addrs_free(local);
	}
	stats->nanoseconds = now_ns() - start;
	return err;
}

struct clearing {
	struct ct_table *table;
	uint32_t mask;
	size_t cleared, pending;
	int refused;
	struct ct_mark marks[BATCH];
};

static void flush_cleared(struct clearing *clearing)
{
	size_t vanished = 0;
	const int err = ct_table_mark(
		clearing->table, clearing->marks, clearing->pending, &vanished);

	if (clearing->refused == 0)
		clearing->refused = err;
	for (size_t i = 0; i < clearing->pending; i++)
		clearing->cleared += clearing->marks[i].error == 0;
	clearing->pending = 0;
}

static int clear(const struct ct_entry *entry, void *context)
{
	struct clearing *clearing = context;

	clearing->marks[clearing->pending] = (struct ct_mark){
		.entry = *entry, .mask = clearing->mask};
	if (++clearing->pending == BATCH)
		flush_cleared(clearing);
	return 0;
}

/* The kernel can sift by "this bit is set", not by "one of these": a dump for each bit. */
int sweep_clear(struct ct_table *table, struct sweep_marks marks, size_t *cleared)
{
	struct clearing clearing = {.table = table, .mask = marks.allow | marks.deny};
	size_t skipped;
	int err = ct_table_dump_marked(table, marks.allow, marks.allow, clear, &clearing, &skipped);

	flush_cleared(&clearing);
	if (err == 0)
		err = ct_table_dump_marked(
			table, marks.deny, marks.deny, clear, &clearing, &skipped);
	flush_cleared(&clearing);
	*cleared = clearing.cleared;
	return err != 0 ? err : clearing.refused;
}
