/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/queue/nfqueue_config.h"

#include <arpa/inet.h>
#include <libmnl/libmnl.h>
#include <libnetfilter_queue/libnetfilter_queue.h>
#include <limits.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_queue.h>
#include <sys/socket.h>

enum {
	/* all that a verdict depends on: IPv6, a few extensions, ICMPv6, the quoted headers */
	COPY_RANGE = 128,
	QUEUED_BYTES = 1024, /* what one queued message takes of the socket's receive buffer */
};

struct nlmsghdr *nfqueue_config_bind(char buffer[NFQUEUE_CONFIG_BYTES], uint16_t queue)
{
	struct nlmsghdr *message = nfq_nlmsg_put(buffer, NFQNL_MSG_CONFIG, queue);

	nfq_nlmsg_cfg_put_cmd(message, AF_UNSPEC, NFQNL_CFG_CMD_BIND);
	return message;
}

struct nlmsghdr *nfqueue_config_limits(
	char buffer[NFQUEUE_CONFIG_BYTES], const struct nfqueue_options *options)
{
	struct nlmsghdr *message = nfq_nlmsg_put(buffer, NFQNL_MSG_CONFIG, options->number);
	/*
	 * GSO always: without it the kernel would cut a large packet up and ask about each piece of
	 * one flow.
	 */
	const uint32_t flags = NFQA_CFG_F_GSO | (options->fail_open ? NFQA_CFG_F_FAIL_OPEN : 0);

	nfq_nlmsg_cfg_put_qmaxlen(message, options->length);
	mnl_attr_put_u32(message, NFQA_CFG_FLAGS, htonl(flags));
	mnl_attr_put_u32(message, NFQA_CFG_MASK, htonl(NFQA_CFG_F_GSO | NFQA_CFG_F_FAIL_OPEN));
	return message;
}

struct nlmsghdr *nfqueue_config_copy_range(char buffer[NFQUEUE_CONFIG_BYTES], uint16_t queue)
{
	struct nlmsghdr *message = nfq_nlmsg_put(buffer, NFQNL_MSG_CONFIG, queue);

	nfq_nlmsg_cfg_put_params(message, NFQNL_COPY_PACKET, COPY_RANGE);
	return message;
}

/*
 * NETLINK_NO_ENOBUFS: without it, a socket that has overflowed refuses every packet until it is
 * read empty, and so one burst too many costs hundreds of first packets. What overflows is lost
 * either way, and counted by the kernel (user_dropped), where gate_stats() reads it. None of these
 * is worth failing for: older kernels lack NETLINK_CAP_ACK, and a smaller buffer still works.
 */
void nfqueue_config_socket(int fd, uint32_t length)
{
	const int room = length < INT_MAX / 2 / QUEUED_BYTES ? (int)length * QUEUED_BYTES
							     : INT_MAX / 2;
	int on = 1;

	setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room));
	setsockopt(fd, SOL_NETLINK, NETLINK_NO_ENOBUFS, &on, sizeof(on));
	setsockopt(fd, SOL_NETLINK, NETLINK_CAP_ACK, &on, sizeof(on));
}
