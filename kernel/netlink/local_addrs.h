/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef KERNEL_NETLINK_LOCAL_ADDRS_H
#define KERNEL_NETLINK_LOCAL_ADDRS_H

/*
 * The gateway's own addresses (rtnetlink RTM_GETADDR), as they were when read in the calling
 * thread's network namespace. Immutable: any thread may ask.
 */

#include <stdbool.h>

#include "policy/values/ip_addr.h"

struct local_addrs;

int local_addrs_read(struct local_addrs **out);	  /* 0, or -errno */
void local_addrs_free(struct local_addrs *addrs); /* NULL is allowed */
/* All of them, sorted by ip_addr_cmp(). */
const struct ip_addr *local_addrs_all(const struct local_addrs *addrs, size_t *count);
bool local_addrs_contain(const struct local_addrs *addrs, const struct ip_addr *addr);

#endif
