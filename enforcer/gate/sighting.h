/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ENFORCER_GATE_SIGHTING_H
#define ENFORCER_GATE_SIGHTING_H

/*
 * What one worker has lately seen of classes of flows, to tell those that recur from those that a
 * scan passes by once. A table of 4096 places that forgets: eight classes share eight places, and a
 * ninth takes that of one that was seen least, so that one may have to be seen a few times more
 * before it is told of. The worker's own; it touches one cache line a packet and allocates nothing.
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
 * 16th and 32nd, and at every 64th. The learner may have been unable to take the earlier ones:
 * while a change is published it takes none. (Different classes may be taken for one, once in 2^32:
 * then one is told of at its first sighting, which is early but not wrong.)
 */
bool sightings_note(
	struct sightings *sightings, uint64_t revision, uint64_t now_ns, const struct flow *flow);

#endif
