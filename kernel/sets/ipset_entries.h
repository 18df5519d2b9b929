/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef KERNEL_SETS_IPSET_ENTRIES_H
#define KERNEL_SETS_IPSET_ENTRIES_H

/*
 * Putting addresses into an ipset of type hash:ip or hash:net: all in a few messages, or one by
 * one, where an entry that the kernel refuses must not keep the others out. For the control thread.
 */

#include <stdbool.h>

#include "kernel/sets/ipset_talk.h"
#include "policy/values/ip_addr.h"
#include "process/problem.h"

struct ipset_entries {
	const char *name;
	enum ip_family family;
	bool nets;					  /* hash:net */
	uint8_t (*prefix_of)(const struct ip_addr *addr); /* of nets */
	const struct ip_addr *addrs; /* of the family, sorted by ip_addr_cmp() */
	size_t count;
};

/* Entries that the kernel did not take. */
struct ipset_refused {
	size_t count[2];	/* IPv4, IPv6 */
	struct ip_addr first;	/* of them all */
	char why[PROBLEM_SIZE]; /* that one */
};

/*
 * Adds all to an empty set; libipset packs as many into a message as fit. 0; or -errno, and any of
 * them may be there.
 */
int ipset_entries_add(struct ipset_talk *talk, const struct ipset_entries *entries);

/*
 * Makes a set that is in use hold exactly these, an entry at a time: first what lacks is added,
 * then what is too many goes, so that no packet sees fewer than both. Those that the kernel refuses
 * are added to *refused, and no failure. 0; or -errno.
 */
int ipset_entries_amend(struct ipset_talk *talk, const struct ipset_entries *entries,
	struct ipset_refused *refused);

#endif
