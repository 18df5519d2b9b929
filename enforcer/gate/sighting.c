/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "enforcer/gate/sighting.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "enforcer/gate/flow_class.h"
#include "enforcer/gate/seeded_hash.h"

enum {
	WAYS = 8,	  /* slots that a class may have: a cache line of them */
	SETS = 512,	  /* 32 KiB in all */
	TOLD_EVERY = 64,  /* sightings, once a class was seen so often */
	EPOCH_SHIFT = 33, /* 8.6 s; a sighting counts till the end of the next epoch */
};

struct slot {
	uint32_t tag;	/* of the class and the revision */
	uint16_t epoch; /* when last seen */
	uint16_t seen;	/* 0: free. Wraps, and then begins to tell again */
};

struct slot_set {
	_Alignas(64) struct slot slots[WAYS];
};
_Static_assert(sizeof(struct slot_set) == 64, "one cache line a packet");

struct sightings {
	uint64_t seed;
	struct slot_set sets[SETS];
};

int sightings_create(struct sightings **out)
{
	struct sightings *sightings = aligned_alloc(_Alignof(struct sightings), sizeof(*sightings));

	if (sightings == NULL)
		return -ENOMEM;
	memset(sightings, 0, sizeof(*sightings));
	sightings->seed = seeded_hash_seed();
	*out = sightings;
	return 0;
}

void sightings_free(struct sightings *sightings)
{
	free(sightings);
}

static bool counts(const struct slot *slot, uint16_t epoch)
{
	return slot->seen != 0 && (uint16_t)(epoch - slot->epoch) <= 1;
}

static uint32_t weight(const struct slot *slot, uint16_t epoch)
{
	return counts(slot, epoch) ? slot->seen : 0;
}

/*
 * The slot of the class, or the one to take over: of those that were seen least, so that what a
 * scan passes by once takes the place of its like. Among equals it is the class's `own`: were it
 * the same for all, classes that take turns would drive each other out for ever.
 */
static struct slot *find_slot(struct slot_set *set, uint32_t tag, uint16_t epoch, unsigned int own)
{
	struct slot *least = &set->slots[own % WAYS];

	for (unsigned int i = 0; i < WAYS; i++) {
		struct slot *slot = &set->slots[i];

		if (slot->tag == tag && counts(slot, epoch))
			return slot;
		if (weight(slot, epoch) < weight(least, epoch))
			least = slot;
	}
	*least = (struct slot){.tag = tag, .epoch = epoch};
	return least;
}

bool sightings_note(
	struct sightings *sightings, uint64_t revision, uint64_t now_ns, const struct flow *flow)
{
	const uint64_t hash = flow_class_hash(sightings->seed + revision, flow);
	const uint16_t epoch = (uint16_t)(now_ns >> EPOCH_SHIFT);
	struct slot *slot = find_slot(&sightings->sets[hash % SETS], (uint32_t)(hash >> 32), epoch,
		(unsigned int)(hash >> 16));

	slot->epoch = epoch;
	slot->seen++;
	if (slot->seen >= TOLD_EVERY)
		return slot->seen % TOLD_EVERY == 0;
	return slot->seen > 1 && (slot->seen & (slot->seen - 1)) == 0;
}
