/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CONNTRACK_FLOW_LIST_H
#define CONNTRACK_FLOW_LIST_H

/*
 * The kernel's flow table read a piece at a time, for somebody to look at: the kernel sends on as
 * its reader asks, so a slow reader costs one socket and no memory. What table.h says of a dump
 * holds here: an entry that stays is listed at least once. One thread at a time. Needs
 * CAP_NET_ADMIN.
 */

#include <stdbool.h>
#include <stddef.h>

#include "conntrack/details.h"
#include "conntrack/table.h"

struct flow_list;

/* in the calling thread's network namespace. 0, or -errno */
int flow_list_open(struct flow_list **out);
void flow_list_close(struct flow_list *list); /* NULL is allowed; before its end is fine */

typedef void flow_list_visit(
	const struct ct_entry *entry, const struct ct_details *details, void *context);
/*
 * Visits the next entries, some hundred at most. Returns 0, *done telling whether these were the
 * last; or -errno as ct_table_dump(), after which there is no more to be had.
 */
int flow_list_read(struct flow_list *list, flow_list_visit *visit, void *context, bool *done);
/* entries that could not be understood, so far */
size_t flow_list_skipped(const struct flow_list *list);

#endif
