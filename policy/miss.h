/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef POLICY_MISS_H
#define POLICY_MISS_H

/* The nearest miss in words: which field of the rule, what it wants, what the flow has. Part of explain.c. */

#include "policy/explain.h"
#include "policy/match.h"
#include "policy/phrase.h"

/*
 * For a side whose policy, rule, peer, port and miss are set: sets field, wanted, had and pos. Returns 0 or -ENOMEM.
 */
int miss_describe(const struct match *match, struct arena *arena, struct explain_side *side);

/* The requirement of `selector` that `labels` fail; NULL when they meet all. */
const struct requirement *miss_requirement(const struct selector *selector, const struct label_set *labels);
/* Where the side's nearest peer stands: "ingress[0].from[1]"; and its port: "ingress[0].ports[0]". */
void miss_add_peer_path(struct phrase *phrase, const struct match *match, const struct explain_side *side);
void miss_add_port_path(struct phrase *phrase, const struct match *match, const struct explain_side *side);

#endif
