/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Any bytes as messages of rtnetlink, one after the other, and places made of what they tell. What
 * is behind a port must be known to be near, and nothing is in a place that no message named.
 */

#include <libmnl/libmnl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "enforcer/places/facts_reader.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct facts *facts)
{
	static const struct ip_addr isolated = {{10, 88, 0, 11}, IP_FAMILY_V4};
	const struct places_facts view = facts_view(facts);
	const struct places_port *ports;
	struct places *places;
	size_t count, addrs = 0;

	if (places_make(&places, &view, &isolated, 1) != 0)
		return;
	ports = places_ports(places, &count);
	for (size_t i = 0; i < count; i++)
		addrs += ports[i].count;
	if (count > facts->link_count || addrs > 2 * facts->neighbour_count)
		abort();
	places_unplaced(places, &count);
	if (count > 1)
		abort();
	places_free(places);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct facts facts = {.router_ports = "eth0, uplink"};
	int left = (int)size;
	struct nlmsghdr *message, *first;

	if (size < sizeof(*first) || size > 65536)
		return 0;
	first = message = malloc(size); /* aligned, and it ends where it ends */
	if (message == NULL)
		return 0;
	memcpy(message, data, size);
	/*
	 * mnl_nlmsg_ok() compares lengths as int, so one above INT_MAX passes; the kernel writes
	 * none.
	 */
	while (mnl_nlmsg_ok(message, left) && message->nlmsg_len <= (uint32_t)left) {
		(void)facts_take(&facts, message);
		message = mnl_nlmsg_next(message, &left);
	}
	check(&facts);
	facts_deinit(&facts);
	free(first);
	return 0;
}
