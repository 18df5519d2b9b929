/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef TESTS_SUPPORT_PACKET_BUILDER_H
#define TESTS_SUPPORT_PACKET_BUILDER_H

/*
 * Packets written header by header, the way they are drawn: each call appends one header. For
 * tests, which may also break them afterwards: the bytes are theirs.
 */

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct built {
	uint8_t bytes[512];
	size_t length;
};

static inline void build_bytes(struct built *packet, const void *bytes, size_t length)
{
	if (length > sizeof(packet->bytes) - packet->length)
		abort();
	memcpy(packet->bytes + packet->length, bytes, length);
	packet->length += length;
}

static inline void build_16(struct built *packet, unsigned int value)
{
	build_bytes(packet, (uint8_t[]){(uint8_t)(value >> 8), (uint8_t)value}, 2);
}

static inline void build_zeros(struct built *packet, size_t length)
{
	static const uint8_t zeros[512];

	build_bytes(packet, zeros, length);
}

static inline void build_addr(int family, const char *text, uint8_t *out)
{
	if (inet_pton(family, text, out) != 1)
		abort();
}

/* An IPv4 header with `words` words of options, claiming `payload` bytes behind it. */
static inline void build_ipv4(struct built *packet, const char *src, const char *dst,
	uint8_t protocol, size_t words, size_t payload)
{
	uint8_t addrs[8];

	build_addr(AF_INET, src, addrs);
	build_addr(AF_INET, dst, addrs + 4);
	build_bytes(packet, (uint8_t[]){(uint8_t)(0x45 + words), 0}, 2);
	build_16(packet, (unsigned int)(20 + words * 4 + payload));
	build_bytes(packet, (uint8_t[]){0x12, 0x34, 0x40, 0, 64, protocol, 0, 0}, 8);
	build_bytes(packet, addrs, sizeof(addrs));
	for (size_t i = 0; i < words * 4; i++)
		build_bytes(packet, (uint8_t[]){1}, 1); /* no-operation */
}

static inline void build_ipv6(
	struct built *packet, const char *src, const char *dst, uint8_t next, size_t payload)
{
	uint8_t addrs[32];

	build_addr(AF_INET6, src, addrs);
	build_addr(AF_INET6, dst, addrs + 16);
	build_bytes(packet, (uint8_t[]){0x60, 0, 0, 0}, 4);
	build_16(packet, (unsigned int)payload);
	build_bytes(packet, (uint8_t[]){next, 64}, 2);
	build_bytes(packet, addrs, sizeof(addrs));
}

/*
 * Hop-by-hop, routing or destination options: `length` bytes, a multiple of 8; an authentication
 * header: of 4.
 */
static inline void build_extension(struct built *packet, uint8_t type, uint8_t next, size_t length)
{
	const size_t units = type == IPPROTO_AH ? length / 4 - 2 : length / 8 - 1;

	build_bytes(packet, (uint8_t[]){next, (uint8_t)units}, 2);
	build_zeros(packet, length - 2);
}

static inline void build_fragment(struct built *packet, uint8_t next, unsigned int offset_and_more)
{
	build_bytes(packet, (uint8_t[]){next, 0}, 2);
	build_16(packet, offset_and_more);
	build_zeros(packet, 4);
}

static inline void build_ports(struct built *packet, unsigned int src, unsigned int dst)
{
	build_16(packet, src);
	build_16(packet, dst);
	build_zeros(packet, 4);
}

static inline void build_icmp(struct built *packet, uint8_t type)
{
	build_bytes(packet, (uint8_t[]){type, 0, 0, 0, 0, 0, 0, 0}, 8);
}

#endif
