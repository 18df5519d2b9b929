/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "conntrack/table.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>

#include <libmnl/libmnl.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>

#include "conntrack/entry.h"
#include "kernel/netlink/netlink.h"

/*
 * Two sockets, so that marks can change while a dump is being read. The kernel handles a message
 * within the send that brings it: when the send returns, every refusal already waits in the socket.
 * So updates ask for no acknowledgement, and a read that would block means that all is said.
 */
struct ct_table {
	struct mnl_socket *dumps, *updates;
	unsigned int sequence;
	char batch[65536] __attribute__((aligned(MNL_ALIGNTO)));
};

enum {
	UPDATE_MOST = 20 + CT_ENTRY_NAME_MOST + 2 * 8, /* headers, name, mark and mask */
	UPDATES_A_SEND = sizeof(((struct ct_table *)0)->batch) / UPDATE_MOST,
	/*
	 * One refusal costs the kernel less than 1 KiB of receive buffer; a whole batch may be
	 * refused.
	 */
	REFUSALS_ROOM = UPDATES_A_SEND * 2048,
};

/*
 * Forcing needs CAP_NET_ADMIN, without which nothing else here will work: that is told by the first
 * request.
 */
static int open_socket(struct mnl_socket **out, int room)
{
	const int on = 1;
	struct mnl_socket *socket;
	const int err = netlink_open(&socket, NETLINK_NETFILTER, 0);

	if (err != 0)
		return err;
	if (setsockopt(mnl_socket_get_fd(socket), SOL_SOCKET, SO_RCVBUFFORCE, &room,
		    sizeof(room)) != 0)
		setsockopt(mnl_socket_get_fd(socket), SOL_SOCKET, SO_RCVBUF, &room, sizeof(room));
	mnl_socket_setsockopt(socket, NETLINK_CAP_ACK, (void *)(uintptr_t)&on, sizeof(on));
	*out = socket;
	return 0;
}

int ct_table_open(struct ct_table **out)
{
	struct ct_table *table = calloc(1, sizeof(*table));
	int err;

	if (table == NULL)
		return -ENOMEM;
	err = open_socket(&table->dumps, 4 * NETLINK_DATAGRAM);
	if (err == 0)
		err = open_socket(&table->updates, REFUSALS_ROOM);
	if (err != 0)
		ct_table_close(table);
	else
		*out = table;
	return err;
}

void ct_table_close(struct ct_table *table)
{
	if (table == NULL)
		return;
	if (table->dumps != NULL)
		mnl_socket_close(table->dumps);
	if (table->updates != NULL)
		mnl_socket_close(table->updates);
	free(table);
}

struct decoding {
	ct_visit *visit;
	void *context;
	size_t skipped;
};

static int decode(const struct nlmsghdr *message, void *context)
{
	struct decoding *decoding = context;
	struct ct_entry entry;

	if (NFNL_SUBSYS_ID(message->nlmsg_type) != NFNL_SUBSYS_CTNETLINK ||
		ct_entry_decode(&entry, message) != 0) {
		decoding->skipped++;
		return 0;
	}
	return decoding->visit(&entry, decoding->context);
}

static int dump(struct ct_table *table, struct nlmsghdr *request, ct_visit *visit, void *context,
	size_t *skipped)
{
	struct decoding decoding = {.visit = visit, .context = context};
	const int err = netlink_ask(table->dumps, request, decode, &decoding, NULL);

	*skipped = decoding.skipped;
	return err;
}

enum { DUMP_REQUEST_MOST = 128 };

int ct_table_dump(struct ct_table *table, ct_visit *visit, void *context, size_t *skipped)
{
	char buffer[DUMP_REQUEST_MOST] __attribute__((aligned(MNL_ALIGNTO)));

	return dump(table,
		netlink_put_netfilter(
			buffer, NFNL_SUBSYS_CTNETLINK, IPCTNL_MSG_CT_GET, NLM_F_DUMP, AF_UNSPEC),
		visit, context, skipped);
}

int ct_table_dump_marked(struct ct_table *table, uint32_t value, uint32_t mask, ct_visit *visit,
	void *context, size_t *skipped)
{
	char buffer[DUMP_REQUEST_MOST] __attribute__((aligned(MNL_ALIGNTO)));
	struct nlmsghdr *request = netlink_put_netfilter(
		buffer, NFNL_SUBSYS_CTNETLINK, IPCTNL_MSG_CT_GET, NLM_F_DUMP, AF_UNSPEC);

	mnl_attr_put_u32(request, CTA_MARK, htonl(value));
	mnl_attr_put_u32(request, CTA_MARK_MASK, htonl(mask));
	return dump(table, request, visit, context, skipped);
}

/* CTA_FILTER_F_CTA_IP_SRC, which Linux keeps to itself (net/netfilter/nf_internals.h) */
enum { FILTER_IP_SRC = 1 << 0 };

