/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/snapshot.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct endpoint {
	struct ip_addr addr;
	uint32_t pod;
};

struct policy_list {
	const struct network_policy **items;
	size_t count;
};

struct snapshot {
	struct arena *arena;
	struct cluster *cluster;
	struct snapshot_options options;
	struct endpoint *endpoints;	/* sorted by address, one each */
	size_t endpoint_count;
	struct policy_list *lists[DIRECTION_COUNT];	/* by pod */
	struct ip_addr *isolated;
	size_t isolated_count;
};

static const struct cluster *sorting;

static bool owns_addresses(const struct pod *pod)
{
	return !pod->host_network && !pod->finished;
}

static int owner_cmp(uint32_t a, uint32_t b)
{
	const struct pod *pa = sorting->pods[a], *pb = sorting->pods[b];

	if (pa->terminating != pb->terminating)
		return pa->terminating ? 1 : -1;
	if (pa->created != pb->created)
		return pa->created > pb->created ? -1 : 1;
	return a < b ? -1 : a > b;
}

static int endpoint_cmp(const void *pa, const void *pb)
{
	const struct endpoint *a = pa, *b = pb;
	const int order = ip_addr_cmp(&a->addr, &b->addr);

	return order != 0 ? order : owner_cmp(a->pod, b->pod);
}

static int build_endpoints(struct snapshot *snapshot)
{
	const struct cluster *cluster = snapshot->cluster;
	size_t count = 0, kept = 0;

	for (size_t i = 0; i < cluster->pod_count; i++)
		count += cluster->pods[i]->ip_count;
	snapshot->endpoints = arena_calloc(snapshot->arena, count, sizeof(struct endpoint));
	if (snapshot->endpoints == NULL)
		return -ENOMEM;
	count = 0;
	for (uint32_t i = 0; i < cluster->pod_count; i++)
		for (size_t j = 0; owns_addresses(cluster->pods[i]) && j < cluster->pods[i]->ip_count; j++)
			snapshot->endpoints[count++] = (struct endpoint){cluster->pods[i]->ips[j], i};
	sorting = cluster;
	qsort(snapshot->endpoints, count, sizeof(struct endpoint), endpoint_cmp);
	for (size_t i = 0; i < count; i++)
		if (kept == 0 || !ip_addr_equal(&snapshot->endpoints[kept - 1].addr, &snapshot->endpoints[i].addr))
			snapshot->endpoints[kept++] = snapshot->endpoints[i];
	snapshot->endpoint_count = kept;
	return 0;
}

