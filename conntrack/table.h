/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CONNTRACK_TABLE_H
#define CONNTRACK_TABLE_H

/*
 * The kernel's connection tracking table, over one ctnetlink socket (linux/netfilter/nfnetlink_conntrack.h):
 * dump entries, change the marks of many. One thread at a time. Needs CAP_NET_ADMIN in the
 * network namespace it was opened in.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "policy/flow.h"

struct ct_table;

/* One entry: what judging and marking it takes. */
struct ct_entry {
	/*
	 * The flow as its ends see it, NAT undone: from the original tuple's source to the reply tuple's source
	 * (the backend, where a service was DNAT'd), the destination port likewise from the reply tuple.
	 */
	struct flow flow;
	/* The original tuple, as sent: with the zone, it names the entry to the kernel. */
	struct flow original;
	uint32_t mark;
	uint16_t zone;
	uint8_t icmp_type, icmp_code;	/* original direction; ICMP and ICMPv6 only */
	uint16_t icmp_id;
	uint32_t id;			/* CTA_ID: an update names it too, so a recycled tuple is not hit (0: unknown) */
};

int ct_table_open(struct ct_table **out);	/* 0, or -errno */
void ct_table_close(struct ct_table *table);	/* NULL is allowed */

/*
 * Calls `visit` for each entry of both families. It may not use the table. A negative return of visit ends the dump and is
 * returned. An entry that can't be understood is counted in *skipped. Returns 0, or -errno; -EINTR is never returned: a dump that
 * the kernel reports as inconsistent (NLM_F_DUMP_INTR) is walked to its end.
 */
typedef int ct_visit(const struct ct_entry *entry, void *context);
int ct_table_dump(struct ct_table *table, ct_visit *visit, void *context, size_t *skipped);

/*
 * Sets the bits of `mask` in the mark of each entry to those in `mark`, many messages a send. Entries gone meanwhile are
 * counted in *vanished, which is no error. Returns 0, or the first other -errno (the rest are still tried).
 */
struct ct_mark {
	struct ct_entry entry;
	uint32_t mark, mask;
};
int ct_table_mark(struct ct_table *table, const struct ct_mark *marks, size_t count, size_t *vanished);

#endif
