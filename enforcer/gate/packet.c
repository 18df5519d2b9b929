/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "enforcer/gate/packet.h"

#include <netinet/in.h>
#include <string.h>

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

/*
 * What was read of a packet, by its place in it. The flow is written once, when all is known:
 * addresses that are built piecemeal and then copied cost more than all of the parsing (the copy's
 * wide loads wait for the narrow stores; bench_packet shows it).
 */
struct headers {
	const uint8_t *src, *dst; /* addresses of this family */
	const uint8_t *rest;	  /* what follows the headers read so far */
	size_t length;		  /* of the rest */
	uint16_t src_port, dst_port;
	uint8_t family;
	uint8_t protocol; /* of the rest */
};

static uint16_t read16(const uint8_t *bytes)
{
	return (uint16_t)(bytes[0] << 8 | bytes[1]);
}

/*
 * How many of the `captured` bytes belong to a packet that says it has `total`: what follows is
 * padding of the link layer. The kernel lets a total that counts no payload pass for one kind of
 * packet: TCP segments merged beyond 64 KiB (BIG TCP).
 */
static size_t clamp_length(size_t captured, size_t total, size_t big_tcp)
{
	return total != big_tcp && total < captured ? total : captured;
}

/*
 * `quoted`: within an ICMP error, where only the beginning is there and the lengths are not to be
 * trusted (nor needed).
 */
static enum packet_error read_ipv4(
	const uint8_t *bytes, size_t length, bool quoted, struct headers *out)
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
	*out = (struct headers){
		.src = bytes + 12,
		.dst = bytes + 16,
		.rest = bytes + header,
		.length = length - header,
		.family = IP_FAMILY_V4,
		.protocol = bytes[9],
	};
	return PACKET_OK;
}

/*
 * The length of an extension header by its second byte; 0: `protocol` is no extension header but
 * the transport.
 */
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
 * Walks the extension headers that conntrack walks (ipv6_skip_exthdr()), in any order and number.
 * Mobility, HIP, Shim6 and ESP headers end the walk as they end conntrack's: looking past them
 * would judge by ports that its entry does not have.
 */
static enum packet_error skip_extensions(struct headers *headers)
{
	for (;;) {
		const uint8_t length_byte = headers->length > 1 ? headers->rest[1] : 0;
		const size_t length = extension_length(headers->protocol, length_byte);

		if (length == 0)
			return PACKET_OK;
		if (length > headers->length)
			return PACKET_EXTENSIONS;
		if (headers->protocol == IPPROTO_FRAGMENT &&
			(read16(headers->rest + 2) & IPV6_OFFSET_MASK) != 0)
			return PACKET_FRAGMENT;
		headers->protocol = headers->rest[0];
		headers->rest += length;
		headers->length -= length;
	}
}

static enum packet_error read_ipv6(
	const uint8_t *bytes, size_t length, bool quoted, struct headers *out)
{
	if (length < IPV6_HEADER)
		return PACKET_SHORT;
	if (!quoted)
		length = clamp_length(length, IPV6_HEADER + (size_t)read16(bytes + 4), IPV6_HEADER);
	*out = (struct headers){
		.src = bytes + 8,
		.dst = bytes + 24,
		.rest = bytes + IPV6_HEADER,
		.length = length - IPV6_HEADER,
		.family = IP_FAMILY_V6,
		.protocol = bytes[6],
	};
	return skip_extensions(out);
}

static enum packet_error read_ip(
	const uint8_t *bytes, size_t length, bool quoted, struct headers *out)
{
	if (length == 0)
		return PACKET_SHORT;
	switch (bytes[0] >> 4) {
	case IP_FAMILY_V4:
		return read_ipv4(bytes, length, quoted, out);
	case IP_FAMILY_V6:
		return read_ipv6(bytes, length, quoted, out);
	default:
		return PACKET_BAD_HEADER;
	}
}

static enum packet_error read_ports(struct headers *headers)
{
	if (!flow_protocol_has_ports(headers->protocol))
		return PACKET_OK;
	if (headers->length < PORTS)
		return PACKET_SHORT_TRANSPORT;
	headers->src_port = read16(headers->rest);
	headers->dst_port = read16(headers->rest + 2);
	return PACKET_OK;
}

static bool is_icmp(const struct headers *headers)
{
	return headers->protocol ==
		(headers->family == IP_FAMILY_V4 ? IPPROTO_ICMP : IPPROTO_ICMPV6);
}

/*
 * The types that conntrack relates to the flow they quote; all of ICMPv6 below 128 (RFC 4443, 2.1).
 */
static bool is_icmp_error(const struct headers *headers)
{
	const uint8_t type = headers->rest[0];

	if (headers->family == IP_FAMILY_V6)
		return type < 128;
	switch (type) {
	case 3:	 /* destination unreachable */
	case 4:	 /* source quench */
	case 5:	 /* redirect */
	case 11: /* time exceeded */
	case 12: /* parameter problem */
		return true;
	default:
		return false;
	}
}

/*
 * The packet that an ICMP error quotes. It must be one that the error's receiver has sent (RFC
 * 1122, 3.2.2), else any packet could pass as an error about an allowed flow; and that can't be an
 * ICMP error itself.
 */
static enum packet_error read_quoted(const struct headers *error, struct headers *out)
{
	struct headers quoted;

