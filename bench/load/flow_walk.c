/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bench/load/flow_walk.h"

void flow_walk_init(struct flow_walk *walk, const struct addr_span *from, const struct addr_span *to,
	const struct number_span *ports)
{
	*walk = (struct flow_walk){
		.from = *from,
		.to = *to,
		.ports = *ports,
		.to_port = ports->first,
		.from_port = FLOW_WALK_FIRST_PORT,
	};
}

/* An odometer: each wheel that is through turns the next. */
static void turn(struct flow_walk *walk)
{
	if (++walk->from_index < walk->from.count)
		return;
	walk->from_index = 0;
	if (++walk->to_index < walk->to.count)
		return;
	walk->to_index = 0;
	if (walk->to_port < walk->ports.last) {
		walk->to_port++;
		return;
	}
	walk->to_port = walk->ports.first;
	if (walk->from_port < FLOW_WALK_LAST_PORT)
		walk->from_port++;
	else
		walk->from_port = FLOW_WALK_FIRST_PORT;
}

struct flow_step flow_walk_next(struct flow_walk *walk)
{
	const struct flow_step step = {
		.from = addr_span_at(&walk->from, walk->from_index),
		.to = addr_span_at(&walk->to, walk->to_index),
		.from_port = walk->from_port,
		.to_port = walk->to_port,
	};

	turn(walk);
	return step;
}

uint64_t flow_walk_total(const struct flow_walk *walk)
{
	const uint64_t ports = FLOW_WALK_LAST_PORT - FLOW_WALK_FIRST_PORT + 1;
	uint64_t total;

	if (__builtin_mul_overflow((uint64_t)walk->from.count, walk->to.count, &total) ||
	    __builtin_mul_overflow(total, (uint64_t)number_span_count(&walk->ports), &total) ||
	    __builtin_mul_overflow(total, ports, &total))
		return UINT64_MAX;
	return total;
}
