/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "enforcer/gate/flow_class.h"

#include <string.h>

#include "enforcer/gate/seeded_hash.h"

bool flow_class_equal(const struct flow *a, const struct flow *b)
{
	return a->dst_port == b->dst_port && a->protocol == b->protocol &&
		ip_addr_equal(&a->src, &b->src) && ip_addr_equal(&a->dst, &b->dst);
}

uint64_t flow_class_hash(uint64_t seed, const struct flow *flow)
{
	const uint64_t ports = (uint64_t)flow->dst_port << 16 | (uint64_t)flow->protocol << 8 |
		flow->src.family;
	uint64_t hash = seeded_hash_mix(seed, ports), words[4];
	uint32_t src, dst;

	if (flow->src.family == IP_FAMILY_V4) {
		memcpy(&src, flow->src.bytes, sizeof(src));
		memcpy(&dst, flow->dst.bytes, sizeof(dst));
		return seeded_hash_mix(seeded_hash_mix(hash, (uint64_t)src << 32 | dst), seed);
	}
	memcpy(words, flow->src.bytes, 16);
	memcpy(words + 2, flow->dst.bytes, 16);
	for (int i = 0; i < 4; i++)
		hash = seeded_hash_mix(hash, words[i]);
	return seeded_hash_mix(hash, seed);
}
