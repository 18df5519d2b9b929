/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "enforcer/nfqueue.h"

#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <libnetfilter_queue/libnetfilter_queue.h>
#include <limits.h>
#include <linux/capability.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_queue.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "enforcer/nfqueue_proc.h"

/*
 * All headers that a verdict can depend on: IPv6, a few extensions, ICMPv6, the quoted packet's headers. With the
 * fixed attributes a message is below 300 bytes; what would be longer is cut and denied.
 */
enum {
	COPY_RANGE = 128,
	MESSAGE_BYTES = 512,
	CONFIG_BYTES = 128,
	QUEUED_BYTES = 1024,	/* what one queued message takes of the socket's receive buffer */
	SEND_TRIES = 50,
};

struct nfqueue {
	struct mnl_socket *socket;
	uint16_t number;
	struct verdicts verdicts;
	struct mmsghdr headers[VERDICTS_PACKETS];
	struct iovec vectors[VERDICTS_PACKETS];
	struct sockaddr_nl senders[VERDICTS_PACKETS];
	_Alignas(64) uint8_t messages[VERDICTS_PACKETS][MESSAGE_BYTES];
};

/* ---- Configuration ---- */

static bool is_net_admin(void)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {0};

	if (syscall(SYS_capget, &header, data) != 0)
		return false;
	return (data[CAP_TO_INDEX(CAP_NET_ADMIN)].effective & CAP_TO_MASK(CAP_NET_ADMIN)) != 0;
}

/* A packet that comes while the queue is still being set up: nobody can judge it yet. */
static void deny_early(struct nfqueue *queue, struct nfqueue_packet *packet)
{
	packet->accept = false;
	verdicts_write(&queue->verdicts, packet, 1);
	mnl_socket_sendto(queue->socket, queue->verdicts.bytes, queue->verdicts.length);
}

/* The kernel answers within the send: its ACK is there already, behind packets at the most. */
static int receive_ack(struct nfqueue *queue)
{
	struct nfqueue_packet packet;
	int error;

	for (;;) {
		const ssize_t got = recv(mnl_socket_get_fd(queue->socket), queue->messages[0], MESSAGE_BYTES, MSG_DONTWAIT);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -errno;
		switch (nfqueue_message_read(queue->messages[0], (size_t)got, queue->number, &packet, &error)) {
		case NFQUEUE_MESSAGE_ACK:
			return 0;
		case NFQUEUE_MESSAGE_REFUSAL:
			return error;
		case NFQUEUE_MESSAGE_PACKET:
		case NFQUEUE_MESSAGE_DAMAGED:
			deny_early(queue, &packet);
			break;
		case NFQUEUE_MESSAGE_UNKNOWN:
			break;
		}
	}
}

static struct nlmsghdr *put_config(const struct nfqueue *queue, char *buffer)
{
	struct nlmsghdr *message = nfq_nlmsg_put(buffer, NFQNL_MSG_CONFIG, queue->number);

	message->nlmsg_flags |= NLM_F_ACK;
	return message;
}

static int configure(struct nfqueue *queue, const struct nlmsghdr *message)
{
	if (mnl_socket_sendto(queue->socket, message, message->nlmsg_len) < 0)
		return -errno;
	return receive_ack(queue);
}

static int bind_queue(struct nfqueue *queue)
{
	_Alignas(8) char buffer[CONFIG_BYTES];
	struct nlmsghdr *message = put_config(queue, buffer);

	nfq_nlmsg_cfg_put_cmd(message, AF_UNSPEC, NFQNL_CFG_CMD_BIND);
	return configure(queue, message);
}

static int set_limits(struct nfqueue *queue, const struct nfqueue_options *options)
{
	_Alignas(8) char buffer[CONFIG_BYTES];
	struct nlmsghdr *message = put_config(queue, buffer);
	/* GSO always: without it the kernel would cut a large packet up and ask about each piece of one flow. */
	const uint32_t flags = NFQA_CFG_F_GSO | (options->fail_open ? NFQA_CFG_F_FAIL_OPEN : 0);

	nfq_nlmsg_cfg_put_qmaxlen(message, options->length);
	mnl_attr_put_u32(message, NFQA_CFG_FLAGS, htonl(flags));
	mnl_attr_put_u32(message, NFQA_CFG_MASK, htonl(NFQA_CFG_F_GSO | NFQA_CFG_F_FAIL_OPEN));
	return configure(queue, message);
}

