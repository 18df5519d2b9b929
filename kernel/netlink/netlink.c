/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/netlink/netlink.h"

#include <errno.h>
#include <linux/netfilter/nfnetlink.h>
#include <sys/socket.h>
#include <sys/time.h>

int netlink_open(struct mnl_socket **out, int bus, unsigned int patience_s)
{
	const struct timeval patience = {.tv_sec = (time_t)patience_s};
	struct mnl_socket *socket = mnl_socket_open2(bus, SOCK_CLOEXEC);
	int err;

	if (socket == NULL)
		return -errno;
	if (mnl_socket_bind(socket, 0, MNL_SOCKET_AUTOPID) < 0 ||
		setsockopt(mnl_socket_get_fd(socket), SOL_SOCKET, SO_RCVTIMEO, &patience,
			sizeof(patience)) != 0) {
		err = -errno;
		mnl_socket_close(socket);
		return err;
	}
	*out = socket;
	return 0;
}

struct nlmsghdr *netlink_put_header(void *at, uint16_t type, unsigned int flags)
{
	struct nlmsghdr *message = mnl_nlmsg_put_header(at);

	message->nlmsg_type = type;
	message->nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags);
	return message;
}

struct nlmsghdr *netlink_put_netfilter(
	void *at, uint8_t subsystem, unsigned int command, unsigned int flags, uint8_t family)
{
	struct nlmsghdr *message = netlink_put_header(
		at, (uint16_t)((unsigned int)subsystem << 8 | command), flags);
	struct nfgenmsg *general = mnl_nlmsg_put_extra_header(message, sizeof(*general));

	*general = (struct nfgenmsg){.nfgen_family = family, .version = NFNETLINK_V0};
	return message;
}

/* A refusal or an acknowledgement ends an answer; an NLMSG_DONE may carry an error, too. */
static int finish(struct netlink_answer *answer, const struct nlmsghdr *message)
{
	const struct nlmsgerr *refusal = mnl_nlmsg_get_payload(message);
	const int *error = mnl_nlmsg_get_payload(message);

	answer->done = true;
	if (message->nlmsg_type == NLMSG_ERROR)
		return mnl_nlmsg_get_payload_len(message) >= sizeof(*refusal) ? refusal->error
									      : -EBADMSG;
	return mnl_nlmsg_get_payload_len(message) >= sizeof(*error) && *error < 0 ? *error : 0;
}

int netlink_send(struct netlink_answer *answer, struct mnl_socket *socket,
	struct nlmsghdr *messages, size_t length)
{
	static _Atomic unsigned int sequences;
	ssize_t sent;
	int left = (int)length;

	*answer = (struct netlink_answer){
		.socket = socket, .sequence = ++sequences, .portid = mnl_socket_get_portid(socket)};
	for (struct nlmsghdr *message = messages; mnl_nlmsg_ok(message, left);
		message = mnl_nlmsg_next(message, &left))
		message->nlmsg_seq = answer->sequence;
	do
		sent = mnl_socket_sendto(socket, messages, length);
	while (sent < 0 && errno == EINTR);
	return sent < 0 ? -errno : 0;
}

/*
 * EINTR: read again. ENOBUFS: a dump is paced by its reader, so this means a lost datagram and with
 * it unknown entries: the caller must know. ENOSPC is libmnl's word for a datagram longer than the
 * buffer.
 */
int netlink_read(struct netlink_answer *answer, netlink_visit *visit, void *context)
{
	char buffer[NETLINK_DATAGRAM] __attribute__((aligned(MNL_ALIGNTO)));
	const struct nlmsghdr *message = (const struct nlmsghdr *)(const void *)buffer;
	ssize_t got;

	if (answer->done)
		return 0;
	do
		got = mnl_socket_recvfrom(answer->socket, buffer, sizeof(buffer));
	while (got < 0 && errno == EINTR);
	if (got < 0)
		return errno == ENOSPC ? -EBADMSG : -errno;
	for (int left = (int)got; mnl_nlmsg_ok(message, left);
		message = mnl_nlmsg_next(message, &left)) {
		/* An earlier request on this socket may have left some of its answer behind. */
		if (message->nlmsg_seq != answer->sequence || message->nlmsg_pid != answer->portid)
			continue;
		answer->interrupted |= (message->nlmsg_flags & NLM_F_DUMP_INTR) != 0;
		if (message->nlmsg_type == NLMSG_DONE || message->nlmsg_type == NLMSG_ERROR)
			return finish(answer, message);
		if (message->nlmsg_type >= NLMSG_MIN_TYPE && answer->result == 0) {
			const int visited = visit == NULL ? -EBADMSG : visit(message, context);

			answer->result = visited < 0 ? visited : 0;
		}
	}
	return 0;
}

int netlink_read_all(struct netlink_answer *answer, netlink_visit *visit, void *context)
{
	int err = 0;

	while (err == 0 && !answer->done)
		err = netlink_read(answer, visit, context);
	return err != 0 ? err : answer->result;
}

int netlink_ask(struct mnl_socket *socket, struct nlmsghdr *request, netlink_visit *visit,
	void *context, bool *interrupted)
{
	struct netlink_answer answer;
	int err = netlink_send(&answer, socket, request, request->nlmsg_len);

	if (err == 0)
		err = netlink_read_all(&answer, visit, context);
	if (interrupted != NULL)
		*interrupted = answer.interrupted;
	return err;
}

int netlink_ask_once(int bus, struct nlmsghdr *request, netlink_visit *visit, void *context)
{
	struct mnl_socket *socket;
	int err = netlink_open(&socket, bus, 0);

	if (err != 0)
		return err;
	err = netlink_ask(socket, request, visit, context, NULL);
	mnl_socket_close(socket);
	return err;
}
