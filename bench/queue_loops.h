/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BENCH_QUEUE_LOOPS_H
#define BENCH_QUEUE_LOOPS_H

/*
 * Loops that answer a queue and decide nothing, each on a thread of its own: what bench_queue holds
 * the gate against. They are opened and started as a gate is, so that what a start costs, all pay.
 * Failures end the program.
 */

#include <stdint.h>

struct queue_loop;

enum queue_loop_kind {
	/* metadata only, many packets a read, one batch ACCEPT for all, nothing parsed */
	QUEUE_LOOP_FLOOR,
	/* our own reads and writes of bursts (kernel/queue/nfqueue.h), and ACCEPT for all */
	QUEUE_LOOP_FAIR,
	/* as libnetfilter_queue documents it: a read, a callback and a verdict a packet */
	QUEUE_LOOP_CLASSIC,
};

/* Binds the queue; nothing is read before queue_loop_start(). The loop ends after `packets`. */
struct queue_loop *queue_loop_open(enum queue_loop_kind kind, uint16_t queue, uint64_t packets);
void queue_loop_start(struct queue_loop *loop);
uint64_t queue_loop_answered(const struct queue_loop *loop); /* any thread */
void queue_loop_close(struct queue_loop *loop);		     /* waits for it to end */

/* Says what does not hold, and ends the program. */
void queue_require(int holds, const char *what);

#endif
