/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef POLICY_COMPILE_PEER_POOL_H
#define POLICY_COMPILE_PEER_POOL_H

/*
 * Where peer sets are made. A peer of a rule is an atom: a selector of kinds, or a block of
 * addresses. A union is a set of atoms: the peers of a rule, or of many rules. Atoms are shared by
 * content, unions by their atoms, so that what a thousand policies say alike is stored once. A
 * union becomes a set only when something that will be evaluated names it; the sets then grow with
 * the kinds that come.
 */

#include "policy/compile/label_index.h"
#include "policy/compile/peer_set.h"

struct peer_pool {
	struct arena *arena; /* borrowed, as are the two below */
	const struct label_index *labels;
	struct piece_table *pieces;
	struct intern_table blocks; /* content: struct address_range[] */
	struct intern_table unions; /* content: sorted atoms */
	struct vector sets;	    /* of struct pooled_set */
	struct vector set_of_union; /* of uint32_t: 1 + the set's number, 0 when not made yet */
};

/* Unions, and the sets of the same meaning, that are always there. */
enum { PEER_NOBODY = 0, PEER_EVERYBODY = 1 };

/* Returns 0 or -ENOMEM; deinit is right after both. */
int peer_pool_init(struct peer_pool *pool, const struct label_index *labels,
	struct piece_table *pieces, struct arena *arena);
void peer_pool_deinit(struct peer_pool *pool);

/* Adds an atom to a vector of uint32_t, unless it is empty. Return 0; -ENOMEM or -E2BIG. */
int peer_pool_add_selector(struct peer_pool *pool, uint32_t selector, struct vector *atoms);
int peer_pool_add_block(struct peer_pool *pool, const struct ip_block *block, struct vector *atoms);

/*
 * Stores the union of a vector of atoms, or of unions; the vector is left sorted. Return 0; -ENOMEM
 * or -E2BIG.
 */
int peer_pool_unite_atoms(struct peer_pool *pool, struct vector *atoms, uint32_t *unite);
int peer_pool_unite(struct peer_pool *pool, struct vector *unions, uint32_t *unite);

/* how many atoms a union has */
uint32_t peer_pool_weight(const struct peer_pool *pool, uint32_t unite);

/* Stores the number of the set that a union is. Returns 0; or -ENOMEM, *set untouched. */
int peer_pool_set(struct peer_pool *pool, uint32_t unite, uint32_t *set);

/* Takes the last batch of kinds into all sets made before. Returns 0 or -ENOMEM. */
int peer_pool_extend(struct peer_pool *pool);

/*
 * Fills *out, but for the pieces, with all sets made, by number, as they are now. 0; -ENOMEM or
 * -E2BIG.
 */
int peer_pool_copy(const struct peer_pool *pool, struct arena *arena, struct peer_sets *out);

#endif
