/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ENFORCER_GATE_FLOW_CLASS_H
#define ENFORCER_GATE_FLOW_CLASS_H

/*
 * A flow class: all that a NetworkPolicy verdict depends on, which is (source address, protocol,
 * destination port, destination address). A flow stands for its class; its source port does not
 * count. Pure.
 */

#include <stdbool.h>
#include <stdint.h>

#include "policy/values/flow.h"

bool flow_class_equal(const struct flow *a, const struct flow *b);
uint64_t flow_class_hash(uint64_t seed, const struct flow *flow); /* seeded_hash.h */

#endif
