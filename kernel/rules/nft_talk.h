/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef KERNEL_RULES_NFT_TALK_H
#define KERNEL_RULES_NFT_TALK_H

/*
 * What iptables-nft can't ask of nf_tables, or change: one message over netlink
 * (linux/netfilter/nf_tables.h), and the kernel's answer. In the network namespace of the calling
 * thread, which needs CAP_NET_ADMIN there. Blocks for as long as the kernel takes, a second at the
 * most; any thread.
 */

#include <stddef.h>
#include <stdint.h>

#include "kernel/netlink/netlink.h"
#include "policy/values/ip_addr.h"

enum { NFT_TALK_BYTES = 1024 };

/*
 * Begins a message of this type (NFT_MSG_*) in `buffer`; what it is about is for the caller to add.
 */
struct nlmsghdr *nft_talk_begin(char buffer[NFT_TALK_BYTES], uint16_t type, enum ip_family family);

/*
 * Asks for one thing, and shows the answer to `visit`. 0; -ENOENT when there is no such thing, or
 * another -errno: the kernel's, or that of `visit`.
 */
int nft_talk_ask(struct nlmsghdr *message, netlink_visit *visit, void *context);
/*
 * Changes something, in a transaction of its own. `flags` are NLM_F_CREATE and such. 0, or -errno.
 */
int nft_talk_change(struct nlmsghdr *message, uint16_t flags);
/*
 * Changes all that the messages in `bytes` say, aligned and one behind the other, or nothing: the
 * last has NLM_F_ACK. 0, or -errno: that of the first message that the kernel refused.
 */
int nft_talk_change_all(const void *bytes, size_t length);

/*
 * Asks for a list, and has each message of it shown to `visit`, which returns 0 or -errno. 0, or
 * -errno: -EAGAIN when the rules changed meanwhile, so that the list may be wrong.
 */
int nft_talk_dump(struct nlmsghdr *message, netlink_visit *visit, void *context);

#endif
