/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ENFORCER_GATE_GROUP_H
#define ENFORCER_GATE_GROUP_H

/*
 * Packets to group addresses: multicast and broadcast. A bridge delivers one to each port, and at
 * each port it is judged for every pod that is behind that port, as if it were addressed to that
 * pod: all of them must admit it, and so must its sender's egress rules towards each. Pure; any
 * thread.
 */

#include "enforcer/places/places.h"
#include "policy/compile/snapshot.h"
#include "policy/values/flow.h"

enum {
	/*
	 * Receivers that one frame is judged for. Where more may be behind a port, it is denied:
	 * that is no port of pods.
	 */
	GROUP_RECEIVERS_MOST = 1024,
};

struct group_judgement {
	struct judgement judgement; /* the strictest of all */
	struct ip_addr receiver; /* whose it is; of no family: the group's own address was judged */
};

/*
 * `out` is the interface that the packet leaves by, a bridge's port if there is one; 0: it is for
 * the gateway itself.
 *
 * A port that nothing is known of may have any isolated pod behind it whose place is not known: the
 * packet is judged for all of these, and the sender's egress rules are asked about the group's
 * address and the bridge's network. Behind a router's port no pods of this gateway are: there they
 * are asked about the group's address, and about the network only for groups that no router passes
 * on.
 */
void group_judge(const struct snapshot *snapshot, const struct places *places,
	const struct flow *flow, uint32_t out, struct group_judgement *judged);

#endif
