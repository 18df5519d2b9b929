/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef POLICY_COMPILE_PROFILE_BUILDER_H
#define POLICY_COMPILE_PROFILE_BUILDER_H

/* Makes profiles out of rules; classes that admit the same get the same profile. */

#include "policy/compile/profile.h"
#include "policy/compile/rule_table.h"
#include "policy/compile/selection.h"

/* What profiles are made of. Borrowed. */
struct profile_input {
	const struct cluster *cluster; /* for its policies only */
	const struct policy_groups *groups;
	const struct rule_table *rules;
};

struct profile_builder {
	struct profile_input input;
	struct peer_pool *peers;
	struct piece_table *pieces;		 /* where profiles go */
	struct intern_table bases;		 /* struct base_key: groups whose base is made */
	struct vector base_numbers;		 /* of uint32_t, by number in bases */
	struct vector any_port;			 /* of uint32_t: unions */
	struct vector ranges[PROFILE_PROTOCOLS]; /* of struct port_range */
	struct vector names;			 /* of struct named_union */
	struct vector words;			 /* of uint32_t: the profile in the making */
};

void profile_builder_init(struct profile_builder *builder, struct peer_pool *peers,
	struct piece_table *pieces, struct arena *arena);
void profile_builder_deinit(struct profile_builder *builder);

/* How many NetworkPolicies of the class isolate, of those in audit mode or of the others. */
uint32_t profile_builder_count(const struct profile_input *input,
	const struct selection_class *class, enum direction direction, bool audited);

/*
 * Stores the profile, not PROFILE_NONE, of what these NetworkPolicies admit; of none: nothing.
 * Returns 0; -ENOMEM or -E2BIG.
 */
int profile_builder_add(struct profile_builder *builder, const struct profile_input *input,
	const struct selection_class *class, enum direction direction, bool audited,
	uint32_t *profile);
/* Stores the profile of what `count` rules of the table match. Errors as above. */
int profile_builder_add_rules(struct profile_builder *builder, const struct profile_input *input,
	uint32_t first, uint32_t count, uint32_t *profile);

#endif
