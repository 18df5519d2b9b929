/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CONNTRACK_SWEEP_H
#define CONNTRACK_SWEEP_H

/*
 * A sweep holds the kernel's flow table against a snapshot: every live flow that touches an isolated pod is judged and
 * its mark set where it must change; a mark of ours on any other flow that says DENY is cleared. No entry is ever deleted: its NAT
 * mapping and direction would be lost, and an allowed connection with it. Flows of the gateway
 * itself (an end is one of its own addresses) do not pass FORWARD and are left alone, unless host_traffic is set.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "conntrack/table.h"
#include "policy/snapshot.h"

struct sweep_marks {
	uint32_t allow, deny;		/* one bit each; the mask is both */
};

struct sweep_options {
	struct sweep_marks marks;
	bool host_traffic;		/* flows from pods to the gateway are judged, too */
	/* Called for each flow that this sweep cuts: it carried no DENY and does now. May be NULL. */
	void (*revoked)(const struct flow *flow, const struct judgement *judgement, void *context);
	void *context;
};

struct sweep_stats {
	size_t seen, judged, revoked, restored, marked, vanished, skipped;
	uint64_t nanoseconds;
};

/*
 * Sweeps once. Returns 0, or -errno with *stats telling how far it came. Memory is bounded by the number of marks that
 * change, in batches. Blocking; for the control thread or one of its helpers.
 */
int sweep_run(struct ct_table *table, const struct snapshot *snapshot, const struct sweep_options *options,
	struct sweep_stats *stats);

/* Clears both mark bits everywhere: what `podgate cleanup` and a clean stop leave behind is nothing. */
int sweep_clear(struct ct_table *table, struct sweep_marks marks, size_t *cleared);

#endif
