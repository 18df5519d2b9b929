/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/tools/probe.h"

#include <arpa/inet.h>
#include <libmnl/libmnl.h>
#include <libnetfilter_queue/libnetfilter_queue.h>
#include <linux/netfilter/nfnetlink_queue.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* Binds one queue and holds it until killed: what podgate must not start beside. */
static int queue_bind(struct mnl_socket *socket, uint16_t number)
{
	char buffer[8192];
	struct nlmsghdr *message = nfq_nlmsg_put(buffer, NFQNL_MSG_CONFIG, number);
	ssize_t n;

	nfq_nlmsg_cfg_put_cmd(message, AF_UNSPEC, NFQNL_CFG_CMD_BIND);
	message->nlmsg_flags |= NLM_F_ACK;
	if (mnl_socket_sendto(socket, message, message->nlmsg_len) < 0)
		return -1;
	n = mnl_socket_recvfrom(socket, buffer, sizeof(buffer));
	return n < 0 ? -1
		     : mnl_cb_run(buffer, (size_t)n, 0, mnl_socket_get_portid(socket), NULL, NULL);
}

/* ---- delay-queue ---- */

enum { DELAYED_MOST = 1024 };
static struct delayed {
	uint32_t id; /* network order */
	int64_t due_ms;
} delayed[DELAYED_MOST];
static size_t first, count; /* a ring, by due time */

static int delay_ms;

static int take_packet(const struct nlmsghdr *message, void *context)
{
	struct nlattr *attrs[NFQA_MAX + 1] = {NULL};
	const struct nfqnl_msg_packet_hdr *header;

	(void)context;
	if (nfq_nlmsg_parse(message, attrs) < 0 || attrs[NFQA_PACKET_HDR] == NULL ||
		count == DELAYED_MOST)
		return MNL_CB_ERROR;
	header = mnl_attr_get_payload(attrs[NFQA_PACKET_HDR]);
	delayed[(first + count++) % DELAYED_MOST] = (struct delayed){
		header->packet_id, clock_ms() + delay_ms};
	return MNL_CB_OK;
}

static int release(const struct mnl_socket *socket, uint16_t number)
{
	char buffer[8192];
	struct nlmsghdr *message = nfq_nlmsg_put(buffer, NFQNL_MSG_VERDICT, number);

	nfq_nlmsg_verdict_put(message, (int)ntohl(delayed[first].id), 1 /* NF_ACCEPT */);
	first = (first + 1) % DELAYED_MOST;
	count--;
	return mnl_socket_sendto(socket, message, message->nlmsg_len) < 0 ? -1 : 0;
}

static int take_packets(const struct mnl_socket *socket)
{
	char buffer[65536];
	const ssize_t n = mnl_socket_recvfrom(socket, buffer, sizeof(buffer));

	return n < 0 ? -1
		     : mnl_cb_run(buffer, (size_t)n, 0, mnl_socket_get_portid(socket), take_packet,
			       NULL);
}

static int set_copy(const struct mnl_socket *socket, uint16_t number)
{
	char buffer[8192];
	struct nlmsghdr *message = nfq_nlmsg_put(buffer, NFQNL_MSG_CONFIG, number);

	nfq_nlmsg_cfg_put_params(message, NFQNL_COPY_META, 0);
	return mnl_socket_sendto(socket, message, message->nlmsg_len) < 0 ? -1 : 0;
}

/*
 * As an intrusion prevention system that thinks for a while: each packet passes so many
 * milliseconds later.
 */
int command_delay_queue(int argc, char **argv)
{
	struct mnl_socket *socket = mnl_socket_open(NETLINK_NETFILTER);
	const uint16_t number = argc == 3 ? (uint16_t)strtoul(argv[1], NULL, 10) : 0;
	struct pollfd poll_fd = {.events = POLLIN};

	if (argc != 3 || socket == NULL || mnl_socket_bind(socket, 0, MNL_SOCKET_AUTOPID) != 0 ||
		queue_bind(socket, number) < 0 || set_copy(socket, number) < 0) {
		perror("podgate-probe: delay-queue NUMBER MS");
		return PROBE_PROBLEM;
	}
	delay_ms = (int)strtol(argv[2], NULL, 10);
	poll_fd.fd = mnl_socket_get_fd(socket);
	puts("ready");
	for (;;) {
		const int64_t left = count > 0 ? delayed[first].due_ms - clock_ms() : -1;

		if (count > 0 && left <= 0 ? release(socket, number) < 0
					   : poll(&poll_fd, 1, count > 0 ? (int)left : -1) > 0 &&
					take_packets(socket) < 0) {
			perror("podgate-probe: delay-queue");
			return PROBE_PROBLEM;
		}
	}
}

int command_hold_queue(int argc, char **argv)
{
	struct mnl_socket *socket = mnl_socket_open(NETLINK_NETFILTER);

	if (argc != 2 || socket == NULL || mnl_socket_bind(socket, 0, MNL_SOCKET_AUTOPID) != 0 ||
		queue_bind(socket, (uint16_t)strtoul(argv[1], NULL, 10)) < 0) {
		perror("podgate-probe: hold-queue NUMBER");
		return PROBE_PROBLEM;
	}
	puts("ready");
	for (;;)
		pause();
}
