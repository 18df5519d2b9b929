/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef POLICY_PROFILE_BUILDER_H
#define POLICY_PROFILE_BUILDER_H

/* Makes the profiles of one compilation out of its rules; classes that admit the same get the same profile. */

#include "policy/profile.h"
#include "policy/rule_table.h"
#include "policy/selection.h"

/* What profiles are made of. Borrowed. */
struct profile_input {
	const struct cluster *cluster;
	const struct rule_table *rules;
	const struct policy_scope *scopes;		/* by policy */
};

struct profile_builder {
	struct profile_input input;
	struct peer_pool *peers;
	struct intern_table trees, named, profiles;	/* what they hold is part of the snapshot */
	struct intern_table bases;			/* struct base_key: namespaces whose base is made */
	struct vector base_numbers;			/* of uint32_t, by number in bases */
	struct vector any_port;				/* of uint32_t: unions */
	struct vector ranges[PROFILE_PROTOCOLS];	/* of struct port_range */
	struct vector names;				/* of struct named_union */
};

/* Trees and names go to `arena`, what is needed only until deinit to `scratch`. */
void profile_builder_init(struct profile_builder *builder, const struct profile_input *input,
	struct peer_pool *peers, struct arena *arena, struct arena *scratch);
void profile_builder_deinit(struct profile_builder *builder);

/*
 * Stores the number, from 1, of the profile for what these policies admit: the enforced ones, or the audited
 * ones when there are no others. Returns 0; -ENOMEM or -E2BIG.
 */
int profile_builder_add(struct profile_builder *builder, const struct selection_class *policies,
	enum direction direction, uint32_t *number);

/* All profiles by number, the first unused, in `arena`; or NULL when out of memory. */
const struct profile *profile_builder_profiles(const struct profile_builder *builder, struct arena *arena);

#endif
