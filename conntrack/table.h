/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CONNTRACK_TABLE_H
#define CONNTRACK_TABLE_H

/*
 * The kernel's connection tracking table over ctnetlink (linux/netfilter/nfnetlink_conntrack.h):
 * dump entries, change the marks of many. One thread at a time. Needs CAP_NET_ADMIN in the
 * network namespace it was opened in.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "policy/values/flow.h"

struct ct_table;

/* One entry: what judging and marking it takes. */
struct ct_entry {
	/*
	 * The flow as its ends see it, NAT undone: from the original tuple's source to the reply
	 * tuple's source (the backend, where a service was DNAT'd), the destination port likewise
	 * from the reply tuple.
	 */
	struct flow flow;
	/*
	 * The original tuple, as sent: with the zone, it names the entry to the kernel. For
	 * protocols without ports, what the kernel keeps in their place (GRE keys).
	 */
	struct flow original;
	uint32_t mark;
	uint16_t zone;	  /* of the original direction */
	uint16_t icmp_id; /* original direction; ICMP and ICMPv6 only */
	uint8_t icmp_type, icmp_code;
};

int ct_table_open(struct ct_table **out);    /* 0, or -errno */
void ct_table_close(struct ct_table *table); /* NULL is allowed */

/*
 * Calls `visit` for each entry of both families. It may change marks (ct_table_mark()), but not
 * dump. A negative return of visit ends the visits and is returned. An entry that can't be
 * understood is counted in *skipped. An entry that stays from beginning to end is visited at least
 * once; twice, when its neighbours in the kernel's hash table vanish meanwhile. Only a resize of
 * that table in mid-dump (net.netfilter.nf_conntrack_buckets) may hide entries: a later sweep finds
 * them. Returns 0, or -errno: -EPERM without CAP_NET_ADMIN, -ENOBUFS when a part was lost; never
 * -EINTR.
 */
typedef int ct_visit(const struct ct_entry *entry, void *context);
int ct_table_dump(struct ct_table *table, ct_visit *visit, void *context, size_t *skipped);

/*
 * As above, but only for entries with (mark & mask) == value: the kernel sifts, so this is cheap
 * when few have it.
 */
int ct_table_dump_marked(struct ct_table *table, uint32_t value, uint32_t mask, ct_visit *visit,
	void *context, size_t *skipped);

/*
 * Only entries whose flow has `addr`, of IPv4, at that end, NAT undone. The kernel sifts
 * (CTA_FILTER, Linux 5.8); an older one visits all of IPv4.
 */
int ct_table_dump_end(struct ct_table *table, const struct ip_addr *addr, enum flow_end end,
	ct_visit *visit, void *context, size_t *skipped);
/*
 * Only entries of IPv6. The kernel can't sift these by address: it takes an entry that has the
 * address for one that has not, and the reverse (ctnetlink_filter_match_tuple(), seen up to Linux
 * 6.18).
 */
int ct_table_dump_ipv6(struct ct_table *table, ct_visit *visit, void *context, size_t *skipped);

struct ct_mark {
	struct ct_entry entry;
	uint32_t mark, mask;
	/* written by ct_table_mark(): 0, -ENOENT when the entry is gone, or another -errno */
	int error;
};

/*
 * Sets the bits of `mask` in the mark of each entry to those in `mark`, many messages a send; all
 * other bits stay. Entries gone meanwhile are counted in *vanished, which is no error. Returns 0,
 * or the first other -errno (the rest are still tried). The kernel names an entry by tuple and zone
 * alone (it compares CTA_ID on delete, not on update): a new connection under the same tuple is
 * marked in place of the old one. It was judged by itself, and the next sweep holds it to that.
 */
int ct_table_mark(struct ct_table *table, struct ct_mark *marks, size_t count, size_t *vanished);

#endif
