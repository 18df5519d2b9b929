/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/compile/snapshot.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "policy/compile/claims.h"
#include "policy/compile/compiled.h"

uint64_t snapshot_revision(const struct snapshot *snapshot)
{
	return snapshot->revision;
}

bool snapshot_ipv6_off(const struct snapshot *snapshot)
{
	return snapshot->ipv6_off;
}

const struct cluster *snapshot_cluster(const struct snapshot *snapshot)
{
	return snapshot->cluster;
}

size_t snapshot_memory(const struct snapshot *snapshot)
{
	return arena_size(snapshot->arena);
}

const char *verdict_name(enum verdict verdict)
{
	static const char *const names[] = {
		[VERDICT_ALLOW] = "allow",
		[VERDICT_DENY] = "deny",
		[VERDICT_AUDIT_DENY] = "audit-deny",
	};

	return names[verdict];
}

const char *side_verdict_name(enum side_verdict side)
{
	static const char *const names[] = {
		[SIDE_OPEN] = "open",
		[SIDE_ALLOWED] = "allowed",
		[SIDE_DENIED] = "denied",
		[SIDE_AUDIT_DENIED] = "audit-denied",
	};

	return names[side];
}

bool side_verdict_is_worse(enum side_verdict a, enum side_verdict b)
{
	static const int severity[] = {
		[SIDE_OPEN] = 0, [SIDE_ALLOWED] = 1, [SIDE_AUDIT_DENIED] = 2, [SIDE_DENIED] = 3};

	return severity[a] > severity[b];
}

static __attribute__((noinline, cold)) enum side_verdict judge_ranked(
	const struct snapshot *snapshot, const struct endpoint *end, enum direction direction,
	const struct profile_question *question)
{
	const struct tier *by;

	return tier_list_judge(
		tiers_of(snapshot, end, direction), &snapshot->sets, question, end->audits, &by);
}

/* By NetworkPolicy's tier alone where there is no other: a list of tiers costs nothing then. */
static inline __attribute__((always_inline)) enum side_verdict judge_isolated(
	const struct snapshot *snapshot, const struct endpoint *end, enum direction direction,
	const struct profile_question *question)
{
	const struct profile *profile;

	if (__builtin_expect(end->ranked >> direction & 1, 0))
		return judge_ranked(snapshot, end, direction, question);
	profile = profile_at(&snapshot->sets, end->tiers[direction]);
	if (profile_admits(profile, &snapshot->sets, question))
		return profile->audited_only ? SIDE_OPEN : SIDE_ALLOWED;
	return profile->audited_only || end->audits ? SIDE_AUDIT_DENIED : SIDE_DENIED;
}

static bool is_isolated(const struct endpoint *end, enum direction direction)
{
	return end != NULL && end->tiers[direction] != PIECE_NONE;
}

static enum verdict join_sides(enum side_verdict ingress, enum side_verdict egress)
{
	if (ingress == SIDE_DENIED || egress == SIDE_DENIED)
		return VERDICT_DENY;
	return ingress == SIDE_AUDIT_DENIED || egress == SIDE_AUDIT_DENIED ? VERDICT_AUDIT_DENY
									   : VERDICT_ALLOW;
}

enum verdict snapshot_link_local(const struct snapshot *snapshot, const struct flow *flow)
{
	return ip_addr_is_link_local(&flow->src) || ip_addr_is_link_local(&flow->dst)
		? snapshot->link_local
		: VERDICT_ALLOW;
}

/* Whether both are addresses of one pod, and so of one kind. */
static bool same_pod(
	const struct snapshot *snapshot, const struct endpoint *a, const struct endpoint *b)
{
	return a != NULL && b != NULL && a->kind == b->kind &&
		*endpoint_table_pod(&snapshot->endpoints, a) ==
		*endpoint_table_pod(&snapshot->endpoints, b);
}

/* The ports of an end that policies know by name. */
static const struct named_ports *declared_ports(
	const struct snapshot *snapshot, const struct endpoint *end)
{
	const uint32_t piece = end != NULL ? snapshot->kinds[end->kind].declared : PIECE_NONE;

	return piece != PIECE_NONE ? piece_at(snapshot->sets.pieces, piece) : NULL;
}

/* What both ends say, of two that are not one pod. */
static inline __attribute__((always_inline)) void judge_sides(const struct snapshot *snapshot,
	const struct flow *flow, const struct endpoint *src, const struct endpoint *dst,
	enum side_verdict *ingress, enum side_verdict *egress)
{
	struct profile_question question = {
		.protocol = profile_protocol(flow->protocol), .port = flow->dst_port};

