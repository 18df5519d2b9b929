/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/values/ip_addr.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
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
	inet_ntop(addr->family == IP_FAMILY_V4 ? AF_INET : AF_INET6, addr->bytes, buffer,
		IP_ADDR_TEXT);
	return buffer;
}

int ip_addr_cmp(const struct ip_addr *a, const struct ip_addr *b)
{
	if (a->family != b->family)
		return a->family < b->family ? -1 : 1;
	return memcmp(a->bytes, b->bytes, sizeof(a->bytes));
}

int ip_addr_compare(const void *a, const void *b)
{
	return ip_addr_cmp(a, b);
}

/*
 * An address as a number of 17 digits to the base 256, the least significant first: its bytes, then
 * its family.
 */
enum { DIGITS = 17, DIGIT_FAMILY = DIGITS - 1 };

static uint8_t digit(const struct ip_addr *addr, int number)
{
	return number == DIGIT_FAMILY ? addr->family : addr->bytes[DIGIT_FAMILY - 1 - number];
}

/* Moves the addresses to `out`, in the order of one digit and otherwise as they were. */
static void sort_by_digit(
	const struct ip_addr *addrs, struct ip_addr *out, size_t count, int number)
{
	size_t starts[256 + 1] = {0};

	for (size_t i = 0; i < count; i++)
		starts[digit(&addrs[i], number) + 1]++;
	for (int i = 0; i < 256; i++)
		starts[i + 1] += starts[i];
	for (size_t i = 0; i < count; i++)
		out[starts[digit(&addrs[i], number)]++] = addrs[i];
}

/* Digits in which all addresses are equal, most of them, need no sorting. */
int ip_addr_sort(struct ip_addr *addrs, size_t count)
{
	uint8_t varies[DIGITS] = {0};
	struct ip_addr *from = addrs, *to, *spare;

	if (count < 2)
		return 0;
	spare = reallocarray(NULL, count, sizeof(*spare));
	if (spare == NULL)
		return -ENOMEM;
	for (size_t i = 1; i < count; i++)
		for (int j = 0; j < DIGITS; j++)
			varies[j] |= digit(&addrs[i], j) ^ digit(&addrs[0], j);
	to = spare;
	for (int j = 0; j < DIGITS; j++) {
		if (varies[j] != 0) {
			struct ip_addr *sorted = to;

			sort_by_digit(from, to, count, j);
			to = from;
			from = sorted;
		}
	}
	if (from != addrs)
		memcpy(addrs, from, count * sizeof(*addrs));
	free(spare);
	return 0;
}

bool ip_addr_equal(const struct ip_addr *a, const struct ip_addr *b)
{
	return ip_addr_cmp(a, b) == 0;
}

uint8_t ip_addr_bits(const struct ip_addr *addr)
{
	return addr->family == IP_FAMILY_V4 ? 32 : 128;
}

static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};

bool ip_addr_unmap(const struct ip_addr *addr, struct ip_addr *out)
{
	if (addr->family != IP_FAMILY_V6 || memcmp(addr->bytes, mapped, sizeof(mapped)) != 0)
		return false;
	*out = ip_addr_v4(addr->bytes + sizeof(mapped));
	return true;
}

static bool is_zero(const uint8_t *bytes, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (bytes[i] != 0)
			return false;
	return true;
}

static const char *ipv4_problem(const uint8_t bytes[4])
{
	if (is_zero(bytes, 4))
		return "the unspecified address";
	if (bytes[0] == 127)
		return "a loopback address";
	if (bytes[0] >= 224 && bytes[0] <= 239)
		return "a multicast address";
	return (bytes[0] & bytes[1] & bytes[2] & bytes[3]) == 255 ? "the broadcast address" : NULL;
}

const char *ip_addr_pod_problem(const struct ip_addr *addr)
{
	if (addr->family == IP_FAMILY_V4)
		return ipv4_problem(addr->bytes);
	if (is_zero(addr->bytes, 15) && addr->bytes[15] <= 1)
		return addr->bytes[15] == 0 ? "the unspecified address" : "the loopback address";
	if (addr->bytes[0] == 0xff)
		return "a multicast address";
	if (memcmp(addr->bytes, mapped, sizeof(mapped)) == 0)
		return "an IPv4-mapped address";
	return ip_addr_is_link_local(addr) ? "a link-local address" : NULL;
}
