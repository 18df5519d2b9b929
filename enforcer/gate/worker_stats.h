/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ENFORCER_GATE_WORKER_STATS_H
#define ENFORCER_GATE_WORKER_STATS_H

/* What one worker has counted since it was made, as a plain value. */

#include <stdint.h>

#include "enforcer/gate/packet.h"

struct worker_stats {
	uint64_t packets, bursts;
	/* ICMP errors among the packets: their flows may well be judged already */
	uint64_t reports;
	uint64_t allowed, denied, audited; /* packets is their sum; audited ones passed */
	/* by cause, among the denied; [PACKET_OK] stays 0 */
	uint64_t unreadable[PACKET_ERROR_COUNT];
	uint64_t bad_messages;	     /* netlink messages that were not understood */
	uint64_t receive_interrupts; /* EINTR: read again */
	/* ENOBUFS: read on; only kernels that ignore NETLINK_NO_ENOBUFS say so */
	uint64_t receive_overruns;
	uint64_t receive_errors; /* any other: read again after a pause */
	uint64_t verdict_errors; /* verdicts that the kernel refused, or that could not be sent */
	/*
	 * Verdicts for packets that the kernel had dropped while they waited: their interface or
	 * bridge port went (nfqnl_dev_drop() in net/netfilter/nfnetlink_queue.c), or a program
	 * removed a rule with the target CT (but --notrack) or an nft ct object.
	 */
	uint64_t gone;
	uint64_t full_bursts; /* bursts from a queue that may have been full not long before */
	uint64_t records_lost;
	/* of its queue, from /proc/net/netfilter/nfnetlink_queue */
	uint64_t kernel_dropped, user_dropped, waiting;
	/*
	 * Packets that entered the queue and that the worker's socket had no room for: so many at
	 * least, all when none waits.
	 */
	uint64_t missed;
};

#endif
