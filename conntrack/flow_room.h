/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CONNTRACK_FLOW_ROOM_H
#define CONNTRACK_FLOW_ROOM_H

/*
 * Whether the kernel's flow table has room. When it has none, a new flow takes the place of one
 * that nobody has answered; and when there is none of those near, the kernel drops it before any
 * rule of ours sees it: whatever the policies say. Of the network namespace of the calling thread.
 */

#include <stdint.h>
#include <stdio.h>

struct flow_room {
	uint64_t flows, most; /* most: 0 when the kernel does not tell, or sets no limit */
	uint64_t dropped;     /* packets for which there was no room, since the namespace began */
	/* packets that were let pass and dropped, as another of their flow was first: below */
	uint64_t clashed;
	uint64_t evicted; /* flows that had to make room */
};

/*
 * Packets of one flow that wait together, in a queue, each have an entry of their own, and the
 * first one's gets into the table. The kernel gives it to the others where the protocol has
 * `allow_clash` (nf_ct_resolve_clash(), net/netfilter/nf_conntrack_core.c): UDP, UDP-Lite, GRE and
 * protocols that it does not know. Of TCP, SCTP, ICMP and ICMPv6 it drops them, after the verdict,
 * and counts each as `insert_failed` and as `drop`. So does what it can't insert for too long a
 * hash chain (`chainlength`), for want of room.
 */

/* What can't be read is 0. Returns 0; or -errno when the kernel has no counters of losses. */
int flow_room_read(struct flow_room *out);
/*
 * `dropped`, `clashed` and `evicted`, as /proc/net/stat/nf_conntrack has them: a row a CPU, columns
 * by name, as they were added and moved over the years. 0; or -EPROTO when it is no such file.
 */
int flow_room_read_losses(FILE *file, struct flow_room *out);

#endif
