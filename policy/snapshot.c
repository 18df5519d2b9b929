/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/snapshot.h"

#include <errno.h>
#include <stdlib.h>
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

static enum side_verdict judge_isolated(const struct snapshot *snapshot, const struct endpoint *end,
	enum direction direction, const struct profile_question *question)
{
	const struct profile *profile = profile_at(&snapshot->sets, end->profiles[direction]);

	if (profile_admits(profile, &snapshot->sets, question))
		return profile->audited_only ? SIDE_OPEN : SIDE_ALLOWED;
	return profile->audited_only || end->audits ? SIDE_AUDIT_DENIED : SIDE_DENIED;
}

static bool is_isolated(const struct endpoint *end, enum direction direction)
{
	return end != NULL && end->profiles[direction] != PROFILE_NONE;
}

static enum verdict join_sides(enum side_verdict ingress, enum side_verdict egress)
{
	if (ingress == SIDE_DENIED || egress == SIDE_DENIED)
		return VERDICT_DENY;
	return ingress == SIDE_AUDIT_DENIED || egress == SIDE_AUDIT_DENIED ? VERDICT_AUDIT_DENY : VERDICT_ALLOW;
}

enum verdict snapshot_link_local(const struct snapshot *snapshot, const struct flow *flow)
{
	return ip_addr_is_link_local(&flow->src) || ip_addr_is_link_local(&flow->dst) ? snapshot->link_local
										      : VERDICT_ALLOW;
}

/* Whether both are addresses of one pod, and so of one kind. */
static bool same_pod(const struct snapshot *snapshot, const struct endpoint *a, const struct endpoint *b)
{
	return a != NULL && b != NULL && a->kind == b->kind &&
	       *endpoint_table_pod(&snapshot->endpoints, a) == *endpoint_table_pod(&snapshot->endpoints, b);
}

/* The ports of an end that policies know by name. */
static const struct named_ports *declared_ports(const struct snapshot *snapshot, const struct endpoint *end)
{
	const uint32_t piece = end != NULL ? snapshot->kinds[end->kind].declared : PIECE_NONE;

	return piece != PIECE_NONE ? piece_at(snapshot->sets.pieces, piece) : NULL;
}

void snapshot_judge_into(const struct snapshot *snapshot, const struct flow *flow, struct judgement *out)
{
	const struct endpoint *src = endpoint_table_find(&snapshot->endpoints, &flow->src);
	const struct endpoint *dst = endpoint_table_find(&snapshot->endpoints, &flow->dst);
	struct profile_question question = {.protocol = profile_protocol(flow->protocol), .port = flow->dst_port};
	enum side_verdict ingress = SIDE_OPEN, egress = SIDE_OPEN;
	enum verdict verdict = VERDICT_ALLOW;

	if (!same_pod(snapshot, src, dst)) {
		question.declared = declared_ports(snapshot, dst);
		if (is_isolated(dst, DIRECTION_INGRESS)) {
			question.peer = (struct peer){&flow->src, src != NULL ? src->kind : PEER_NO_KIND};
			ingress = judge_isolated(snapshot, dst, DIRECTION_INGRESS, &question);
		}
		if (is_isolated(src, DIRECTION_EGRESS)) {
			question.peer = (struct peer){&flow->dst, dst != NULL ? dst->kind : PEER_NO_KIND};
			egress = judge_isolated(snapshot, src, DIRECTION_EGRESS, &question);
		}
		verdict = join_sides(ingress, egress);
		if (verdict != VERDICT_DENY && snapshot_link_local(snapshot, flow) != VERDICT_ALLOW)
			verdict = snapshot->link_local;
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

void snapshot_prefetch(const struct snapshot *snapshot, const struct flow *flow)
{
	endpoint_table_prefetch(&snapshot->endpoints, &flow->src);
	endpoint_table_prefetch(&snapshot->endpoints, &flow->dst);
}

const struct pod *snapshot_pod_at(const struct snapshot *snapshot, const struct ip_addr *addr)
{
	const struct endpoint *endpoint = endpoint_table_find(&snapshot->endpoints, addr);

	return endpoint != NULL ? snapshot->cluster->pods[*endpoint_table_pod(&snapshot->endpoints, endpoint)] : NULL;
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
	return is_isolated(endpoint, DIRECTION_INGRESS) || is_isolated(endpoint, DIRECTION_EGRESS);
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

static int number_cmp(const void *pa, const void *pb)
{
	const uint32_t a = *(const uint32_t *)pa, b = *(const uint32_t *)pb;

	return (a > b) - (a < b);
}

/* The numbers of all policies of the groups of a class, sorted: the order of the cluster. */
static int list_class(const struct snapshot *snapshot, uint32_t class, enum direction direction, struct vector *numbers)
{
	const struct number_lists *groups = &snapshot->groups[direction], *policies = &snapshot->policies[direction];

	for (uint32_t i = groups->starts[class]; i < groups->starts[class + 1]; i++) {
		const uint32_t first = policies->starts[groups->items[i]];
		const uint32_t count = policies->starts[groups->items[i] + 1] - first;
		uint32_t *added = vector_push_many(numbers, count, sizeof(*added));

		if (added == NULL)
			return -ENOMEM;
		memcpy(added, policies->items + first, count * sizeof(*added));
	}
	if (numbers->count > 1)
		qsort(numbers->items, numbers->count, sizeof(uint32_t), number_cmp);
	return 0;
}

int snapshot_policies(const struct snapshot *snapshot, const struct ip_addr *addr, enum direction direction,
	struct arena *arena, struct policy_list *out)
{
	const struct endpoint *endpoint = endpoint_table_find(&snapshot->endpoints, addr);
	const struct network_policy **items = NULL;
	struct vector numbers = {0};
	int err = 0;

	if (endpoint != NULL)
		err = list_class(snapshot, snapshot->kinds[endpoint->kind].classes[direction], direction, &numbers);
	if (err == 0) {
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

bool snapshot_audits(const struct snapshot *snapshot, const struct ip_addr *addr)
{
	const struct endpoint *endpoint = endpoint_table_find(&snapshot->endpoints, addr);

	return snapshot->audit || (endpoint != NULL && endpoint->audits);
}
