/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ENFORCER_PUBLISH_ISOLATION_SETS_H
#define ENFORCER_PUBLISH_ISOLATION_SETS_H

/*
 * The isolated addresses as the kernel has them: the pods sets, whose packets the rules queue, and
 * the sets for what passes bridges (bridge_sets.h). Blocking; one call at a time.
 *
 * The kernel may refuse single addresses. These are not enforced, and all others are; each
 * isolation_sets_fill() tries again.
 */

#include <stdbool.h>
#include <stddef.h>

#include "enforcer/publish/bridge_sets.h"
#include "kernel/sets/pod_set.h"
#include "policy/compile/snapshot.h"
#include "process/problem.h"

struct isolation_sets {
	bool ipv6;
	struct bridge_sets bridge;
	struct ipset_refused refused; /* at the last filling */
	bool widened; /* they hold what the last two snapshots isolate, no more and no less */
	bool exact;   /* they hold what the snapshot in force isolates, no more and no less */
};

/* Makes them hold what the snapshot isolates. 0; or -errno and `problem`. */
int isolation_sets_fill(
	struct isolation_sets *sets, const struct snapshot *snapshot, char problem[PROBLEM_SIZE]);
/* Makes them hold what either snapshot isolates. 0; or -errno and `problem`. */
int isolation_sets_widen(struct isolation_sets *sets, const struct snapshot *before,
	const struct snapshot *after, char problem[PROBLEM_SIZE]);
/* They hold what either isolates: makes them hold what `after` does. 0; or -errno and `problem`. */
int isolation_sets_narrow(struct isolation_sets *sets, const struct snapshot *before,
	const struct snapshot *after, char problem[PROBLEM_SIZE]);
/* Pods on bridges come, go and move: the bridge sets follow. 0; or -errno and `problem`. */
int isolation_sets_follow_bridges(
	struct isolation_sets *sets, const struct snapshot *snapshot, char problem[PROBLEM_SIZE]);
/*
 * Whether they hold what the snapshot isolates; *sizes: how many the pods sets hold, of IPv4 and of
 * IPv6. 0; -ENOENT when a set is gone; -ESTALE or another -errno, and `found` says what differs.
 */
int isolation_sets_verify(struct isolation_sets *sets, const struct snapshot *snapshot,
	long sizes[2], char found[PROBLEM_SIZE]);
/* How many addresses the kernel refused. */
size_t isolation_sets_refused(const struct isolation_sets *sets);

#endif
