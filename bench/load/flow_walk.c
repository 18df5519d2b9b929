/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bench/load/flow_walk.h"

void flow_walk_init(struct flow_walk *walk, const struct addr_span *from,
	const struct addr_span *to, const struct number_span *ports)
{
	*walk = (struct flow_walk){
		.from = *from,
		.to = *to,
		.ports = *ports,
		.from_ports = {FLOW_WALK_FIRST_PORT, FLOW_WALK_LAST_PORT},
		.to_port = ports->first,
		.from_port = FLOW_WALK_FIRST_PORT,
	};
}

void flow_walk_share(struct flow_walk *walk, uint32_t part, uint32_t parts)
{
	const uint32_t count = number_span_count(&walk->from_ports), first = walk->from_ports.first;

	walk->from_ports.first = (uint16_t)(first + count * part / parts);
	walk->from_ports.last = (uint16_t)(first + count * (part + 1) / parts - 1);
	walk->from_port = walk->from_ports.first;
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
	if (walk->from_port < walk->from_ports.last)
		walk->from_port++;
	else
		walk->from_port = walk->from_ports.first;
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
	uint64_t total;

	if (__builtin_mul_overflow((uint64_t)walk->from.count, walk->to.count, &total) ||
		__builtin_mul_overflow(total, (uint64_t)number_span_count(&walk->ports), &total) ||
		__builtin_mul_overflow(
			total, (uint64_t)number_span_count(&walk->from_ports), &total))
		return UINT64_MAX;
	return total;
}
