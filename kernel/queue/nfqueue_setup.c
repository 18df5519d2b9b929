/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/queue/nfqueue_setup.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/netlink.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "kernel/queue/nfqueue_config.h"
#include "kernel/queue/nfqueue_proc.h"
#include "kernel/queue/verdicts.h"
#include "process/capabilities.h"

/* A packet that comes while the queue is still being set up: nobody can judge it yet. */
static void deny_early(
	struct mnl_socket *socket, uint16_t queue, const struct nfqueue_packet *packet)
{
	struct verdicts verdicts;

	verdicts_init(&verdicts, queue);
	verdicts_write(&verdicts, packet, 1); /* as read, it is not accepted */
	mnl_socket_sendto(socket, verdicts.bytes, verdicts.length);
}

/* The kernel answers within the send: its ACK is there already, behind packets at the most. */
static int receive_ack(struct mnl_socket *socket, uint16_t queue)
{
	_Alignas(8) uint8_t message[NFQUEUE_MESSAGE_BYTES];
	struct nfqueue_packet packet;
	int error;

	for (;;) {
		const ssize_t got = recv(
			mnl_socket_get_fd(socket), message, sizeof(message), MSG_DONTWAIT);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -errno;
		switch (nfqueue_message_read(message, (size_t)got, queue, &packet, &error)) {
		case NFQUEUE_MESSAGE_ACK:
			return 0;
		case NFQUEUE_MESSAGE_REFUSAL:
			return error;
		case NFQUEUE_MESSAGE_PACKET:
		case NFQUEUE_MESSAGE_DAMAGED:
			deny_early(socket, queue, &packet);
			break;
		case NFQUEUE_MESSAGE_UNKNOWN:
			break;
		}
	}
}

static int configure(struct mnl_socket *socket, uint16_t queue, struct nlmsghdr *message)
{
	message->nlmsg_flags |= NLM_F_ACK;
	if (mnl_socket_sendto(socket, message, message->nlmsg_len) < 0)
		return -errno;
	return receive_ack(socket, queue);
}

/*
 * Another program with CAP_NET_ADMIN may write to our port, and an id of its invention must never
 * end up in a batch. A socket that is connected to the kernel takes messages of the kernel only
 * (netlink_getsockbyportid()), which is as good as looking at each message's sender, and costs the
 * reader nothing. What came before is thrown away: none of it can be the kernel's, which has
 * nothing to say yet.
 */
static int connect_to_kernel(struct mnl_socket *socket)
{
	const struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};
	const int fd = mnl_socket_get_fd(socket);
	char byte;

	if (connect(fd, (const struct sockaddr *)&kernel, sizeof(kernel)) != 0)
		return -errno;
	while (recv(fd, &byte, sizeof(byte), MSG_DONTWAIT) >= 0 || errno == ENOBUFS)
		;
	return 0;
}

static int set_up(struct mnl_socket *socket, const struct nfqueue_options *options)
{
	_Alignas(8) char buffer[NFQUEUE_CONFIG_BYTES];
	const uint16_t queue = options->number;
	int err;

	if (mnl_socket_bind(socket, 0, MNL_SOCKET_AUTOPID) < 0)
		return -errno;
	err = connect_to_kernel(socket);
	if (err != 0)
		return err;
	nfqueue_config_socket(mnl_socket_get_fd(socket), options->length);
	err = configure(socket, queue, nfqueue_config_bind(buffer, queue));
	if (err == 0)
		err = configure(socket, queue, nfqueue_config_limits(buffer, options));
	/* The last step: a queue delivers nothing before it knows how much of a packet to copy. */
	if (err == 0)
		err = configure(socket, queue, nfqueue_config_copy_range(buffer, queue));
	return err;
}

/*
 * The kernel answers EPERM for a queue that another socket holds, and for a missing capability,
 * too.
 */
static int explain_held(uint16_t number, char problem[PROBLEM_SIZE])
{
	const int fd = nfqueue_proc_open();
	struct nfqueue_row row;
	char holder[NFQUEUE_HOLDER];
	int err = fd < 0 ? fd : nfqueue_proc_read(fd, number, &row);

	if (fd >= 0)
		close(fd);
	if (err != 0) {
		snprintf(problem, PROBLEM_SIZE,
			"the kernel refuses NFQUEUE %u: CAP_NET_ADMIN is needed in the network "
			"namespace itself, run podgate as its root",
			number);
		return -EPERM;
	}
	nfqueue_proc_name_holder(row.port, holder);
	snprintf(problem, PROBLEM_SIZE,
		"NFQUEUE %u is held by another program (netlink port %u%s%s): stop it, or set "
		"queue_base to numbers that are free",
		number, row.port, holder[0] != '\0' ? ", " : "", holder);
	return -EBUSY;
}

static int explain(const struct nfqueue_options *options, int err, char problem[PROBLEM_SIZE])
{
	switch (err) {
	case -EPERM:
	case -EBUSY:
		return explain_held(options->number, problem);
	case -EINVAL: /* from nfnetlink, which does not know the subsystem and could not load it */
	case -EPROTONOSUPPORT:
		snprintf(problem, PROBLEM_SIZE,
			"this kernel has no NFQUEUE: load the module nfnetlink_queue, or build it "
			"with CONFIG_NETFILTER_NETLINK_QUEUE");
		return -EPROTONOSUPPORT;
	case -EOPNOTSUPP:
		snprintf(problem, PROBLEM_SIZE,
			"this kernel's NFQUEUE lacks NFQA_CFG_F_GSO: Linux 3.10 or later is "
			"needed");
		return err;
	default:
		snprintf(problem, PROBLEM_SIZE, "NFQUEUE %u can't be set up: %s", options->number,
			strerror(-err));
		return err;
	}
}

int nfqueue_setup(
	struct mnl_socket **out, const struct nfqueue_options *options, char problem[PROBLEM_SIZE])
{
	struct mnl_socket *socket;
	int err;

	if (!capabilities_hold(CAP_NET_ADMIN)) {
		snprintf(problem, PROBLEM_SIZE,
			"CAP_NET_ADMIN is missing, which binding NFQUEUE %u takes: run podgate as "
			"root or grant it that capability",
			options->number);
		return -EPERM;
	}
	socket = mnl_socket_open2(NETLINK_NETFILTER, SOCK_CLOEXEC);
	if (socket == NULL)
		return explain(options, -errno, problem);
	err = set_up(socket, options);
	if (err != 0) {
		err = explain(options, err, problem);
		mnl_socket_close(socket);
		return err;
	}
	*out = socket;
	return 0;
}
