/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef KERNEL_SETS_IPSET_DUMP_H
#define KERNEL_SETS_IPSET_DUMP_H

/*
 * The addresses in an ipset of type hash:ip or hash:net, straight from the kernel: libipset can
 * only print them. Any thread, in its network namespace.
 */

#include "policy/values/ip_addr.h"

/* `prefix` is that of a net, all bits for a single address. A negative return ends the visits. */
typedef int ipset_visit(const struct ip_addr *addr, uint8_t prefix, void *context);

/*
 * Visits each once, in no order; what is neither an address nor a net, or does not match
 * ("nomatch"), is visited as one of no family. 0; the negative return of a visit; -ENOENT when
 * there is no such set; or another -errno.
 */
int ipset_dump(const char *name, ipset_visit *visit, void *context);

#endif