	question.declared = declared_ports(snapshot, dst);
	if (is_isolated(dst, DIRECTION_INGRESS)) {
		question.peer = (struct peer){&flow->src, src != NULL ? src->kind : PEER_NO_KIND};
		*ingress = judge_isolated(snapshot, dst, DIRECTION_INGRESS, &question);
	}
	if (is_isolated(src, DIRECTION_EGRESS)) {
		question.peer = (struct peer){&flow->dst, dst != NULL ? dst->kind : PEER_NO_KIND};
		*egress = judge_isolated(snapshot, src, DIRECTION_EGRESS, &question);
	}
}

static enum verdict judge_link_local(
	const struct snapshot *snapshot, const struct flow *flow, enum verdict verdict)
{
	return verdict != VERDICT_DENY && snapshot_link_local(snapshot, flow) != VERDICT_ALLOW
		? snapshot->link_local
		: verdict;
}

/* ---- contested addresses ---- */

/* What may be at one end: pods, or nobody. */
struct candidates {
	const struct endpoint *ends;
	const uint32_t *pods;
	uint32_t count;
};

static struct candidates candidates_of(const struct snapshot *snapshot, const struct endpoint *end)
{
	const struct contested_address *claims;

	if (end == NULL)
		return (struct candidates){0};
	if (!end->contested)
		return (struct candidates){end, endpoint_table_pod(&snapshot->endpoints, end), 1};
	claims = claims_of(snapshot, end);
	return (struct candidates){&snapshot->claim_ends[claims->first],
		&snapshot->claim_pods[claims->first], claims->count};
}

static void take_more_severe(enum side_verdict *side, enum side_verdict other)
{
	if (side_verdict_is_worse(other, *side))
		*side = other;
}

static void judge_pair(const struct snapshot *snapshot, const struct flow *flow,
	const struct endpoint *src, const struct endpoint *dst, struct judgement *out)
{
	enum side_verdict ingress = SIDE_OPEN, egress = SIDE_OPEN;

	judge_sides(snapshot, flow, src, dst, &ingress, &egress);
	take_more_severe(&out->sides[DIRECTION_INGRESS], ingress);
	take_more_severe(&out->sides[DIRECTION_EGRESS], egress);
	out->verdict = judge_link_local(snapshot, flow,
		join_sides(out->sides[DIRECTION_INGRESS], out->sides[DIRECTION_EGRESS]));
}

/*
 * Each pod that may be the source, with each that may be the destination. At one address both are
 * the same pod.
 */
static __attribute__((noinline, cold)) void judge_contested(const struct snapshot *snapshot,
	const struct flow *flow, const struct endpoint *src, const struct endpoint *dst,
	struct judgement *out)
{
	const struct candidates from = candidates_of(snapshot, src),
				to = candidates_of(snapshot, dst);

	*out = (struct judgement){.verdict = VERDICT_ALLOW, .sides = {SIDE_OPEN, SIDE_OPEN}};
	if (src == dst)
		return;
	for (uint32_t i = 0; i == 0 || i < from.count; i++) {
		for (uint32_t j = 0; j == 0 || j < to.count; j++) {
			if (from.count > 0 && to.count > 0 && from.pods[i] == to.pods[j])
				continue;
			judge_pair(snapshot, flow, from.count > 0 ? &from.ends[i] : NULL,
				to.count > 0 ? &to.ends[j] : NULL, out);
		}
	}
}

static inline bool is_contested(const struct endpoint *end)
{
	return end != NULL && end->contested;
}

void snapshot_judge_into(
	const struct snapshot *snapshot, const struct flow *flow, struct judgement *out)
{
	const struct endpoint *src = endpoint_table_find(&snapshot->endpoints, &flow->src);
	const struct endpoint *dst = endpoint_table_find(&snapshot->endpoints, &flow->dst);
	enum side_verdict ingress = SIDE_OPEN, egress = SIDE_OPEN;
	enum verdict verdict = VERDICT_ALLOW;

	if (__builtin_expect(snapshot->contested_count != 0, 0) &&
		(is_contested(src) || is_contested(dst))) {
		judge_contested(snapshot, flow, src, dst, out);
		return;
	}
	if (!same_pod(snapshot, src, dst)) {
		judge_sides(snapshot, flow, src, dst, &ingress, &egress);
		verdict = judge_link_local(snapshot, flow, join_sides(ingress, egress));
	}
	out->verdict = verdict;
	out->sides[DIRECTION_INGRESS] = ingress;
	out->sides[DIRECTION_EGRESS] = egress;
}

struct judgement snapshot_judge(const struct snapshot *snapshot, const struct flow *flow)
{
	struct judgement judgement;

