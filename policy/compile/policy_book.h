/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef POLICY_COMPILE_POLICY_BOOK_H
#define POLICY_COMPILE_POLICY_BOOK_H

/*
 * What the policies of a cluster come to, held against all kinds of pods met so far. The policies
 * are fixed when a book is made; kinds are added as pods come, and what follows from them (the
 * kinds that each selector matches and each peer set has, the classes and their tiers) grows by
 * just that: adding the last kind does what adding all of them did. Nothing in it points into a
 * cluster: policies are known by their numbers.
 *
 * One thread at a time. When a call fails for want of memory, the book is good for nothing but
 * being freed.
 */

#include "policy/compile/kind_table.h"
#include "policy/compile/tier_builder.h"

/* The class and tiers of a pod kind, in each direction. */
struct kind_judging {
	uint32_t classes[DIRECTION_COUNT]; /* 0: no policy isolates it */
	struct tier_ref tiers[DIRECTION_COUNT];
};

struct policy_book {
	struct arena *arena;
	struct label_index labels;
	struct policy_groups groups;
	struct piece_table pieces;
	struct peer_pool peers;
	struct rule_table rules;
	struct kind_table kinds;
	struct selection selections[DIRECTION_COUNT];
	struct tier_builder builder;
	struct vector class_tiers[DIRECTION_COUNT]; /* of struct tier_ref, by class */
	struct vector judging;			    /* of struct kind_judging, by kind */
};

/* Makes a book of the cluster's policies, without a kind. Returns 0; -ENOMEM or -E2BIG. */
int policy_book_create(struct policy_book **out, const struct cluster *cluster);
void policy_book_free(struct policy_book *book); /* NULL is allowed */

/*
 * Takes in the kinds that were added to book->kinds since the last call. `cluster` has the policies
 * that the book was made of. Returns 0; -ENOMEM or -E2BIG.
 */
int policy_book_extend(struct policy_book *book, const struct cluster *cluster);

#endif
