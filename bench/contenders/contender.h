/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BENCH_CONTENDERS_CONTENDER_H
#define BENCH_CONTENDERS_CONTENDER_H

/*
 * What podgate is held against: loops that accept every packet of a queue without looking at it. A
 * thread a queue, as with podgate; all are bound as podgate binds its own
 * (kernel/queue/nfqueue_setup.h), so that queue length, receive buffer and socket options are the
 * same by construction.
 */

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "process/problem.h"

/* One queue's. Written by its thread alone; read when that has ended. */
struct contender_stats {
	uint64_t packets; /* accepted */
	uint64_t bursts;  /* sends that did it */
	uint64_t errors;  /* of receives and sends, and refusals */
};

enum { CONTENDER_BURST_MOST = 1024 };
struct contender_options {
	uint16_t number; /* of the queue */
	uint32_t length; /* packets that it holds */
	uint32_t burst;	 /* packets read at once, for who takes_burst */
};

struct contender {
	const char *name, *help;
	bool takes_burst;
	/* Binds the queue. 0 with *state; or -errno with a sentence. */
	int (*open)(
		void **state, const struct contender_options *options, char problem[PROBLEM_SIZE]);
	/* Accepts until `stop` is set and wake() was called. */
	void (*run)(void *state, struct contender_stats *stats, const atomic_bool *stop);
	/* From another thread: ends a wait for packets. 0; or -errno: try again. */
	int (*wake)(void *state);
	void (*close)(void *state);
};

extern const struct contender contender_floor; /* the least that C can do */
extern const struct contender contender_fair; /* podgate's own reads and writes, and nothing else */
extern const struct contender contender_recv_send; /* a receive and a send a packet */

#endif
