/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef POLICY_COMPILE_PEER_SET_H
#define POLICY_COMPILE_PEER_SET_H

/*
 * Whom some rules admit, united: everybody, or kinds of pods and blocks of addresses. Immutable,
 * allocates nothing to answer, and answers in the time of a few binary searches however many rules
 * it was united from.
 *
 * Pods are known by their kind (kind_table.h), so all replicas of a workload, and both addresses of
 * a dual-stack pod, are found with one entry, and addresses that are no pod's never match a
 * selector. There are few kinds, and those of a namespace have numbers close together: mostly one
 * word of bits says it all.
 */

#include <stdbool.h>
#include <stdint.h>

#include "policy/compile/piece_table.h"
#include "policy/values/ip_addr.h"
#include "policy/values/range_list.h"

/*
 * How a set holds its kinds. WORDS: 32 a word, the first bit is the first kind's; RANGES: two words
 * each.
 */
enum peer_form { PEER_FORM_BITS, PEER_FORM_WORDS, PEER_FORM_RANGES, PEER_FORM_EVERYBODY };

/*
 * Half a cache line. The outermost bounds are kept here: they answer for most sets, which have one
 * range, and for most flows that miss, without touching what is elsewhere.
 */
struct peer_set {
	uint32_t kind_first : 30, form : 2; /* enum peer_form */
	uint32_t kind_last;
	union {
		uint64_t bits; /* BITS: the first is kind_first's; no kind is above them */
		struct {
			/* into the words of the sets, and how many ranges there are */
			uint32_t at, count;
		} elsewhere;
	} kinds;
	uint32_t ip4_first, ip4_last; /* first > last when there is none */
	uint32_t blocks; /* piece: struct peer_blocks; PIECE_NONE: the bounds say it all */
	uint32_t unused; /* to half a line, so that no set lies across two */
};

/* A range of IPv6 addresses, each as two numbers, the high half first. */
struct ip6_range {
	uint64_t first[2], last[2];
};

/*
 * Blocks of addresses, united: sorted, disjoint, and not touching. A piece: struct range
 * ip4[ip4_count] follows.
 */
struct peer_blocks {
	uint32_t ip4_count, ip6_count;
	struct ip6_range ip6[];
};

/* All sets of a snapshot, and where they keep what is elsewhere. */
struct peer_sets {
	const struct peer_set *items;
	const uint32_t *words;
	const void *pieces;
};

enum { PEER_KINDS_MOST = 1 << 30 };
#define PEER_NO_KIND UINT32_MAX /* further above the number of every kind than a set has bits */

/* The other end of a flow, as a set is asked about it. */
struct peer {
	const struct ip_addr *addr;
	uint32_t kind; /* PEER_NO_KIND: the address is no pod's */
};

/* For peer_set_contains(): by what is not in the set itself, and by address. */
bool peer_set_contains_further(
	const struct peer_sets *sets, const struct peer_set *set, const struct peer *peer);

/* Inline as far as most answers take: each packet's judgement ends here. */
static inline bool peer_set_contains(
	const struct peer_sets *sets, uint32_t number, const struct peer *peer)
{
	const struct peer_set *set = &sets->items[number];
	/* of a lower kind: a number above all bits */
	const uint32_t bit = peer->kind - set->kind_first;

	if (set->form == PEER_FORM_EVERYBODY ||
		(set->form == PEER_FORM_BITS && bit < 64 && (set->kinds.bits >> bit & 1) != 0))
		return true;
	return peer_set_contains_further(sets, set, peer);
}

#endif