/* The last step: a queue delivers nothing before it knows how much of a packet to copy. */
static int set_copy_range(struct nfqueue *queue)
{
	_Alignas(8) char buffer[CONFIG_BYTES];
	struct nlmsghdr *message = put_config(queue, buffer);

	nfq_nlmsg_cfg_put_params(message, NFQNL_COPY_PACKET, COPY_RANGE);
	return configure(queue, message);
}

static int open_socket(struct nfqueue *queue)
{
	queue->socket = mnl_socket_open2(NETLINK_NETFILTER, SOCK_CLOEXEC);
	if (queue->socket == NULL)
		return -errno;
	if (mnl_socket_bind(queue->socket, 0, MNL_SOCKET_AUTOPID) < 0)
		return -errno;
	return 0;
}

/*
 * NETLINK_NO_ENOBUFS: without it, a socket that has overflowed refuses every packet until it is read empty, and so one burst too
 * many costs hundreds of first packets. What overflows is lost either way, and counted by the kernel (user_dropped), where gate_stats()
 * reads it. None of these is worth failing for: older kernels lack NETLINK_CAP_ACK, and a smaller buffer still works.
 */
static void tune_socket(struct nfqueue *queue, uint32_t length)
{
	const int fd = mnl_socket_get_fd(queue->socket);
	const int room = length < INT_MAX / 2 / QUEUED_BYTES ? (int)length * QUEUED_BYTES : INT_MAX / 2;
	int on = 1;

	setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room));
	setsockopt(fd, SOL_NETLINK, NETLINK_NO_ENOBUFS, &on, sizeof(on));
	setsockopt(fd, SOL_NETLINK, NETLINK_CAP_ACK, &on, sizeof(on));
}

static void prepare_buffers(struct nfqueue *queue)
{
	for (size_t i = 0; i < VERDICTS_PACKETS; i++) {
		queue->vectors[i] = (struct iovec){.iov_base = queue->messages[i], .iov_len = MESSAGE_BYTES};
		queue->headers[i].msg_hdr = (struct msghdr){
			.msg_name = &queue->senders[i],
			.msg_namelen = sizeof(queue->senders[i]),
			.msg_iov = &queue->vectors[i],
			.msg_iovlen = 1,
		};
	}
}

/* ---- What went wrong ---- */

/* The kernel answers EPERM for a queue that another socket holds, and for a missing capability, too. */
static int explain_held(uint16_t number, char problem[NFQUEUE_PROBLEM])
{
	const int fd = nfqueue_proc_open();
	struct nfqueue_row row;
	char holder[NFQUEUE_HOLDER];
	int err = fd < 0 ? fd : nfqueue_proc_read(fd, number, &row);

	if (fd >= 0)
		close(fd);
	if (err != 0) {
		snprintf(problem, NFQUEUE_PROBLEM,
			"the kernel refuses NFQUEUE %u: CAP_NET_ADMIN is needed in the network namespace itself, run podgate as its root",
			number);
		return -EPERM;
	}
	nfqueue_proc_name_holder(row.port, holder);
	snprintf(problem, NFQUEUE_PROBLEM,
		"NFQUEUE %u is held by another program (netlink port %u%s%s): stop it, or set queue_base to numbers that are free", number,
		row.port, holder[0] != '\0' ? ", " : "", holder);
	return -EBUSY;
}

static int explain(const struct nfqueue_options *options, int err, char problem[NFQUEUE_PROBLEM])
{
	switch (err) {
	case -EPERM:
	case -EBUSY:
		return explain_held(options->number, problem);
	case -EINVAL:	/* from nfnetlink, which does not know the subsystem and could not load it */
	case -EPROTONOSUPPORT:
		snprintf(problem, NFQUEUE_PROBLEM,
			"this kernel has no NFQUEUE: load the module nfnetlink_queue, or build it with CONFIG_NETFILTER_NETLINK_QUEUE");
		return -EPROTONOSUPPORT;
	case -EOPNOTSUPP:
		snprintf(problem, NFQUEUE_PROBLEM, "this kernel's NFQUEUE lacks NFQA_CFG_F_GSO: Linux 3.10 or later is needed");
		return err;
	default:
		snprintf(problem, NFQUEUE_PROBLEM, "NFQUEUE %u can't be set up: %s", options->number, strerror(-err));
		return err;
	}
}

