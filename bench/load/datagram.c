/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bench/load/datagram.h"

#include <arpa/inet.h>
#include <endian.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <netinet/udp.h>
#include <string.h>

enum { HOPS = 64, UDP_BYTES = sizeof(struct udphdr) + DATAGRAM_PAYLOAD };

/* The ones' complement sum of RFC 1071, not yet folded. */
static uint32_t sum_words(const void *bytes, size_t length)
{
	uint32_t sum = 0;

	for (size_t i = 0; i < length; i += 2) {
		uint16_t word;

		memcpy(&word, (const uint8_t *)bytes + i, sizeof(word));
		sum += ntohs(word);
	}
	return sum;
}

/* With the pseudo header of RFC 8200, 8.1. A sum of 0 is sent as 0xffff: IPv6 wants one. */
static uint16_t checksum(const struct flow_step *flow, const uint8_t *udp)
{
	uint32_t sum = sum_words(flow->from.bytes, 16) + sum_words(flow->to.bytes, 16) + UDP_BYTES +
		IPPROTO_UDP + sum_words(udp, UDP_BYTES);

	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return htons(sum == 0xffff ? 0xffff : (uint16_t)~sum);
}

static size_t write_ipv4(uint8_t *out, const struct flow_step *flow)
{
	struct iphdr header = {
		.version = 4,
		.ihl = 5,
		.tot_len = htons(sizeof(header) + UDP_BYTES),
		.id = htons(1), /* 0 would have the kernel choose one each time */
		.frag_off = htons(IP_DF),
		.ttl = HOPS,
		.protocol = IPPROTO_UDP,
	};

	memcpy(&header.saddr, flow->from.bytes, sizeof(header.saddr));
	memcpy(&header.daddr, flow->to.bytes, sizeof(header.daddr));
	memcpy(out, &header, sizeof(header));
	return sizeof(header);
}

static size_t write_ipv6(uint8_t *out, const struct flow_step *flow)
{
	struct ip6_hdr header = {
		.ip6_flow = htonl(UINT32_C(6) << 28),
		.ip6_plen = htons(UDP_BYTES),
		.ip6_nxt = IPPROTO_UDP,
		.ip6_hlim = HOPS,
	};

	memcpy(&header.ip6_src, flow->from.bytes, sizeof(header.ip6_src));
	memcpy(&header.ip6_dst, flow->to.bytes, sizeof(header.ip6_dst));
	memcpy(out, &header, sizeof(header));
	return sizeof(header);
}

size_t datagram_write(uint8_t out[DATAGRAM_BYTES], const struct flow_step *flow, uint64_t number)
{
	const uint64_t payload = htobe64(number);
	struct udphdr udp = {.source = htons(flow->from_port),
		.dest = htons(flow->to_port),
		.len = htons(UDP_BYTES)};
	const bool six = flow->from.family == IP_FAMILY_V6;
	uint8_t *at = out + (six ? write_ipv6(out, flow) : write_ipv4(out, flow));

	memcpy(at, &udp, sizeof(udp));
	memcpy(at + sizeof(udp), &payload, sizeof(payload));
	if (six) {
		udp.check = checksum(flow, at);
		memcpy(at, &udp, sizeof(udp));
	}
	return (size_t)(at - out) + UDP_BYTES;
}