static const struct endpoint *find(const struct snapshot *snapshot, const struct ip_addr *addr)
{
	size_t low = 0, high = snapshot->endpoint_count;

	while (low < high) {
		const size_t middle = low + (high - low) / 2;
		const int order = ip_addr_cmp(&snapshot->endpoints[middle].addr, addr);

		if (order == 0)
			return &snapshot->endpoints[middle];
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

static int build_lists(struct snapshot *snapshot)
{
	const struct cluster *cluster = snapshot->cluster;

	for (int d = 0; d < DIRECTION_COUNT; d++) {
		snapshot->lists[d] = arena_calloc(snapshot->arena, cluster->pod_count, sizeof(struct policy_list));
		if (snapshot->lists[d] == NULL)
			return -ENOMEM;
		for (size_t i = 0; i < cluster->pod_count; i++) {
			const struct pod *pod = cluster->pods[i];
			struct policy_list *list = &snapshot->lists[d][i];

			if (!snapshot_pod_is_local(snapshot, pod) || !owns_addresses(pod))
				continue;
			list->items = arena_calloc(snapshot->arena, cluster->policy_count, sizeof(*list->items));
			if (list->items == NULL)
				return -ENOMEM;
			for (size_t p = 0; p < cluster->policy_count; p++) {
				const struct network_policy *policy = cluster->policies[p];

				if (policy->isolates[d] && strcmp(policy->namespace_name, pod->namespace_name) == 0 &&
				    selector_matches(&policy->pod_selector, &pod->labels))
					list->items[list->count++] = policy;
			}
		}
	}
	return 0;
}

static int build_isolated(struct snapshot *snapshot)
{
	snapshot->isolated = arena_calloc(snapshot->arena, snapshot->endpoint_count, sizeof(struct ip_addr));
	if (snapshot->isolated == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < snapshot->endpoint_count; i++) {
		const struct endpoint *e = &snapshot->endpoints[i];

		if (snapshot->lists[0][e->pod].count > 0 || snapshot->lists[1][e->pod].count > 0)
			snapshot->isolated[snapshot->isolated_count++] = e->addr;
	}
	return 0;
}

int snapshot_compile(struct snapshot **out, struct cluster *cluster, const struct snapshot_options *options)
{
	struct arena *arena = arena_create();
	struct snapshot *snapshot = arena != NULL ? arena_alloc(arena, sizeof(*snapshot)) : NULL;

	if (snapshot == NULL)
		return -ENOMEM;
	snapshot->arena = arena;
	snapshot->cluster = cluster;
	snapshot->options = *options;
	snapshot->options.node_name = arena_strdup(arena, options->node_name != NULL ? options->node_name : "");
	if (build_endpoints(snapshot) != 0 || build_lists(snapshot) != 0 || build_isolated(snapshot) != 0) {
		arena_unref(arena);
		return -ENOMEM;
	}
	cluster_ref(cluster);
	*out = snapshot;
	return 0;
}

void snapshot_free(struct snapshot *snapshot)
{
	if (snapshot == NULL)
		return;
	cluster_unref(snapshot->cluster);
	arena_unref(snapshot->arena);
}

uint64_t snapshot_revision(const struct snapshot *snapshot)
{
	return snapshot->options.revision;
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

static bool port_admits(const struct policy_port *port, const struct pod *dst, const struct flow *flow)
{
	if (port->protocol != flow->protocol)
		return false;
	if (port->kind == POLICY_PORT_ANY)
		return true;
	if (port->kind == POLICY_PORT_NUMBER)
		return flow->dst_port >= port->first && flow->dst_port <= port->last;
	for (size_t i = 0; dst != NULL && i < dst->port_count; i++)
		if (dst->ports[i].protocol == flow->protocol && dst->ports[i].port == flow->dst_port &&
		    strcmp(dst->ports[i].name, port->name) == 0)
			return true;
	return false;
}

static bool peer_admits(const struct snapshot *snapshot, const struct network_policy *policy,
	const struct policy_peer *peer, const struct ip_addr *addr, const struct pod *pod)
{
	const struct namespace_object *ns;

	if (peer->has_ip_block)
		return ip_block_contains(&peer->ip_block, addr);
	if (pod == NULL)
		return false;
	ns = cluster_namespace(snapshot->cluster, pod->namespace_name);
	if (peer->has_namespace_selector ? !selector_matches(&peer->namespace_selector, &ns->labels)
					 : strcmp(pod->namespace_name, policy->namespace_name) != 0)
		return false;
	return !peer->has_pod_selector || selector_matches(&peer->pod_selector, &pod->labels);
}

static bool rule_admits(const struct snapshot *snapshot, const struct network_policy *policy,
	const struct policy_rule *rule, const struct flow *flow, enum direction d)
{
	const struct ip_addr *addr = d == DIRECTION_INGRESS ? &flow->src : &flow->dst;
	const struct pod *dst = snapshot_pod_at(snapshot, &flow->dst), *pod = snapshot_pod_at(snapshot, addr);
	bool peers = rule->peer_count == 0, ports = rule->port_count == 0;

	for (size_t i = 0; !peers && i < rule->peer_count; i++)
		peers = peer_admits(snapshot, policy, &rule->peers[i], addr, pod);
	for (size_t i = 0; !ports && i < rule->port_count; i++)
		ports = port_admits(&rule->ports[i], dst, flow);
	return peers && ports;
}

static enum side_verdict judge_side(const struct snapshot *snapshot, const struct flow *flow, enum direction d)
{
	const struct ip_addr *self = d == DIRECTION_INGRESS ? &flow->dst : &flow->src;
	const struct endpoint *e = find(snapshot, self);
	size_t enforced = 0;
	bool admitted[2] = {false, false};
	const struct policy_list *list;

	if (e == NULL)
		return SIDE_OPEN;
	list = &snapshot->lists[d][e->pod];
	for (size_t i = 0; i < list->count; i++) {
		const struct network_policy *policy = list->items[i];

		enforced += !policy->audit;
		for (size_t r = 0; r < policy->rule_count[d]; r++)
			if (rule_admits(snapshot, policy, &policy->rules[d][r], flow, d))
				admitted[policy->audit] = true;
	}
	if (enforced > 0 && admitted[false])
		return SIDE_ALLOWED;
	if (enforced > 0)
		return snapshot_audits(snapshot, self) ? SIDE_AUDIT_DENIED : SIDE_DENIED;
	if (list->count > 0 && !admitted[true])
		return SIDE_AUDIT_DENIED;
	return SIDE_OPEN;
}

struct judgement snapshot_judge(const struct snapshot *snapshot, const struct flow *flow)
{
	const struct pod *src = snapshot_pod_at(snapshot, &flow->src), *dst = snapshot_pod_at(snapshot, &flow->dst);
	struct judgement judgement = {.verdict = VERDICT_ALLOW};

	if (src == dst && src != NULL)
		return judgement;
	for (int d = 0; d < DIRECTION_COUNT; d++)
		judgement.sides[d] = judge_side(snapshot, flow, (enum direction)d);
	for (int d = 0; d < DIRECTION_COUNT; d++)
		if (judgement.sides[d] == SIDE_AUDIT_DENIED)
			judgement.verdict = VERDICT_AUDIT_DENY;
	for (int d = 0; d < DIRECTION_COUNT; d++)
		if (judgement.sides[d] == SIDE_DENIED)
			judgement.verdict = VERDICT_DENY;
	return judgement;
}

const struct pod *snapshot_pod_at(const struct snapshot *snapshot, const struct ip_addr *addr)
{
	const struct endpoint *e = find(snapshot, addr);

	return e != NULL ? snapshot->cluster->pods[e->pod] : NULL;
}

bool snapshot_pod_is_local(const struct snapshot *snapshot, const struct pod *pod)
{
	return *snapshot->options.node_name == '\0' || *pod->node_name == '\0' ||
	       strcmp(snapshot->options.node_name, pod->node_name) == 0;
}

bool snapshot_isolates(const struct snapshot *snapshot, const struct ip_addr *addr)
{
	const struct endpoint *e = find(snapshot, addr);

	return e != NULL && (snapshot->lists[0][e->pod].count > 0 || snapshot->lists[1][e->pod].count > 0);
}

const struct ip_addr *snapshot_isolated(const struct snapshot *snapshot, size_t *count)
{
	*count = snapshot->isolated_count;
	return snapshot->isolated;
}

const struct network_policy *const *snapshot_policies(const struct snapshot *snapshot, const struct ip_addr *addr,
	enum direction direction, size_t *count)
{
	const struct endpoint *e = find(snapshot, addr);

	*count = e != NULL ? snapshot->lists[direction][e->pod].count : 0;
	return e != NULL ? snapshot->lists[direction][e->pod].items : NULL;
}

bool snapshot_audits(const struct snapshot *snapshot, const struct ip_addr *addr)
{
	const struct pod *pod = snapshot_pod_at(snapshot, addr);

	if (snapshot->options.audit)
		return true;
	return pod != NULL && (pod->audit || cluster_namespace(snapshot->cluster, pod->namespace_name)->audit);
}
