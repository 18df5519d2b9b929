/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ENFORCER_GATE_PACKET_H
#define ENFORCER_GATE_PACKET_H

/*
 * From the first bytes of an IP packet to its flow. Pure: reads only the bytes given, keeps
 * nothing; any thread.
 *
 * A verdict is kept on the packet's conntrack entry, so the flow is read as conntrack reads its
 * tuple: of one packet the two must never see two different flows. An ICMP error is a packet of the
 * flow that it reports on, sent against the direction of the packet it quotes.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "policy/values/flow.h"

/* Why a packet can't be judged: denied and counted, one counter each. */
enum packet_error {
	PACKET_OK,
	PACKET_SHORT,	   /* ends within its IP header */
	PACKET_BAD_HEADER, /* not IP, or its header length and total length contradict each other */
	/* a later one, without ports (conntrack reassembles; this one was not tracked) */
	PACKET_FRAGMENT,
	/* an IPv6 extension chain that is malformed, or longer than what was copied */
	PACKET_EXTENSIONS,
	PACKET_SHORT_TRANSPORT, /* no room for the ports of its TCP, UDP or SCTP header */
	/* too short; or an error that quotes what can't be read, or another's packet */
	PACKET_BAD_ICMP,
	PACKET_ERROR_COUNT,
};
const char *packet_error_name(
	enum packet_error error); /* a stable slug, for counters: "short", "fragment"... */

/*
 * Reads `length` bytes from the first byte of the IP header: the packet's first bytes, rarely all
 * of them. Addresses and ports are those in the packet; protocols without ports have 0. *out is
 * written only on PACKET_OK.
 */
enum packet_error packet_parse(const uint8_t *bytes, size_t length, struct flow *out);
/*
 * The same without the short way for the usual packet, which may only be quicker: for tests, which
 * hold both together.
 */
enum packet_error packet_parse_slowly(const uint8_t *bytes, size_t length, struct flow *out);

/* The type of an ICMP or ICMPv6 message; false: it is none. */
bool packet_icmp_type(const uint8_t *bytes, size_t length, uint8_t *type);

/* For packet_read_reporter(): reads the headers. */
bool packet_find_reporter(const uint8_t *bytes, size_t length, struct ip_addr *out);

/*
 * What follows the IP header says it for all packets but those with extension headers: most are no
 * ICMP, and need not have their headers read for it.
 */
static inline bool packet_may_be_icmp(const uint8_t *bytes, size_t length)
{
	if (length < 20) /* no whole IP header */
		return false;
	return bytes[0] >> 4 == IP_FAMILY_V4 ? bytes[9] == IPPROTO_ICMP
					     : !flow_protocol_has_ports(bytes[6]);
}

/*
 * The sender of an ICMP error, for a packet that packet_parse() has read: true, and *out. It need
 * not be an end of the flow that the error reports on: routers report on the flows of others. False
 * for any other packet.
 */
static inline bool packet_read_reporter(const uint8_t *bytes, size_t length, struct ip_addr *out)
{
	return packet_may_be_icmp(bytes, length) && packet_find_reporter(bytes, length, out);
}

#endif
