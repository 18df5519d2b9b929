/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "enforcer/packet.h"

#include <netinet/in.h>

/*
 * Wire formats, a line a 32-bit word:
 *
 *	IPv4 (RFC 791)
 *	| version | IHL |      TOS      |         total length          |  0
 *	|        identification         |flags|     fragment offset     |  4
 *	|  time to live |   protocol    |        header checksum        |  8
 *	|                        source address                         | 12
 *	|                      destination address                      | 16
 *	|              options, to a header of IHL * 4 bytes            | 20
 *
 *	IPv6 (RFC 8200)
 *	|version| traffic class |              flow label               |  0
 *	|        payload length         |  next header  |   hop limit   |  4
 *	|                   source address, 16 bytes                    |  8
 *	|                 destination address, 16 bytes                 | 24
 *
 *	hop-by-hop, routing, destination options: (length + 1) * 8 bytes
 *	| next header   |    length     |              ...              |
 *	authentication header: (length + 2) * 4 bytes
 *	| next header   |    length     |              ...              |
 *	fragment: 8 bytes
 *	| next header   |   reserved    |   fragment offset   |res |more|
 *	|                        identification                         |
 *
 *	TCP, UDP, SCTP
 *	|          source port          |       destination port        |  0
 *
 *	ICMP and ICMPv6 errors
 *	|     type      |     code      |           checksum            |  0
 *	|                   differs from type to type                   |  4
 *	|      the packet that caused it, from its IP header on         |  8
 */
enum {
	IPV4_HEADER = 20,
	IPV6_HEADER = 40,
	FRAGMENT_HEADER = 8,
	PORTS = 4,
	ICMP_HEADER = 8,
	IPV4_OFFSET_MASK = 0x1fff,
	IPV6_OFFSET_MASK = 0xfff8,
};

/* The part of a packet that follows the headers read so far, and what it is. */
struct rest {
	const uint8_t *bytes;
	size_t length;
	uint8_t protocol;
};

static uint16_t read16(const uint8_t *bytes)
{
	return (uint16_t)(bytes[0] << 8 | bytes[1]);
}

/*
 * How many of the `captured` bytes belong to a packet that says it has `total`: what follows is padding of the link layer. The
 * kernel lets a total of 0 pass for one kind of packet only: TCP segments merged beyond 64 KiB (BIG TCP).
 */
static size_t clamp_length(size_t captured, size_t total, size_t zero_total)
{
	return total != zero_total && total < captured ? total : captured;
}

/* `quoted`: within an ICMP error, where only the beginning is there and the lengths are not to be trusted (nor needed). */
static enum packet_error read_ipv4(const uint8_t *bytes, size_t length, bool quoted, struct flow *flow, struct rest *rest)
{
	const size_t header = (size_t)(bytes[0] & 0x0f) * 4;

	if (length < IPV4_HEADER)
		return PACKET_SHORT;
	if (header < IPV4_HEADER)
		return PACKET_BAD_HEADER;
	if (!quoted) {
		const size_t total = read16(bytes + 2);

		if (total < header && !(total == 0 && bytes[9] == IPPROTO_TCP))
			return PACKET_BAD_HEADER;
		length = clamp_length(length, total, 0);
	}
	if (length < header)
		return PACKET_SHORT;
	if ((read16(bytes + 6) & IPV4_OFFSET_MASK) != 0)
		return PACKET_FRAGMENT;
	flow->src = ip_addr_v4(bytes + 12);
	flow->dst = ip_addr_v4(bytes + 16);
	*rest = (struct rest){.bytes = bytes + header, .length = length - header, .protocol = bytes[9]};
	return PACKET_OK;
}

/* The length of an extension header by its second byte; 0: `protocol` is no extension header but the transport. */
static size_t extension_length(uint8_t protocol, uint8_t length_byte)
{
	switch (protocol) {
	case IPPROTO_HOPOPTS:
	case IPPROTO_ROUTING:
	case IPPROTO_DSTOPTS:
		return ((size_t)length_byte + 1) * 8;
	case IPPROTO_AH:
		return ((size_t)length_byte + 2) * 4;
	case IPPROTO_FRAGMENT:
		return FRAGMENT_HEADER;
	default:
		return 0;
	}
}

/*
 * Walks the extension headers that conntrack walks (ipv6_skip_exthdr()), in any order and number. Mobility, HIP, Shim6 and ESP
 * headers end the walk as they end conntrack's: looking past them would judge by ports that its entry does not have.
 */
static enum packet_error skip_extensions(struct rest *rest)
{
	for (;;) {
		const uint8_t length_byte = rest->length > 1 ? rest->bytes[1] : 0;
		const size_t length = extension_length(rest->protocol, length_byte);

		if (length == 0)
			return PACKET_OK;
		if (length > rest->length)
			return PACKET_EXTENSIONS;
		if (rest->protocol == IPPROTO_FRAGMENT && (read16(rest->bytes + 2) & IPV6_OFFSET_MASK) != 0)
			return PACKET_FRAGMENT;
		rest->protocol = rest->bytes[0];
		rest->bytes += length;
		rest->length -= length;
	}
}

