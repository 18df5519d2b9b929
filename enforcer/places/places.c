/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "enforcer/places/places.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* An address, and an interface that it is behind. */
struct placing {
	uint32_t index;
	struct ip_addr addr;
};

struct places {
	struct places_port *ports;
	struct ip_addr *addrs; /* the ports point into it */
	struct ip_addr *near, *unplaced;
	struct places_broadcast *broadcasts;
	size_t port_count, near_count, unplaced_count, broadcast_count;
};

void places_free(struct places *places)
{
	if (places == NULL)
		return;
	free(places->ports);
	free(places->addrs);
	free(places->near);
	free(places->unplaced);
	free(places->broadcasts);
	free(places);
}

/* ---- making ---- */

static int compare_placings(const void *pa, const void *pb)
{
	const struct placing *a = pa, *b = pb;

	return a->index != b->index ? (a->index > b->index) - (a->index < b->index)
				    : ip_addr_cmp(&a->addr, &b->addr);
}

int places_compare_forwarding(const void *pa, const void *pb)
{
	const struct places_forwarding *a = pa, *b = pb;

	return a->bridge != b->bridge ? (a->bridge > b->bridge) - (a->bridge < b->bridge)
				      : memcmp(a->mac, b->mac, PLACES_MAC);
}

/* Of links and of ports: their first member is the interface's index. */
static int compare_index(const void *pa, const void *pb)
{
	const uint32_t *a = pa, *b = pb;

	return (*a > *b) - (*a < *b);
}

/* Sorted copies of what is searched. */
struct index {
	struct places_link *links;
	struct places_forwarding *forwarding;
	const struct places_facts *facts;
};

static void *copy(const void *items, size_t count, size_t size)
{
	void *copied = calloc(count + 1, size);

	if (copied != NULL && count > 0)
		memcpy(copied, items, count * size);
	return copied;
}

static const struct places_link *find_link(const struct index *index, uint32_t number)
{
	const struct places_link key = {.index = number};

	return bsearch(&key, index->links, index->facts->link_count, sizeof(key), compare_index);
}

static const struct places_forwarding *find_port(
	const struct index *index, uint32_t bridge, const uint8_t mac[PLACES_MAC])
{
	struct places_forwarding key = {.bridge = bridge};

	memcpy(key.mac, mac, PLACES_MAC);
	return bsearch(&key, index->forwarding, index->facts->forwarding_count, sizeof(key),
		places_compare_forwarding);
}

/*
 * Each neighbour is on its device; if that is a bridge, behind one of its ports as well, when the
 * bridge knows which.
 */
static size_t place_neighbours(const struct index *index, struct placing *placings)
{
	const struct places_facts *facts = index->facts;
	size_t count = 0;

	for (size_t i = 0; i < facts->neighbour_count; i++) {
		const struct places_neighbour *neighbour = &facts->neighbours[i];
		const struct places_forwarding *found = find_port(
			index, neighbour->device, neighbour->mac);

		placings[count++] = (struct placing){neighbour->device, neighbour->addr};
		if (found != NULL)
			placings[count++] = (struct placing){found->port, neighbour->addr};
	}
	return count;
}

/* All interfaces that are ports or bridges, and those that neighbours are on. */
static int make_ports(
	struct places *places, const struct index *index, struct placing *placings, size_t count)
{
	const struct places_facts *facts = index->facts;
	size_t at = 0;

	qsort(placings, count, sizeof(*placings), compare_placings);
	places->addrs = calloc(count + 1, sizeof(*places->addrs));
	places->near = calloc(count + 1, sizeof(*places->near));
	places->ports = calloc(facts->link_count + 1, sizeof(*places->ports));
	if (places->addrs == NULL || places->near == NULL || places->ports == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++)
		places->addrs[i] = placings[i].addr;
	for (size_t i = 0; i < facts->link_count; i++) {
		const struct places_link *link = &index->links[i];
		const struct places_link *master = link->master != 0
			? find_link(index, link->master)
			: NULL;
		struct places_port port = {.index = link->index, .router = link->router};
		size_t end;

		port.bridge = master != NULL && master->bridge ? master->index : 0;
		while (at < count && placings[at].index < link->index)
			at++;
		for (end = at; end < count && placings[end].index == link->index; end++)
			if (port.bridge != 0)
				places->near[places->near_count++] = placings[end].addr;
		port.addrs = places->addrs + at;
		port.count = end - at;
		at = end;
		if (port.bridge != 0 || link->bridge || port.count > 0)
			places->ports[places->port_count++] = port;
	}
	return 0;
}

static size_t sort_unique(struct ip_addr *addrs, size_t count)
{
	size_t kept = 0;

	qsort(addrs, count, sizeof(*addrs), ip_addr_compare);
	for (size_t i = 0; i < count; i++)
		if (kept == 0 || !ip_addr_equal(&addrs[kept - 1], &addrs[i]))
			addrs[kept++] = addrs[i];
	return kept;
}

static bool on_bridge(const struct index *index, uint32_t device)
{
	const struct places_link *link = find_link(index, device);

	return link != NULL && link->bridge;
}

bool places_network_covers(const struct places_network *network, const struct ip_addr *addr)
{
	const uint8_t bytes = network->prefix / 8, bits = network->prefix % 8;
	const uint8_t mask = (uint8_t)(0xff00U >> bits);

	if (network->addr.family != addr->family ||
		memcmp(network->addr.bytes, addr->bytes, bytes) != 0)
		return false;
	return bits == 0 || ((network->addr.bytes[bytes] ^ addr->bytes[bytes]) & mask) == 0;
}

