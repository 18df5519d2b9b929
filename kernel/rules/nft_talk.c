/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/rules/nft_talk.h"

#include <arpa/inet.h>
#include <errno.h>
#include <limits.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nfnetlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum {
	PATIENCE_S = 1,
	SMALL = 65536,	   /* bytes that any socket sends */
	BRACKET_MOST = 64, /* bytes of the beginning of a transaction, or of its end */
};

struct nlmsghdr *nft_talk_begin(char buffer[NFT_TALK_BYTES], uint16_t type, enum ip_family family)
{
	return netlink_put_netfilter(buffer, NFNL_SUBSYS_NFTABLES, type, 0,
		family == IP_FAMILY_V6 ? NFPROTO_IPV6 : NFPROTO_IPV4);
}

static int ask(struct nlmsghdr *message, unsigned int flags, netlink_visit *visit, void *context)
{
	struct mnl_socket *socket;
	bool interrupted;
	int err = netlink_open(&socket, NETLINK_NETFILTER, PATIENCE_S);

	if (err != 0)
		return err;
	message->nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags);
	err = netlink_ask(socket, message, visit, context, &interrupted);
	mnl_socket_close(socket);
	return err == 0 && interrupted ? -EAGAIN : err;
}

int nft_talk_ask(struct nlmsghdr *message, netlink_visit *visit, void *context)
{
	return ask(message, NLM_F_ACK, visit, context);
}

int nft_talk_dump(struct nlmsghdr *message, netlink_visit *visit, void *context)
{
	return ask(message, NLM_F_DUMP, visit, context);
}

/* The beginning or the end of a transaction, neither of which is acknowledged. Its length. */
static size_t put_bracket(char *at, uint16_t type)
{
	struct nlmsghdr *message = netlink_put_netfilter(at, NFNL_SUBSYS_NONE, type, 0, AF_UNSPEC);
	struct nfgenmsg *general = mnl_nlmsg_get_payload(message);

	general->res_id = htons(NFNL_SUBSYS_NFTABLES);
	return message->nlmsg_len;
}

int nft_talk_change_all(const void *bytes, size_t length)
{
	char *whole = malloc(length + 2 * BRACKET_MOST);
	struct netlink_answer answer;
	struct mnl_socket *socket;
	size_t used;
	int room, err;

	if (whole == NULL)
		return -ENOMEM;
	used = put_bracket(whole, NFNL_MSG_BATCH_BEGIN);
	/* which is aligned, as all that libmnl puts together */
	memcpy(whole + used, bytes, length);
	used += length;
	used += put_bracket(whole + used, NFNL_MSG_BATCH_END);
	err = netlink_open(&socket, NETLINK_NETFILTER, PATIENCE_S);
	if (err != 0) {
		free(whole);
		return err;
	}
	/* A transaction is one datagram, and may be larger than what a socket takes by default. */
	room = used < INT_MAX / 2 ? (int)used * 2 : INT_MAX;
	if (used > SMALL &&
		setsockopt(mnl_socket_get_fd(socket), SOL_SOCKET, SO_SNDBUFFORCE, &room,
			sizeof(room)) != 0)
		err = -errno;
	if (err == 0)
		err = netlink_send(&answer, socket, (struct nlmsghdr *)(void *)whole, used);
	if (err == 0)
		err = netlink_read_all(&answer, NULL, NULL);
	mnl_socket_close(socket);
	free(whole);
	return err;
}

int nft_talk_change(struct nlmsghdr *message, uint16_t flags)
{
	message->nlmsg_flags = (uint16_t)(NLM_F_REQUEST | NLM_F_ACK | flags);
	return nft_talk_change_all(message, message->nlmsg_len);
}
