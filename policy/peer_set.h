/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef POLICY_PEER_SET_H
#define POLICY_PEER_SET_H

/*
 * Whom some rules admit, united: everybody, or pods and blocks of addresses. Immutable, allocates nothing to
 * answer, and answers in the time of a few binary searches however many rules it was united from.
 *
 * Pods are known by their number in the cluster, so both addresses of a dual-stack pod are found with one
 * entry, and addresses that are no pod's never match a selector. Ranges of pods become a bitmap where that is
 * smaller.
 */

#include <stdbool.h>
#include <stdint.h>

#include "policy/ip_addr.h"
#include "policy/range_list.h"

/* A range of IPv6 addresses, each as two numbers, the high half first. */
struct ip6_range {
	uint64_t first[2], last[2];
};

/*
 * One cache line. The outermost bounds are kept here: they answer for most sets, which have one range, and for
 * most flows that miss, without touching the ranges.
 */
struct peer_set {
	bool everybody;
	bool pods_in_bitmap;
	uint32_t pod_first, pod_last;		/* outermost; first > last when there is none */
	uint32_t ip4_first, ip4_last;
	uint32_t pod_count, ip4_count, ip6_count;	/* ranges */
	union {
		const struct range *ranges;
		const uint64_t *bitmap;		/* bit 0 is pod_first */
	} pods;
	const struct range *ip4;
	const struct ip6_range *ip6;
	uint64_t unused;			/* to a full line, so that no set lies across two */
};

#define PEER_NO_POD UINT32_MAX		/* above the number of every pod, so outside the bounds of every set */

/* The other end of a flow, as a set is asked about it. */
struct peer {
	const struct ip_addr *addr;
	uint32_t pod;				/* PEER_NO_POD: the address is no pod's */
};

bool peer_set_contains(const struct peer_set *set, const struct peer *peer);

#endif
