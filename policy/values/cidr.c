/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/values/cidr.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* The prefix length after the slash: decimal digits without a sign or a leading zero, or -1. */
static int prefix_parse(const char *text, int most)
{
	int value = 0;

	if (text[0] == '\0' || (text[0] == '0' && text[1] != '\0'))
		return -1;
	for (; *text != '\0'; text++) {
		if (*text < '0' || *text > '9')
			return -1;
		value = value * 10 + (*text - '0');
		if (value > most)
			return -1;
	}
	return value;
}

int cidr_parse(struct cidr *out, const char *text)
{
	const char *slash = strchr(text, '/');
	char address[IP_ADDR_TEXT];
	struct cidr block;
	int prefix;

	if (slash == NULL || (size_t)(slash - text) >= sizeof(address))
		return -EINVAL;
	memcpy(address, text, (size_t)(slash - text));
	address[slash - text] = '\0';
	if (ip_addr_parse(&block.addr, address) != 0)
		return -EINVAL;
	prefix = prefix_parse(slash + 1, ip_addr_bits(&block.addr));
	if (prefix < 0)
		return -EINVAL;
	block.prefix = (uint8_t)prefix;
	*out = block;
	return 0;
}

const char *cidr_format(const struct cidr *block, char buffer[CIDR_TEXT])
{
	char address[IP_ADDR_TEXT];

	snprintf(buffer, CIDR_TEXT, "%s/%u", ip_addr_format(&block->addr, address),
		(unsigned int)block->prefix);
	return buffer;
}

/* The mask for byte `i` of an address under `prefix`: ones where the network part is. */
static uint8_t mask_byte(unsigned int prefix, unsigned int i)
{
	if (prefix >= (i + 1) * 8)
		return 0xff;
	if (prefix <= i * 8)
		return 0;
	return (uint8_t)(0xff00U >> (prefix - i * 8));
}

struct ip_addr cidr_first(const struct cidr *block)
{
	struct ip_addr first = block->addr;

	for (unsigned int i = 0; i < sizeof(first.bytes); i++)
		first.bytes[i] &= mask_byte(block->prefix, i);
	return first;
}

struct ip_addr cidr_last(const struct cidr *block)
{
	struct ip_addr last = cidr_first(block);

	for (unsigned int i = 0; i < ip_addr_bits(&last) / 8U; i++)
		last.bytes[i] = (uint8_t)(last.bytes[i] |
			(0xffU & ~(unsigned int)mask_byte(block->prefix, i)));
	return last;
}

struct cidr cidr_masked(const struct cidr *block)
{
	return (struct cidr){.addr = cidr_first(block), .prefix = block->prefix};
}

bool cidr_has_host_bits(const struct cidr *block)
{
	const struct ip_addr first = cidr_first(block);

	return !ip_addr_equal(&first, &block->addr);
}

bool cidr_contains(const struct cidr *block, const struct ip_addr *addr)
{
	if (addr->family != block->addr.family)
		return false;
	for (unsigned int i = 0; i * 8 < block->prefix; i++)
		if (((addr->bytes[i] ^ block->addr.bytes[i]) & mask_byte(block->prefix, i)) != 0)
			return false;
	return true;
}

bool cidr_contains_block(const struct cidr *outer, const struct cidr *inner)
{
	return inner->prefix >= outer->prefix && cidr_contains(outer, &inner->addr);
}
