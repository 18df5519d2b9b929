/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/support/naive.h"

#include <netinet/in.h>
#include <string.h>

static bool text_equal(const char *a, const char *b)
{
	return strcmp(a, b) == 0;
}

static bool addr_equal(const struct ip_addr *a, const struct ip_addr *b)
{
	return a->family == b->family &&
		memcmp(a->bytes, b->bytes, a->family == IP_FAMILY_V4 ? 4 : 16) == 0;
}

static int addr_bit(const struct ip_addr *addr, unsigned int i)
{
	return addr->bytes[i / 8] >> (7 - i % 8) & 1;
}

/* "An address is in a block when its first `prefix` bits are the block's." */
static bool block_holds(const struct cidr *block, const struct ip_addr *addr)
{
	if (block->addr.family != addr->family)
		return false;
	for (unsigned int i = 0; i < block->prefix; i++)
		if (addr_bit(&block->addr, i) != addr_bit(addr, i))
			return false;
	return true;
}

static const char *value_of(const struct label_set *labels, const char *key)
{
	for (size_t i = 0; i < labels->count; i++)
		if (text_equal(labels->items[i].key, key))
			return labels->items[i].value;
	return NULL;
}

static bool among(const struct requirement *requirement, const char *value)
{
	for (size_t i = 0; i < requirement->value_count; i++)
		if (text_equal(requirement->values[i], value))
			return true;
	return false;
}

static bool selects(const struct selector *selector, const struct label_set *labels)
{
	for (size_t i = 0; i < selector->count; i++) {
		const struct requirement *requirement = &selector->requirements[i];
		const char *value = value_of(labels, requirement->key);

		if (requirement->op == REQUIREMENT_EXISTS && value == NULL)
			return false;
		if (requirement->op == REQUIREMENT_DOES_NOT_EXIST && value != NULL)
			return false;
		if (requirement->op == REQUIREMENT_IN &&
			(value == NULL || !among(requirement, value)))
			return false;
		if (requirement->op == REQUIREMENT_NOT_IN && value != NULL &&
			among(requirement, value))
			return false;
	}
	return true;
}

static bool has_addr(const struct pod *pod, const struct ip_addr *addr)
{
	if (pod->host_network || pod->finished)
		return false;
	for (size_t i = 0; i < pod->ip_count; i++)
		if (addr_equal(&pod->ips[i], addr))
			return true;
	return false;
}

/* "A status goes before an annotation, then a pod that is not terminating before one that is." */
static bool goes_before(const struct pod *a, const struct pod *b)
{
	if (a->ips_annotated != b->ips_annotated)
		return b->ips_annotated;
	return b->terminating && !a->terminating;
}

bool naive_may_be(
	const struct naive_world *world, const struct ip_addr *addr, const struct pod *pod)
{
	if (!has_addr(pod, addr))
		return false;
	for (size_t i = 0; i < world->cluster->pod_count; i++)
		if (has_addr(world->cluster->pods[i], addr) &&
			goes_before(world->cluster->pods[i], pod))
			return false;
	return true;
}

/* Of the pods that may be at `addr`, the one that is named: created last, or first by name. */
const struct pod *naive_pod_at(const struct naive_world *world, const struct ip_addr *addr)
{
	const struct pod *leader = NULL;

	for (size_t i = 0; i < world->cluster->pod_count; i++) {
		const struct pod *pod = world->cluster->pods[i];

		if (naive_may_be(world, addr, pod) &&
			(leader == NULL || pod->created > leader->created))
			leader = pod;
	}
	return leader;
}

static const struct namespace_object *namespace_of(
	const struct naive_world *world, const struct pod *pod)
{
	for (size_t i = 0; i < world->cluster->namespace_count; i++)
		if (text_equal(world->cluster->namespaces[i]->name, pod->namespace_name))
			return world->cluster->namespaces[i];
	return NULL;
}

static bool is_local(const struct naive_world *world, const struct pod *pod)
{
	return world->node_name == NULL || text_equal(world->node_name, "") ||
		text_equal(pod->node_name, "") || text_equal(world->node_name, pod->node_name);
}

static bool applies(const struct naive_world *world, const struct network_policy *policy,
	const struct pod *pod, enum direction direction)
{
	return pod != NULL && is_local(world, pod) && policy->isolates[direction] &&
		text_equal(policy->namespace_name, pod->namespace_name) &&
		selects(&policy->pod_selector, &pod->labels);
}

