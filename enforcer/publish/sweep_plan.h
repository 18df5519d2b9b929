/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ENFORCER_PUBLISH_SWEEP_PLAN_H
#define ENFORCER_PUBLISH_SWEEP_PLAN_H

/*
 * Which live flows are still to be judged, and when. New flows are judged by a change as soon as it
 * is published; live ones follow, at a pace that keeps sweeping under a share of one CPU.
 *
 * A change touches addresses. Of these, only such matter as may be an end of a flow that carries a
 * mark (gate/presence.h): each packet of a live flow without a mark is judged until a sweep has
 * marked the flow. A few ends are swept one by one, for which the kernel walks through its hash
 * table each time; if all of them take longer than a sweep of the whole table, that is done.
 *
 * Addresses that the change newly isolates may have flows that no worker has seen. These have no
 * mark, so the policies hold for them, but each of their packets pays for the trip to userspace. A
 * sweep of the whole table ends that: with the change when it is short, and else not too often.
 *
 * One sweep runs at a time. A change that is published meanwhile waits for its end: the sweep
 * judges by older policies, and notes the ends of the flows that it marks.
 *
 * A plan holds no clock and does no work: the publisher asks it. One thread at a time.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "conntrack/sweep.h"
#include "enforcer/gate/presence.h"
#include "policy/compile/touched.h"

/* A published change whose live flows are not all judged yet. */
struct waiting_change {
	uint64_t revision;
	/* the publisher's: when it was seen (CLOCK_MONOTONIC), and what each step took */
	uint64_t seen_ns, read_ns, wait_ns, compile_ns, publish_ns, judged_ns;
	bool begun; /* the sweep under way is for it, too */
};

enum {
	SWEEP_ENDS_MOST = 8,
	WAITING_MOST = 64, /* more are taken for one, which began with the first of them */
};

struct sweep_plan {
	const struct presence *presence;
	unsigned int cpu_share; /* percent of one CPU, 1 to 100 */
	uint64_t interval_ns; /* between two sweeps of the whole table; 0: none without a reason */

	struct touched ends;   /* addresses whose flows are to be judged */
	struct touched beside; /* addresses that changes touched while a sweep was running */
	bool all;	       /* all flows are to be judged */
	bool unmarked;	       /* flows without a mark are to be judged some time */

	bool running;
	uint64_t ended_ns, took_ns;	    /* the last sweep */
	uint64_t all_ended_ns, all_took_ns; /* the last one of the whole table */
	uint64_t end_took_ns;		    /* each end of the last one of ends; 0: none was */
	size_t running_ends;

	struct waiting_change waiting[WAITING_MOST];
	size_t waiting_count;
};

/*
 * A change was published that touches `touched`; it isolates addresses that were not isolated
 * before if `isolates_more`. Returns whether no live flow is to be judged for it: it is done. Else
 * it waits, and sweep_plan_end() tells of it.
 */
bool sweep_plan_change(struct sweep_plan *plan, const struct touched *touched, bool isolates_more,
	const struct waiting_change *change);
/* All flows were judged at the start. */
void sweep_plan_swept(struct sweep_plan *plan, uint64_t took_ns, uint64_t now_ns);
/* All flows are to be judged: some may have passed unjudged, or a sweep failed. */
void sweep_plan_want_all(struct sweep_plan *plan);

/* How long until a sweep is to begin: 0, now; SWEEP_PLAN_NEVER: none is planned, or one is running.
 */
#define SWEEP_PLAN_NEVER UINT64_MAX
uint64_t sweep_plan_wait_ns(const struct sweep_plan *plan, uint64_t now_ns);
/*
 * A sweep begins now; it is of the whole table when this returns 0, else of so many `ends`. It is
 * to judge by the snapshot in force.
 */
size_t sweep_plan_begin(struct sweep_plan *plan, struct sweep_end ends[SWEEP_ENDS_MOST]);
/*
 * It has ended; `failed`: it may have missed flows. Moves the changes that are done with it to
 * `done`, which has room for WAITING_MOST, and returns how many there are.
 */
size_t sweep_plan_end(struct sweep_plan *plan, bool failed, uint64_t took_ns, uint64_t now_ns,
	struct waiting_change *done);

void sweep_plan_deinit(struct sweep_plan *plan);

#endif
