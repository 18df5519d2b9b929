/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bench/contenders/contender.h"

#include <arpa/inet.h>
#include <errno.h>
#include <libnetfilter_queue/libnetfilter_queue.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nfnetlink_queue.h>
#include <stdio.h>
#include <stdlib.h>

#include "bench/contenders/bound.h"

/*
 * The loop of most programs: libmnl reads one message, its attributes are parsed, and one verdict
 * goes out.
 */
enum { MESSAGE_BYTES = 4096, VERDICT_BYTES = 64 };

struct recv_send {
	struct mnl_socket *socket;
	uint16_t number;
	struct contender_stats *stats;
};

static int recv_send_open(
	void **state, const struct contender_options *options, char problem[PROBLEM_SIZE])
{
	struct recv_send *loop = calloc(1, sizeof(*loop));
	int err;

	if (loop == NULL) {
		snprintf(problem, PROBLEM_SIZE, "no memory");
		return -ENOMEM;
	}
	loop->number = options->number;
	err = bound_open(&loop->socket, options, problem);
	if (err != 0) {
		free(loop);
		return err;
	}
	*state = loop;
	return 0;
}

static int accept_one(const struct nlmsghdr *message, void *context)
{
	struct recv_send *loop = context;
	struct nlattr *attributes[NFQA_MAX + 1] = {NULL};
	_Alignas(8) char bytes[VERDICT_BYTES];
	struct nlmsghdr *verdict;
	const struct nfqnl_msg_packet_hdr *packet;

	if (nfq_nlmsg_parse(message, attributes) < 0 || attributes[NFQA_PACKET_HDR] == NULL) {
		loop->stats->errors++;
		return MNL_CB_OK;
	}
	packet = mnl_attr_get_payload(attributes[NFQA_PACKET_HDR]);
	verdict = nfq_nlmsg_put(bytes, NFQNL_MSG_VERDICT, loop->number);
	nfq_nlmsg_verdict_put(verdict, (int)ntohl(packet->packet_id), NF_ACCEPT);
	if (mnl_socket_sendto(loop->socket, verdict, verdict->nlmsg_len) < 0)
		loop->stats->errors++;
	loop->stats->packets++;
	loop->stats->bursts++;
	return MNL_CB_OK;
}

static void recv_send_run(void *state, struct contender_stats *stats, const atomic_bool *stop)
{
	struct recv_send *loop = state;
	const unsigned int port = mnl_socket_get_portid(loop->socket);
	_Alignas(8) char bytes[MESSAGE_BYTES];

	loop->stats = stats;
	while (!atomic_load_explicit(stop, memory_order_relaxed)) {
		const ssize_t got = mnl_socket_recvfrom(loop->socket, bytes, sizeof(bytes));

		if (got < 0 ? errno != EINTR
			    : mnl_cb_run(bytes, (size_t)got, 0, port, accept_one, loop) < 0)
			stats->errors++;
	}
}

static int recv_send_wake(void *state)
{
	return bound_wake(((struct recv_send *)state)->socket);
}

static void recv_send_close(void *state)
{
	struct recv_send *loop = state;

	mnl_socket_close(loop->socket);
	free(loop);
}

const struct contender contender_recv_send = {
	.name = "recv-send",
	.help = "a receive, parsed by libmnl, and a verdict sent for each packet",
	.open = recv_send_open,
	.run = recv_send_run,
	.wake = recv_send_wake,
	.close = recv_send_close,
};
