/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef POLICY_EXPLAIN_FIX_H
#define POLICY_EXPLAIN_FIX_H

/*
 * What would mend a nearest miss, as one clause: labels for the far end, or a peer, port or rule to
 * paste into the policy. Made as told, the change admits the flow at this end. Part of
 * explain_flow().
 */

#include "policy/explain/explain_side.h"
#include "policy/explain/match.h"

/* For a side whose policy, rule, peer, port and miss are set: sets fix. Returns 0 or -ENOMEM. */
int fix_describe(const struct match *match, struct arena *arena, struct explain_side *side);

#endif
