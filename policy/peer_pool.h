/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef POLICY_PEER_POOL_H
#define POLICY_PEER_POOL_H

/*
 * Where peer sets are made while compiling. A peer of a rule is an atom: a set of pods, or a block of
 * addresses. A union is a set of atoms: the peers of a rule, or of many rules. Atoms are shared by content,
 * unions by their atoms, so that what a thousand policies say alike is stored once. A union becomes a peer set
 * only when something that will be evaluated names it.
 */

#include "policy/intern_table.h"
#include "policy/model.h"
#include "policy/peer_set.h"

struct peer_pool {
	struct arena *arena;			/* borrowed: where the peer sets' ranges go */
	struct intern_table pod_atoms;		/* content: struct range[] */
	struct intern_table block_atoms;	/* content: struct address_range[] */
	struct intern_table unions;		/* content: sorted atoms */
	struct vector sets;			/* of struct peer_set */
	struct vector set_of_union;		/* of uint32_t: 1 + the set's number, 0 when not made yet */
};

/* Unions, and the sets of the same meaning, that are always there. */
enum { PEER_NOBODY = 0, PEER_EVERYBODY = 1 };

/* Returns 0 or -ENOMEM; deinit is right after both. `scratch` holds what is needed until deinit only. */
int peer_pool_init(struct peer_pool *pool, struct arena *arena, struct arena *scratch);
void peer_pool_deinit(struct peer_pool *pool);

/* Adds an atom to a vector of uint32_t, unless it is empty. Return 0; -ENOMEM or -E2BIG. */
int peer_pool_add_pods(struct peer_pool *pool, struct range_list pods, struct vector *atoms);
int peer_pool_add_block(struct peer_pool *pool, const struct ip_block *block, struct vector *atoms);

/* Stores the union of a vector of atoms, or of unions; the vector is left sorted. Return 0; -ENOMEM or -E2BIG. */
int peer_pool_unite_atoms(struct peer_pool *pool, struct vector *atoms, uint32_t *unite);
int peer_pool_unite(struct peer_pool *pool, struct vector *unions, uint32_t *unite);

/* Stores the number of the set that a union is. Returns 0; or -ENOMEM, *set untouched. */
int peer_pool_set(struct peer_pool *pool, uint32_t unite, uint32_t *set);

/* All sets made, by number, on cache line boundaries in the pool's arena; or NULL when out of memory. */
const struct peer_set *peer_pool_sets(const struct peer_pool *pool);

#endif
