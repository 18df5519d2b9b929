/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "enforcer/learn/quota.h"

#include <string.h>

#include "enforcer/gate/flow_class.h"
#include "enforcer/gate/seeded_hash.h"

void quota_init(struct quota *quota, uint32_t most, uint64_t period_ns)
{
	*quota = (struct quota){.seed = seeded_hash_seed(), .period_ns = period_ns, .most = most};
}

bool quota_take(struct quota *quota, const struct ip_addr *addr, uint64_t now_ns)
{
	const struct flow source = {.src = *addr};
	uint32_t *used = &quota->used[flow_class_hash(quota->seed, &source) % QUOTA_ADDRESSES];

	if (now_ns - quota->began_ns >= quota->period_ns) {
		memset(quota->used, 0, sizeof(quota->used));
		quota->began_ns = now_ns;
	}
	if (*used >= quota->most)
		return false;
	++*used;
	return true;
}
