/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ENFORCER_GATE_SEEDED_HASH_H
#define ENFORCER_GATE_SEEDED_HASH_H

/*
 * Hashes of what the network sends. They are seeded, or a pod could choose addresses and ports that
 * share a place with those of another pod. Pure; any thread.
 */

#include <stdint.h>
#include <string.h>

#include "policy/values/ip_addr.h"

uint64_t seeded_hash_seed(void);

static inline uint64_t seeded_hash_mix(uint64_t hash, uint64_t word)
{
	hash = (hash ^ word) * 0x9e3779b97f4a7c15ULL;
	return hash ^ (hash >> 29);
}

static inline uint64_t seeded_hash_addr(uint64_t hash, const struct ip_addr *addr)
{
	uint64_t words[2];

	memcpy(words, addr->bytes, sizeof(words));
	return seeded_hash_mix(seeded_hash_mix(hash, words[0]), words[1] ^ addr->family);
}

#endif
