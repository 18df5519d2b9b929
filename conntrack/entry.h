/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CONNTRACK_ENTRY_H
#define CONNTRACK_ENTRY_H

/*
 * One conntrack entry between its wire form, a ctnetlink message
 * (linux/netfilter/nfnetlink_conntrack.h), and the plain struct ct_entry. Pure: reads and writes
 * only the bytes given; any thread.
 */

#include <linux/netlink.h>

#include "conntrack/table.h"

/*
 * Decodes a message that describes one entry; its nlmsg_len bytes must be there to read, and
 * nothing more is taken on trust. Returns 0; or -EBADMSG when an attribute that judging or naming
 * needs is missing, of the wrong size, or of another family than its message, *out untouched.
 */
int ct_entry_decode(struct ct_entry *out, const struct nlmsghdr *message);

/* What ct_entry_put_name() adds to a message, at most. */
enum { CT_ENTRY_NAME_MOST = 128 };

/* Adds the attributes that name the entry to the kernel: its original tuple and its zone. */
void ct_entry_put_name(struct nlmsghdr *message, const struct ct_entry *entry);

#endif
