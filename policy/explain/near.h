/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef POLICY_EXPLAIN_NEAR_H
#define POLICY_EXPLAIN_NEAR_H

/*
 * Of all the rules that do not admit a flow, the one that comes nearest: a rule that has the peer
 * is nearer than one that has only the port, a peer that lacks one label is nearer than one that
 * lacks two. Pure; any thread.
 */

#include <stdbool.h>
#include <stdint.h>

#include "policy/explain/explain_side.h"
#include "policy/explain/match.h"

/* One rule, and how it parts from the flow. */
struct near_rule {
	const struct network_policy *policy; /* NULL: no rule was looked at yet */
	const struct policy_rule *rule;
	enum miss miss; /* MISS_NONE: the rule admits the flow */
	/* that includes the far end, or the nearest; NULL: the rule has none */
	const struct policy_peer *peer;
	const struct policy_port *port; /* likewise */
	int peer_score;			/* higher is nearer */
	uint32_t port_distance;		/* lower is nearer */
};

struct near_rule near_rule_of(const struct match *match, const struct network_policy *policy,
	const struct policy_rule *rule);
bool near_rule_is_nearer(const struct near_rule *candidate, const struct near_rule *best);

#endif
