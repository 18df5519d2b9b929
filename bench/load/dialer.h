/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BENCH_LOAD_DIALER_H
#define BENCH_LOAD_DIALER_H

/*
 * Opens one flow after another, each from a socket of its own that is bound to the next source
 * address and port of a walk, and waits for its first answer: as many at once as told, in a closed
 * loop or at a rate. A flow's time is from its first packet (connect(2) or send(2)) to epoll's word
 * that the answer is there. One thread.
 */

#include <stdint.h>

#include "bench/load/flow_walk.h"
#include "bench/load/histogram.h"

enum { DIALER_PARALLEL_MOST = 10000, DIALER_THREADS_MOST = 64 };

struct dialer_options {
	struct flow_walk walk;
	int type; /* SOCK_STREAM: answered when open; SOCK_DGRAM: when the datagram has come back */
	uint64_t parallel;   /* flows without an answer, at most DIALER_PARALLEL_MOST */
	uint64_t timeout_ns; /* without an answer for so long, a flow is given up */
	uint64_t seconds_ns; /* no new flow after that; 0: count decides */
	uint64_t count;	     /* flows; UINT64_MAX: any number */
	uint64_t rate;	     /* flows begun a second; 0: as soon as there is a place */
	uint64_t think_ns;   /* with parallel 1: the pause before the next */
};

struct dialer_result {
	uint64_t begun, answered;
	uint64_t failed; /* refused, reset, unreachable, or no such address here */
	int failure;	 /* errno of the first of these */
	uint64_t timeouts;
	uint64_t answered_in_time; /* within seconds_ns */
	uint64_t retransmits;	   /* SYNs sent again */
	/* begun over 1 ms after their time, as no place was free or we were too slow */
	uint64_t late;
	uint64_t took_ns;	/* the whole run; at most seconds_ns if that is set */
	struct histogram times; /* of those answered */
};

/*
 * Runs to its end, or until run_stopped(): flows without an answer are counted as begun alone then.
 * 0 or -errno.
 */
int dialer_run(const struct dialer_options *options, struct dialer_result *out);
/*
 * The same on `threads` threads, which share flows, places, rate and count; *out is the sum. There
 * are at least as many places (and, unless 0, as high a rate) as threads.
 */
int dialer_run_threads(
	const struct dialer_options *options, uint32_t threads, struct dialer_result *out);

#endif
