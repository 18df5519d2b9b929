/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ENFORCER_LEARN_QUOTA_H
#define ENFORCER_LEARN_QUOTA_H

/*
 * Limits how many of something each address gets within a period. Addresses are counted by their
 * hash; two with one hash share one limit, so an address may get less, never more. All counts start
 * again at 0 when the period ends. One thread at a time.
 */

#include <stdbool.h>
#include <stdint.h>

#include "policy/values/ip_addr.h"

enum { QUOTA_ADDRESSES = 1024 };

struct quota {
	uint64_t seed, period_ns, began_ns;
	uint32_t most;
	uint32_t used[QUOTA_ADDRESSES];
};

void quota_init(struct quota *quota, uint32_t most, uint64_t period_ns);
/* Counts one; false, and nothing counted, when the address has had its share. */
bool quota_take(struct quota *quota, const struct ip_addr *addr, uint64_t now_ns);

#endif
