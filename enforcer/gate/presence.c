/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "enforcer/gate/presence.h"

#include <errno.h>
#include <stdlib.h>

#include "process/clock.h"

/* How long a worker's sighting may be on its way to the learner, by far. */
enum { MARGIN_S = 5 };

int presence_create(struct presence **out, uint32_t class_s)
{
	struct presence *presence = calloc(1, sizeof(*presence));

	if (presence == NULL)
		return -ENOMEM;
	presence->period_ns = ((uint64_t)class_s + MARGIN_S) * NS_PER_S;
	*out = presence;
	return 0;
}

void presence_free(struct presence *presence)
{
	free(presence);
}

static bool is_set(const _Atomic uint32_t *words, uint32_t bit)
{
	return atomic_load_explicit(&words[bit / 32], memory_order_relaxed) >> bit % 32 & 1;
}

/* All bits in one generation: presence_note() sets them there. */
bool presence_has(const struct presence *presence, const struct ip_addr *addr, enum flow_end end)
{
	const struct presence_bits bits = presence_bits(addr, end);

	for (int i = 0; i < PRESENCE_GENERATIONS; i++)
		if (is_set(presence->words[i], bits.one) && is_set(presence->words[i], bits.two) &&
			is_set(presence->words[i], bits.three))
			return true;
	return false;
}

bool presence_turn_is_due(const struct presence *presence, uint64_t now_ns)
{
	return now_ns - presence->turned_ns >= presence->period_ns;
}

void presence_begin_turn(struct presence *presence, uint64_t now_ns)
{
	const unsigned int youngest = atomic_load_explicit(
		&presence->youngest, memory_order_relaxed);

	presence->turned_ns = now_ns;
	atomic_store_explicit(
		&presence->youngest, (youngest + 1) % PRESENCE_GENERATIONS, memory_order_relaxed);
}

void presence_end_turn(struct presence *presence)
{
	const unsigned int oldest = (atomic_load_explicit(
					     &presence->youngest, memory_order_relaxed) +
					    1) %
		PRESENCE_GENERATIONS;

	/* A page that was never written to costs no memory, and is not written to here. */
	for (size_t i = 0; i < PRESENCE_BITS / 32; i++)
		if (atomic_load_explicit(&presence->words[oldest][i], memory_order_relaxed) != 0)
			atomic_store_explicit(&presence->words[oldest][i], 0, memory_order_relaxed);
}
