/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef POLICY_VALUES_FLOW_H
#define POLICY_VALUES_FLOW_H

/*
 * A flow: what a NetworkPolicy verdict is about. Always in the direction of its
 * first packet, and always by the addresses of the two ends themselves (NAT undone).
 * A verdict depends on src, dst, protocol and dst_port; src_port only names the
 * connection in a log.
 */

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

#include "policy/values/ip_addr.h"

struct flow {
	struct ip_addr src, dst;
	uint16_t src_port, dst_port; /* host order; 0 where the protocol has no ports */
	uint8_t protocol;	     /* IPPROTO_*: the number in the last IP header */
};

enum flow_end { FLOW_SOURCE, FLOW_DESTINATION };

struct flow flow_reversed(const struct flow *flow);

/* NetworkPolicy speaks of ports for TCP, UDP and SCTP only. */
static inline bool flow_protocol_has_ports(uint8_t protocol)
{
	return protocol == IPPROTO_TCP || protocol == IPPROTO_UDP || protocol == IPPROTO_SCTP;
}

enum { FLOW_PROTOCOL_TEXT = 16 };
/* "TCP", "UDP", "SCTP", "ICMP", "ICMPv6", or "protocol 47" written into `buffer`. */
const char *flow_protocol_name(uint8_t protocol, char buffer[FLOW_PROTOCOL_TEXT]);
/*
 * Reads one of those names or a number, whatever its case. Returns 0; or -EINVAL, *out untouched.
 */
int flow_protocol_parse(uint8_t *out, const char *text);

#endif
