/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bench/contenders/bound.h"

#include <errno.h>
#include <libnetfilter_queue/libnetfilter_queue.h>
#include <linux/netfilter/nfnetlink_queue.h>
#include <linux/netlink.h>

#include "kernel/queue/nfqueue_setup.h"

enum { CONFIG_BYTES = 128 };

int bound_open(struct mnl_socket **out, const struct contender_options *options,
	char problem[PROBLEM_SIZE])
{
	const struct nfqueue_options queue = {.number = options->number, .length = options->length};

	return nfqueue_setup(out, &queue, problem);
}

/* Without NLM_F_ACK: the answer would lie among packets, and a refusal is sent anyway. */
int bound_copy_nothing(struct mnl_socket *socket, uint16_t number)
{
	_Alignas(8) char buffer[CONFIG_BYTES];
	struct nlmsghdr *message = nfq_nlmsg_put(buffer, NFQNL_MSG_CONFIG, number);

	nfq_nlmsg_cfg_put_params(message, NFQNL_COPY_META, 0);
	return mnl_socket_sendto(socket, message, message->nlmsg_len) < 0 ? -errno : 0;
}

int bound_wake(struct mnl_socket *socket)
{
	const struct nlmsghdr message = {
		.nlmsg_len = sizeof(message),
		.nlmsg_type = NLMSG_NOOP,
		.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK,
	};

	return mnl_socket_sendto(socket, &message, sizeof(message)) < 0 ? -errno : 0;
}
