/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef POLICY_COMPILE_TIER_H
#define POLICY_COMPILE_TIER_H

/*
 * How policies judge a flow at one end: by an ordered list of tiers, each a profile and an action.
 * The first tier that decides has decided for that end. The order is that of ClusterNetworkPolicy
 * (network-policy-api.sigs.k8s.io): Admin, NetworkPolicy, Baseline.
 *
 * - All NetworkPolicies that isolate the pod are one tier, which always decides: a flow that its
 *   profile admits is accepted, any other is denied.
 * - In another tier each run of rules with one action in one policy is an entry of its own. A flow
 *   that its profile admits is accepted, denied, or passed on to the next tier; any other flow
 *   meets the next entry.
 * - When no tier decides, the end is SIDE_OPEN.
 *
 * Entries of audited policies decide nothing. The list is walked a second time with them: if that
 * walk ends in a denial and the first did not, the side is SIDE_AUDIT_DENIED. Beside other tiers
 * the audited NetworkPolicies are therefore an entry of their own, before the enforced ones: it
 * accepts what they admit.
 *
 * An endpoint refers to its list by a piece, one for each direction. A list of NetworkPolicy's tier
 * alone is the piece of its profile, as there is nothing to say but that: the enforced policies'
 * profile, or that of the audited ones (audited_only) when there are no others. Rules of
 * NetworkPolicies only add, so audited policies beside enforced ones could change no verdict then.
 * Any other list is a struct tier_list, and the endpoint's bit in `ranked` says so.
 *
 * A new kind of policy gives its policies a tier and a priority, and its rules actions (model.h).
 * The compiler makes entries of them; judging, explaining and counting follow.
 */

#include "policy/compile/profile.h"
#include "policy/compile/snapshot.h"

struct tier {
	uint32_t profile;
	uint32_t
		policy; /* its number in the cluster; TIER_ALL_POLICIES: those of NetworkPolicy's */
	int8_t tier;	/* enum policy_tier */
	uint8_t action; /* enum rule_action: for what the profile admits */
	bool isolates;	/* what the profile does not admit is denied */
	bool audited;
};
#define TIER_ALL_POLICIES UINT32_MAX

struct tier_list {
	uint32_t count;
	struct tier items[]; /* in the order in which they are asked */
};

/* What a class of pods has in one direction. */
struct tier_ref {
	uint32_t piece; /* PIECE_NONE: not isolated */
	bool ranked;	/* a struct tier_list */
};

/* `audits`: denials at that end are only logged. Stores the entry that decided; NULL: none did. */
enum side_verdict tier_list_judge(const struct tier_list *list, const struct peer_sets *sets,
	const struct profile_question *question, bool audits, const struct tier **by);

#endif
