/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ENFORCER_PUBLISH_PUBLISH_STATS_H
#define ENFORCER_PUBLISH_PUBLISH_STATS_H

/*
 * What the publisher has done and found: figures for status and metrics, as a plain value. One
 * thread at a time.
 */

#include <stdbool.h>
#include <stdint.h>

#include "conntrack/flow_room.h"
#include "conntrack/sweep.h"
#include "enforcer/publish/histogram.h"
#include "enforcer/publish/sweep_plan.h"
#include "enforcer/publish/unnamed.h"
#include "kernel/bridge/bridge_guard.h"

struct publish_stats {
	bool pending;		    /* a change was seen that is not yet enforced */
	uint64_t changes, failures; /* published, and tries that failed */
	/* from here on to `judged_ns`: of the last change by which all flows are judged */
	uint64_t seen_ns; /* CLOCK_REALTIME, when it was seen */
	/* from its first sign on disk until it was read (seen) */
	uint64_t read_ns;
	/* from seen until live flows were judged */
	uint64_t wait_ns, compile_ns, publish_ns, sweep_ns, total_ns;
	uint64_t judged_ns;			  /* from seen until new flows were judged by it */
	uint64_t worst_judged_ns, worst_total_ns; /* of any change */
	/*
	 * Of all changes published: from the first sign on disk until new flows are judged by it,
	 * and until live ones are.
	 */
	struct histogram until_published, until_swept;
	/* what each step took; swept: background sweeps, too */
	struct histogram compiles, publishes, swept;
	uint64_t sweeps_of_ends;  /* of `sweeps`: of single addresses, not of the whole table */
	uint64_t sweeps, revoked; /* revoked: flows cut since the start */
	/* with queue_full: open, times that new flows may have passed unjudged */
	uint64_t overflows;
	struct sweep_stats sweep; /* the last */
	/* from here on to `bridges_mended`: what the last upkeep found (upkeep.h) */
	bool intact; /* rules and sets are as they should be */
	uint64_t repairs;
	long set_sizes[2];
	enum bridges_state bridges;
	struct flow_room room;
	struct unnamed unnamed;
	uint64_t bridges_mended; /* how often bridged packets had to be made to pass the rules */
	uint64_t busy_ns;	 /* how long the job under way has been; 0: there is none */
	/* what fails and is tried again; or NULL. Good until the loop goes on */
	const char *problem;
};

/* A sweep has ended: of the whole table, or of certain ends. */
void publish_stats_swept(struct publish_stats *stats, const struct sweep_stats *sweep, bool all);
/* New flows are judged by the change. */
void publish_stats_published(struct publish_stats *stats, const struct waiting_change *change);
/*
 * Live flows are, too, which is logged. `sweep` is the one that judged them; NULL: there were none.
 * `now_ns`: of CLOCK_MONOTONIC.
 */
void publish_stats_enforced(struct publish_stats *stats, const struct waiting_change *change,
	const struct sweep_stats *sweep, uint64_t now_ns);

#endif
