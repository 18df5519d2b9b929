/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/ip_addr.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

_Static_assert(IP_ADDR_TEXT == INET6_ADDRSTRLEN, "room for every address");

struct ip_addr ip_addr_v4(const void *network_bytes)
{
	struct ip_addr addr = {.family = IP_FAMILY_V4};

	memcpy(addr.bytes, network_bytes, 4);
	return addr;
}

struct ip_addr ip_addr_v6(const void *network_bytes)
{
	struct ip_addr addr = {.family = IP_FAMILY_V6};

	memcpy(addr.bytes, network_bytes, 16);
	return addr;
}

int ip_addr_parse(struct ip_addr *out, const char *text)
{
	uint8_t bytes[16];

	/* inet_pton() already refuses leading zeros, short forms and zones. */
	if (inet_pton(AF_INET, text, bytes) == 1)
		*out = ip_addr_v4(bytes);
	else if (inet_pton(AF_INET6, text, bytes) == 1)
		*out = ip_addr_v6(bytes);
	else
		return -EINVAL;
	return 0;
}

const char *ip_addr_format(const struct ip_addr *addr, char buffer[IP_ADDR_TEXT])
{
	inet_ntop(addr->family == IP_FAMILY_V4 ? AF_INET : AF_INET6, addr->bytes, buffer, IP_ADDR_TEXT);
	return buffer;
}

int ip_addr_cmp(const struct ip_addr *a, const struct ip_addr *b)
{
	if (a->family != b->family)
		return a->family < b->family ? -1 : 1;
	return memcmp(a->bytes, b->bytes, sizeof(a->bytes));
}

bool ip_addr_equal(const struct ip_addr *a, const struct ip_addr *b)
{
	return ip_addr_cmp(a, b) == 0;
}

uint8_t ip_addr_bits(const struct ip_addr *addr)
{
	return addr->family == IP_FAMILY_V4 ? 32 : 128;
}
