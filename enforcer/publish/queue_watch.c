/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "enforcer/publish/queue_watch.h"

#include <stdlib.h>

#include "process/log.h"

#define NS_PER_S 1000000000ULL

/* between two sweeps while packets are held: with a tick and the sweep, below a second */
#define HELD_SWEEP_NS 500000000ULL

void queue_watch_policies_changed(struct queue_watch *watch, uint64_t now_ns)
{
	held_packets_begin(&watch->held);
	watch->held_since_ns = now_ns;
	watch->holding_logged = false;
}

void queue_watch_resume(struct queue_watch *watch)
{
	watch->looked = false;
}

/* There may be more that passed until a look finds no new sign. Before the first look is a sweep.
 */
static bool look_for_overflow(struct queue_watch *watch, uint64_t full_bursts, uint64_t missed)
{
	const bool overflowed = watch->looked && watch->queue_full_open &&
		(full_bursts > watch->full_bursts || missed > watch->missed);

	watch->full_bursts = full_bursts;
	if (!watch->looked || missed > watch->missed)
		watch->missed = missed;
	watch->looked = true;
	if (overflowed && !watch->overflowing) {
		watch->overflows++;
		log_warnx("a queue ran full: new flows may have passed unjudged (queue_full: "
			  "open), so all are judged now");
	}
	watch->overflowing = overflowed;
	return overflowed;
}

static bool look_at_workers(struct queue_watch *watch, uint64_t now_ns)
{
	const unsigned int workers = gate_worker_count(watch->gate);
	uint64_t drops[2] = {0}, replies = 0, full_bursts = 0, missed = 0, gone = 0;
	bool sweep;

	for (unsigned int i = 0; i < workers; i++) {
		const enum gate_role role = gate_role(watch->gate, i);
		struct worker_stats stats;

		gate_stats(watch->gate, i, &stats);
		drops[role == GATE_FLOOD] += stats.kernel_dropped + stats.user_dropped;
		full_bursts += stats.full_bursts;
		missed += stats.missed;
		gone += stats.gone;
		if (role == GATE_REPLY)
			replies = stats.packets - stats.reports;
	}
	sweep = replies != watch->reply_packets;
	watch->reply_packets = replies;
	if (look_for_overflow(watch, full_bursts, missed)) {
		sweep = true;
		queue_watch_policies_changed(watch, now_ns);
	}
	if (gone > watch->gone)
		log_warnx("the kernel dropped packets that waited for a verdict (%llu verdicts "
			  "came too late): their interface or bridge port went, or a rule with the "
			  "target CT or an nft ct object was removed",
			(unsigned long long)(gone - watch->gone));
	watch->gone = gone;
	for (int flood = 0; flood < 2; flood++) {
		if (drops[flood] > watch->kernel_drops[flood])
			verdict_log_overload(
				watch->log, flood, drops[flood] - watch->kernel_drops[flood]);
		watch->kernel_drops[flood] = drops[flood];
	}
	return sweep;
}

/*
 * While another program may hold packets, all flows are judged every second; and once more after it
 * has released them, at the next tick: their flows are in the flow table by then.
 */
static bool look_at_held(struct queue_watch *watch, uint64_t swept_ns, uint64_t now_ns)
{
	const bool released = watch->holding && watch->held.rounds == 0;
	char *table;

	if (released)
		watch->holding = false;
	if (watch->held.rounds == 0 || gate_read_queues(watch->gate, &table) != 0)
		return released;
	if (held_packets_look(&watch->held, table, gate_queue(watch->gate, 0),
		    gate_worker_count(watch->gate)) &&
		watch->held.begun)
		watch->holding = true;
	free(table);
	if (watch->holding && !watch->holding_logged && now_ns - watch->held_since_ns >= NS_PER_S) {
		watch->holding_logged = true;
		log_info("another program's NFQUEUE holds packets since the last change: all flows "
			 "are judged every second until it was seen empty");
	}
	return released || (watch->holding && now_ns - swept_ns >= HELD_SWEEP_NS);
}

bool queue_watch_look(struct queue_watch *watch, uint64_t swept_ns, uint64_t now_ns)
{
	const bool by_workers = look_at_workers(watch, now_ns);

	return look_at_held(watch, swept_ns, now_ns) || by_workers;
}