bool naive_policy_applies(const struct naive_world *world, const struct network_policy *policy,
	const struct ip_addr *addr, enum direction direction)
{
	for (size_t i = 0; i < world->cluster->pod_count; i++)
		if (naive_may_be(world, addr, world->cluster->pods[i]) &&
			applies(world, policy, world->cluster->pods[i], direction))
			return true;
	return false;
}

bool naive_isolates(const struct naive_world *world, const struct ip_addr *addr)
{
	for (size_t i = 0; i < world->cluster->policy_count; i++)
		for (int d = 0; d < DIRECTION_COUNT; d++)
			if (naive_policy_applies(
				    world, world->cluster->policies[i], addr, (enum direction)d))
				return true;
	return false;
}

bool naive_audits(const struct naive_world *world, const struct pod *pod)
{
	return world->audit || (pod != NULL && (pod->audit || namespace_of(world, pod)->audit));
}

static bool peer_holds(const struct naive_world *world, const struct network_policy *policy,
	const struct policy_peer *peer, const struct ip_addr *addr, const struct pod *pod)
{
	if (peer->has_ip_block) {
		for (size_t i = 0; i < peer->ip_block.except_count; i++)
			if (block_holds(&peer->ip_block.excepts[i], addr))
				return false;
		return block_holds(&peer->ip_block.cidr, addr);
	}
	if (pod == NULL)
		return false;
	if (!peer->has_namespace_selector &&
		!text_equal(pod->namespace_name, policy->namespace_name))
		return false;
	if (peer->has_namespace_selector &&
		!selects(&peer->namespace_selector, &namespace_of(world, pod)->labels))
		return false;
	return !peer->has_pod_selector || selects(&peer->pod_selector, &pod->labels);
}

static bool port_holds(
	const struct policy_port *port, const struct flow *flow, const struct pod *destination)
{
	if (flow->protocol != port->protocol)
		return false;
	if (port->kind == POLICY_PORT_ANY)
		return true;
	if (port->kind == POLICY_PORT_NUMBER)
		return port->first <= flow->dst_port && flow->dst_port <= port->last;
	if (destination == NULL)
		return false;
	for (size_t i = 0; i < destination->port_count; i++) {
		const struct container_port *declared = &destination->ports[i];

		if (text_equal(declared->name, port->name) &&
			declared->protocol == port->protocol && declared->port == flow->dst_port)
			return true;
	}
	return false;
}

/* A flow, and the pods that are taken to be at its ends; NULL: none. */
struct case_of {
	const struct flow *flow;
	const struct pod *source, *destination;
};

static bool rule_holds(const struct naive_world *world, const struct network_policy *policy,
	const struct policy_rule *rule, const struct case_of *of, enum direction direction)
{
	const bool in = direction == DIRECTION_INGRESS;
	bool peer = rule->peer_count == 0, port = rule->port_count == 0;

	for (size_t i = 0; i < rule->peer_count; i++)
		if (peer_holds(world, policy, &rule->peers[i], in ? &of->flow->src : &of->flow->dst,
			    in ? of->source : of->destination))
			peer = true;
	for (size_t i = 0; i < rule->port_count; i++)
		if (port_holds(&rule->ports[i], of->flow, of->destination))
			port = true;
	return peer && port;
}

/* What the tiers of policies come to at one end, asked one after another. */
enum decision { UNDECIDED, ACCEPTED, DENIED };

/* "Isolated pods accept what some policy's rule allows, and nothing else." */
static enum decision ask_network_policies(const struct naive_world *world, const struct case_of *of,
	enum direction direction, bool with_audited)
{
	const struct pod *self = direction == DIRECTION_INGRESS ? of->destination : of->source;
	enum decision decision = UNDECIDED;

	for (size_t i = 0; i < world->cluster->policy_count; i++) {
		const struct network_policy *policy = world->cluster->policies[i];

		if (policy->tier != TIER_NETWORK_POLICY || (policy->audit && !with_audited) ||
			!applies(world, policy, self, direction))
			continue;
		if (decision == UNDECIDED)
			decision = DENIED;
		for (size_t j = 0; j < policy->rule_count[direction]; j++)
			if (rule_holds(world, policy, &policy->rules[direction][j], of, direction))
				decision = ACCEPTED;
	}
	return decision;
}

/* The next policy of the tier behind `last` (NULL: the first): by priority, then as listed. */
static const struct network_policy *next_of_tier(
	const struct naive_world *world, int tier, const struct network_policy *last)
{
	const struct network_policy *next = NULL;
	bool behind = false;

	for (size_t i = 0; i < world->cluster->policy_count; i++) {
		const struct network_policy *policy = world->cluster->policies[i];

		behind = behind || policy == last;
		if (policy->tier != tier || policy == last ||
			(last != NULL && policy->priority < last->priority) ||
			(last != NULL && policy->priority == last->priority && !behind))
			continue;
		if (next == NULL || policy->priority < next->priority)
			next = policy;
	}
	return next;
}

