/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/rules/nft_talk.h"

#include <arpa/inet.h>
#include <errno.h>
#include <limits.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "kernel/netlink/netlink_dump.h"

enum {
	SEQUENCE = 1,	   /* of the only message that is answered */
	SMALL = 65536,	   /* bytes that any socket sends */
	BRACKET_MOST = 64, /* bytes of the beginning of a transaction, or of its end */
};

static void put_head(struct nlmsghdr *message, uint8_t family, uint16_t resource)
{
	struct nfgenmsg *head = mnl_nlmsg_put_extra_header(message, sizeof(*head));

	message->nlmsg_flags = NLM_F_REQUEST;
	message->nlmsg_seq = SEQUENCE;
	head->nfgen_family = family;
	head->version = NFNETLINK_V0;
	head->res_id = htons(resource);
}

struct nlmsghdr *nft_talk_begin(char buffer[NFT_TALK_BYTES], uint16_t type, enum ip_family family)
{
	struct nlmsghdr *message = mnl_nlmsg_put_header(buffer);

	message->nlmsg_type = (uint16_t)(NFNL_SUBSYS_NFTABLES << 8 | type);
	put_head(message, family == IP_FAMILY_V6 ? NFPROTO_IPV6 : NFPROTO_IPV4, 0);
	return message;
}

/* The beginning or the end of a transaction. Returns its length. */
static size_t put_bracket(char *buffer, uint16_t type)
{
	struct nlmsghdr *message = mnl_nlmsg_put_header(buffer);

	message->nlmsg_type = type;
	put_head(message, AF_UNSPEC, NFNL_SUBSYS_NFTABLES);
	return message->nlmsg_len;
}

struct answer {
	mnl_attr_cb_t take;
	void *context;
};

static int read_answer(const struct nlmsghdr *message, void *context)
{
	const struct answer *answer = context;

	if (answer->take == NULL || mnl_nlmsg_get_payload_len(message) < sizeof(struct nfgenmsg)) {
		errno = EPROTO;
		return MNL_CB_ERROR;
	}
	errno = EPROTO; /* where the attributes are broken */
	return mnl_attr_parse(message, sizeof(struct nfgenmsg), answer->take, answer->context) < 0
		? MNL_CB_ERROR
		: MNL_CB_STOP;
}

static int receive(struct mnl_socket *socket, struct answer *answer)
{
	char buffer[8 * NFT_TALK_BYTES] __attribute__((aligned(NLMSG_ALIGNTO)));
	const ssize_t length = mnl_socket_recvfrom(socket, buffer, sizeof(buffer));

	if (length < 0 ||
		mnl_cb_run(buffer, (size_t)length, SEQUENCE, mnl_socket_get_portid(socket),
			read_answer, answer) < 0)
		return -errno;
	return 0;
}

static int open_socket(struct mnl_socket **out)
{
	static const struct timeval patience = {.tv_sec = 1};
	struct mnl_socket *socket = mnl_socket_open2(NETLINK_NETFILTER, SOCK_CLOEXEC);
	int err;

	if (socket == NULL)
		return -errno;
	if (setsockopt(mnl_socket_get_fd(socket), SOL_SOCKET, SO_RCVTIMEO, &patience,
		    sizeof(patience)) != 0 ||
		mnl_socket_bind(socket, 0, MNL_SOCKET_AUTOPID) < 0) {
		err = -errno;
		mnl_socket_close(socket);
		return err;
	}
	*out = socket;
	return 0;
}

static int exchange(const void *bytes, size_t length, struct answer *answer)
{
	const int room = length < INT_MAX / 2 ? (int)length * 2 : INT_MAX;
	struct mnl_socket *socket;
	int err = open_socket(&socket);

	if (err != 0)
		return err;
	/* A transaction is one datagram, and may be larger than what a socket takes by default. */
	if (length > SMALL &&
		setsockopt(mnl_socket_get_fd(socket), SOL_SOCKET, SO_SNDBUFFORCE, &room,
			sizeof(room)) != 0)
		err = -errno;
	if (err == 0)
		err = mnl_socket_sendto(socket, bytes, length) < 0 ? -errno
								   : receive(socket, answer);
	mnl_socket_close(socket);
	return err;
}

int nft_talk_ask(struct nlmsghdr *message, mnl_attr_cb_t take, void *context)
{
	struct answer answer = {.take = take, .context = context};

	return exchange(message, message->nlmsg_len, &answer);
}

int nft_talk_dump(struct nlmsghdr *message,
	int (*visit)(const struct nlmsghdr *message, void *context), void *context)
{
	struct mnl_socket *socket;
	bool interrupted = false;
	int err = open_socket(&socket);

	if (err != 0)
		return err;
	message->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	err = netlink_dump(socket, message, visit, context, &interrupted);
	mnl_socket_close(socket);
	return err == 0 && interrupted ? -EAGAIN : err;
}

/* Of a transaction's brackets none is acknowledged. */
int nft_talk_change_all(const void *bytes, size_t length)
{
	struct answer answer = {.take = NULL};
	char *whole = malloc(length + 2 * BRACKET_MOST);
	size_t used;
	int err;

	if (whole == NULL)
		return -ENOMEM;
	used = put_bracket(whole, NFNL_MSG_BATCH_BEGIN);
	/* which is aligned, as all that libmnl puts together */
	memcpy(whole + used, bytes, length);
	used += length;
	used += put_bracket(whole + used, NFNL_MSG_BATCH_END);
	err = exchange(whole, used, &answer);
	free(whole);
	return err;
}

int nft_talk_change(struct nlmsghdr *message, uint16_t flags)
{
	message->nlmsg_flags = (uint16_t)(NLM_F_REQUEST | NLM_F_ACK | flags);
	return nft_talk_change_all(message, message->nlmsg_len);
}
