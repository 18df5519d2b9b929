/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef KERNEL_RULES_RULE_GENERATION_H
#define KERNEL_RULES_RULE_GENERATION_H

/*
 * Whether anybody has changed the packet filter, asked of the kernel itself: some microseconds,
 * where running iptables-save takes ten milliseconds. In the network namespace of the calling
 * thread, which needs CAP_NET_ADMIN there. Blocking, though the kernel answers at once; any thread.
 *
 * nf_tables counts its transactions and tells the count to who asks (NFT_MSG_GETGEN,
 * nf_tables_getgen() in the kernel's net/netfilter/nf_tables_api.c). The legacy tables have no such
 * thing: there it is a hash of all entries of one table without their counters (IPT_SO_GET_ENTRIES,
 * get_entries() in net/ipv4/netfilter/ip_tables.c).
 */

#include <stddef.h>
#include <stdint.h>

#include "config/settings/settings.h"
#include "policy/values/ip_addr.h"

/*
 * *out is the same as long as nothing was changed, and another once something was; what was changed
 * may lie in another table or family. 0, or -errno: -EAGAIN when it is changing just now. Only for
 * a legacy table that is there: asking for another one would create it.
 */
int rule_generation_read(
	enum backend_choice backend, enum ip_family family, const char *table, uint64_t *out);

/*
 * The entries of a legacy table, as the kernel gives them, made a number. Pure. 0, or -EPROTO when
 * they are none.
 */
int rule_generation_hash(enum ip_family family, const void *entries, size_t size, uint64_t *out);

#endif
