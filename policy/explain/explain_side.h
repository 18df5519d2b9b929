/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef POLICY_EXPLAIN_EXPLAIN_SIDE_H
#define POLICY_EXPLAIN_EXPLAIN_SIDE_H

/*
 * What explain_flow() finds at one end of a flow: what isolates it, and the rule that admits the
 * flow or comes nearest. A plain value: the objects belong to the snapshot's cluster, the texts to
 * the arena of the explanation.
 */

#include <stdbool.h>
#include <stddef.h>

#include "policy/compile/snapshot.h"

/* How the rule that is spoken of fails to admit the flow. Later is nearer. */
enum miss {
	MISS_NONE,	    /* the side is open or allowed */
	MISS_NO_RULES,	    /* the isolating policies have no rule in this direction */
	MISS_PEER_AND_PORT, /* neither the rule's peers nor its ports include the flow */
	MISS_PEER,	    /* the ports do (or the rule names none); the peers do not */
	/* the peers do (or the rule names none); no port of the rule has the flow's protocol */
	MISS_PROTOCOL,
	MISS_PORT, /* the peers and a protocol do; the port number does not */
	/* the rule admits the flow, but its policy is in audit mode and admits nothing */
	MISS_AUDITED,
	MISS_DENIED, /* the rule matches the flow, and its action is to deny */
};

struct explain_side {
	enum side_verdict side;
	const struct pod *pod; /* the pod at this end, local or not; NULL when it is none */
	/*
	 * Of several that may be at this end: how many. `pod` is then one that the verdict is of,
	 * and all below is about it.
	 */
	size_t claimants;
	const struct pod *other_pod;		       /* the same of the far end */
	const struct network_policy *const *isolating; /* the snapshot's list */
	size_t isolating_count;
	bool enforced; /* false: audit mode of gateway, namespace or pod at this end */

	/*
	 * The rule that admits the flow, or on denied sides the rule that denies it or the nearest
	 * miss; policy NULL when there is none.
	 */
	const struct network_policy *policy;
	/* one of policy->rules[direction]; NULL: MISS_NO_RULES, policy isolates */
	const struct policy_rule *rule;
	/* the admitting peer, or the nearest one; NULL: the rule has no peers */
	const struct policy_peer *peer;
	/* the admitting port, or the nearest one; NULL: the rule has no ports */
	const struct policy_port *port;
	/* of what admits, or of what misses: rule, peer, requirement or port */
	struct source_pos pos;

	enum miss miss;
	/* Texts are "" where there is none. */
	const char *field; /* what misses, under spec:
			      "ingress[0].from[1].podSelector.matchLabels.role" */
	const char *wanted,
		*had; /* that field, and what the flow has instead: "role=web", "no label role" */
	const char *fix; /* one clause, what change would admit the flow at this end */
	bool disagrees;	 /* the reasons do not lead to the verdict: podgate's fault, to be said */
};

/* Where side->rule stands under spec: "ingress[0]"; without a rule only "ingress". */
enum { EXPLAIN_PATH = 64 };
const char *explain_rule_path(
	const struct explain_side *side, enum direction direction, char buffer[EXPLAIN_PATH]);

/* A stable slug: "none", "no-rules", "peer-and-port", "peer", "protocol", "port", "audited",
 * "denied". */
const char *miss_name(enum miss miss);

#endif
