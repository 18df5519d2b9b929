/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CONNTRACK_DETAILS_H
#define CONNTRACK_DETAILS_H

/*
 * What a conntrack entry tells of a flow besides who speaks with whom: for a listing, not for
 * judging. All of it is optional: a kernel counts packets only with
 * net.netfilter.nf_conntrack_acct, and notes when a flow began only with nf_conntrack_timestamp.
 * Pure; any thread.
 */

#include <stdbool.h>
#include <stdint.h>

#include <linux/netlink.h>

struct ct_details {
	const char *state; /* TCP and SCTP: "established", "syn-sent"...; else NULL. Static */
	bool replied;	   /* packets were seen in both directions */
	bool offloaded;	   /* in a flowtable: its packets pass the rules by */
	bool has_timeout, has_counters, has_start;
	uint32_t timeout_s;	       /* until it is forgotten, if it stays silent */
	uint64_t packets[2], bytes[2]; /* [0] of the original direction, [1] of the replies */
	uint64_t start_ns;	       /* CLOCK_REALTIME */
};

/* Reads a message that describes one entry. What is missing, or of the wrong size, is not there. */
void ct_details_decode(struct ct_details *out, const struct nlmsghdr *message);

#endif
