/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BENCH_LOAD_FLOW_WALK_H
#define BENCH_LOAD_FLOW_WALK_H

/*
 * Every combination of source address, destination address, destination port and source port, once
 * each and in this order: the source address turns fastest, the source port slowest. So all classes
 * (of the first three) come by before any of them comes again, and no flow twice within
 * flow_walk_total(). After the last the walk begins anew. One thread.
 */

#include <stdint.h>

#include "bench/load/span.h"

enum { FLOW_WALK_FIRST_PORT = 1024, FLOW_WALK_LAST_PORT = 65535 }; /* of the source */

struct flow_walk {
	struct addr_span from, to;
	struct number_span ports, from_ports;
	uint32_t from_index, to_index;
	uint16_t to_port, from_port;
};

struct flow_step {
	struct ip_addr from, to;
	uint16_t from_port, to_port;
};

/* `from` and `to` are of one family. */
void flow_walk_init(struct flow_walk *walk, const struct addr_span *from,
	const struct addr_span *to, const struct number_span *ports);
/*
 * Leaves it the part number `part` of `parts` of the source ports, for one of several that share
 * the flows.
 */
void flow_walk_share(struct flow_walk *walk, uint32_t part, uint32_t parts);
struct flow_step flow_walk_next(struct flow_walk *walk);
/* The number of flows; UINT64_MAX for that many or more. */
uint64_t flow_walk_total(const struct flow_walk *walk);

#endif
