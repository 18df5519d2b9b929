/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/explain/match.h"

#include <string.h>

void match_init(struct match *match, const struct snapshot *snapshot, const struct flow *flow,
	enum direction direction, const struct pod *source, const struct pod *destination)
{
	const struct ip_addr *other = direction == DIRECTION_INGRESS ? &flow->src : &flow->dst;
	const struct pod *pod = direction == DIRECTION_INGRESS ? source : destination;

	*match = (struct match){
		.snapshot = snapshot,
		.flow = flow,
		.direction = direction,
		.other = other,
		.other_pod = pod,
		.destination = destination,
	};
	if (pod != NULL)
		match->other_namespace = cluster_namespace(
			snapshot_cluster(snapshot), pod->namespace_name);
}

bool match_peer_namespace(const struct match *match, const struct network_policy *policy,
	const struct policy_peer *peer)
{
	if (match->other_pod == NULL)
		return false;
	if (!peer->has_namespace_selector)
		return strcmp(match->other_pod->namespace_name, policy->namespace_name) == 0;
	return selector_matches(&peer->namespace_selector, &match->other_namespace->labels);
}

static bool includes_peer(const struct match *match, const struct network_policy *policy,
	const struct policy_peer *peer)
{
	if (peer->has_ip_block)
		return ip_block_contains(&peer->ip_block, match->other);
	return match_peer_namespace(match, policy, peer) &&
		(!peer->has_pod_selector ||
			selector_matches(&peer->pod_selector, &match->other_pod->labels));
}

/* A named port stands for every number that the destination pod declares under that name. */
static bool resolves_to(const struct pod *pod, const struct policy_port *port, uint16_t number)
{
	for (size_t i = 0; pod != NULL && i < pod->port_count; i++)
		if (pod->ports[i].port == number && pod->ports[i].protocol == port->protocol &&
			strcmp(pod->ports[i].name, port->name) == 0)
			return true;
	return false;
}

static bool includes_port(const struct match *match, const struct policy_port *port)
{
	const struct flow *flow = match->flow;

	if (port->protocol != flow->protocol)
		return false;
	if (port->kind == POLICY_PORT_NUMBER)
		return flow->dst_port >= port->first && flow->dst_port <= port->last;
	return port->kind == POLICY_PORT_ANY ||
		resolves_to(match->destination, port, flow->dst_port);
}

const struct policy_peer *match_first_peer(const struct match *match,
	const struct network_policy *policy, const struct policy_rule *rule)
{
	for (size_t i = 0; i < rule->peer_count; i++)
		if (includes_peer(match, policy, &rule->peers[i]))
			return &rule->peers[i];
	return NULL;
}

const struct policy_port *match_first_port(
	const struct match *match, const struct policy_rule *rule)
{
	for (size_t i = 0; i < rule->port_count; i++)
		if (includes_port(match, &rule->ports[i]))
			return &rule->ports[i];
	return NULL;
}
