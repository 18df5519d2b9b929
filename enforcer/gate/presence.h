/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ENFORCER_GATE_PRESENCE_H
#define ENFORCER_GATE_PRESENCE_H

/*
 * Which addresses may be an end of a flow that carries a mark of ours: a Bloom filter of addresses
 * and the end that each is, with three bits for one. So a change that touches an address of no such
 * flow needs no look at the kernel's flow table, however long that is. "No" is certain, "yes" is
 * not: of addresses without a flow it is the answer for one in 400 when 100 000 addresses have
 * flows, and for one in 2 when a million have.
 *
 * Only three things put a mark on a flow, and each notes both ends first: a worker that lets a
 * packet pass, a class in the sets of learned classes (a worker has judged a flow of it before),
 * and a sweep. A sweep of the whole table also notes the flows that it finds marked.
 *
 * Bits must go, too, or all would be set in the end. There are three generations of them: notes go
 * into the youngest, questions to all. A turn begins a generation, before a sweep of the whole
 * table, and when that sweep has ended well the oldest is emptied. So a bit stays over at least one
 * such sweep that began a whole period after it was set: presence_turn_is_due() makes the period
 * longer than a learned class can admit flows that no worker sees. Classes that are renewed while
 * they are in use must be noted after each turn.
 *
 * 768 KiB at most: what has no bit set costs no memory. presence_note() is for any thread and waits
 * for nothing. The others are for one thread at a time; a question sees all that was noted before,
 * as far as the caller is ordered after it (gate_publish()).
 */

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "policy/compile/endpoint_table.h"
#include "policy/values/flow.h"

enum { PRESENCE_GENERATIONS = 3, PRESENCE_BITS = 1 << 21 };

struct presence {
	uint64_t period_ns, turned_ns;
	_Atomic unsigned int youngest;
	_Atomic uint32_t words[PRESENCE_GENERATIONS][PRESENCE_BITS / 32];
};

/* `class_s`: how long a learned class stays that is not renewed. 0 or -ENOMEM. */
int presence_create(struct presence **out, uint32_t class_s);
void presence_free(struct presence *presence); /* NULL is allowed */

bool presence_has(const struct presence *presence, const struct ip_addr *addr, enum flow_end end);
/* Before a sweep of the whole table, if it is due; and after one that has seen all of it. */
bool presence_turn_is_due(const struct presence *presence, uint64_t now_ns);
void presence_begin_turn(struct presence *presence, uint64_t now_ns);
void presence_end_turn(struct presence *presence);

struct presence_bits {
	uint32_t one, two, three;
};

static inline struct presence_bits presence_bits(const struct ip_addr *addr, enum flow_end end)
{
	const uint32_t hash = endpoint_hash(addr) + (uint32_t)end * 0x61c88647U;

	_Static_assert(PRESENCE_BITS == 1 << (32 - 11), "all are below it");
	return (struct presence_bits){
		hash % PRESENCE_BITS, hash * 0x85ebca6bU >> 11, hash * 0xc2b2ae35U >> 11};
}

static inline void presence_set(_Atomic uint32_t *words, uint32_t bit)
{
	_Atomic uint32_t *word = &words[bit / 32];
	const uint32_t mask = UINT32_C(1) << bit % 32;

	/* Mostly it is set already: then the cache line stays with all that read it. */
	if ((atomic_load_explicit(word, memory_order_relaxed) & mask) == 0)
		atomic_fetch_or_explicit(word, mask, memory_order_relaxed);
}

static inline void presence_note(struct presence *presence, const struct flow *flow)
{
	_Atomic uint32_t *words =
		presence->words[atomic_load_explicit(&presence->youngest, memory_order_relaxed)];
	const struct presence_bits src = presence_bits(&flow->src, FLOW_SOURCE),
				   dst = presence_bits(&flow->dst, FLOW_DESTINATION);

	presence_set(words, src.one);
	presence_set(words, src.two);
	presence_set(words, src.three);
	presence_set(words, dst.one);
	presence_set(words, dst.two);
	presence_set(words, dst.three);
}

#endif
