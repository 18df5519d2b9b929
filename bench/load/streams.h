/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BENCH_LOAD_STREAMS_H
#define BENCH_LOAD_STREAMS_H

/*
 * The TCP connections of a server, watched together with its listeners over one epoll(7). One
 * thread.
 */

#include <stdbool.h>
#include <stdint.h>

#include "bench/load/span.h"

/* What waits for an event: a listener, a connection or a datagram socket. */
struct watched {
	int fd;
	/*
	 * Takes what is there. Returns false when the connection is over: it is closed and freed
	 * then.
	 */
	bool (*ready)(struct watched *watched);
	void *context;		      /* the server's */
	struct watched *next, **link; /* of all that are open */
};

struct streams {
	int epoll;
	struct watched *all;
};

int streams_init(struct streams *streams);    /* 0 or -errno */
void streams_deinit(struct streams *streams); /* closes them all */
/* Watches `fd`, which is then this module's to close. 0; or -errno: `fd` is still the caller's. */
int streams_add(
	struct streams *streams, int fd, bool (*ready)(struct watched *watched), void *context);
/* Waits, and calls whoever is ready; until run_stopped(). */
void streams_serve(struct streams *streams);

#endif
