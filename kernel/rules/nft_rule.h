/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef KERNEL_RULES_NFT_RULE_H
#define KERNEL_RULES_NFT_RULE_H

/*
 * One rule as the kernel's nf_tables tells it (NFT_MSG_NEWRULE, linux/netfilter/nf_tables.h),
 * whatever program made it and whether or not iptables-nft-save can list it. Pure, any thread.
 */

#include <stdint.h>

#include <libmnl/libmnl.h>

enum { NFT_RULE_NAME = 256 }; /* NFT_NAME_MAXLEN: a name with its NUL */

struct nft_rule {
	char table[NFT_RULE_NAME], chain[NFT_RULE_NAME];
	char target[NFT_RULE_NAME]; /* the chain that it jumps or goes to; "" without one */
	uint64_t handle;	    /* its number in its table, for deleting it */
	/*
	 * A hash of its expressions without their counters: the same as long as the rule does the
	 * same. Good for comparing what one kernel said at two times.
	 */
	uint64_t digest;
};

/*
 * 0; or -EBADMSG when the message is no rule, or lacks its table, chain or handle: *out untouched.
 */
int nft_rule_read(struct nft_rule *out, const struct nlmsghdr *message);

#endif
