/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/explain/explain.h"

#include <errno.h>

#include "policy/explain/fix.h"
#include "policy/explain/match.h"
#include "policy/explain/miss.h"
#include "policy/explain/near.h"

/*
 * What the NetworkPolicies find at one end. Enforced and audited ones are kept apart: an audited
 * policy neither isolates nor admits, but it is what denies in audit mode where no enforced policy
 * isolates.
 */
struct finding {
	bool isolated[2], admitted[2];		/* by [policy->audit] */
	struct near_rule admits[2], nearest[2]; /* policy NULL: there is none */
	const struct network_policy *first[2];	/* that isolates */
};

static void look_at_policy(
	struct finding *finding, const struct match *match, const struct network_policy *policy)
{
	const int kind = policy->audit ? 1 : 0;

	if (!finding->isolated[kind])
		finding->first[kind] = policy;
	finding->isolated[kind] = true;
	for (size_t i = 0; i < policy->rule_count[match->direction] && !finding->admitted[kind];
		i++) {
		const struct near_rule near = near_rule_of(
			match, policy, &policy->rules[match->direction][i]);

		if (near.miss == MISS_NONE) {
			finding->admitted[kind] = true;
			finding->admits[kind] = near;
		} else if (near_rule_is_nearer(&near, &finding->nearest[kind])) {
			finding->nearest[kind] = near;
		}
	}
}

/* The outcome of a walk along the tiers at one end. */
struct decision {
	bool decided, accepts;
	/* the rule that decides; policy NULL: NetworkPolicies isolate, and none of them admits */
	struct near_rule by;
};

/* What one pod at this end decides, when the far end is that other one. */
struct look {
	struct match match;
	struct finding finding;
	const struct pod *pod;
	struct policy_list isolating;
	bool enforced;
	struct decision by_enforced, by_all;
	enum side_verdict verdict;
};

/* The first rule that matches the flow; policy NULL: none does. */
static struct near_rule first_match(const struct match *match, const struct network_policy *policy)
{
	for (size_t i = 0; i < policy->rule_count[match->direction]; i++) {
		const struct near_rule near = near_rule_of(
			match, policy, &policy->rules[match->direction][i]);

		if (near.miss == MISS_NONE)
			return near;
	}
	return (struct near_rule){.policy = NULL};
}

static struct decision decide_by_network_policies(const struct finding *finding, bool with_audited)
{
	struct decision decision = {
		.decided = finding->isolated[0] || (with_audited && finding->isolated[1])};

	for (int audited = 0; audited <= with_audited && !decision.accepts; audited++) {
		decision.accepts = finding->admitted[audited];
		decision.by = finding->admits[audited];
	}
	return decision;
}

/* Asks the tiers in order until one decides, as policy/compile/tier.h says. */
static struct decision decide(const struct look *look, bool with_audited)
{
	const struct policy_list *policies = &look->isolating;

	for (size_t i = 0; i < policies->count;) {
		const struct network_policy *policy = policies->items[i];
		struct decision decision = {.decided = false};

		if (policy->tier == TIER_NETWORK_POLICY) {
			decision = decide_by_network_policies(&look->finding, with_audited);
		} else {
			if (!policy->audit || with_audited)
				decision.by = first_match(&look->match, policy);
			if (decision.by.policy == NULL) {
				i++;
				continue;
			}
			decision.decided = decision.by.rule->action != RULE_PASS;
			decision.accepts = decision.by.rule->action == RULE_ACCEPT;
		}
		if (decision.decided)
			return decision;
		while (i < policies->count && policies->items[i]->tier == policy->tier)
			i++;
	}
	return (struct decision){.decided = false};
}

/* The verdict that both walks lead to, by the sentences of tier.h. */
static enum side_verdict verdict_of(const struct look *look)
{
	if (look->by_enforced.decided && !look->by_enforced.accepts)
		return look->enforced ? SIDE_DENIED : SIDE_AUDIT_DENIED;
	if (look->by_all.decided && !look->by_all.accepts)
		return SIDE_AUDIT_DENIED;
	return look->by_enforced.decided ? SIDE_ALLOWED : SIDE_OPEN;
}

static void take_rule(struct explain_side *side, const struct near_rule *near)
{
	side->policy = near->policy;
	side->rule = near->rule;
	side->peer = near->peer;
	side->port = near->port;
	side->miss = near->miss;
	side->pos = near->peer != NULL ? near->peer->pos
		: near->port != NULL   ? near->port->pos
				       : near->rule->pos;
}

/*
 * Chooses the rule to speak of. An audited rule that admits is nearer than any enforced one that
 * does not.
 */
static void choose_rule(struct explain_side *side, const struct look *look)
{
	const struct finding *finding = &look->finding;
	const int audited = finding->isolated[0] ? 0 : 1;
	const struct decision *decision = &look->by_enforced;

	if (look->verdict != SIDE_ALLOWED && (!decision->decided || decision->accepts))
		decision = &look->by_all;
	if (decision->by.policy != NULL) {
		take_rule(side, &decision->by);
		side->miss = decision->accepts ? MISS_NONE : MISS_DENIED;
	} else if (finding->isolated[0] && finding->admitted[1]) {
		take_rule(side, &finding->admits[1]);
		side->miss = MISS_AUDITED;
	} else if (finding->nearest[audited].policy != NULL) {
		take_rule(side, &finding->nearest[audited]);
	} else {
		side->policy = finding->first[audited];
		side->pos = side->policy->pos;
		side->miss = MISS_NO_RULES;
	}
}

