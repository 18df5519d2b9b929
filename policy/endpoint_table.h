/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef POLICY_ENDPOINT_TABLE_H
#define POLICY_ENDPOINT_TABLE_H

/*
 * Addresses to the pods that own them: an open addressing hash table, at most half full, whose slots are half a
 * cache line and hold all that judging needs to know about an endpoint. Finding one, or that there is none,
 * mostly touches one line. Filled while compiling; then immutable.
 */

#include <stdbool.h>
#include <stdint.h>

#include "policy/arena.h"
#include "policy/ip_addr.h"
#include "policy/model.h"

struct endpoint {
	struct ip_addr addr;		/* family 0: a free slot */
	bool audits;			/* denials at this end are only logged */
	uint32_t kind;
	uint32_t profiles[DIRECTION_COUNT];	/* PROFILE_NONE where nothing isolates */
};

struct endpoint_table {
	struct endpoint *slots;
	uint32_t *pods;			/* by slot: the number of its pod in the cluster */
	uint32_t mask;			/* number of slots, a power of two, less one */
	uint32_t count;			/* endpoints */
};

/* A table with room for `most` endpoints. Returns 0; -ENOMEM, or -E2BIG for more than 2^30. */
int endpoint_table_init(struct endpoint_table *table, size_t most, struct arena *arena);

/*
 * The endpoint with that address, added with pod `pod` if there is none yet. Room for it must have been asked for.
 */
struct endpoint *endpoint_table_add(struct endpoint_table *table, const struct ip_addr *addr, uint32_t pod);

/* NULL when the address is no pod's. */
const struct endpoint *endpoint_table_find(const struct endpoint_table *table, const struct ip_addr *addr);
/* Has the CPU fetch what endpoint_table_find() will look at. */
void endpoint_table_prefetch(const struct endpoint_table *table, const struct ip_addr *addr);

/* The number of its pod, which may be written while the table is filled. */
static inline uint32_t *endpoint_table_pod(const struct endpoint_table *table, const struct endpoint *endpoint)
{
	return &table->pods[endpoint - table->slots];
}

#endif
