/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "enforcer/gate/seeded_hash.h"

#include <sys/random.h>
#include <time.h>

uint64_t seeded_hash_seed(void)
{
	uint64_t seed;

	/* Too early in the boot there is nothing better. */
	if (getrandom(&seed, sizeof(seed), GRND_NONBLOCK) != (ssize_t)sizeof(seed))
		seed = (uint64_t)clock() ^ (uint64_t)(uintptr_t)&seed;
	return seed;
}
