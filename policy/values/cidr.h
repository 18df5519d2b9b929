/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef POLICY_VALUES_CIDR_H
#define POLICY_VALUES_CIDR_H

/* A block of addresses in CIDR form (RFC 4632, RFC 4291), as a plain value. */

#include <stdbool.h>

#include "policy/values/ip_addr.h"

struct cidr {
	struct ip_addr addr;
	uint8_t prefix; /* 0-32 or 0-128, by addr.family */
};

enum { CIDR_TEXT = IP_ADDR_TEXT + 4 };

/*
 * Reads ADDRESS/PREFIX. Host bits may be set and are kept in addr: it is for the
 * caller to accept, mask or report them. Returns 0; or -EINVAL, *out untouched.
 */
int cidr_parse(struct cidr *out, const char *text);
const char *cidr_format(const struct cidr *block, char buffer[CIDR_TEXT]);

bool cidr_has_host_bits(const struct cidr *block);
struct cidr cidr_masked(const struct cidr *block); /* the same block with its host bits cleared */
struct ip_addr cidr_first(const struct cidr *block);
struct ip_addr cidr_last(const struct cidr *block);
bool cidr_contains(const struct cidr *block, const struct ip_addr *addr);
/* equal blocks contain each other */
bool cidr_contains_block(const struct cidr *outer, const struct cidr *inner);

#endif
