/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef POLICY_EXPLAIN_MATCH_H
#define POLICY_EXPLAIN_MATCH_H

/*
 * One rule held against one flow, object by object as the API text reads: for where a person asks
 * why, not for packets. Shares the primitives of model.h with the compiler, and nothing of what it
 * compiles. Any thread.
 */

#include <stdbool.h>

#include "policy/compile/snapshot.h"

/* A flow as one of its ends judges it. Borrows everything from the snapshot and the flow. */
struct match {
	const struct snapshot *snapshot;
	const struct flow *flow;
	enum direction direction;
	const struct ip_addr *other;			/* the address of the far end */
	const struct pod *other_pod;			/* NULL: the far end is no pod */
	const struct namespace_object *other_namespace; /* of other_pod */
	const struct pod *destination;			/* whose port names count; NULL: no pod */
};

/* The pods at the ends are the caller's choice, where an address may be several's; NULL: none. */
void match_init(struct match *match, const struct snapshot *snapshot, const struct flow *flow,
	enum direction direction, const struct pod *source, const struct pod *destination);

/*
 * Whether a peer with selectors looks into the far end's namespace; false when the far end is no
 * pod.
 */
bool match_peer_namespace(const struct match *match, const struct network_policy *policy,
	const struct policy_peer *peer);

/* The first of the rule's peers or ports that includes the flow; NULL when none does. */
const struct policy_peer *match_first_peer(const struct match *match,
	const struct network_policy *policy, const struct policy_rule *rule);
const struct policy_port *match_first_port(
	const struct match *match, const struct policy_rule *rule);

#endif
