/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/explain/near.h"

#include <stddef.h>

/*
 * How near a peer comes that does not include the far end. For a pod, labels are what its owner
 * thinks in, so selectors lie above blocks; for any other address only blocks can ever match. A
 * block that holds the address and excepts it again was surely written with that address in mind:
 * above all others.
 */
enum {
	SCORE_EXCEPTED = 1000,
	SCORE_SELECTOR = 500, /* less one for each requirement that fails */
	SCORE_BLOCK = 100,    /* plus the leading bits that the block and the address share */
	SCORE_HOPELESS = 0,   /* the other family; or selectors, and the far end is no pod */
};

/* The distance of a port that can't be counted in numbers: a name, another protocol. */
enum { DISTANCE_NAME = UINT16_MAX + 1, DISTANCE_PROTOCOL };

static int bits_shared(const struct ip_addr *a, const struct ip_addr *b)
{
	int shared = 0;

	for (int i = 0; i < ip_addr_bits(a) / 8; i++, shared += 8) {
		const unsigned int difference = (unsigned int)(a->bytes[i] ^ b->bytes[i]);

		if (difference != 0)
			return shared + __builtin_clz(difference) -
				(int)(8 * (sizeof(difference) - 1));
	}
	return shared;
}

static int score_block(const struct match *match, const struct ip_block *block)
{
	if (block->cidr.addr.family != match->other->family)
		return SCORE_HOPELESS;
	if (cidr_contains(&block->cidr, match->other))
		return SCORE_EXCEPTED;
	return SCORE_BLOCK + bits_shared(&block->cidr.addr, match->other);
}

static int count_unmet(const struct selector *selector, const struct label_set *labels)
{
	int unmet = 0;

	for (size_t i = 0; i < selector->count; i++)
		unmet += !requirement_matches(&selector->requirements[i], labels);
	return unmet;
}

static int score_selectors(const struct match *match, const struct network_policy *policy,
	const struct policy_peer *peer)
{
	int unmet = 0;

	if (match->other_pod == NULL)
		return SCORE_HOPELESS;
	if (peer->has_namespace_selector)
		unmet += count_unmet(&peer->namespace_selector, &match->other_namespace->labels);
	else
		unmet += !match_peer_namespace(match, policy, peer);
	if (peer->has_pod_selector)
		unmet += count_unmet(&peer->pod_selector, &match->other_pod->labels);
	return SCORE_SELECTOR - (unmet < SCORE_BLOCK ? unmet : SCORE_BLOCK);
}

static int score_peer(const struct match *match, const struct network_policy *policy,
	const struct policy_peer *peer)
{
	return peer->has_ip_block ? score_block(match, &peer->ip_block)
				  : score_selectors(match, policy, peer);
}

static uint32_t distance_port(const struct match *match, const struct policy_port *port)
{
	const uint16_t number = match->flow->dst_port;

	if (port->protocol != match->flow->protocol)
		return DISTANCE_PROTOCOL;
	if (port->kind != POLICY_PORT_NUMBER)
		return DISTANCE_NAME;
	return number < port->first ? (uint32_t)(port->first - number)
				    : (uint32_t)(number - port->last);
}

/* Returns whether the rule's peers include the far end; sets near->peer in either case. */
static bool find_peer(struct near_rule *near, const struct match *match)
{
	const struct policy_rule *rule = near->rule;

	near->peer = match_first_peer(match, near->policy, rule);
	if (near->peer != NULL || rule->peer_count == 0)
		return true;
	for (size_t i = 0; i < rule->peer_count; i++) {
		const int score = score_peer(match, near->policy, &rule->peers[i]);

		if (near->peer == NULL || score > near->peer_score) {
			near->peer = &rule->peers[i];
			near->peer_score = score;
		}
	}
	return false;
}

static bool find_port(struct near_rule *near, const struct match *match)
{
	const struct policy_rule *rule = near->rule;

	near->port = match_first_port(match, rule);
	if (near->port != NULL || rule->port_count == 0)
		return true;
	for (size_t i = 0; i < rule->port_count; i++) {
		const uint32_t distance = distance_port(match, &rule->ports[i]);

		if (near->port == NULL || distance < near->port_distance) {
			near->port = &rule->ports[i];
			near->port_distance = distance;
		}
	}
	return false;
}

struct near_rule near_rule_of(const struct match *match, const struct network_policy *policy,
	const struct policy_rule *rule)
{
	struct near_rule near = {.policy = policy, .rule = rule, .miss = MISS_NONE};
	const bool peer = find_peer(&near, match), port = find_port(&near, match);

	if (!peer)
		near.miss = port ? MISS_PEER : MISS_PEER_AND_PORT;
	else if (!port)
		near.miss = near.port_distance == DISTANCE_PROTOCOL ? MISS_PROTOCOL : MISS_PORT;
	return near;
}

bool near_rule_is_nearer(const struct near_rule *candidate, const struct near_rule *best)
{
	if (best->policy == NULL || candidate->miss != best->miss)
		return best->policy == NULL || candidate->miss > best->miss;
	if (candidate->peer_score != best->peer_score)
		return candidate->peer_score > best->peer_score;
	return candidate->port_distance < best->port_distance;
}
