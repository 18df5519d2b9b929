/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ENFORCER_PLACES_PLACES_WATCH_H
#define ENFORCER_PLACES_PLACES_WATCH_H

/*
 * Keeps places (places.h) as they are now: a thread that listens to rtnetlink(7), reads again what
 * has changed, and publishes the result for readers of RCU (liburcu, QSBR). Isolated pods whose
 * place is not known are asked for, as if the gateway had a packet for them.
 *
 * What was known of an isolated pod stays known when the kernel forgets it (a neighbour entry is
 * collected, a forwarding entry ages), as long as the port is there: a pod that is silent has not
 * moved. A pod that moves tells the bridge by its next frame.
 */

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "enforcer/places/places.h"
#include "process/problem.h"

struct places_watch;

/* What readers hold within a read side, and only there. Never NULL. */
typedef _Atomic(const struct places *) published_places;

struct places_options {
	const char *router_ports; /* borrowed: names with commas between them; "": ports of no kind
				     that pods have */
	/*
	 * Returns when no reader holds what was published before the call
	 * (gate_wait_for_readers()). Called on the thread, and on that of places_watch_expect().
	 * NULL: urcu_qsbr_synchronize_rcu().
	 */
	void (*wait_for_readers)(void *context);
	void *context;
};

/*
 * Opens the sockets and reads for the first time. Needs CAP_NET_ADMIN when pods are asked for. 0;
 * or -errno, and `problem` says what failed.
 */
int places_watch_open(struct places_watch **out, const struct places_options *options,
	char problem[PROBLEM_SIZE]);
int places_watch_start(struct places_watch *watch); /* the thread; 0 or -errno */
void places_watch_stop(struct places_watch *watch); /* ends it; may be called again */
/* when no thread reads any more; NULL is allowed */
void places_watch_close(struct places_watch *watch);

const published_places *places_watch_published(const struct places_watch *watch);

/*
 * Sets the isolated addresses, sorted, whose places matter. When it returns, readers see places
 * that know them. For any thread but a reader, as it waits for readers. 0, or -ENOMEM: readers see
 * what they saw.
 */
int places_watch_expect(struct places_watch *watch, const struct ip_addr *isolated, size_t count);

/* Goes up whenever what is published may have changed. */
uint64_t places_watch_generation(const struct places_watch *watch);

/*
 * The places in hand, for others than readers of RCU: nothing else is published until they are
 * given back. Not for long.
 */
const struct places *places_watch_hold(struct places_watch *watch);
void places_watch_release(struct places_watch *watch);

#endif
