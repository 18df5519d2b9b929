/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/compile/profile.h"

#include <netinet/in.h>

int profile_protocol(uint8_t protocol)
{
	switch (protocol) {
	case IPPROTO_TCP:
		return 0;
	case IPPROTO_UDP:
		return 1;
	case IPPROTO_SCTP:
		return 2;
	default:
		return -1;
	}
}

/* The first of the ports at or after `key`. */
static uint32_t find_port(const struct named_ports *ports, uint32_t key)
{
	uint32_t low = 0, high = ports->count;

	while (low < high) {
		const uint32_t middle = low + (high - low) / 2;

		if (ports->items[middle].port < key)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* The set of peers admitted at that name. */
static uint32_t find_name(const struct named_peers *named, uint32_t name)
{
	uint32_t low = 0, high = named->count;

	while (low < high) {
		const uint32_t middle = low + (high - low) / 2;

		if (named->items[middle].name < name)
			low = middle + 1;
		else
			high = middle;
	}
	return low < named->count && named->items[low].name == name ? named->items[low].set
								    : PEER_NOBODY;
}

static bool admits_by_name(const struct named_peers *named, const struct peer_sets *sets,
	const struct profile_question *question)
{
	const struct named_ports *declared = question->declared;
	const uint32_t key = named_port_key(question->protocol, question->port);

	for (uint32_t i = find_port(declared, key);
		i < declared->count && declared->items[i].port == key; i++) {
		const uint32_t set = find_name(named, declared->items[i].name);

		if (set != PEER_NOBODY && peer_set_contains(sets, set, &question->peer))
			return true;
	}
	return false;
}

static bool admits(const struct profile *profile, const struct peer_sets *sets,
	const struct profile_question *question)
{
	const struct port_tree *tree;

	if (profile->any_port != PEER_NOBODY &&
		peer_set_contains(sets, profile->any_port, &question->peer))
		return true;
	if (question->protocol < 0)
		return false;
	tree = profile_tree(profile, question->protocol);
	if (tree != NULL && port_tree_admits(tree, sets, question->port, &question->peer))
		return true;
	return profile->named != 0 && question->declared != NULL &&
		admits_by_name(profile_named(profile), sets, question);
}

bool profile_admits(const struct profile *profile, const struct peer_sets *sets,
	const struct profile_question *question)
{
	return admits(profile, sets, question) ||
		(profile->base != PROFILE_NONE &&
			admits(profile_at(sets, profile->base), sets, question));
}