/* Whether a network of the family is known on that bridge at all. */
static bool has_network(const struct index *index, uint32_t bridge, uint8_t family)
{
	for (size_t i = 0; i < index->facts->network_count; i++) {
		const struct places_network *network = &index->facts->networks[i];

		if (network->device == bridge && network->addr.family == family &&
			!ip_addr_is_link_local(&network->addr))
			return true;
	}
	return false;
}

/*
 * Whether a bridge here may have that address on it: it is of the bridge's network, or the gateway
 * has no address on that bridge and can't say.
 */
static bool may_be_here(const struct index *index, const struct ip_addr *addr)
{
	for (size_t i = 0; i < index->facts->network_count; i++)
		if (on_bridge(index, index->facts->networks[i].device) &&
			places_network_covers(&index->facts->networks[i], addr))
			return true;
	for (size_t i = 0; i < index->facts->link_count; i++)
		if (index->links[i].bridge &&
			!has_network(index, index->links[i].index, addr->family))
			return true;
	return false;
}

static int make_unplaced(struct places *places, const struct index *index,
	const struct ip_addr *isolated, size_t count)
{
	places->unplaced = calloc(count + 1, sizeof(*places->unplaced));
	if (places->unplaced == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++)
		if (!ip_addr_is_link_local(&isolated[i]) &&
			(places->near_count == 0 ||
				bsearch(&isolated[i], places->near, places->near_count,
					sizeof(isolated[i]), ip_addr_compare) == NULL) &&
			may_be_here(index, &isolated[i]))
			places->unplaced[places->unplaced_count++] = isolated[i];
	return 0;
}

/*
 * The last address of an IPv4 network (RFC 919); networks of two addresses have none (RFC 3021). Of
 * an IPv6 network, which has no broadcast address, the first one stands for it (RFC 4291, 2.6.1).
 */
static int make_broadcasts(struct places *places, const struct index *index)
{
	const struct places_facts *facts = index->facts;

	places->broadcasts = calloc(facts->network_count + 1, sizeof(*places->broadcasts));
	if (places->broadcasts == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < facts->network_count; i++) {
		const struct places_network *network = &facts->networks[i];
		struct places_broadcast *broadcast = &places->broadcasts[places->broadcast_count];

		const unsigned int bits = ip_addr_bits(&network->addr);

		if (network->prefix > bits - 2 || network->prefix == 0 ||
			ip_addr_is_link_local(&network->addr) || !on_bridge(index, network->device))
			continue;
		*broadcast = (struct places_broadcast){network->addr, network->device};
		for (unsigned int bit = network->prefix; bit < bits; bit++) {
			const uint8_t mask = (uint8_t)(0x80U >> bit % 8);

			if (bits == 32)
				broadcast->addr.bytes[bit / 8] |= mask;
			else
				broadcast->addr.bytes[bit / 8] &= (uint8_t)~mask;
		}
		places->broadcast_count++;
	}
	return 0;
}

int places_make(struct places **out, const struct places_facts *facts,
	const struct ip_addr *isolated, size_t count)
{
	struct places *places = calloc(1, sizeof(*places));
	struct placing *placings = calloc(facts->neighbour_count * 2 + 1, sizeof(*placings));
	struct index index = {
		.links = copy(facts->links, facts->link_count, sizeof(*facts->links)),
		.forwarding = copy(
			facts->forwarding, facts->forwarding_count, sizeof(*facts->forwarding)),
		.facts = facts,
	};
	int err = -ENOMEM;

	if (places != NULL && placings != NULL && index.links != NULL && index.forwarding != NULL) {
		qsort(index.links, facts->link_count, sizeof(*index.links), compare_index);
		qsort(index.forwarding, facts->forwarding_count, sizeof(*index.forwarding),
			places_compare_forwarding);
		err = make_ports(places, &index, placings, place_neighbours(&index, placings));
	}
	if (err == 0) {
		places->near_count = sort_unique(places->near, places->near_count);
		err = make_unplaced(places, &index, isolated, count);
	}
	if (err == 0)
		err = make_broadcasts(places, &index);
	free(placings);
	free(index.links);
	free(index.forwarding);
	if (err != 0) {
		places_free(places);
		return err;
	}
	*out = places;
	return 0;
}

/* ---- reading ---- */

const struct places_port *places_port(const struct places *places, uint32_t index)
{
	const struct places_port key = {.index = index};

	return bsearch(&key, places->ports, places->port_count, sizeof(key), compare_index);
}

const struct places_port *places_ports(const struct places *places, size_t *count)
{
	*count = places->port_count;
	return places->ports;
}

const struct ip_addr *places_unplaced(const struct places *places, size_t *count)
{
	*count = places->unplaced_count;
	return places->unplaced;
}

const struct ip_addr *places_near(const struct places *places, size_t *count)
{
	*count = places->near_count;
	return places->near;
}

const struct places_broadcast *places_broadcasts(const struct places *places, size_t *count)
{
	*count = places->broadcast_count;
	return places->broadcasts;
}

bool places_is_group(const struct places *places, const struct ip_addr *addr)
{
	if (ip_addr_is_group(addr))
		return true;
	for (size_t i = 0; i < places->broadcast_count; i++)
		if (addr->family == IP_FAMILY_V4 &&
			ip_addr_equal(addr, &places->broadcasts[i].addr))
			return true;
	return false;
}
