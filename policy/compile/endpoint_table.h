/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef POLICY_COMPILE_ENDPOINT_TABLE_H
#define POLICY_COMPILE_ENDPOINT_TABLE_H

/*
 * Addresses to the pods that own them: an open addressing hash table, at most half full, whose
 * slots are half a cache line and hold all that judging needs to know about an endpoint. Finding
 * one, or that there is none, mostly touches one line. Filled while compiling; then immutable. What
 * every packet asks is inline.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "policy/values/arena.h"
#include "policy/values/ip_addr.h"
#include "policy/values/model.h"

struct endpoint {
	struct ip_addr addr; /* family 0: a free slot */
	bool audits;	     /* denials at this end are only logged */
	/* several pods claim the address (claims.h): the rest is of the one that leads */
	bool contested;
	uint8_t ranked; /* bit d: tiers[d] is a struct tier_list, else a profile (tier.h) */
	uint32_t kind;
	uint32_t tiers[DIRECTION_COUNT]; /* PIECE_NONE where nothing isolates */
};

struct endpoint_table {
	struct endpoint *slots;
	uint32_t *pods; /* by slot: the number of its pod in the cluster */
	uint32_t mask;	/* number of slots, a power of two, less one */
	uint32_t count; /* endpoints */
};

/* A table with room for `most` endpoints. Returns 0; -ENOMEM, or -E2BIG for more than 2^30. */
int endpoint_table_init(struct endpoint_table *table, size_t most, struct arena *arena);

/*
 * The endpoint with that address, added with pod `pod` if there is none yet. Room for it must have
 * been asked for.
 */
struct endpoint *endpoint_table_add(
	struct endpoint_table *table, const struct ip_addr *addr, uint32_t pod);

/*
 * Two rounds of multiply and fold: pod addresses differ in few and low bits, and neighbours must
 * not become neighbours in the table, or runs of them would grow together into long probes.
 */
static inline uint32_t endpoint_hash(const struct ip_addr *addr)
{
	uint64_t high, low, mixed;

	memcpy(&high, addr->bytes, sizeof(high));
	memcpy(&low, addr->bytes + sizeof(high), sizeof(low));
	mixed = (high ^ addr->family) * 0x9e3779b97f4a7c15U;
	mixed = (mixed ^ mixed >> 32 ^ low) * 0xd6e8feb86659fd93U;
	return (uint32_t)(mixed >> 32);
}

/* By words: memcmp() of so few bytes is mostly the call. */
static inline bool endpoint_has(const struct endpoint *endpoint, const struct ip_addr *addr)
{
	uint64_t a[2], b[2];

	memcpy(a, endpoint->addr.bytes, sizeof(a));
	memcpy(b, addr->bytes, sizeof(b));
	return ((a[0] ^ b[0]) | (a[1] ^ b[1]) | (uint64_t)(endpoint->addr.family ^ addr->family)) ==
		0;
}

/* NULL when the address is no pod's. */
static inline const struct endpoint *endpoint_table_find(
	const struct endpoint_table *table, const struct ip_addr *addr)
{
	uint32_t slot = endpoint_hash(addr) & table->mask;

	for (; table->slots[slot].addr.family != 0; slot = (slot + 1) & table->mask)
		if (endpoint_has(&table->slots[slot], addr))
			return &table->slots[slot];
	return NULL;
}

/* Has the CPU fetch what endpoint_table_find() will look at. */
static inline void endpoint_table_prefetch(
	const struct endpoint_table *table, const struct ip_addr *addr)
{
	__builtin_prefetch(&table->slots[endpoint_hash(addr) & table->mask]);
}

/* The number of its pod, which may be written while the table is filled. */
static inline uint32_t *endpoint_table_pod(
	const struct endpoint_table *table, const struct endpoint *endpoint)
{
	return &table->pods[endpoint - table->slots];
}

#endif
