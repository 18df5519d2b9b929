/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "enforcer/log/fold.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "enforcer/gate/seeded_hash.h"

/*
 * A hash table of chained slots, and through the same slots a queue by the end of their windows.
 * All windows are equally long, so the queue is in order when a slot whose window (re)starts goes
 * to its end. Links are slot numbers; NONE ends a list. Keys are of the network's choosing, so the
 * hash is seeded: a pod can't aim at one chain.
 */
#define NONE UINT32_MAX

struct slot {
	struct folded folded; /* .repeat: those not given back yet */
	uint64_t ends_ns;
	uint32_t hash;
	uint32_t next;	       /* in the chain, or in the list of free slots */
	uint32_t older, newer; /* in the queue */
};

struct fold {
	uint64_t window_ns, seed;
	uint32_t capacity;
	uint32_t used; /* slots below it were in use once; those above cost no memory yet */
	uint32_t free, oldest, newest;
	uint32_t *chains; /* capacity of them */
	struct slot *slots;
};

static uint32_t hash_record(uint64_t seed, const struct record *record)
{
	uint64_t hash = seeded_hash_mix(
		seed, (uint64_t)(uintptr_t)record->snapshot ^ (uint64_t)record->kind << 56);

	if (record->kind == RECORD_UNREADABLE) {
		hash = seeded_hash_mix(
			hash, (uint64_t)record->in_ifindex << 8 | (uint64_t)record->error);
	} else {
		hash = seeded_hash_addr(hash, &record->flow.src);
		hash = seeded_hash_addr(hash, &record->flow.dst);
		hash = seeded_hash_addr(hash, &record->group);
		hash = seeded_hash_mix(hash,
			(uint64_t)record->flow.dst_port << 16 |
				(uint64_t)record->flow.protocol << 8 |
				(uint64_t)record->judgement.verdict);
	}
	return (uint32_t)(hash >> 16);
}

/*
 * Alike: one line in the log may stand for both. The snapshot counts: a new policy's first denial
 * is news.
 */
static bool alike(const struct record *a, const struct record *b)
{
	if (a->kind != b->kind || a->snapshot != b->snapshot)
		return false;
	if (a->kind == RECORD_UNREADABLE)
		return a->error == b->error && a->in_ifindex == b->in_ifindex;
	return a->judgement.verdict == b->judgement.verdict &&
		a->flow.protocol == b->flow.protocol && a->flow.dst_port == b->flow.dst_port &&
		ip_addr_equal(&a->flow.src, &b->flow.src) &&
		ip_addr_equal(&a->flow.dst, &b->flow.dst) && ip_addr_equal(&a->group, &b->group);
}

int fold_create(struct fold **out, size_t capacity, uint64_t window_ns)
{
	struct fold *fold;

	if (capacity == 0 || capacity > (1U << 24) || (capacity & (capacity - 1)) != 0)
		return -EINVAL;
	fold = calloc(1, sizeof(*fold));
	if (fold == NULL)
		return -ENOMEM;
	fold->chains = malloc(capacity * sizeof(*fold->chains));
	fold->slots = calloc(capacity, sizeof(*fold->slots));
	if (fold->chains == NULL || fold->slots == NULL) {
		fold_free(fold);
		return -ENOMEM;
	}
	memset(fold->chains, 0xff, capacity * sizeof(*fold->chains));
	fold->seed = seeded_hash_seed();
	fold->window_ns = window_ns;
	fold->capacity = (uint32_t)capacity;
	fold->free = fold->oldest = fold->newest = NONE;
	*out = fold;
	return 0;
}

void fold_free(struct fold *fold)
{
	if (fold == NULL)
		return;
	free(fold->chains);
	free(fold->slots);
	free(fold);
}

static uint32_t *chain_of(struct fold *fold, uint32_t hash)
{
	return &fold->chains[hash & (fold->capacity - 1)];
}

static void enqueue(struct fold *fold, uint32_t index, uint64_t now_ns)
{
	struct slot *slot = &fold->slots[index];

	slot->ends_ns = now_ns + fold->window_ns;
	slot->older = fold->newest;
	slot->newer = NONE;
	if (fold->newest != NONE)
		fold->slots[fold->newest].newer = index;
	else
		fold->oldest = index;
	fold->newest = index;
}

