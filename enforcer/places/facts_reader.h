/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ENFORCER_PLACES_FACTS_READER_H
#define ENFORCER_PLACES_FACTS_READER_H

/*
 * From rtnetlink(7) messages to the facts that places are made of. Reading one message is pure and
 * trusts nothing in it; asking blocks. Any thread, one at a time.
 */

#include <libmnl/libmnl.h>

#include "enforcer/places/places.h"

/* Facts in tables that grow. All zero: empty. */
struct facts {
	struct places_link *links;
	struct places_forwarding *forwarding;
	struct places_neighbour *neighbours;
	struct places_network *networks;
	size_t link_count, forwarding_count, neighbour_count, network_count;
	size_t link_room, forwarding_room, neighbour_room, network_room;
	const char *router_ports; /* borrowed: names with commas between them; NULL or "": links of
				     no kind that pods have */
};
void facts_deinit(struct facts *facts);
struct places_facts facts_view(const struct facts *facts);

/* 0 or -ENOMEM */
int facts_add_forwarding(struct facts *facts, const struct places_forwarding *forwarding);
int facts_add_neighbour(struct facts *facts, const struct places_neighbour *neighbour);

/*
 * Takes what one message tells: a link, a forwarding entry, a neighbour, an address. 0, or -ENOMEM.
 */
int facts_take(struct facts *facts, const struct nlmsghdr *message);

/*
 * Asks the kernel for all, over a socket of NETLINK_ROUTE that is used for nothing else. 0 or
 * -errno.
 */
int facts_read(struct facts *facts, struct mnl_socket *socket);

/*
 * Has the kernel ask who `addr` is on that link, as if it had a packet for it. 0 or -errno; no
 * answer is waited for.
 */
int facts_solicit(struct mnl_socket *socket, const struct ip_addr *addr, uint32_t device);

#endif
