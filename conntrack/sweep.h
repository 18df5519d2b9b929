/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CONNTRACK_SWEEP_H
#define CONNTRACK_SWEEP_H

/*
 * A sweep holds the kernel's flow table, or the part of it that has certain addresses, against a
 * snapshot: every live flow that is podgate's to judge (jurisdiction.h) is judged and its mark set
 * where it must change; a DENY of ours on any other flow is cleared. No entry is ever deleted: its
 * NAT mapping and direction would be lost, and an allowed connection with it.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "conntrack/table.h"
#include "policy/compile/snapshot.h"

struct sweep_marks {
	uint32_t allow, deny; /* one bit each; the mask is both */
};

struct sweep_options {
	struct sweep_marks marks;
	bool host_traffic; /* see jurisdiction.h */
	/* Called for each flow that has a mark of ours or gets one, before it gets it. May be NULL.
	 */
	void (*marked)(const struct flow *flow, void *context);
	/*
	 * Called for each flow that this sweep has cut: it carried no DENY and does now. Never for
	 * one that was gone before its mark could be written. May be NULL.
	 */
	void (*revoked)(const struct flow *flow, const struct judgement *judgement, void *context);
	void *context;
};

struct sweep_stats {
	size_t seen;	 /* entries that could be read */
	size_t skipped;	 /* entries that could not: left as they are */
	size_t judged;	 /* flows that touch an isolated pod */
	size_t marked;	 /* marks written, for whatever reason */
	size_t revoked;	 /* of those: DENY set where it was not */
	size_t restored; /* of those: DENY taken away */
	size_t vanished; /* entries gone before their mark could be written */
	uint64_t nanoseconds;
};

/*
 * Sweeps once. Returns 0, or -errno with *stats telling how far it came; marks that the kernel
 * refused do not end it, but are its result. Memory is constant: marks are written in batches while
 * the dump goes on. Blocking; for the control thread or one of its helpers.
 */
int sweep_run(struct ct_table *table, const struct snapshot *snapshot,
	const struct sweep_options *options, struct sweep_stats *stats);

/* One end of flows: those that have the address there. */
struct sweep_end {
	struct ip_addr addr;
	enum flow_end end;
};
/*
 * Sweeps the flows with one of these ends; all flows when `ends` is NULL. The kernel walks through
 * its whole table for each end of IPv4, and copies only what has it: 29 ms for 100 000 entries,
 * where all of them take 250 (Linux 6.18). Ends of IPv6 take a dump of all IPv6 entries together.
 */
int sweep_run_ends(struct ct_table *table, const struct snapshot *snapshot,
	const struct sweep_options *options, const struct sweep_end *ends, size_t count,
	struct sweep_stats *stats);

/*
 * Clears both mark bits everywhere: what `podgate cleanup` and a clean stop leave behind is
 * nothing. 0, or -errno.
 */
int sweep_clear(struct ct_table *table, struct sweep_marks marks, size_t *cleared);

#endif
