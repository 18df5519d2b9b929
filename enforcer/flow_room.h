/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ENFORCER_FLOW_ROOM_H
#define ENFORCER_FLOW_ROOM_H

/*
 * Whether the kernel's flow table has room. When it has none, the kernel drops new flows before any rule of ours sees
 * them: whatever the policies say. Of the network namespace of the calling thread.
 */

#include <stdint.h>
#include <stdio.h>

struct flow_room {
	uint64_t flows, most;	/* most: 0 when the kernel does not tell, or sets no limit */
	uint64_t dropped;	/* packets for which there was no room, since the namespace began */
};

/* What can't be read is 0. */
void flow_room_read(struct flow_room *out);
/* Sums the column `drop` of /proc/net/stat/nf_conntrack, a row a CPU. */
uint64_t flow_room_dropped(FILE *file);

#endif
