/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BENCH_LOAD_SPAN_H
#define BENCH_LOAD_SPAN_H

/*
 * Consecutive addresses, and consecutive numbers (ports, queues), as they are written on a command
 * line. Plain values; pure.
 */

#include <stdint.h>
#include <sys/socket.h>

#include "policy/values/ip_addr.h"

struct addr_span {
	struct ip_addr first;
	uint32_t count; /* at least 1; the last one is still an address of the family */
};

struct number_span {
	uint16_t first, last; /* both belong to it */
};

/* Reads "ADDRESS" or "ADDRESS,COUNT". 0; or -EINVAL, *out untouched. */
int addr_span_parse(struct addr_span *out, const char *text);
/* The address `index` places after the first; index < span->count. */
struct ip_addr addr_span_at(const struct addr_span *span, uint32_t index);

/* Reads "N" or "N<separator>M" with least <= N <= M. 0; or -EINVAL, *out untouched. */
int number_span_parse(struct number_span *out, const char *text, char separator, uint16_t least);
uint32_t number_span_count(const struct number_span *span);

/* Writes address and port for the socket calls and returns the length. */
socklen_t span_sockaddr(struct sockaddr_storage *out, const struct ip_addr *addr, uint16_t port);

#endif
