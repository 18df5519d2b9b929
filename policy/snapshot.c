/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/snapshot.h"

#include <string.h>

#include "policy/compiled.h"

uint64_t snapshot_revision(const struct snapshot *snapshot)
{
	return snapshot->revision;
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

static enum side_verdict judge_side(const struct snapshot *snapshot, const struct endpoint *end,
	enum direction direction, const struct profile_question *question)
{
	uint32_t number;
	bool audited_only;

	if (end == NULL || end->profiles[direction] == PROFILE_NONE)
		return SIDE_OPEN;
	number = end->profiles[direction];
	audited_only = snapshot->profiles[number].audited_only;
	if (profile_admits(snapshot->profiles, number, snapshot->sets, question))
		return audited_only ? SIDE_OPEN : SIDE_ALLOWED;
	return audited_only || end->audits ? SIDE_AUDIT_DENIED : SIDE_DENIED;
}

static enum verdict join_sides(const enum side_verdict sides[DIRECTION_COUNT])
{
	if (sides[DIRECTION_INGRESS] == SIDE_DENIED || sides[DIRECTION_EGRESS] == SIDE_DENIED)
		return VERDICT_DENY;
	if (sides[DIRECTION_INGRESS] == SIDE_AUDIT_DENIED || sides[DIRECTION_EGRESS] == SIDE_AUDIT_DENIED)
		return VERDICT_AUDIT_DENY;
	return VERDICT_ALLOW;
}

enum verdict snapshot_link_local(const struct snapshot *snapshot, const struct flow *flow)
{
	return ip_addr_is_link_local(&flow->src) || ip_addr_is_link_local(&flow->dst) ? snapshot->link_local
										      : VERDICT_ALLOW;
}

struct judgement snapshot_judge(const struct snapshot *snapshot, const struct flow *flow)
{
	const struct endpoint *src = endpoint_table_find(&snapshot->endpoints, &flow->src);
	const struct endpoint *dst = endpoint_table_find(&snapshot->endpoints, &flow->dst);
	struct judgement judgement = {.verdict = VERDICT_ALLOW, .sides = {SIDE_OPEN, SIDE_OPEN}};
	struct profile_question question = {.protocol = profile_protocol(flow->protocol), .port = flow->dst_port};

	if (src != NULL && dst != NULL && src->pod == dst->pod)
		return judgement;
	if (dst != NULL && snapshot->named_ports != NULL)
		question.declared = snapshot->named_ports[dst->pod];
	question.peer = (struct peer){&flow->src, src != NULL ? src->pod : PEER_NO_POD};
	judgement.sides[DIRECTION_INGRESS] = judge_side(snapshot, dst, DIRECTION_INGRESS, &question);
	question.peer = (struct peer){&flow->dst, dst != NULL ? dst->pod : PEER_NO_POD};
	judgement.sides[DIRECTION_EGRESS] = judge_side(snapshot, src, DIRECTION_EGRESS, &question);
	judgement.verdict = join_sides(judgement.sides);
	if (judgement.verdict != VERDICT_DENY && snapshot_link_local(snapshot, flow) != VERDICT_ALLOW)
		judgement.verdict = snapshot->link_local;
	return judgement;
}

const struct pod *snapshot_pod_at(const struct snapshot *snapshot, const struct ip_addr *addr)
{
	const struct endpoint *endpoint = endpoint_table_find(&snapshot->endpoints, addr);

	return endpoint != NULL ? snapshot->cluster->pods[endpoint->pod] : NULL;
}

bool snapshot_pod_is_local(const struct snapshot *snapshot, const struct pod *pod)
{
	return *snapshot->node_name == '\0' || *pod->node_name == '\0' ||
	       strcmp(snapshot->node_name, pod->node_name) == 0;
}

bool snapshot_isolates(const struct snapshot *snapshot, const struct ip_addr *addr)
{
	const struct endpoint *endpoint = endpoint_table_find(&snapshot->endpoints, addr);

	if (snapshot->link_local != VERDICT_ALLOW && ip_addr_is_link_local(addr))
		return true;
	return endpoint != NULL && (endpoint->profiles[DIRECTION_INGRESS] != PROFILE_NONE ||
					   endpoint->profiles[DIRECTION_EGRESS] != PROFILE_NONE);
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

const struct network_policy *const *snapshot_policies(const struct snapshot *snapshot, const struct ip_addr *addr,
	enum direction direction, size_t *count)
{
	const struct endpoint *endpoint = endpoint_table_find(&snapshot->endpoints, addr);
	const uint32_t class = endpoint != NULL ? snapshot->classes[direction][endpoint->pod] : 0;
	const struct policy_list *list = &snapshot->policies[direction][class];

	*count = list->count;
	return list->items;
}

bool snapshot_audits(const struct snapshot *snapshot, const struct ip_addr *addr)
{
	const struct endpoint *endpoint = endpoint_table_find(&snapshot->endpoints, addr);

	return snapshot->audit || (endpoint != NULL && endpoint->audits);
}
