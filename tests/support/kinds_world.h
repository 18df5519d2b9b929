/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef TESTS_SUPPORT_KINDS_WORLD_H
#define TESTS_SUPPORT_KINDS_WORLD_H

/*
 * A peer pool over numbered kinds, for tests that want to say which kinds a selector matches.
 * Asserts with cmocka. Selectors first, then kinds.
 */

#include "policy/compile/peer_pool.h"

struct kinds_world {
	struct arena *arena, *scratch; /* scratch: of the last batch of kinds */
	struct label_index labels;
	struct piece_table pieces;
	struct peer_pool pool;
	struct peer_sets sets; /* as of the last kinds_world_finish() */
};

void kinds_world_begin(struct kinds_world *world);
void kinds_world_end(struct kinds_world *world);

/* The selector of kinds that are called so; the same for the same name. */
uint32_t kinds_world_selector(struct kinds_world *world, const char *name);

/*
 * Adds `count` kinds; `called` says whether a kind is called `name`, for each of `names`, which
 * ends with NULL.
 */
void kinds_world_extend(struct kinds_world *world, uint32_t count, const char *const *names,
	bool (*called)(const char *name, uint32_t kind));

/* Copies the sets and the pieces as they are now. */
void kinds_world_finish(struct kinds_world *world);

#endif
