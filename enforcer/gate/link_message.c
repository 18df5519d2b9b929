/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "enforcer/gate/link_message.h"

#include "enforcer/gate/packet.h"

enum { SOLICITATION = 133, ADVERTISEMENT = 134 };

enum link_message link_message_of(const struct flow *flow, const uint8_t *bytes, size_t length)
{
	uint8_t type;

	if (flow->protocol == IPPROTO_UDP) {
		const bool v6 = flow->src.family == IP_FAMILY_V6;

		return flow->src_port == (v6 ? 547 : 67) && flow->dst_port == (v6 ? 546 : 68)
			? LINK_DHCP_ANSWER
			: LINK_NONE;
	}
	if (flow->protocol != IPPROTO_ICMPV6 || !packet_icmp_type(bytes, length, &type))
		return LINK_NONE;
	if (type == SOLICITATION)
		return LINK_ROUTER_SOLICITATION;
	return type == ADVERTISEMENT ? LINK_ROUTER_ADVERTISEMENT : LINK_NONE;
}

static bool is_router(const struct places *places, uint32_t index)
{
	const struct places_port *port = places_port(places, index);

	return port != NULL && port->bridge != 0 && port->router;
}

bool link_message_passes(
	enum link_message message, const struct places *places, uint32_t in, uint32_t out)
{
	switch (message) {
	case LINK_ROUTER_SOLICITATION:
		return out == 0 || is_router(places, in) || is_router(places, out);
	case LINK_ROUTER_ADVERTISEMENT:
		return out == 0 || is_router(places, in);
	case LINK_DHCP_ANSWER:
		return is_router(places, in);
	default:
		return false;
	}
}
