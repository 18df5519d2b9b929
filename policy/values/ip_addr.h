/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef POLICY_VALUES_IP_ADDR_H
#define POLICY_VALUES_IP_ADDR_H

/*
 * One IPv4 or IPv6 address as a plain value. An IPv4 address and its IPv4-mapped
 * IPv6 form (RFC 4291, 2.5.5.2) are different addresses here: they reach the
 * gateway in different packets, and no pod may borrow another's name by mapping.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum ip_family { IP_FAMILY_V4 = 4, IP_FAMILY_V6 = 6 };

struct ip_addr {
	uint8_t bytes[16]; /* network order; IPv4 uses the first 4 and the rest are zero */
	uint8_t family;	   /* enum ip_family */
};

enum { IP_ADDR_TEXT = 46 }; /* INET6_ADDRSTRLEN */

struct ip_addr ip_addr_v4(const void *network_bytes); /* 4 bytes, any alignment */
struct ip_addr ip_addr_v6(const void *network_bytes); /* 16 bytes, any alignment */

/*
 * Reads dotted-quad IPv4 (no leading zeros: RFC 6943, 3.1.1) or RFC 4291 IPv6 without a zone.
 * Returns 0; or -EINVAL, *out untouched.
 */
int ip_addr_parse(struct ip_addr *out, const char *text);
/* Writes the text form (RFC 5952) into `buffer` and returns it. */
const char *ip_addr_format(const struct ip_addr *addr, char buffer[IP_ADDR_TEXT]);

/*
 * The IPv4 address that an IPv4-mapped one (::ffff:0:0/96) stands for, in *out. False, and *out
 * untouched: it is none.
 */
bool ip_addr_unmap(const struct ip_addr *addr, struct ip_addr *out);
/*
 * Why no pod can have that address, as in "the unspecified address" or "a multicast address"; NULL:
 * one can. Link-local addresses of IPv6 are among them, as every host has some, and the same one
 * may be on every link (RFC 4291, 2.5.6).
 */
const char *ip_addr_pod_problem(const struct ip_addr *addr);

/* IPv4 sorts before IPv6, then by value. */
int ip_addr_cmp(const struct ip_addr *a, const struct ip_addr *b);
int ip_addr_compare(const void *a, const void *b); /* the same, for qsort() and bsearch() */
/*
 * Sorts by ip_addr_cmp(), in time proportional to the count. Returns 0; or -ENOMEM, nothing moved.
 */
int ip_addr_sort(struct ip_addr *addrs, size_t count);
bool ip_addr_equal(const struct ip_addr *a, const struct ip_addr *b);
/* Of fe80::/10; IPv4 has none that a host gives itself unasked. */
static inline bool ip_addr_is_link_local(const struct ip_addr *addr)
{
	return addr->family == IP_FAMILY_V6 && addr->bytes[0] == 0xfe &&
		(addr->bytes[1] & 0xc0) == 0x80;
}
/* Of 224.0.0.0/4 or ff00::/8. */
static inline bool ip_addr_is_multicast(const struct ip_addr *addr)
{
	return addr->family == IP_FAMILY_V4 ? (addr->bytes[0] & 0xf0) == 0xe0
					    : addr->bytes[0] == 0xff;
}
/*
 * Multicast, or 255.255.255.255: never one host's. Broadcast addresses of networks can't be told
 * without their networks.
 */
static inline bool ip_addr_is_group(const struct ip_addr *addr)
{
	return ip_addr_is_multicast(addr) ||
		(addr->family == IP_FAMILY_V4 && addr->bytes[0] == 255 && addr->bytes[1] == 255 &&
			addr->bytes[2] == 255 && addr->bytes[3] == 255);
}
uint8_t ip_addr_bits(const struct ip_addr *addr); /* 32 or 128 */

#endif
