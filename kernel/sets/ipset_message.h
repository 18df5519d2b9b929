/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef KERNEL_SETS_IPSET_MESSAGE_H
#define KERNEL_SETS_IPSET_MESSAGE_H

/*
 * Messages of the kernel's ipset (linux/netfilter/ipset/ip_set.h) that libipset can't send, or
 * whose answers it can only print. One thread at a time.
 */

#include <linux/netfilter/ipset/ip_set.h>

#include "kernel/netlink/netlink.h"
#include "policy/values/ip_addr.h"

/* Begins a command about this set at `at`; `flags` beside NLM_F_REQUEST. */
struct nlmsghdr *ipset_message_put(void *at, enum ipset_cmd command, unsigned int flags,
	enum ip_family family, const char *name);

/*
 * An element of a set: its attributes by type, from 0 to IPSET_ATTR_ADT_MAX, NULL where there is
 * none. A negative return ends the visits.
 */
typedef int ipset_message_visit(const struct nlattr *const *element, void *context);
/*
 * Visits each element of the set once, in no order. 0; the negative return of a visit; -ENOENT when
 * there is no such set; or another -errno of netlink_ask().
 */
int ipset_message_list(struct mnl_socket *socket, enum ip_family family, const char *name,
	ipset_message_visit *visit, void *context);

/* Adds an address as IPSET_ATTR_IP or _IP2. */
void ipset_message_put_addr(
	struct nlmsghdr *message, uint16_t attribute, const struct ip_addr *addr);
/* The address in an attribute such as IPSET_ATTR_IP; false when it holds none. */
bool ipset_message_addr(struct ip_addr *out, const struct nlattr *nest);

#endif
