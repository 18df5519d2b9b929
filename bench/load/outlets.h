/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BENCH_LOAD_OUTLETS_H
#define BENCH_LOAD_OUTLETS_H

/*
 * TCP connections to a drain, and as much sent over them as goes. They stay open until the process
 * ends. What counts as carried is what the other side has acknowledged (TCP_INFO): what lies in our
 * buffers or on the way does not. Whatever takes time here ends early, without an error, once
 * run_stopped(). One thread.
 */

#include <poll.h>
#include <stdint.h>

#include "bench/load/span.h"

enum { OUTLETS_MOST = 64 };

struct outlets {
	struct pollfd polled[OUTLETS_MOST];
	uint64_t count;
};

struct outlet_counts {
	uint64_t bytes, retransmits; /* since the connections were opened */
};

/* 0; or -errno of the connection that failed. */
int outlets_open(
	struct outlets *outlets, const struct ip_addr *addr, uint16_t port, uint64_t count);
/* Pours for `ns` nanoseconds. 0; or -errno: a connection has broken. */
int outlets_pour(struct outlets *outlets, uint64_t ns);
/*
 * Waits, sending nothing new, until all that was sent is acknowledged. 0; or -errno: a connection
 * has broken, or, with -ETIMEDOUT, it took more than five seconds.
 */
int outlets_settle(struct outlets *outlets);
struct outlet_counts outlets_count(const struct outlets *outlets);

#endif