/* "The first rule that matches acts; Pass leaves the flow to the next tier." */
static enum decision ask_ranked(const struct naive_world *world, const struct case_of *of,
	enum direction direction, bool with_audited, int tier)
{
	const struct pod *self = direction == DIRECTION_INGRESS ? of->destination : of->source;
	const struct network_policy *policy = NULL;

	while ((policy = next_of_tier(world, tier, policy)) != NULL) {
		if ((policy->audit && !with_audited) || !applies(world, policy, self, direction))
			continue;
		for (size_t j = 0; j < policy->rule_count[direction]; j++) {
			const struct policy_rule *rule = &policy->rules[direction][j];

			if (!rule_holds(world, policy, rule, of, direction))
				continue;
			return rule->action == RULE_PASS    ? UNDECIDED
				: rule->action == RULE_DENY ? DENIED
							    : ACCEPTED;
		}
	}
	return UNDECIDED;
}

static enum decision ask_tiers(const struct naive_world *world, const struct case_of *of,
	enum direction direction, bool with_audited)
{
	enum decision decision = ask_ranked(world, of, direction, with_audited, TIER_ADMIN);

	if (decision == UNDECIDED)
		decision = ask_network_policies(world, of, direction, with_audited);
	if (decision == UNDECIDED)
		decision = ask_ranked(world, of, direction, with_audited, TIER_BASELINE);
	return decision;
}

static enum side_verdict judge_side(
	const struct naive_world *world, const struct case_of *of, enum direction direction)
{
	const struct pod *self = direction == DIRECTION_INGRESS ? of->destination : of->source;
	const enum decision enforced = ask_tiers(world, of, direction, false);

	if (of->source != NULL && of->source == of->destination)
		return SIDE_OPEN;
	if (enforced == DENIED)
		return naive_audits(world, self) ? SIDE_AUDIT_DENIED : SIDE_DENIED;
	if (ask_tiers(world, of, direction, true) == DENIED)
		return SIDE_AUDIT_DENIED;
	return enforced == ACCEPTED ? SIDE_ALLOWED : SIDE_OPEN;
}

/* "Each side is the most severe of what it is for each pair of pods that may be meant." */
static enum side_verdict worst(enum side_verdict a, enum side_verdict b)
{
	if (a == SIDE_DENIED || b == SIDE_DENIED)
		return SIDE_DENIED;
	if (a == SIDE_AUDIT_DENIED || b == SIDE_AUDIT_DENIED)
		return SIDE_AUDIT_DENIED;
	return a == SIDE_ALLOWED || b == SIDE_ALLOWED ? SIDE_ALLOWED : SIDE_OPEN;
}

/*
 * The pod of that number in the cluster if it may be at `addr`; beyond the last, nobody, if no pod
 * may be.
 */
static bool candidate(const struct naive_world *world, const struct ip_addr *addr, size_t number,
	const struct pod **out)
{
	if (number == world->cluster->pod_count) {
		*out = NULL;
		return naive_pod_at(world, addr) == NULL;
	}
	*out = world->cluster->pods[number];
	return naive_may_be(world, addr, *out);
}

struct judgement naive_judge(const struct naive_world *world, const struct flow *flow)
{
	struct judgement judgement = {.verdict = VERDICT_ALLOW, .sides = {SIDE_OPEN, SIDE_OPEN}};

	for (size_t i = 0; i <= world->cluster->pod_count; i++) {
		struct case_of of = {.flow = flow};

		if (!candidate(world, &flow->src, i, &of.source))
			continue;
		for (size_t j = 0; j <= world->cluster->pod_count; j++) {
			if (!candidate(world, &flow->dst, j, &of.destination) ||
				(addr_equal(&flow->src, &flow->dst) && i != j))
				continue;
			for (int d = 0; d < DIRECTION_COUNT; d++)
				judgement.sides[d] = worst(judgement.sides[d],
					judge_side(world, &of, (enum direction)d));
		}
	}
	if (worst(judgement.sides[0], judgement.sides[1]) == SIDE_DENIED)
		judgement.verdict = VERDICT_DENY;
	else if (worst(judgement.sides[0], judgement.sides[1]) == SIDE_AUDIT_DENIED)
		judgement.verdict = VERDICT_AUDIT_DENY;
	return judgement;
}