static int look_at_pair(const struct snapshot *snapshot, const struct flow *flow,
	enum direction direction, const size_t claimants[DIRECTION_COUNT], struct arena *arena,
	struct look *look)
{
	const struct ip_addr *ends[DIRECTION_COUNT] = {
		[DIRECTION_INGRESS] = &flow->dst, [DIRECTION_EGRESS] = &flow->src};
	const struct pod *pods[DIRECTION_COUNT];

	for (int d = 0; d < DIRECTION_COUNT; d++)
		pods[d] = snapshot_claimant(snapshot, ends[d], claimants[d]);
	*look = (struct look){
		.pod = pods[direction],
		.enforced = !snapshot_claimant_audits(
			snapshot, ends[direction], claimants[direction]),
		.verdict = SIDE_OPEN,
	};
	match_init(&look->match, snapshot, flow, direction, pods[DIRECTION_EGRESS],
		pods[DIRECTION_INGRESS]);
	if (snapshot_claimant_policies(snapshot, ends[direction], claimants[direction], direction,
		    arena, &look->isolating) != 0)
		return -ENOMEM;
	if (look->pod != NULL && look->pod == look->match.other_pod)
		return 0; /* a pod always reaches itself */
	for (size_t i = 0; i < look->isolating.count; i++)
		if (look->isolating.items[i]->tier == TIER_NETWORK_POLICY)
			look_at_policy(&look->finding, &look->match, look->isolating.items[i]);
	look->by_enforced = decide(look, false);
	look->by_all = decide(look, true);
	look->verdict = verdict_of(look);
	return 0;
}

static size_t count_claimants(const struct snapshot *snapshot, const struct ip_addr *addr)
{
	size_t count = 0;

	while (snapshot_claimant(snapshot, addr, count) != NULL)
		count++;
	return count;
}

/* The first look that comes to the most severe verdict, of all pods that may be at the two ends. */
static int look_at_all(const struct snapshot *snapshot, const struct flow *flow,
	enum direction direction, struct arena *arena, struct look *out)
{
	const size_t from = count_claimants(snapshot, &flow->src),
		     to = count_claimants(snapshot, &flow->dst);
	const bool one_address = ip_addr_equal(&flow->src, &flow->dst);
	bool any = false;

	for (size_t i = 0; i == 0 || i < from; i++) {
		for (size_t j = 0; j == 0 || j < to; j++) {
			const size_t claimants[] = {
				[DIRECTION_INGRESS] = j, [DIRECTION_EGRESS] = i};
			struct look look;

			if (one_address && i != j)
				continue;
			if (look_at_pair(snapshot, flow, direction, claimants, arena, &look) != 0)
				return -ENOMEM;
			if (!any || side_verdict_is_worse(look.verdict, out->verdict))
				*out = look;
			any = true;
		}
	}
	return 0;
}

static int explain_side(const struct snapshot *snapshot, const struct flow *flow,
	enum direction direction, enum side_verdict verdict, struct arena *arena,
	struct explain_side *out)
{
	struct look look;

	if (look_at_all(snapshot, flow, direction, arena, &look) != 0)
		return -ENOMEM;
	*out = (struct explain_side){
		.side = verdict,
		.pod = look.pod,
		.claimants = count_claimants(
			snapshot, direction == DIRECTION_INGRESS ? &flow->dst : &flow->src),
		.other_pod = look.match.other_pod,
		.isolating = look.isolating.items,
		.isolating_count = look.isolating.count,
		.enforced = look.enforced,
		.pos = {.file = ""},
		.field = "",
		.wanted = "",
		.had = "",
		.fix = "",
		.disagrees = verdict != look.verdict,
	};
	if (verdict == SIDE_OPEN || out->disagrees)
		return 0;
	choose_rule(out, &look);
	if (verdict == SIDE_ALLOWED)
		return 0;
	return miss_describe(&look.match, arena, out) != 0 ||
			fix_describe(&look.match, arena, out) != 0
		? -ENOMEM
		: 0;
}

/* Where networks end is nothing that manifests tell: most end at 255. */
static bool may_be_group(const struct snapshot *snapshot, const struct ip_addr *addr)
{
	return ip_addr_is_group(addr) ||
		(addr->family == IP_FAMILY_V4 && addr->bytes[3] == 255 &&
			snapshot_pod_at(snapshot, addr) == NULL);
}

int explain_flow(const struct snapshot *snapshot, const struct flow *flow, struct arena *arena,
	struct explanation *out)
{
	struct explanation made = {
		.flow = *flow,
		.judgement = snapshot_judge(snapshot, flow),
		.link_local = snapshot_link_local(snapshot, flow) != VERDICT_ALLOW,
		.group = may_be_group(snapshot, &flow->dst),
		.ipv6_off = snapshot_ipv6_off(snapshot) && flow->src.family == IP_FAMILY_V6,
	};

	for (int d = 0; d < DIRECTION_COUNT; d++) {
		const int err = explain_side(snapshot, flow, (enum direction)d,
			made.judgement.sides[d], arena, &made.sides[d]);

		if (err != 0)
			return err;
	}
	*out = made;
	return 0;
}
