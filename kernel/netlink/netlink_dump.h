/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef KERNEL_NETLINK_NETLINK_DUMP_H
#define KERNEL_NETLINK_NETLINK_DUMP_H

/*
 * One NLM_F_DUMP request over a netlink socket, from the question to the end of the answer: in one
 * go, or a datagram at a time for whoever passes on what it reads. One thread at a time.
 */

#include <stdbool.h>
#include <stddef.h>

#include <libmnl/libmnl.h>

/*
 * As much as the kernel puts into one datagram of a dump, when it sees that so much is read at
 * once.
 */
enum { NETLINK_DUMP_BUFFER = 32768 };

/* Called for each message of the answer. A negative return ends the visits, but not the reading. */
typedef int netlink_visit(const struct nlmsghdr *message, void *context);

/*
 * Sends `request` (flags NLM_F_REQUEST | NLM_F_DUMP, any sequence number) and visits the whole
 * answer. Returns 0; the negative return of a visit, once the rest of the answer has been read
 * away; or -errno: the kernel's refusal, -ENOBUFS when a part of the answer was lost, -EBADMSG when
 * it made no sense. Signals do not end it. *interrupted (may be NULL) tells whether the kernel saw
 * what it was dumping change meanwhile (NLM_F_DUMP_INTR).
 */
int netlink_dump(struct mnl_socket *socket, struct nlmsghdr *request, netlink_visit *visit,
	void *context, bool *interrupted);

/* A dump under way. */
struct netlink_dump {
	struct mnl_socket *socket;
	unsigned int sequence, portid;
	int result; /* the first negative return of a visit: the rest is read and thrown away */
	bool done;  /* all of the answer was read */
	bool interrupted;
};
/* Asks. The kernel sends on as it is read, and holds nothing that others wait for. 0 or -errno. */
int netlink_dump_begin(
	struct netlink_dump *dump, struct mnl_socket *socket, struct nlmsghdr *request);
/*
 * Reads and visits one datagram, unless all is done. Returns 0 or -errno as netlink_dump(), visits
 * left out.
 */
int netlink_dump_step(struct netlink_dump *dump, netlink_visit *visit, void *context);

#endif