/* A flow's source is that of the original tuple, its destination that of the reply tuple. */
int ct_table_dump_end(struct ct_table *table, const struct ip_addr *addr, enum flow_end end,
	ct_visit *visit, void *context, size_t *skipped)
{
	const bool reply = end == FLOW_DESTINATION;
	char buffer[DUMP_REQUEST_MOST] __attribute__((aligned(MNL_ALIGNTO)));
	struct nlmsghdr *request = netlink_put_netfilter(
		buffer, NFNL_SUBSYS_CTNETLINK, IPCTNL_MSG_CT_GET, NLM_F_DUMP, AF_INET);
	struct nlattr *tuple, *nest;

	tuple = mnl_attr_nest_start(request, reply ? CTA_TUPLE_REPLY : CTA_TUPLE_ORIG);
	nest = mnl_attr_nest_start(request, CTA_TUPLE_IP);
	mnl_attr_put(request, CTA_IP_V4_SRC, 4, addr->bytes);
	mnl_attr_nest_end(request, nest);
	mnl_attr_nest_end(request, tuple);
	nest = mnl_attr_nest_start(request, CTA_FILTER);
	mnl_attr_put_u32(
		request, reply ? CTA_FILTER_REPLY_FLAGS : CTA_FILTER_ORIG_FLAGS, FILTER_IP_SRC);
	mnl_attr_nest_end(request, nest);
	return dump(table, request, visit, context, skipped);
}

int ct_table_dump_ipv6(struct ct_table *table, ct_visit *visit, void *context, size_t *skipped)
{
	char buffer[DUMP_REQUEST_MOST] __attribute__((aligned(MNL_ALIGNTO)));

	return dump(table,
		netlink_put_netfilter(
			buffer, NFNL_SUBSYS_CTNETLINK, IPCTNL_MSG_CT_GET, NLM_F_DUMP, AF_INET6),
		visit, context, skipped);
}

/* Without NLM_F_CREATE, "new" changes an entry that is there, and no other. */
static size_t put_update(void *at, const struct ct_mark *mark, unsigned int sequence)
{
	const bool v4 = mark->entry.original.src.family == IP_FAMILY_V4;
	struct nlmsghdr *message = netlink_put_netfilter(
		at, NFNL_SUBSYS_CTNETLINK, IPCTNL_MSG_CT_NEW, 0, v4 ? AF_INET : AF_INET6);

	message->nlmsg_seq = sequence;
	ct_entry_put_name(message, &mark->entry);
	mnl_attr_put_u32(message, CTA_MARK, htonl(mark->mark & mark->mask));
	mnl_attr_put_u32(message, CTA_MARK_MASK, htonl(mark->mask));
	return message->nlmsg_len;
}

static void note_refusals(const struct nlmsghdr *message, int left, unsigned int first,
	struct ct_mark *marks, size_t count)
{
	for (; mnl_nlmsg_ok(message, left); message = mnl_nlmsg_next(message, &left)) {
		const struct nlmsgerr *refusal = mnl_nlmsg_get_payload(message);
		const unsigned int index = message->nlmsg_seq - first;

		if (message->nlmsg_type == NLMSG_ERROR && index < count &&
			mnl_nlmsg_get_payload_len(message) >= sizeof(*refusal))
			marks[index].error = refusal->error;
	}
}

/*
 * -ENOBUFS: refusals were lost, so nobody knows which marks were written. The caller's next sweep
 * will find out.
 */
static int read_refusals(
	struct ct_table *table, unsigned int first, struct ct_mark *marks, size_t count)
{
	char buffer[8192] __attribute__((aligned(MNL_ALIGNTO)));
	ssize_t got;

	for (;;) {
		got = recv(mnl_socket_get_fd(table->updates), buffer, sizeof(buffer), MSG_DONTWAIT);
		if (got < 0 && errno != EINTR)
			return errno == EAGAIN ? 0 : -errno;
		if (got > 0)
			note_refusals((const struct nlmsghdr *)(const void *)buffer, (int)got,
				first, marks, count);
	}
}

static int send_updates(struct ct_table *table, struct ct_mark *marks, size_t count)
{
	const unsigned int first = table->sequence + 1;
	size_t size = 0;
	ssize_t sent;

	for (size_t i = 0; i < count; i++) {
		marks[i].error = 0;
		size += put_update(table->batch + size, &marks[i], ++table->sequence);
	}
	do
		sent = mnl_socket_sendto(table->updates, table->batch, size);
	while (sent < 0 && errno == EINTR);
	return sent < 0 ? -errno : read_refusals(table, first, marks, count);
}

int ct_table_mark(struct ct_table *table, struct ct_mark *marks, size_t count, size_t *vanished)
{
	size_t gone = 0;
	int result = 0;

	for (size_t done = 0; done < count; done += UPDATES_A_SEND) {
		const size_t part = count - done < UPDATES_A_SEND ? count - done : UPDATES_A_SEND;
		const int err = send_updates(table, marks + done, part);

		for (size_t i = done; i < done + part; i++) {
			if (err != 0)
				marks[i].error = err;
			if (marks[i].error == -ENOENT)
				gone++;
			else if (result == 0)
				result = marks[i].error;
		}
	}
	*vanished = gone;
	return result;
}