static void dequeue(struct fold *fold, uint32_t index)
{
	const struct slot *slot = &fold->slots[index];

	if (slot->older != NONE)
		fold->slots[slot->older].newer = slot->newer;
	else
		fold->oldest = slot->newer;
	if (slot->newer != NONE)
		fold->slots[slot->newer].older = slot->older;
	else
		fold->newest = slot->older;
}

static void forget(struct fold *fold, uint32_t index)
{
	struct slot *slot = &fold->slots[index];
	uint32_t *link = chain_of(fold, slot->hash);

	while (*link != index)
		link = &fold->slots[*link].next;
	*link = slot->next;
	dequeue(fold, index);
	slot->next = fold->free;
	fold->free = index;
}

/* There is a slot to fill, or the oldest was forgotten before. */
static void remember(struct fold *fold, const struct record *record, uint32_t hash, uint64_t now_ns)
{
	const bool reused = fold->free != NONE;
	const uint32_t index = reused ? fold->free : fold->used++;
	struct slot *slot = &fold->slots[index];

	if (reused)
		fold->free = slot->next;
	slot->folded = (struct folded){.record = *record};
	slot->hash = hash;
	slot->next = *chain_of(fold, hash);
	*chain_of(fold, hash) = index;
	enqueue(fold, index, now_ns);
}

/* How many packets the record stands for. */
static uint64_t weight(const struct record *record)
{
	return record->answered > 0 ? record->answered : 1;
}

static bool count_repeat(struct fold *fold, const struct record *record, uint32_t hash)
{
	for (uint32_t i = *chain_of(fold, hash); i != NONE; i = fold->slots[i].next) {
		struct slot *slot = &fold->slots[i];

		if (slot->hash != hash || !alike(&slot->folded.record, record))
			continue;
		if (slot->folded.repeat == 0)
			slot->folded.since_ns = record->time_ns;
		slot->folded.repeat += weight(record);
		slot->folded.answered += record->answered;
		slot->folded.record = *record;
		return true;
	}
	return false;
}

size_t fold_add(struct fold *fold, const struct record *record, uint64_t now_ns,
	struct folded out[FOLD_OUT_MOST])
{
	const uint32_t hash = hash_record(fold->seed, record);
	size_t count = 0;

	/* Each live flow that was cut has a line of its own: a user will ask what became of it. */
	if (fold->window_ns > 0 && record->kind != RECORD_REVOKED) {
		if (count_repeat(fold, record, hash))
			return 0;
		if (fold->free == NONE && fold->used == fold->capacity) {
			const uint32_t oldest = fold->oldest;

			if (fold->slots[oldest].folded.repeat > 0)
				out[count++] = fold->slots[oldest].folded;
			forget(fold, oldest);
		}
		remember(fold, record, hash, now_ns);
	}
	out[count++] = (struct folded){.record = *record,
		.since_ns = record->time_ns,
		.repeat = weight(record),
		.answered = record->answered};
	return count;
}

bool fold_expire(struct fold *fold, uint64_t now_ns, struct folded *out)
{
	while (fold->oldest != NONE && fold->slots[fold->oldest].ends_ns <= now_ns) {
		const uint32_t index = fold->oldest;
		struct slot *slot = &fold->slots[index];

		if (slot->folded.repeat == 0) {
			forget(fold, index);
			continue;
		}
		*out = slot->folded;
		/* It repeats: a new window begins, so that a flood costs one line a window. */
		slot->folded.repeat = 0;
		slot->folded.answered = 0;
		dequeue(fold, index);
		enqueue(fold, index, now_ns);
		return true;
	}
	return false;
}

bool fold_drain(struct fold *fold, const struct snapshot *snapshot, struct folded *out)
{
	uint32_t index = fold->oldest, newer;

	for (; index != NONE; index = newer) {
		struct slot *slot = &fold->slots[index];

		newer = slot->newer;
		if (snapshot != NULL && slot->folded.record.snapshot != snapshot)
			continue;
		*out = slot->folded;
		forget(fold, index);
		if (out->repeat > 0)
			return true;
	}
	return false;
}

uint64_t fold_next_ns(const struct fold *fold)
{
	return fold->oldest == NONE ? UINT64_MAX : fold->slots[fold->oldest].ends_ns;
}
