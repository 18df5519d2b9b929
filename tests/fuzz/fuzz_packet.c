/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Any bytes as a packet. Beyond memory safety: a flow is whole and of one family, nothing is
 * written on an error, a packet of which less was copied is either unreadable or the same flow, and
 * the short way reads what the long one does.
 */

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "enforcer/gate/packet.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int holds)
{
	if (!holds)
		abort();
}

static int same_flow(const struct flow *a, const struct flow *b)
{
	return ip_addr_equal(&a->src, &b->src) && ip_addr_equal(&a->dst, &b->dst) &&
		a->src_port == b->src_port && a->dst_port == b->dst_port &&
		a->protocol == b->protocol;
}

static void check_flow(const struct flow *flow)
{
	require(flow->src.family == IP_FAMILY_V4 || flow->src.family == IP_FAMILY_V6);
	require(flow->src.family == flow->dst.family);
	require(flow_protocol_has_ports(flow->protocol) ||
		(flow->src_port == 0 && flow->dst_port == 0));
}

static void check_prefix(const uint8_t *data, size_t length, const struct flow *whole)
{
	/* of its own, for AddressSanitizer to see a read past it */
	uint8_t *copy = malloc(length + (length == 0));
	struct flow flow;

	require(copy != NULL);
	memcpy(copy, data, length);
	if (packet_parse(copy, length, &flow) == PACKET_OK)
		require(same_flow(&flow, whole));
	free(copy);
}

/* The short way for the usual packet reads nothing else than the long one. */
static void check_short_way(
	const uint8_t *data, size_t size, enum packet_error error, const struct flow *flow)
{
	struct flow slowly;

	require(packet_parse_slowly(data, size, &slowly) == error);
	require(error != PACKET_OK || same_flow(&slowly, flow));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct flow flow, untouched;
	struct ip_addr reporter;
	enum packet_error error;

	memset(&flow, 0xa5, sizeof(flow));
	memcpy(&untouched, &flow, sizeof(flow));
	error = packet_parse(data, size, &flow);
	require((unsigned int)error < PACKET_ERROR_COUNT);
	check_short_way(data, size, error, &flow);
	if (error != PACKET_OK) {
		require(memcmp(&flow, &untouched, sizeof(flow)) == 0);
		return 0;
	}
	check_flow(&flow);
	if (packet_read_reporter(data, size, &reporter))
		require(reporter.family == flow.src.family);
	for (size_t length = 0; length < size && length <= 160; length++)
		check_prefix(data, length, &flow);
	return 0;
}
