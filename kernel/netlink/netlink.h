/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef KERNEL_NETLINK_NETLINK_H
#define KERNEL_NETLINK_NETLINK_H

/*
 * A conversation with the kernel over netlink(7): open a socket, put a request together, and read
 * the whole answer, in one go or a datagram at a time. One thread at a time uses a socket. For the
 * attributes of a message see netlink_attrs.h.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <libmnl/libmnl.h>

/* The most that the kernel puts into one datagram of a dump, if its reader has room for as much. */
enum { NETLINK_DATAGRAM = 32768 };

/*
 * Opens a socket of this bus (NETLINK_ROUTE, NETLINK_NETFILTER) in the calling thread's network
 * namespace. An answer that takes longer than `patience_s` ends with -EAGAIN; 0: there is no limit.
 * 0 or -errno. mnl_socket_close() closes it.
 */
int netlink_open(struct mnl_socket **out, int bus, unsigned int patience_s);

/* Begin a request at `at`, which is aligned; `flags` beside NLM_F_REQUEST. */
struct nlmsghdr *netlink_put_header(void *at, uint16_t type, unsigned int flags);
/* The same for NETLINK_NETFILTER: a command of a subsystem (NFNL_SUBSYS_*), and its nfgenmsg. */
struct nlmsghdr *netlink_put_netfilter(
	void *at, uint8_t subsystem, unsigned int command, unsigned int flags, uint8_t family);

/* Called for each message of the answer. A negative return ends the visits, but not the reading. */
typedef int netlink_visit(const struct nlmsghdr *message, void *context);

/*
 * Sends a request that has NLM_F_DUMP or NLM_F_ACK, and visits the whole answer (`visit` NULL: none
 * but the acknowledgement is due). Returns 0; the negative return of a visit, once the rest of the
 * answer was read; or -errno: the kernel's refusal, -ENOBUFS when a part of the answer was lost,
 * -EBADMSG when it made no sense. Signals do not end it. *interrupted (may be NULL) says whether
 * the kernel saw what it was dumping change meanwhile (NLM_F_DUMP_INTR).
 */
int netlink_ask(struct mnl_socket *socket, struct nlmsghdr *request, netlink_visit *visit,
	void *context, bool *interrupted);
/* The same over a socket of its own. */
int netlink_ask_once(int bus, struct nlmsghdr *request, netlink_visit *visit, void *context);

/* An answer under way. */
struct netlink_answer {
	struct mnl_socket *socket;
	unsigned int sequence, portid;
	int result; /* the first negative return of a visit: the rest is read and thrown away */
	bool done;  /* all of the answer was read */
	bool interrupted;
};
/*
 * Sends `length` bytes of messages, one behind the other: a batch is answered by the first
 * acknowledgement or refusal. Numbers them. The kernel sends on as it is read, and holds nothing
 * that others wait for. 0 or -errno.
 */
int netlink_send(struct netlink_answer *answer, struct mnl_socket *socket,
	struct nlmsghdr *messages, size_t length);
/* Reads and visits one datagram, unless all is done. 0 or -errno as netlink_ask(), without visits.
 */
int netlink_read(struct netlink_answer *answer, netlink_visit *visit, void *context);
/* Reads and visits all that is left. Returns as netlink_ask(). */
int netlink_read_all(struct netlink_answer *answer, netlink_visit *visit, void *context);

#endif
