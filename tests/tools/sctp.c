/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/tools/probe.h"

#include <arpa/inet.h>
#include <endian.h>
#include <netinet/ip.h>
#include <string.h>

/*
 *  0                   1                   2                   3
 * |          source port          |       destination port        |  0
 * |                       verification tag                        |  4
 * |                   checksum (CRC-32C, little-endian)           |  8
 * |     chunk     |     flags     |         chunk length          | 12
 * |                         initiate tag                          | 16
 * |                  advertised receiver window                   | 20
 * |       outbound streams        |        inbound streams        | 24
 * |                          initial TSN                          | 28
 * |      parameter 7: cookie      |       length, 4: empty        | 32
 */
enum { CHUNK = 12, CHUNK_LENGTH = SCTP_PACKET - CHUNK };

static uint32_t crc32c(const uint8_t *bytes, size_t length)
{
	uint32_t crc = UINT32_MAX;

	for (size_t i = 0; i < length; i++) {
		crc ^= bytes[i];
		for (int bit = 0; bit < 8; bit++)
			crc = (crc >> 1) ^ ((crc & 1) != 0 ? 0x82f63b78U : 0);
	}
	return ~crc;
}

static void put16(uint8_t *at, uint16_t value)
{
	const uint16_t wire = htons(value);

	memcpy(at, &wire, sizeof(wire));
}

static void put32(uint8_t *at, uint32_t value)
{
	const uint32_t wire = htonl(value);

	memcpy(at, &wire, sizeof(wire));
}

static uint16_t get16(const uint8_t *at)
{
	return (uint16_t)(at[0] << 8 | at[1]);
}

static uint32_t get32(const uint8_t *at)
{
	return (uint32_t)get16(at) << 16 | get16(at + 2);
}

static uint32_t packet_checksum(const uint8_t *bytes, size_t length)
{
	uint8_t copy[2048];

	memcpy(copy, bytes, length);
	memset(copy + 8, 0, 4);
	return htole32(crc32c(copy, length));
}

void sctp_write(const struct sctp_packet *packet, uint8_t out[SCTP_PACKET])
{
	uint32_t checksum;

	memset(out, 0, SCTP_PACKET);
	put16(out, packet->from_port);
	put16(out + 2, packet->to_port);
	put32(out + 4, packet->tag);
	out[CHUNK] = (uint8_t)packet->chunk;
	put16(out + CHUNK + 2, CHUNK_LENGTH);
	put32(out + 16, packet->own_tag);
	put32(out + 20, 65536);
	put16(out + 24, 1);
	put16(out + 26, 1);
	put32(out + 28, packet->own_tag);
	put16(out + 32, 7);
	put16(out + 34, 4);
	checksum = packet_checksum(out, SCTP_PACKET);
	memcpy(out + 8, &checksum, sizeof(checksum));
}

bool sctp_read(const uint8_t *bytes, size_t length, int family, struct sctp_packet *out)
{
	/* An IPv4 raw socket gives the IP header, too; an IPv6 one does not. */
	const size_t header = family == AF_INET && length > 0 ? (size_t)(bytes[0] & 0xf) * 4 : 0;
	uint32_t checksum;

	if (length < header + 20 || length - header > 2048)
		return false;
	bytes += header;
	checksum = packet_checksum(bytes, length - header);
	if (memcmp(&checksum, bytes + 8, sizeof(checksum)) != 0)
		return false;
	*out = (struct sctp_packet){
		.from_port = get16(bytes),
		.to_port = get16(bytes + 2),
		.tag = get32(bytes + 4),
		.own_tag = get32(bytes + 16),
		.chunk = bytes[CHUNK],
	};
	return true;
}
