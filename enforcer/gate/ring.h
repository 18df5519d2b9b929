/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ENFORCER_GATE_RING_H
#define ENFORCER_GATE_RING_H

/*
 * Records on their way from one worker to the log thread: bounded, one producer, one consumer, no
 * lock. A full ring loses the new record and counts it; it never makes the producer wait.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "enforcer/gate/record.h"

struct ring;

int ring_create(struct ring **out, size_t capacity); /* a power of two; 0, -EINVAL or -ENOMEM */
void ring_free(struct ring *ring);		     /* NULL is allowed */

/* producer; false: full, counted as lost */
bool ring_push(struct ring *ring, const struct record *record);
/*
 * The same, but once the ring is half full a source is refused more than the ring has room left: so
 * one source that leaves thousands of records fills half of what was left, at most, and others'
 * records still find room. Sources are told apart by a hash of their address, into RING_SHARES
 * shares. Counts what it refuses as lost, too.
 */
enum { RING_SHARES = 256 };
bool ring_push_fairly(struct ring *ring, const struct record *record);
bool ring_pop(struct ring *ring, struct record *out); /* consumer; false: empty */
uint64_t ring_lost(const struct ring *ring);	      /* any thread */

#endif
