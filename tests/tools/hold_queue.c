/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/tools/probe.h"

#include <arpa/inet.h>
#include <libmnl/libmnl.h>
#include <libnetfilter_queue/libnetfilter_queue.h>
#include <linux/netfilter/nfnetlink_queue.h>
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
	return n < 0 ? -1 : mnl_cb_run(buffer, (size_t)n, 0, mnl_socket_get_portid(socket), NULL, NULL);
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
