/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef POLICY_PROFILE_H
#define POLICY_PROFILE_H

/*
 * All that the policies of one class of pods admit in one direction, united. What is asked of it takes the same
 * few steps whether one policy or ten thousand are behind it. Immutable; shared by all classes whose policies
 * admit the same.
 *
 * A named port stays a name here, in both directions, and is resolved when a flow is judged: the destination
 * pod's list of declared ports says which names the flow's port has. So neither pods that declare other ports
 * nor the number of destinations make profiles differ, and compiling costs nothing for them.
 */

#include <stdbool.h>
#include <stdint.h>

#include "policy/port_tree.h"

enum { PROFILE_PROTOCOLS = 3 };
enum { PROFILE_NONE = 0 };		/* the number of no profile */

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
 * The names of a pod's ports, as far as any policy speaks of them; sorted by port, several of one port side by
 * side.
 */
struct named_ports {
	uint32_t count;
	struct named_port {
		uint32_t port;		/* named_port_key() */
		uint32_t name;
	} items[];
};

static inline uint32_t named_port_key(int protocol, uint16_t port)
{
	return (uint32_t)protocol << 16 | port;
}

struct profile {
	uint32_t any_port;		/* set: peers admitted whatever the protocol and port */
	bool audited_only;		/* of audited policies, as no other isolates: a denial is only logged */
	const struct port_tree *trees[PROFILE_PROTOCOLS];	/* NULL: no port of that protocol */
	const struct named_peers *named;	/* NULL: no port by name */
	/*
	 * The profile of what all pods of the namespace are admitted, or PROFILE_NONE: kept apart when it is
	 * large, or each class of pods would have a copy of it. It has no base itself.
	 */
	uint32_t base;
};

/* What a profile is asked. */
struct profile_question {
	struct peer peer;
	int protocol;			/* profile_protocol() */
	uint16_t port;
	const struct named_ports *declared;	/* of the destination; NULL when it is no pod or has none */
};

/* Profile `number` of `profiles`; not PROFILE_NONE. */
bool profile_admits(const struct profile *profiles, uint32_t number, const struct peer_set *sets,
	const struct profile_question *question);

#endif
