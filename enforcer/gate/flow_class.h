/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ENFORCER_GATE_FLOW_CLASS_H
#define ENFORCER_GATE_FLOW_CLASS_H

/*
 * A class of flows: all that a NetworkPolicy verdict depends on, which is (source address,
 * protocol, destination port, destination address). A flow stands for its class; its source port is
 * passed over. Pure.
 */

#include <stdbool.h>
#include <stdint.h>

#include "policy/values/flow.h"

bool flow_class_equal(const struct flow *a, const struct flow *b);
/*
 * Addresses and ports are of the network's choosing: `seed` is to be random, so that nobody aims at
 * one slot.
 */
uint64_t flow_class_hash(uint64_t seed, const struct flow *flow);
uint64_t flow_class_seed(void);

#endif