	if (read_ip(error->rest + ICMP_HEADER, error->length - ICMP_HEADER, true, &quoted) !=
		PACKET_OK)
		return PACKET_BAD_ICMP;
	if (quoted.family != error->family ||
		memcmp(quoted.src, error->dst, quoted.family == IP_FAMILY_V4 ? 4 : 16) != 0)
		return PACKET_BAD_ICMP;
	if (is_icmp(&quoted) && (quoted.length == 0 || is_icmp_error(&quoted)))
		return PACKET_BAD_ICMP;
	if (read_ports(&quoted) != PACKET_OK)
		return PACKET_BAD_ICMP;
	*out = quoted;
	return PACKET_OK;
}

/*
 * In whole words, as it is read again soon (endpoint_hash()): a word that was written in parts has
 * to wait for all of them to reach the cache.
 */
static inline void write_addr(struct ip_addr *out, const uint8_t *bytes, uint8_t family)
{
	if (family == IP_FAMILY_V4) {
		uint64_t words[2] = {0};

		memcpy(words, bytes, 4);
		memcpy(out->bytes, words, sizeof(out->bytes));
	} else {
		memcpy(out->bytes, bytes, sizeof(out->bytes));
	}
	out->family = family;
}

static void write_flow(struct flow *out, const struct headers *headers)
{
	write_addr(&out->src, headers->src, headers->family);
	write_addr(&out->dst, headers->dst, headers->family);
	out->src_port = headers->src_port;
	out->dst_port = headers->dst_port;
	out->protocol = headers->protocol;
}

static void reverse(struct headers *headers)
{
	const uint8_t *src = headers->src;
	const uint16_t src_port = headers->src_port;

	headers->src = headers->dst;
	headers->dst = src;
	headers->src_port = headers->dst_port;
	headers->dst_port = src_port;
}

static enum packet_error parse_icmp(const struct headers *icmp, struct flow *out)
{
	struct headers quoted;

	if (icmp->length < ICMP_HEADER)
		return PACKET_BAD_ICMP;
	if (!is_icmp_error(icmp)) {
		write_flow(out, icmp);
		return PACKET_OK;
	}
	if (read_quoted(icmp, &quoted) != PACKET_OK)
		return PACKET_BAD_ICMP;
	reverse(&quoted);
	write_flow(out, &quoted);
	return PACKET_OK;
}

static inline void write_ports(struct flow *out, const uint8_t *transport, uint8_t protocol)
{
	out->src_port = read16(transport);
	out->dst_port = read16(transport + 2);
	out->protocol = protocol;
}

/*
 * Nearly every packet: TCP, UDP or SCTP right behind an IP header of the usual length, whole as far
 * as it matters. Then all fields lie at fixed places. False says nothing about the packet but that
 * parse_any() must read it.
 */
static inline bool parse_plain(const uint8_t *bytes, size_t length, struct flow *out)
{
	if (length >= IPV4_HEADER + PORTS && bytes[0] == (IP_FAMILY_V4 << 4 | IPV4_HEADER / 4)) {
		if (read16(bytes + 2) < IPV4_HEADER + PORTS ||
			(read16(bytes + 6) & IPV4_OFFSET_MASK) != 0 ||
			!flow_protocol_has_ports(bytes[9]))
			return false;
		write_addr(&out->src, bytes + 12, IP_FAMILY_V4);
		write_addr(&out->dst, bytes + 16, IP_FAMILY_V4);
		write_ports(out, bytes + IPV4_HEADER, bytes[9]);
		return true;
	}
	if (length >= IPV6_HEADER + PORTS && bytes[0] >> 4 == IP_FAMILY_V6) {
		if (read16(bytes + 4) < PORTS || !flow_protocol_has_ports(bytes[6]))
			return false;
		write_addr(&out->src, bytes + 8, IP_FAMILY_V6);
		write_addr(&out->dst, bytes + 24, IP_FAMILY_V6);
		write_ports(out, bytes + IPV6_HEADER, bytes[6]);
		return true;
	}
	return false;
}

/* Not inlined: what it needs of the stack is not to be made ready for the plain ones. */
static __attribute__((noinline)) enum packet_error parse_any(
	const uint8_t *bytes, size_t length, struct flow *out)
{
	struct headers headers;
	enum packet_error error = read_ip(bytes, length, false, &headers);

	if (error != PACKET_OK)
		return error;
	if (is_icmp(&headers))
		return parse_icmp(&headers, out);
	error = read_ports(&headers);
	if (error == PACKET_OK)
		write_flow(out, &headers);
	return error;
}

enum packet_error packet_parse(const uint8_t *bytes, size_t length, struct flow *out)
{
	return parse_plain(bytes, length, out) ? PACKET_OK : parse_any(bytes, length, out);
}

enum packet_error packet_parse_slowly(const uint8_t *bytes, size_t length, struct flow *out)
{
	return parse_any(bytes, length, out);
}

bool packet_find_reporter(const uint8_t *bytes, size_t length, struct ip_addr *out)
{
	struct headers headers;

	if (read_ip(bytes, length, false, &headers) != PACKET_OK || !is_icmp(&headers))
		return false;
	if (headers.length < ICMP_HEADER || !is_icmp_error(&headers))
		return false;
	write_addr(out, headers.src, headers.family);
	return true;
}

bool packet_icmp_type(const uint8_t *bytes, size_t length, uint8_t *type)
{
	struct headers headers;

	if (read_ip(bytes, length, false, &headers) != PACKET_OK || !is_icmp(&headers) ||
		headers.length == 0)
		return false;
	*type = headers.rest[0];
	return true;
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
