/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "conntrack/netlink_dump.h"

#include <errno.h>
#include <stdint.h>

struct dump {
	netlink_visit *visit;
	void *context;
	unsigned int sequence, portid;
	int result; /* of the visits: once negative, the rest is read and thrown away */
	bool done, interrupted;
};

/* A refusal ends a dump; an NLMSG_DONE may carry the error that cut it short. */
static int finish(struct dump *dump, const struct nlmsghdr *message)
{
	const struct nlmsgerr *refusal = mnl_nlmsg_get_payload(message);
	const int *error = mnl_nlmsg_get_payload(message);

	dump->done = true;
	if (message->nlmsg_type == NLMSG_ERROR)
		return mnl_nlmsg_get_payload_len(message) >= sizeof(*refusal) ? refusal->error : -EBADMSG;
	return mnl_nlmsg_get_payload_len(message) >= sizeof(*error) && *error < 0 ? *error : 0;
}

static int take_message(struct dump *dump, const struct nlmsghdr *message)
{
	/* What an earlier request on this socket left behind is none of ours. */
	if (message->nlmsg_seq != dump->sequence || message->nlmsg_pid != dump->portid)
		return 0;
	if (message->nlmsg_flags & NLM_F_DUMP_INTR)
		dump->interrupted = true;
	if (message->nlmsg_type == NLMSG_DONE || message->nlmsg_type == NLMSG_ERROR)
		return finish(dump, message);
	if (message->nlmsg_type >= NLMSG_MIN_TYPE && dump->result == 0) {
		const int answer = dump->visit(message, dump->context);

		dump->result = answer < 0 ? answer : 0;
	}
	return 0;
}

static int take_datagram(struct dump *dump, const void *bytes, size_t size)
{
	const struct nlmsghdr *message = bytes;
	int left = (int)size;

	while (!dump->done && mnl_nlmsg_ok(message, left)) {
		const int err = take_message(dump, message);

		if (err != 0)
			return err;
		message = mnl_nlmsg_next(message, &left);
	}
	return 0;
}

/*
 * EINTR: read again. ENOBUFS: a dump is paced by its reader, so this means a lost datagram and with it unknown
 * entries: the caller must know. ENOSPC is libmnl's word for a datagram longer than the buffer.
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

int netlink_dump(struct mnl_socket *socket, struct nlmsghdr *request, netlink_visit *visit, void *context,
	bool *interrupted)
{
	static _Atomic unsigned int sequences;
	char buffer[NETLINK_DUMP_BUFFER] __attribute__((aligned(MNL_ALIGNTO)));
	struct dump dump = {.visit = visit, .context = context};
	int err = 0;

	request->nlmsg_seq = dump.sequence = ++sequences;
	dump.portid = mnl_socket_get_portid(socket);
	if (mnl_socket_sendto(socket, request, request->nlmsg_len) < 0)
		return -errno;
	while (err == 0 && !dump.done) {
		size_t size = 0;

		err = read_datagram(socket, buffer, &size);
		if (err == 0)
			err = take_datagram(&dump, buffer, size);
	}
	if (interrupted != NULL)
		*interrupted = dump.interrupted;
	return err != 0 ? err : dump.result;
}
