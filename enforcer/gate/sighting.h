/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ENFORCER_GATE_SIGHTING_H
#define ENFORCER_GATE_SIGHTING_H

/*
 * The flow classes that one worker has lately seen, to tell those that recur from those that a scan
 * passes once. A table of 4096 slots that forgets: eight classes share eight slots, and a ninth
 * takes the slot of the one seen least, which is then reported some sightings later. The worker's
 * own; it touches one cache line a packet and allocates nothing.
 */

#include <stdbool.h>
#include <stdint.h>

#include "policy/values/flow.h"

struct sightings;

int sightings_create(struct sightings **out);	  /* 0 or -ENOMEM */
void sightings_free(struct sightings *sightings); /* NULL is allowed */

/*
 * Notes that a flow of this class was judged by the snapshot of this `revision`. Returns true when
 * the learner should hear of it: at the second sighting within some ten seconds, at the 4th, 8th,
 * 16th and 32nd, and at every 64th. The learner may have missed the earlier ones: while a change is
 * published it takes none. (Two classes are taken for one once in 2^32 cases: then one is reported
 * at its first sighting, which is early but not wrong.)
 */
bool sightings_note(
	struct sightings *sightings, uint64_t revision, uint64_t now_ns, const struct flow *flow);

#endif
