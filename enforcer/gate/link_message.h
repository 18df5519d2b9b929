/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ENFORCER_GATE_LINK_MESSAGE_H
#define ENFORCER_GATE_LINK_MESSAGE_H

/*
 * What hosts and routers of one link tell each other, which goes by the ports of the bridge and not
 * by policies: a pod is no router and no DHCP server. An advertisement of a pod's would give its
 * neighbours addresses that no policy knows (RFC 4862), and routes through that pod. Pure; any
 * thread.
 */

#include "enforcer/places/places.h"
#include "policy/values/flow.h"

enum link_message {
	LINK_NONE,
	LINK_ROUTER_SOLICITATION,  /* ICMPv6 133: from hosts to routers (RFC 4861) */
	LINK_ROUTER_ADVERTISEMENT, /* ICMPv6 134: from routers to hosts */
	LINK_DHCP_ANSWER,	   /* UDP 67 to 68 (RFC 2131), 547 to 546 (RFC 8415) */
};

/* Which of these a packet is, as its headers say. `bytes` begin with the IP header. */
enum link_message link_message_of(const struct flow *flow, const uint8_t *bytes, size_t length);

/*
 * Whether the ports that it comes in and leaves by let it pass. `in` and `out` are interfaces, a
 * bridge's ports if there are any; out 0: it is for the gateway itself. Of LINK_DHCP_ANSWER false
 * means that it is judged as any packet.
 */
bool link_message_passes(
	enum link_message message, const struct places *places, uint32_t in, uint32_t out);

#endif