static enum packet_error read_ipv6(const uint8_t *bytes, size_t length, bool quoted, struct flow *flow, struct rest *rest)
{
	if (length < IPV6_HEADER)
		return PACKET_SHORT;
	if (!quoted)
		length = clamp_length(length, IPV6_HEADER + (size_t)read16(bytes + 4), IPV6_HEADER);
	flow->src = ip_addr_v6(bytes + 8);
	flow->dst = ip_addr_v6(bytes + 24);
	*rest = (struct rest){.bytes = bytes + IPV6_HEADER, .length = length - IPV6_HEADER, .protocol = bytes[6]};
	return skip_extensions(rest);
}

static enum packet_error read_ip(const uint8_t *bytes, size_t length, bool quoted, struct flow *flow, struct rest *rest)
{
	if (length == 0)
		return PACKET_SHORT;
	switch (bytes[0] >> 4) {
	case IP_FAMILY_V4:
		return read_ipv4(bytes, length, quoted, flow, rest);
	case IP_FAMILY_V6:
		return read_ipv6(bytes, length, quoted, flow, rest);
	default:
		return PACKET_BAD_HEADER;
	}
}

static enum packet_error read_ports(const struct rest *rest, struct flow *flow)
{
	flow->protocol = rest->protocol;
	flow->src_port = flow->dst_port = 0;
	if (!flow_protocol_has_ports(rest->protocol))
		return PACKET_OK;
	if (rest->length < PORTS)
		return PACKET_SHORT_TRANSPORT;
	flow->src_port = read16(rest->bytes);
	flow->dst_port = read16(rest->bytes + 2);
	return PACKET_OK;
}

static bool is_icmp(const struct rest *rest, uint8_t family)
{
	return rest->protocol == (family == IP_FAMILY_V4 ? IPPROTO_ICMP : IPPROTO_ICMPV6);
}

/* The types that conntrack relates to the flow they quote; all of ICMPv6 below 128 (RFC 4443, 2.1). */
static bool is_icmp_error(uint8_t family, uint8_t type)
{
	if (family == IP_FAMILY_V6)
		return type < 128;
	switch (type) {
	case 3:		/* destination unreachable */
	case 4:		/* source quench */
	case 5:		/* redirect */
	case 11:	/* time exceeded */
	case 12:	/* parameter problem */
		return true;
	default:
		return false;
	}
}

/*
 * The flow of an ICMP error sent to `receiver`. It must quote a packet that its receiver has sent (RFC 1122, 3.2.2),
 * else any packet could pass as an error about an allowed flow; and that can't be an ICMP error itself.
 */
static enum packet_error read_quoted(const struct rest *icmp, const struct ip_addr *receiver, struct flow *flow)
{
	const uint8_t *bytes = icmp->bytes + ICMP_HEADER;
	const size_t length = icmp->length - ICMP_HEADER;
	struct flow quoted;
	struct rest rest;

	if (read_ip(bytes, length, true, &quoted, &rest) != PACKET_OK)
		return PACKET_BAD_ICMP;
	if (!ip_addr_equal(&quoted.src, receiver))	/* of another family is not equal */
		return PACKET_BAD_ICMP;
	if (is_icmp(&rest, receiver->family) && (rest.length == 0 || is_icmp_error(receiver->family, rest.bytes[0])))
		return PACKET_BAD_ICMP;
	if (read_ports(&rest, &quoted) != PACKET_OK)
		return PACKET_BAD_ICMP;
	*flow = flow_reversed(&quoted);
	return PACKET_OK;
}

enum packet_error packet_parse(const uint8_t *bytes, size_t length, struct flow *out)
{
	struct flow flow;
	struct rest rest;
	enum packet_error error = read_ip(bytes, length, false, &flow, &rest);

	if (error != PACKET_OK)
		return error;
	error = read_ports(&rest, &flow);
	if (is_icmp(&rest, flow.src.family)) {
		if (rest.length < ICMP_HEADER)
			error = PACKET_BAD_ICMP;
		else if (is_icmp_error(flow.src.family, rest.bytes[0]))
			error = read_quoted(&rest, &flow.dst, &flow);
	}
	if (error == PACKET_OK)
		*out = flow;
	return error;
}

const char *packet_error_name(enum packet_error error)
{
	static const char *const names[PACKET_ERROR_COUNT] = {
		[PACKET_OK] = "ok",
		[PACKET_SHORT] = "short",
		[PACKET_BAD_HEADER] = "bad-header",
		[PACKET_FRAGMENT] = "fragment",
		[PACKET_EXTENSIONS] = "extensions",
		[PACKET_SHORT_TRANSPORT] = "short-transport",
		[PACKET_BAD_ICMP] = "bad-icmp",
	};

	return error < PACKET_ERROR_COUNT ? names[error] : "unknown";
}