int nfqueue_open(struct nfqueue **out, const struct nfqueue_options *options, char problem[NFQUEUE_PROBLEM])
{
	struct nfqueue *queue;
	int err;

	if (!is_net_admin()) {
		snprintf(problem, NFQUEUE_PROBLEM,
			"CAP_NET_ADMIN is missing, which binding NFQUEUE %u takes: run podgate as root or grant it that capability", options->number);
		return -EPERM;
	}
	queue = aligned_alloc(_Alignof(struct nfqueue), sizeof(*queue));
	if (queue == NULL)
		return explain(options, -ENOMEM, problem);
	memset(queue, 0, sizeof(*queue));
	queue->number = options->number;
	verdicts_init(&queue->verdicts, options->number);
	prepare_buffers(queue);

	err = open_socket(queue);
	if (err == 0) {
		tune_socket(queue, options->length);
		err = bind_queue(queue);
	}
	if (err == 0)
		err = set_limits(queue, options);
	if (err == 0)
		err = set_copy_range(queue);
	if (err != 0) {
		err = explain(options, err, problem);
		nfqueue_close(queue);
		return err;
	}
	*out = queue;
	return 0;
}

void nfqueue_close(struct nfqueue *queue)
{
	if (queue == NULL)
		return;
	if (queue->socket != NULL)
		mnl_socket_close(queue->socket);	/* unbinds: the kernel drops what it still holds */
	free(queue);
}

/* ---- Bursts ---- */

static void sort_message(struct nfqueue *queue, const struct mmsghdr *header, const void *message, struct nfqueue_burst *burst)
{
	const struct sockaddr_nl *sender = header->msg_hdr.msg_name;
	int error;

	/* Another program with CAP_NET_ADMIN may write to our port. An id of its invention must never end up in a batch. */
	if (header->msg_hdr.msg_namelen != sizeof(*sender) || sender->nl_pid != 0) {
		burst->bad_messages++;
		return;
	}
	switch (nfqueue_message_read(message, header->msg_len, queue->number, &burst->packets[burst->count], &error)) {
	case NFQUEUE_MESSAGE_PACKET:
		burst->count++;
		break;
	case NFQUEUE_MESSAGE_DAMAGED:
		burst->count++;
		burst->bad_messages++;
		break;
	case NFQUEUE_MESSAGE_REFUSAL:
		/* -ENOENT: the packet is gone, as its interface is. Anything else: it may still be there. */
		if (error != -ENOENT)
			verdicts_note_stray(&queue->verdicts);
		burst->refusals++;
		break;
	case NFQUEUE_MESSAGE_UNKNOWN:
		verdicts_note_stray(&queue->verdicts);
		burst->bad_messages++;
		break;
	case NFQUEUE_MESSAGE_ACK:
		break;
	}
}

int nfqueue_receive(struct nfqueue *queue, struct nfqueue_burst *out)
{
	const int got = recvmmsg(mnl_socket_get_fd(queue->socket), queue->headers, VERDICTS_PACKETS, MSG_WAITFORONE, NULL);

	out->count = 0;
	out->bad_messages = out->refusals = 0;
	if (got < 0)
		return -errno;
	for (int i = 0; i < got; i++) {
		sort_message(queue, &queue->headers[i], queue->messages[i], out);
		queue->headers[i].msg_hdr.msg_namelen = sizeof(queue->senders[i]);	/* the kernel has written it */
	}
	return 0;
}

/* Only memory may be short (ENOBUFS, ENOMEM), and only for a moment: the verdicts of a burst are worth some patience. */
static int send_verdicts(struct nfqueue *queue)
{
	const struct timespec pause = {.tv_nsec = 1000000};

	for (int tries = 0;; tries++) {
		if (mnl_socket_sendto(queue->socket, queue->verdicts.bytes, queue->verdicts.length) >= 0)
			return 0;
		if (errno == EINTR)
			continue;
		if (tries == SEND_TRIES || (errno != ENOBUFS && errno != ENOMEM && errno != EAGAIN))
			return -errno;
		nanosleep(&pause, NULL);
	}
}

int nfqueue_answer(struct nfqueue *queue, const struct nfqueue_burst *burst)
{
	int err;

	if (verdicts_write(&queue->verdicts, burst->packets, burst->count) == 0)
		return 0;
	err = send_verdicts(queue);
	if (err != 0)
		verdicts_note_stray(&queue->verdicts);
	return err;
}

/* A no-op that asks for an ACK: netlink sockets can't be shut down, and what comes in wakes whoever waits. */
int nfqueue_wake(struct nfqueue *queue)
{
	struct nlmsghdr message = {
		.nlmsg_len = sizeof(message),
		.nlmsg_type = NLMSG_NOOP,
		.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK,
	};

	return mnl_socket_sendto(queue->socket, &message, sizeof(message)) < 0 ? -errno : 0;
}
