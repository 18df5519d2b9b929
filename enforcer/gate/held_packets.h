/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ENFORCER_GATE_HELD_PACKETS_H
#define ENFORCER_GATE_HELD_PACKETS_H

/*
 * Packets that another program's NFQUEUE holds over a change of policy. podgate has marked and let
 * pass such a packet by the policies before; its flow enters the flow table when it is released,
 * after the sweep. So after a change the flows are judged again while such a packet may still be
 * held.
 *
 * A packet that waits since the change keeps its queue from being empty: a queue that was seen
 * empty once since then holds none. A packet may go on from one queue to the next: so all queues
 * are looked at anew once each was seen empty, for each of HELD_PACKETS_CHAIN programs in a row.
 * Pure; one thread at a time.
 */

#include <stdbool.h>
#include <stdint.h>

enum { HELD_PACKETS_CHAIN = 2, HELD_PACKETS_QUEUES = 65536 };

struct held_packets {
	unsigned int rounds; /* to go; 0: nothing is held */
	bool begun;	     /* this round: `waiting` is filled */
	/* a bit a queue that was never seen empty in this round */
	uint8_t waiting[HELD_PACKETS_QUEUES / 8];
};

/* Something changed: what is held now was judged before. */
void held_packets_begin(struct held_packets *held);

/*
 * Looks at the kernel's table of queues (/proc/net/netfilter/nfnetlink_queue,
 * net/netfilter/nfnetlink_queue.c: seq_show()); `own` queues from number `first` on are ours and
 * left out. Returns whether a packet may still be held: then one that is released now may have been
 * judged before the change. False once is false until the next change.
 */
bool held_packets_look(
	struct held_packets *held, const char *table, uint16_t first, unsigned int own);

#endif
