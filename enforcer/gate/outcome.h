/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ENFORCER_GATE_OUTCOME_H
#define ENFORCER_GATE_OUTCOME_H

/*
 * What becomes of one packet: read, and judged by a snapshot. For the worker that has it; allocates
 * nothing.
 */

#include "enforcer/gate/packet.h"
#include "enforcer/places/places.h"
#include "kernel/queue/nfqueue_message.h"
#include "policy/compile/snapshot.h"

struct outcome {
	enum packet_error error;
	/* with PACKET_OK; of a denied packet to a group: to the receiver that did not admit it */
	struct flow flow;
	/* of no family; or the group's address, when `flow` has a receiver's in its place */
	struct ip_addr group;
	struct judgement judgement; /* with PACKET_OK; else only .verdict is set */
	bool alone; /* the verdict holds for this packet alone, and is not to be learned */
	bool quiet; /* no record is left */
};

struct judging {
	const struct snapshot *snapshot;
	/* NULL: nothing is known of bridges, and groups' packets are judged as any */
	const struct places *places;
	bool reply_direction; /* packets run against the direction of their flows */
	bool groups;	      /* packets to groups are judged for their receivers */
};

/* Reads the packet. Returns whether it is an ICMP error, for a count. */
bool outcome_read(
	const struct judging *judging, const struct nfqueue_packet *packet, struct outcome *out);
/* Judges what was read. */
enum verdict outcome_judge(
	const struct judging *judging, const struct nfqueue_packet *packet, struct outcome *out);

#endif
