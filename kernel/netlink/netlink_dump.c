/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/netlink/netlink_dump.h"

#include <errno.h>
#include <stdint.h>

/* A refusal ends a dump; an NLMSG_DONE may carry the error that cut it short. */
static int finish(struct netlink_dump *dump, const struct nlmsghdr *message)
{
	const struct nlmsgerr *refusal = mnl_nlmsg_get_payload(message);
	const int *error = mnl_nlmsg_get_payload(message);

	dump->done = true;
	if (message->nlmsg_type == NLMSG_ERROR)
		return mnl_nlmsg_get_payload_len(message) >= sizeof(*refusal) ? refusal->error
									      : -EBADMSG;
	return mnl_nlmsg_get_payload_len(message) >= sizeof(*error) && *error < 0 ? *error : 0;
}

static int take_message(struct netlink_dump *dump, const struct nlmsghdr *message,
	netlink_visit *visit, void *context)
{
	/* What an earlier request on this socket left behind is none of ours. */
	if (message->nlmsg_seq != dump->sequence || message->nlmsg_pid != dump->portid)
		return 0;
	if (message->nlmsg_flags & NLM_F_DUMP_INTR)
		dump->interrupted = true;
	if (message->nlmsg_type == NLMSG_DONE || message->nlmsg_type == NLMSG_ERROR)
		return finish(dump, message);
	if (message->nlmsg_type >= NLMSG_MIN_TYPE && dump->result == 0) {
		const int answer = visit(message, context);

		dump->result = answer < 0 ? answer : 0;
	}
	return 0;
}

static int take_datagram(struct netlink_dump *dump, const void *bytes, size_t size,
	netlink_visit *visit, void *context)
{
	const struct nlmsghdr *message = bytes;
	int left = (int)size;

	while (!dump->done && mnl_nlmsg_ok(message, left)) {
		const int err = take_message(dump, message, visit, context);

		if (err != 0)
			return err;
		message = mnl_nlmsg_next(message, &left);
	}
	return 0;
}

/*
 * EINTR: read again. ENOBUFS: a dump is paced by its reader, so this means a lost datagram and with
 * it unknown entries: the caller must know. ENOSPC is libmnl's word for a datagram longer than the
 * buffer.
 */
static int read_datagram(struct mnl_socket *socket, void *buffer, size_t *size)
{
	ssize_t got;

	do
		got = mnl_socket_recvfrom(socket, buffer, NETLINK_DUMP_BUFFER);
	while (got < 0 && errno == EINTR);
	if (got < 0)
		return errno == ENOSPC ? -EBADMSG : -errno;
	*size = (size_t)got;
	return 0;
}

int netlink_dump_begin(
	struct netlink_dump *dump, struct mnl_socket *socket, struct nlmsghdr *request)
{
	static _Atomic unsigned int sequences;

	*dump = (struct netlink_dump){
		.socket = socket, .sequence = ++sequences, .portid = mnl_socket_get_portid(socket)};
	request->nlmsg_seq = dump->sequence;
	return mnl_socket_sendto(socket, request, request->nlmsg_len) < 0 ? -errno : 0;
}

int netlink_dump_step(struct netlink_dump *dump, netlink_visit *visit, void *context)
{
	char buffer[NETLINK_DUMP_BUFFER] __attribute__((aligned(MNL_ALIGNTO)));
	size_t size = 0;
	int err;

	if (dump->done)
		return 0;
	err = read_datagram(dump->socket, buffer, &size);
	return err != 0 ? err : take_datagram(dump, buffer, size, visit, context);
}

int netlink_dump(struct mnl_socket *socket, struct nlmsghdr *request, netlink_visit *visit,
	void *context, bool *interrupted)
{
	struct netlink_dump dump;
	int err = netlink_dump_begin(&dump, socket, request);

	while (err == 0 && !dump.done)
		err = netlink_dump_step(&dump, visit, context);
	if (interrupted != NULL)
		*interrupted = dump.interrupted;
	return err != 0 ? err : dump.result;
}
