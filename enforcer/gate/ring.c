/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "enforcer/gate/ring.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "enforcer/gate/seeded_hash.h"

enum { CACHE_LINE = 64 };

/*
 * `written` and `taken` count records since the ring was made and never wrap (584 years at a
 * billion a second); their difference is what the ring holds. Each side writes its own counter, on
 * a cache line of its own, and remembers the other's as it was when last looked at: the line of the
 * other side is fetched only when the ring seems full, or empty.
 */
struct ring {
	size_t mask;
	struct record *records;

	_Alignas(CACHE_LINE) _Atomic uint64_t written;
	uint64_t taken_seen;
	_Atomic uint64_t lost;
	/* Records of each share since the ring became half full; the producer's own. */
	bool crowded;
	uint64_t seed;
	uint32_t shares[RING_SHARES];

	_Alignas(CACHE_LINE) _Atomic uint64_t taken;
	uint64_t written_seen;
};

int ring_create(struct ring **out, size_t capacity)
{
	struct ring *ring;

	if (capacity == 0 || (capacity & (capacity - 1)) != 0)
		return -EINVAL;
	if (capacity > SIZE_MAX / sizeof(ring->records[0]))
		return -ENOMEM;
	ring = aligned_alloc(CACHE_LINE, sizeof(*ring));
	if (ring == NULL)
		return -ENOMEM;
	*ring = (struct ring){
		.mask = capacity - 1, .records = calloc(capacity, sizeof(ring->records[0]))};
	if (ring->records == NULL) {
		free(ring);
		return -ENOMEM;
	}
	ring->seed = seeded_hash_seed();
	*out = ring;
	return 0;
}

void ring_free(struct ring *ring)
{
	if (ring == NULL)
		return;
	free(ring->records);
	free(ring);
}

bool ring_push(struct ring *ring, const struct record *record)
{
	const uint64_t written = atomic_load_explicit(&ring->written, memory_order_relaxed);

	if (written - ring->taken_seen > ring->mask) {
		ring->taken_seen = atomic_load_explicit(&ring->taken, memory_order_acquire);
		if (written - ring->taken_seen > ring->mask) {
			atomic_fetch_add_explicit(&ring->lost, 1, memory_order_relaxed);
			return false;
		}
	}
	ring->records[written & ring->mask] = *record;
	atomic_store_explicit(&ring->written, written + 1, memory_order_release);
	return true;
}

/* Whether a source may have one more place, of a ring that is more than half full. */
static bool take_share(struct ring *ring, const struct record *record, uint64_t fill)
{
	uint32_t *share;

	if (!ring->crowded)
		memset(ring->shares, 0, sizeof(ring->shares));
	ring->crowded = true;
	share = &ring->shares[seeded_hash_addr(ring->seed, &record->flow.src) >> 56];
	if (*share >= ring->mask + 1 - fill)
		return false;
	(*share)++;
	return true;
}

bool ring_push_fairly(struct ring *ring, const struct record *record)
{
	const uint64_t written = atomic_load_explicit(&ring->written, memory_order_relaxed);

	if (written - ring->taken_seen > ring->mask / 2) {
		ring->taken_seen = atomic_load_explicit(&ring->taken, memory_order_acquire);
		if (written - ring->taken_seen <= ring->mask / 2) {
			ring->crowded = false;
		} else if (!take_share(ring, record, written - ring->taken_seen)) {
			atomic_fetch_add_explicit(&ring->lost, 1, memory_order_relaxed);
			return false;
		}
	}
	return ring_push(ring, record);
}

bool ring_pop(struct ring *ring, struct record *out)
{
	const uint64_t taken = atomic_load_explicit(&ring->taken, memory_order_relaxed);

	if (taken == ring->written_seen) {
		ring->written_seen = atomic_load_explicit(&ring->written, memory_order_acquire);
		if (taken == ring->written_seen)
			return false;
	}
	*out = ring->records[taken & ring->mask];
	atomic_store_explicit(&ring->taken, taken + 1, memory_order_release);
	return true;
}

uint64_t ring_lost(const struct ring *ring)
{
	return atomic_load_explicit(&ring->lost, memory_order_relaxed);
}
