/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bench/load/span.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/*
 * Only digits: strtoul() would take signs and blanks, too. Returns where they end, or NULL for none
 * or a number too large.
 */
static const char *read_number(const char *text, uint64_t most, uint64_t *out)
{
	uint64_t value = 0;
	const char *end = text;

	for (; *end >= '0' && *end <= '9'; end++) {
		value = value * 10 + (uint64_t)(*end - '0');
		if (value > most)
			return NULL;
	}
	if (end == text)
		return NULL;
	*out = value;
	return end;
}

/* The lowest 32 bits carry the count; an IPv4 address has no more. */
static uint32_t low_bits(const struct ip_addr *addr)
{
	uint32_t bits;

	memcpy(&bits, addr->bytes + (addr->family == IP_FAMILY_V4 ? 0 : 12), sizeof(bits));
	return ntohl(bits);
}

int addr_span_parse(struct addr_span *out, const char *text)
{
	struct addr_span span = {.count = 1};
	const char *comma = strchr(text, ','), *end;
	char addr[IP_ADDR_TEXT];
	const size_t length = comma != NULL ? (size_t)(comma - text) : strlen(text);
	uint64_t count;

	if (length >= sizeof(addr))
		return -EINVAL;
	memcpy(addr, text, length);
	addr[length] = '\0';
	if (ip_addr_parse(&span.first, addr) != 0)
		return -EINVAL;
	if (comma != NULL) {
		end = read_number(comma + 1, UINT32_MAX, &count);
		if (end == NULL || *end != '\0' || count == 0 ||
			count - 1 > UINT32_MAX - low_bits(&span.first))
			return -EINVAL;
		span.count = (uint32_t)count;
	}
	*out = span;
	return 0;
}

struct ip_addr addr_span_at(const struct addr_span *span, uint32_t index)
{
	const uint32_t bits = htonl(low_bits(&span->first) + index);
	struct ip_addr addr = span->first;

	memcpy(addr.bytes + (addr.family == IP_FAMILY_V4 ? 0 : 12), &bits, sizeof(bits));
	return addr;
}

int number_span_parse(struct number_span *out, const char *text, char separator, uint16_t least)
{
	uint64_t first, last;
	const char *end = read_number(text, UINT16_MAX, &first);

	if (end == NULL)
		return -EINVAL;
	last = first;
	if (*end == separator)
		end = read_number(end + 1, UINT16_MAX, &last);
	if (end == NULL || *end != '\0' || first < least || last < first)
		return -EINVAL;
	*out = (struct number_span){.first = (uint16_t)first, .last = (uint16_t)last};
	return 0;
}

uint32_t number_span_count(const struct number_span *span)
{
	return (uint32_t)span->last - span->first + 1;
}

socklen_t span_sockaddr(struct sockaddr_storage *out, const struct ip_addr *addr, uint16_t port)
{
	struct sockaddr_in *four = (struct sockaddr_in *)out;
	struct sockaddr_in6 *six = (struct sockaddr_in6 *)out;

	if (addr->family == IP_FAMILY_V4) {
		*four = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons(port)};
		memcpy(&four->sin_addr, addr->bytes, sizeof(four->sin_addr));
		return sizeof(*four);
	}
	*six = (struct sockaddr_in6){.sin6_family = AF_INET6, .sin6_port = htons(port)};
	memcpy(&six->sin6_addr, addr->bytes, sizeof(six->sin6_addr));
	return sizeof(*six);
}
