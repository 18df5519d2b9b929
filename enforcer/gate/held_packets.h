/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ENFORCER_GATE_HELD_PACKETS_H
#define ENFORCER_GATE_HELD_PACKETS_H

/*
 * Packets that another program's NFQUEUE holds over a change of policy. podgate has marked and
 * passed such a packet by the earlier policies. Its flow enters the flow table when the packet is
 * released, after the sweep. So after a change the flows are judged again while such a packet may
 * still be held.
 *
 * A packet that waits since the change keeps its queue from being empty: a queue that was seen
 * empty once since then holds none. But the packet may have moved to the next queue. So once each
 * queue was seen empty, all are watched again, a round for each of HELD_PACKETS_CHAIN programs.
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
