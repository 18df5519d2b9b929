/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ENFORCER_PLACES_PLACES_H
#define ENFORCER_PLACES_PLACES_H

/*
 * Which addresses are behind which port of the gateway's bridges: made of what the kernel knows of
 * links, of the bridges' forwarding entries (hardware address -> port), of neighbours (address ->
 * hardware address) and of its own addresses (rtnetlink(7)). A frame to a group address is judged
 * for the pods behind the port that it leaves by.
 *
 * Pure and immutable: any number of threads may read one without a lock. The publisher of places
 * decides when they are freed.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "policy/values/ip_addr.h"

enum { PLACES_MAC = 6 };

struct places_link {
	uint32_t index;	 /* the first member, to search by */
	uint32_t master; /* 0, or the bridge that it is a port of */
	bool bridge;
	bool router; /* a port that routers may be behind, not pods */
};

struct places_forwarding {
	uint8_t mac[PLACES_MAC];
	uint32_t port, bridge;
};
/* For qsort(3): by bridge and hardware address, which is what tells two entries apart. */
int places_compare_forwarding(const void *a, const void *b);

struct places_neighbour {
	struct ip_addr addr;
	uint8_t mac[PLACES_MAC];
	uint32_t device;
};

/* An address of the gateway, with its network. */
struct places_network {
	struct ip_addr addr;
	uint8_t prefix;
	uint32_t device;
};

bool places_network_covers(const struct places_network *network, const struct ip_addr *addr);

/* What the kernel knows, in any order. */
struct places_facts {
	const struct places_link *links;
	const struct places_forwarding *forwarding;
	const struct places_neighbour *neighbours;
	const struct places_network *networks;
	size_t link_count, forwarding_count, neighbour_count, network_count;
};

struct places;

/*
 * `isolated` are addresses of isolated pods, sorted by ip_addr_cmp(). Returns 0 or -ENOMEM. Borrows
 * nothing.
 */
int places_make(struct places **out, const struct places_facts *facts,
	const struct ip_addr *isolated, size_t count);
void places_free(struct places *places); /* NULL is allowed */

struct places_port {
	uint32_t index;	 /* of the interface; the first member, to search by */
	uint32_t bridge; /* that it is a port of; 0: none */
	bool router;
	/* known to be behind it, sorted; of a bridge or another device: on its link */
	const struct ip_addr *addrs;
	size_t count;
};
/* What is known of an interface; NULL: nothing. */
const struct places_port *places_port(const struct places *places, uint32_t index);
/* All of them, by their index. */
const struct places_port *places_ports(const struct places *places, size_t *count);

/*
 * The isolated addresses that are not known to be behind any port, though a bridge here could have
 * them: each may be behind any port that nothing is known of. Sorted.
 */
const struct ip_addr *places_unplaced(const struct places *places, size_t *count);
/* The addresses known to be behind ports of bridges. Sorted. */
const struct ip_addr *places_near(const struct places *places, size_t *count);
/*
 * The addresses that stand for the bridges' networks: of IPv4 the broadcast address; of IPv6, which
 * has none, the first (the subnet-router anycast address: RFC 4291, 2.6.1).
 */
struct places_broadcast {
	struct ip_addr addr;
	uint32_t bridge;
};
const struct places_broadcast *places_broadcasts(const struct places *places, size_t *count);

/* Whether `addr` is multicast, 255.255.255.255, or the broadcast address of a known network. */
bool places_is_group(const struct places *places, const struct ip_addr *addr);

#endif