	snapshot_judge_into(snapshot, flow, &judgement);
	return judgement;
}

const struct network_policy *snapshot_denying_policy(
	const struct snapshot *snapshot, const struct flow *flow, enum direction direction)
{
	const struct ip_addr *ends[DIRECTION_COUNT] = {
		[DIRECTION_INGRESS] = &flow->dst, [DIRECTION_EGRESS] = &flow->src};
	const struct candidates own = candidates_of(snapshot,
					endpoint_table_find(&snapshot->endpoints, ends[direction])),
				far = candidates_of(snapshot,
					endpoint_table_find(
						&snapshot->endpoints, ends[1 - direction]));
	enum side_verdict worst = SIDE_ALLOWED;
	uint32_t policy = TIER_ALL_POLICIES;

	if (own.count == 1 && !own.ends[0].ranked)
		return NULL;
	for (uint32_t i = 0; i < own.count; i++) {
		const struct tier_list *list = tiers_of(snapshot, &own.ends[i], direction);

		for (uint32_t j = 0; j == 0 || j < far.count; j++) {
			const struct endpoint *other = far.count > 0 ? &far.ends[j] : NULL;
			const struct profile_question question = {
				.peer = {ends[1 - direction],
					other != NULL ? other->kind : PEER_NO_KIND},
				.protocol = profile_protocol(flow->protocol),
				.port = flow->dst_port,
				.declared = declared_ports(snapshot,
					direction == DIRECTION_INGRESS ? &own.ends[i] : other),
			};
			const struct tier *by = NULL;
			enum side_verdict side = SIDE_OPEN;

			if (other != NULL && far.pods[j] == own.pods[i])
				continue;
			if (list != NULL)
				side = tier_list_judge(
					list, &snapshot->sets, &question, own.ends[i].audits, &by);
			else if (is_isolated(&own.ends[i], direction))
				side = judge_isolated(snapshot, &own.ends[i], direction, &question);
			if (side_verdict_is_worse(side, worst)) {
				worst = side;
				policy = by != NULL ? by->policy : TIER_ALL_POLICIES;
			}
		}
	}
	return policy != TIER_ALL_POLICIES ? snapshot->cluster->policies[policy] : NULL;
}

void snapshot_prefetch(const struct snapshot *snapshot, const struct flow *flow)
{
	endpoint_table_prefetch(&snapshot->endpoints, &flow->src);
	endpoint_table_prefetch(&snapshot->endpoints, &flow->dst);
}

const struct pod *snapshot_pod_at(const struct snapshot *snapshot, const struct ip_addr *addr)
{
	const struct endpoint *endpoint = endpoint_table_find(&snapshot->endpoints, addr);

	return endpoint != NULL
		? snapshot->cluster->pods[*endpoint_table_pod(&snapshot->endpoints, endpoint)]
		: NULL;
}

const struct pod *snapshot_claimant(
	const struct snapshot *snapshot, const struct ip_addr *addr, size_t number)
{
	const struct candidates all = candidates_of(
		snapshot, endpoint_table_find(&snapshot->endpoints, addr));

	return number < all.count ? snapshot->cluster->pods[all.pods[number]] : NULL;
}

bool snapshot_may_be(
	const struct snapshot *snapshot, const struct ip_addr *addr, const struct pod *pod)
{
	const struct candidates all = candidates_of(
		snapshot, endpoint_table_find(&snapshot->endpoints, addr));

	for (uint32_t i = 0; i < all.count; i++)
		if (snapshot->cluster->pods[all.pods[i]] == pod)
			return true;
	return false;
}

const struct snapshot_claim *snapshot_odd_claims(const struct snapshot *snapshot, size_t *count)
{
	*count = snapshot->odd_claim_count;
	return snapshot->odd_claims;
}

bool snapshot_pod_is_local(const struct snapshot *snapshot, const struct pod *pod)
{
	return *snapshot->node_name == '\0' || *pod->node_name == '\0' ||
		strcmp(snapshot->node_name, pod->node_name) == 0;
}

bool snapshot_isolates(const struct snapshot *snapshot, const struct ip_addr *addr)
{
	const struct endpoint *endpoint = endpoint_table_find(&snapshot->endpoints, addr);
	struct candidates all;

	if (snapshot->link_local != VERDICT_ALLOW && ip_addr_is_link_local(addr))
		return true;
	if (is_isolated(endpoint, DIRECTION_INGRESS) || is_isolated(endpoint, DIRECTION_EGRESS))
		return true;
	if (!is_contested(endpoint))
		return false;
	all = candidates_of(snapshot, endpoint);
	for (uint32_t i = 0; i < all.count; i++)
		if (is_isolated(&all.ends[i], DIRECTION_INGRESS) ||
			is_isolated(&all.ends[i], DIRECTION_EGRESS))
			return true;
	return false;
}

