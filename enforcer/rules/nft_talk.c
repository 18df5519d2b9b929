/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "enforcer/rules/nft_talk.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>

enum { SEQUENCE = 1 };	/* of the only message that is answered */

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
	errno = EPROTO;	/* where the attributes are broken */
	return mnl_attr_parse(message, sizeof(struct nfgenmsg), answer->take, answer->context) < 0 ? MNL_CB_ERROR
												      : MNL_CB_STOP;
}

static int receive(struct mnl_socket *socket, struct answer *answer)
{
	char buffer[8 * NFT_TALK_BYTES] __attribute__((aligned(NLMSG_ALIGNTO)));
	const ssize_t length = mnl_socket_recvfrom(socket, buffer, sizeof(buffer));

	if (length < 0 || mnl_cb_run(buffer, (size_t)length, SEQUENCE, mnl_socket_get_portid(socket), read_answer, answer) < 0)
		return -errno;
	return 0;
}

static int exchange(const void *bytes, size_t length, struct answer *answer)
{
	static const struct timeval patience = {.tv_sec = 1};
	struct mnl_socket *socket = mnl_socket_open2(NETLINK_NETFILTER, SOCK_CLOEXEC);
	int err = 0;

	if (socket == NULL)
		return -errno;
	if (setsockopt(mnl_socket_get_fd(socket), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) != 0 ||
	    mnl_socket_bind(socket, 0, MNL_SOCKET_AUTOPID) < 0 || mnl_socket_sendto(socket, bytes, length) < 0)
		err = -errno;
	if (err == 0)
		err = receive(socket, answer);
	mnl_socket_close(socket);
	return err;
}

int nft_talk_ask(struct nlmsghdr *message, mnl_attr_cb_t take, void *context)
{
	struct answer answer = {.take = take, .context = context};

	return exchange(message, message->nlmsg_len, &answer);
}

/* Of the three only the message itself is acknowledged. */
int nft_talk_change(struct nlmsghdr *message, uint16_t flags)
{
	struct answer answer = {.take = NULL};
	char bytes[NFT_TALK_BYTES + 2 * 64] __attribute__((aligned(NLMSG_ALIGNTO)));
	size_t length;

	message->nlmsg_flags = (uint16_t)(NLM_F_REQUEST | NLM_F_ACK | flags);
	length = put_bracket(bytes, NFNL_MSG_BATCH_BEGIN);
	memcpy(bytes + length, message, message->nlmsg_len);	/* which is aligned, as all that libmnl puts together */
	length += message->nlmsg_len;
	length += put_bracket(bytes + length, NFNL_MSG_BATCH_END);
	return exchange(bytes, length, &answer);
}
