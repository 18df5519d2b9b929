/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/explain.h"

#include <errno.h>

#include "policy/fix.h"
#include "policy/match.h"
#include "policy/miss.h"
#include "policy/near.h"

/*
 * What the isolating policies come to at one end. Enforced and audited ones are kept apart: an audited policy neither
 * isolates nor admits, but is what denies in audit mode where no enforced policy isolates.
 */
struct finding {
	bool isolated[2], admitted[2]; /* by [policy->audit] */
	struct near_rule admits[2], nearest[2]; /* policy NULL: there is none */
	const struct network_policy *first[2]; /* that isolates */
};

static void look_at_policy(
	struct finding *finding, const struct match *match, const struct network_policy *policy)
{
	const int kind = policy->audit ? 1 : 0;

	if (!finding->isolated[kind])
		finding->first[kind] = policy;
	finding->isolated[kind] = true;
	for (size_t i = 0; i < policy->rule_count[match->direction] && !finding->admitted[kind]; i++) {
		const struct near_rule near =
			near_rule_of(match, policy, &policy->rules[match->direction][i]);

		if (near.miss == MISS_NONE) {
			finding->admitted[kind] = true;
			finding->admits[kind] = near;
		} else if (near_rule_is_nearer(&near, &finding->nearest[kind])) {
			finding->nearest[kind] = near;
		}
	}
}

/* The verdict that the finding leads to, by the sentences of snapshot.h. */
static enum side_verdict verdict_of(const struct finding *finding, bool enforced)
{
	if (finding->isolated[0] && !finding->admitted[0])
		return enforced ? SIDE_DENIED : SIDE_AUDIT_DENIED;
	if (finding->isolated[0])
		return SIDE_ALLOWED;
	return finding->isolated[1] && !finding->admitted[1] ? SIDE_AUDIT_DENIED : SIDE_OPEN;
}

static void take_rule(struct explain_side *side, const struct near_rule *near)
{
	side->policy = near->policy;
	side->rule = near->rule;
	side->peer = near->peer;
	side->port = near->port;
	side->miss = near->miss;
	side->pos = near->peer != NULL   ? near->peer->pos
		    : near->port != NULL ? near->port->pos
					 : near->rule->pos;
}

/* Chooses the rule to speak of. An audited rule that admits is nearer than any enforced one that does not. */
static void choose_rule(struct explain_side *side, const struct finding *finding)
{
	const int kind = finding->isolated[0] ? 0 : 1;

	if (side->side == SIDE_ALLOWED && finding->admitted[0]) {
		take_rule(side, &finding->admits[0]);
	} else if (finding->isolated[0] && finding->admitted[1]) {
		take_rule(side, &finding->admits[1]);
		side->miss = MISS_AUDITED;
	} else if (finding->nearest[kind].policy != NULL) {
		take_rule(side, &finding->nearest[kind]);
	} else if (finding->first[kind] != NULL) {
		side->policy = finding->first[kind];
		side->pos = side->policy->pos;
		side->miss = MISS_NO_RULES;
	}
}

static bool is_denied(enum side_verdict side)
{
	return side == SIDE_DENIED || side == SIDE_AUDIT_DENIED;
}

static int explain_side(const struct snapshot *snapshot, const struct flow *flow, enum direction direction,
	enum side_verdict verdict, struct arena *arena, struct explain_side *out)
{
	const struct ip_addr *addr = direction == DIRECTION_INGRESS ? &flow->dst : &flow->src;
	struct finding finding = {0};
	struct policy_list isolating;
	struct match match;

	match_init(&match, snapshot, flow, direction);
	*out = (struct explain_side){
		.side = verdict,
		.pod = snapshot_pod_at(snapshot, addr),
		.enforced = !snapshot_audits(snapshot, addr),
		.pos = {.file = ""},
		.field = "",
		.wanted = "",
		.had = "",
		.fix = "",
	};
	if (snapshot_policies(snapshot, addr, direction, arena, &isolating) != 0)
		return -ENOMEM;
	out->isolating = isolating.items;
	out->isolating_count = isolating.count;
	if (out->pod != NULL && out->pod == match.other_pod) {
		out->disagrees = verdict != SIDE_OPEN; /* a pod always reaches itself */
		return 0;
	}
	for (size_t i = 0; i < out->isolating_count; i++)
		look_at_policy(&finding, &match, out->isolating[i]);
	out->disagrees = verdict != verdict_of(&finding, out->enforced);
	if (verdict == SIDE_OPEN || out->disagrees)
		return 0;
	choose_rule(out, &finding);
	if (!is_denied(verdict))
		return 0;
	return miss_describe(&match, arena, out) != 0 || fix_describe(&match, arena, out) != 0 ? -ENOMEM : 0;
}

int explain_flow(const struct snapshot *snapshot, const struct flow *flow, struct arena *arena,
	struct explanation *out)
{
	struct explanation made = {
		.flow = *flow,
		.judgement = snapshot_judge(snapshot, flow),
		.link_local = snapshot_link_local(snapshot, flow) != VERDICT_ALLOW,
	};

	for (int d = 0; d < DIRECTION_COUNT; d++) {
		const int err = explain_side(
			snapshot, flow, (enum direction)d, made.judgement.sides[d], arena, &made.sides[d]);

		if (err != 0)
			return err;
	}
	*out = made;
	return 0;
}
