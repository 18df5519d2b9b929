/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef POLICY_COMPILE_TIER_BUILDER_H
#define POLICY_COMPILE_TIER_BUILDER_H

/* Makes the list of tiers of a class of pods (tier.h); equal lists are made once. */

#include "policy/compile/profile_builder.h"
#include "policy/compile/tier.h"

struct tier_builder {
	struct profile_builder profiles;
	struct vector policies; /* of uint32_t: those of other tiers than NetworkPolicy's */
	struct vector words;	/* of uint32_t: the list in the making */
};

void tier_builder_init(struct tier_builder *builder, struct peer_pool *peers,
	struct piece_table *pieces, struct arena *arena);
void tier_builder_deinit(struct tier_builder *builder);

/* Stores the tiers of a class that isolates. Returns 0; -ENOMEM or -E2BIG. */
int tier_builder_add(struct tier_builder *builder, const struct profile_input *input,
	const struct selection_class *class, enum direction direction, struct tier_ref *out);

#endif
