/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef POLICY_COMPILE_PROFILE_H
#define POLICY_COMPILE_PROFILE_H

/*
 * All that the policies of one class of pods admit in one direction, united. What is asked of it
 * takes the same few steps whether one policy or ten thousand are behind it. Immutable; shared by
 * all classes whose policies admit the same. A profile is one piece (piece_table.h), so that what
 * is asked of it lies side by side, and is known by its offset.
 *
 * A named port stays a name here, in both directions, and is resolved when a flow is judged: the
 * destination pod's list of declared ports says which names the flow's port has. So neither pods
 * that declare other ports nor the number of destinations make profiles differ, and compiling costs
 * nothing for them.
 */

#include <stdbool.h>
#include <stdint.h>

#include "policy/compile/port_tree.h"

enum { PROFILE_PROTOCOLS = 3 };
enum { PROFILE_NONE = PIECE_NONE };

/* 0 to 2 for the protocols that have ports, else -1. */
int profile_protocol(uint8_t protocol);

/* Peers admitted at ports of a name, by the number of protocol and name; sorted by name. */
struct named_peers {
	uint32_t count;
	struct named_peer {
		uint32_t name, set;
	} items[];
};

/*
 * The names of a pod's ports, as far as any policy speaks of them; sorted by port, several of one
 * port side by side. A piece.
 */
struct named_ports {
	uint32_t count;
	struct named_port {
		uint32_t port; /* named_port_key() */
		uint32_t name;
	} items[];
};

static inline uint32_t named_port_key(int protocol, uint16_t port)
{
	return (uint32_t)protocol << 16 | port;
}

struct profile {
	uint32_t any_port; /* set: peers admitted whatever the protocol and port */
	/*
	 * The profile of what all pods of the namespace are admitted, or PROFILE_NONE: kept apart
	 * when it is large, or each class of pods would have a copy of it. It has no base itself.
	 */
	uint32_t base;
	/* of audited policies, as no other isolates: a denial is only logged */
	uint32_t audited_only;
	/*
	 * Words from the beginning of the profile to a struct port_tree, to struct named_peers; 0:
	 * there is none.
	 */
	uint32_t trees[PROFILE_PROTOCOLS], named;
};

/* What a profile is asked. */
struct profile_question {
	struct peer peer;
	int protocol; /* profile_protocol() */
	uint16_t port;
	/* of the destination; NULL when it is no pod or has none */
	const struct named_ports *declared;
};

static inline const struct profile *profile_at(const struct peer_sets *sets, uint32_t number)
{
	return piece_at(sets->pieces, number);
}

static inline const struct port_tree *profile_tree(const struct profile *profile, int protocol)
{
	const uint32_t at = profile->trees[protocol];

	return at != 0 ? (const struct port_tree *)((const uint32_t *)profile + at) : NULL;
}

static inline const struct named_peers *profile_named(const struct profile *profile)
{
	return profile->named != 0
		? (const struct named_peers *)((const uint32_t *)profile + profile->named)
		: NULL;
}

/* `sets` and their pieces are those that the profile was made with. */
bool profile_admits(const struct profile *profile, const struct peer_sets *sets,
	const struct profile_question *question);

#endif
