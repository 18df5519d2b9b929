/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "enforcer/sighting.h"

#include <errno.h>
#include <stdlib.h>

#include "enforcer/flow_class.h"

enum {
	SLOTS = 4096,		/* 32 KiB */
	EPOCH_SHIFT = 33,	/* 8.6 s; a sighting counts till the end of the next epoch */
};

struct slot {
	uint32_t tag;		/* of the class and the revision */
	uint16_t epoch;		/* when last seen */
	uint16_t seen;		/* wraps, and then begins to tell again */
};

struct sightings {
	uint64_t seed;
	struct slot slots[SLOTS];
};

int sightings_create(struct sightings **out)
{
	struct sightings *sightings = calloc(1, sizeof(*sightings));

	if (sightings == NULL)
		return -ENOMEM;
	sightings->seed = flow_class_seed();
	*out = sightings;
	return 0;
}

void sightings_free(struct sightings *sightings)
{
	free(sightings);
}

bool sightings_note(struct sightings *sightings, uint64_t revision, uint64_t now_ns, const struct flow *flow)
{
	const uint64_t hash = flow_class_hash(sightings->seed + revision, flow);
	const uint16_t epoch = (uint16_t)(now_ns >> EPOCH_SHIFT);
	const uint32_t tag = (uint32_t)(hash >> 32);
	struct slot *slot = &sightings->slots[hash % SLOTS];

	if (slot->tag != tag || (uint16_t)(epoch - slot->epoch) > 1 || slot->seen == 0) {
		*slot = (struct slot){.tag = tag, .epoch = epoch, .seen = 1};
		return false;
	}
	slot->epoch = epoch;
	slot->seen++;
	return (slot->seen & (slot->seen - 1)) == 0;
}
