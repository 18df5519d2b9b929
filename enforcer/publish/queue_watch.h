/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ENFORCER_PUBLISH_QUEUE_WATCH_H
#define ENFORCER_PUBLISH_QUEUE_WATCH_H

/*
 * Looks at what the workers and the kernel have counted of the queues, and finds when live flows
 * should be judged soon:
 * - the reply worker had packets: a live flow without a mark makes each of its packets wait;
 * - with queue_full: open, a queue was full: what found no room has passed, marked as allowed;
 * - another program's NFQUEUE holds packets since the last change (held_packets.h).
 *
 * Packets that the kernel dropped are reported to the verdict log, or to podgate's log. One thread
 * at a time.
 */

#include <stdbool.h>
#include <stdint.h>

#include "enforcer/gate/gate.h"
#include "enforcer/gate/held_packets.h"
#include "enforcer/log/verdict_log.h"

/* The counters are as they were at the last look. */
struct queue_watch {
	const struct gate *gate;
	struct verdict_log *log;
	bool queue_full_open;
	struct held_packets held;
	bool holding, holding_logged; /* other programs hold packets since the last change */
	uint64_t held_since_ns;
	uint64_t reply_packets;	  /* of the reply worker, ICMP errors left out */
	uint64_t kernel_drops[2]; /* of the common queues, of that of floods */
	uint64_t gone;		  /* packets that the kernel dropped while they waited */
	/* signs of full queues and of full sockets: the most that was seen */
	uint64_t full_bursts, missed;
	bool looked, overflowing;
	uint64_t overflows; /* with queue_full: open, times that new flows may have passed unjudged
			     */
};

/* Packets that other programs hold now may have been marked by policies not in force any more. */
void queue_watch_policies_changed(struct queue_watch *watch, uint64_t now_ns);
/* Another daemon had the queues: what it may have missed is counted from the next look on. */
void queue_watch_resume(struct queue_watch *watch);
/*
 * Whether live flows should be judged soon; they were last judged at `swept_ns`. To be called a few
 * times a second.
 */
bool queue_watch_look(struct queue_watch *watch, uint64_t swept_ns, uint64_t now_ns);

#endif
