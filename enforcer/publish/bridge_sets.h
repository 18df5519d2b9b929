/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ENFORCER_PUBLISH_BRIDGE_SETS_H
#define ENFORCER_PUBLISH_BRIDGE_SETS_H

/*
 * The two sets that the rules for bridges look into: podgate-near, receivers whose first packets
 * are judged in PREROUTING, and podgate-groups, addresses that stand for many receivers. Filled by
 * the isolated pods and by the addresses on the bridges (places.h). Blocking; one call at a time.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "enforcer/places/places_watch.h"
#include "policy/values/ip_addr.h"
#include "process/problem.h"

struct bridge_sets {
	struct places_watch *places;
	uint64_t seen; /* places_watch_generation() that they were filled by */
	bool groups;   /* packets to groups are judged */
	bool ipv6;
	/* what they were filled with, sorted; bridge_sets_deinit() */
	struct ip_addr *near, *group_addrs;
	size_t near_count, group_count;
	bool exact; /* and the kernel took all of it */
};
void bridge_sets_deinit(struct bridge_sets *sets);

/* They are empty while no pod is isolated. `isolated` is sorted. 0, or -errno and `problem`. */
int bridge_sets_fill(struct bridge_sets *sets, const struct ip_addr *isolated, size_t count,
	char problem[PROBLEM_SIZE]);
/*
 * They hold what follows from `isolated` but for the addresses in `changed`, which are all to be
 * added or all to be removed. Returns whether that was done; if not, they are to be filled.
 */
bool bridge_sets_amend(struct bridge_sets *sets, const struct ip_addr *isolated, size_t count,
	const struct ip_addr *changed, size_t changed_count, bool adding);
/*
 * Whether the sets hold what they were filled with. 0; or -ESTALE, or -ENOENT when one is gone, or
 * another -errno, and `problem`.
 */
int bridge_sets_verify(const struct bridge_sets *sets, char problem[PROBLEM_SIZE]);
/* Whether a host on a bridge has come, gone or moved since. */
bool bridge_sets_are_stale(const struct bridge_sets *sets);

/* The sorted union of two sorted lists, into `out` with room for both. Returns its length. */
size_t bridge_sets_merge(const struct ip_addr *a, size_t a_count, const struct ip_addr *b,
	size_t b_count, struct ip_addr *out);

#endif
