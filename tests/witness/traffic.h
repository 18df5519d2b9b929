/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WITNESS_TRAFFIC_H
#define WITNESS_TRAFFIC_H

/*
 * UDP flows between all ends all the time, some of one datagram, some long, and both sides of each
 * seen by one clock: when a datagram was sent, when it arrived, when its echo did. What became of
 * each is held against the history once nothing of it can be under way any more. For one thread,
 * which is moved from one network namespace to the next.
 */

#include <stddef.h>
#include <stdint.h>

#include "tests/witness/author.h"
#include "tests/witness/history.h"

struct traffic;

struct traffic_report {
	uint64_t flows, sent, arrived, echoed;
	/* no policy that may have been in force explains it */
	uint64_t passed_wrongly, lost_wrongly;
	uint64_t excused; /* what was not counted there because it was announced */
	/* or because the machine dropped packets just then, of no matter whom */
	uint64_t lost_by_machine;
	/* some such policy allows and another denies: nothing to be wrong about */
	uint64_t undecided;
	int64_t slowest_ns; /* from sent to arrived */
};

/* Opens sockets in the ends' network namespaces. 0 or -errno. */
int traffic_create(struct traffic **out, const struct end *ends, size_t count,
	struct history *history, uint64_t seed);
void traffic_free(struct traffic *traffic);
/*
 * Sends what is due, takes what came, judges what is old: waits a millisecond at the most. 0 or
 * -errno.
 */
int traffic_step(struct traffic *traffic);
/* Sends nothing more, and waits until all is judged. */
int traffic_finish(struct traffic *traffic);
const struct traffic_report *traffic_report(const struct traffic *traffic);

int64_t traffic_now(void); /* CLOCK_MONOTONIC, nanoseconds */

#endif
