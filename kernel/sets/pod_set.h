/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef KERNEL_SETS_POD_SET_H
#define KERNEL_SETS_POD_SET_H

/*
 * The ipsets that the rules look into (libipset): podgate-pods4 (hash:ip) and -pods6 (hash:net)
 * with the isolated pods' addresses, two sets for what comes over bridges, and the class sets
 * podgate-allowed4/6 and podgate-denied4/6 (hash:ip,port,ip, timeout, counters), which class_sets.h
 * fills with the help of podgate-spare4/6. Blocking; for the control thread.
 */

#include <stdbool.h>
#include <stddef.h>

#include "kernel/sets/ipset_entries.h"
#include "policy/values/ip_addr.h"
#include "process/problem.h"

/*
 * 0 when pod_set_create() would not meet a set of another kind under one of our names; else
 * -EEXIST, or -errno, and `problem`.
 */
int pod_set_check(bool ipv6, char problem[PROBLEM_SIZE]);

/*
 * Creates all sets, empty, or takes over (and empties class sets of) those an earlier run left. 0,
 * or -errno and `problem`.
 */
int pod_set_create(bool ipv6, char problem[PROBLEM_SIZE]);
/*
 * Makes the pods sets hold exactly these addresses (sorted by ip_addr_cmp()). A link-local one
 * stands for all of fe80::/10, see snapshot_isolated(). Atomic per family: filled aside and swapped
 * in, so that no packet sees a half-filled set; where that can't be, by adding and removing single
 * entries. 0, or -errno and `problem`: -EINVAL when the kernel refused single entries, and the set
 * holds all others.
 */
int pod_set_fill(const struct ip_addr *addrs, size_t count, bool ipv6, char problem[PROBLEM_SIZE]);
/*
 * The same for podgate-near4/6 (hash:ip), receivers whose first packets are judged in PREROUTING,
 * and for podgate-groups4/6 (hash:net), the addresses that stand for many receivers; there
 * 224.0.0.0 and ff00:: stand for all of multicast.
 */
int pod_set_fill_near(
	const struct ip_addr *addrs, size_t count, bool ipv6, char problem[PROBLEM_SIZE]);
int pod_set_fill_groups(
	const struct ip_addr *addrs, size_t count, bool ipv6, char problem[PROBLEM_SIZE]);
/*
 * The same, but an entry that the kernel refuses keeps nothing else from being enforced: such are
 * told in *refused, and no failure. 0, or -errno and `problem`.
 */
enum pod_set { POD_SET_PODS, POD_SET_NEAR, POD_SET_GROUPS };
int pod_set_fill_possible(enum pod_set which, const struct ip_addr *addrs, size_t count, bool ipv6,
	struct ipset_refused *refused, char problem[PROBLEM_SIZE]);
/*
 * Adds single addresses to a set that is in use, or removes them, in a few messages. Those that are
 * there already, or not there, are no error. 0; or -errno, and some of them may have changed.
 */
int pod_set_add(enum pod_set which, const struct ip_addr *addrs, size_t count);
int pod_set_remove(enum pod_set which, const struct ip_addr *addrs, size_t count);
/* Destroys all sets of ours; those that are not there are no error. 0, or -errno and `problem`. */
int pod_set_destroy(char problem[PROBLEM_SIZE]);
/* How many sets of ours there are, in whatever state; or -errno. */
long pod_set_present(void);
/* How many addresses the pods set of a family holds; or -errno. */
long pod_set_count(enum ip_family family);
/*
 * Whether the pods set of a family holds exactly these addresses (of that family, sorted by
 * ip_addr_cmp()), less as many as the kernel refused. Reads it all: 4 ms for 10 000 (measured).
 * *size becomes how many it holds. 0; -ESTALE, or -ENOENT when there is no such set, or another
 * -errno: what differs, or failed, is in `problem`.
 */
int pod_set_verify(enum ip_family family, const struct ip_addr *addrs, size_t count, size_t refused,
	long *size, char problem[PROBLEM_SIZE]);

/* The same of any of these sets. */
int pod_set_verify_one(enum pod_set which, enum ip_family family, const struct ip_addr *addrs,
	size_t count, size_t refused, long *size, char problem[PROBLEM_SIZE]);

#endif
