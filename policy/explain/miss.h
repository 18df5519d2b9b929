/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef POLICY_EXPLAIN_MISS_H
#define POLICY_EXPLAIN_MISS_H

/*
 * The nearest miss in words: which field of the rule, what it wants, what the flow has. Part of
 * explain_flow().
 */

#include "policy/explain/explain_side.h"
#include "policy/explain/match.h"

/*
 * For a side whose policy, rule, peer, port and miss are set: sets field, wanted, had and pos.
 * Returns 0 or -ENOMEM.
 */
int miss_describe(const struct match *match, struct arena *arena, struct explain_side *side);

#endif