const struct ip_addr *snapshot_isolated(const struct snapshot *snapshot, size_t *count)
{
	*count = snapshot->isolated_count;
	return snapshot->isolated;
}

size_t snapshot_isolated_pods(const struct snapshot *snapshot)
{
	return snapshot->isolated_count - (snapshot->link_local != VERDICT_ALLOW ? 1 : 0);
}

static int number_cmp(const void *pa, const void *pb, void *context)
{
	const struct cluster *cluster = context;
	const uint32_t a = *(const uint32_t *)pa, b = *(const uint32_t *)pb;
	const int order = policy_rank_cmp(cluster->policies[a], cluster->policies[b]);

	return order != 0 ? order : (a > b) - (a < b);
}

/* Adds the numbers of all policies of the groups of a class. */
static int list_class(const struct snapshot *snapshot, uint32_t class, enum direction direction,
	struct vector *numbers)
{
	const struct number_lists *groups = &snapshot->groups[direction],
				  *policies = &snapshot->policies[direction];

	for (uint32_t i = groups->starts[class]; i < groups->starts[class + 1]; i++) {
		const uint32_t first = policies->starts[groups->items[i]];
		const uint32_t count = policies->starts[groups->items[i] + 1] - first;
		uint32_t *added = vector_push_many(numbers, count, sizeof(*added));

		if (added == NULL)
			return -ENOMEM;
		memcpy(added, policies->items + first, count * sizeof(*added));
	}
	return 0;
}

/*
 * Sorts by tier and then as the cluster does, and leaves each once: two pods may be isolated by one
 * policy.
 */
static void settle_numbers(const struct snapshot *snapshot, struct vector *numbers)
{
	uint32_t *items = numbers->items;
	size_t kept = 0;

	if (numbers->count > 1)
		qsort_r(items, numbers->count, sizeof(*items), number_cmp, snapshot->cluster);
	for (size_t i = 0; i < numbers->count; i++)
		if (kept == 0 || items[kept - 1] != items[i])
			items[kept++] = items[i];
	numbers->count = kept;
}

static int list_policies(const struct snapshot *snapshot, const struct candidates *pods,
	enum direction direction, struct arena *arena, struct policy_list *out)
{
	const struct network_policy **items = NULL;
	struct vector numbers = {0};
	int err = 0;

	for (uint32_t i = 0; err == 0 && i < pods->count; i++)
		if (!(snapshot->ipv6_off && pods->ends[i].addr.family == IP_FAMILY_V6))
			err = list_class(snapshot,
				snapshot->kinds[pods->ends[i].kind].classes[direction], direction,
				&numbers);
	if (err == 0) {
		settle_numbers(snapshot, &numbers);
		items = arena_calloc(arena, numbers.count, sizeof(*items));
		err = items != NULL ? 0 : -ENOMEM;
	}
	for (size_t i = 0; err == 0 && i < numbers.count; i++)
		items[i] = snapshot->cluster->policies[((const uint32_t *)numbers.items)[i]];
	if (err == 0)
		*out = (struct policy_list){items, numbers.count};
	vector_deinit(&numbers);
	return err;
}

int snapshot_policies(const struct snapshot *snapshot, const struct ip_addr *addr,
	enum direction direction, struct arena *arena, struct policy_list *out)
{
	const struct candidates all = candidates_of(
		snapshot, endpoint_table_find(&snapshot->endpoints, addr));

	return list_policies(snapshot, &all, direction, arena, out);
}

/* The one of that number alone; nobody when there is none. */
static struct candidates candidate_at(
	const struct snapshot *snapshot, const struct ip_addr *addr, size_t number)
{
	const struct candidates all = candidates_of(
		snapshot, endpoint_table_find(&snapshot->endpoints, addr));

	if (number >= all.count)
		return (struct candidates){0};
	return (struct candidates){&all.ends[number], &all.pods[number], 1};
}

int snapshot_claimant_policies(const struct snapshot *snapshot, const struct ip_addr *addr,
	size_t number, enum direction direction, struct arena *arena, struct policy_list *out)
{
	const struct candidates one = candidate_at(snapshot, addr, number);

	return list_policies(snapshot, &one, direction, arena, out);
}

bool snapshot_claimant_audits(
	const struct snapshot *snapshot, const struct ip_addr *addr, size_t number)
{
	const struct candidates one = candidate_at(snapshot, addr, number);

	return snapshot->audit || (one.count > 0 && one.ends[0].audits);
}
