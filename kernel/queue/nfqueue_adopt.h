/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef KERNEL_QUEUE_NFQUEUE_ADOPT_H
#define KERNEL_QUEUE_NFQUEUE_ADOPT_H

/*
 * A queue that somebody before us has bound: the socket came to us by the service manager or from a
 * running daemon, and for as long as somebody holds it open the queue stays bound and its packets
 * wait. For nfqueue.c and gate.c.
 *
 * The kernel numbers a queue's packets and sends their messages in that order. So of the packets
 * without a verdict
 *
 * 	ids:     ... 11 12 13 | 14 15 16 17 18
 * 	             read and |  messages still
 * 	         not answered |  in the socket
 *
 * those on the right are read as if nothing had happened. Those on the left are told by nobody any
 * more: whoever read them ended before it answered. They are sent through the rules once more
 * (NF_REPEAT), which queue them again under new ids with new messages, or pass or drop them by what
 * they say now. A packet is never let pass by this alone. A reader takes a burst at a time, so they
 * are at most as many as a burst has.
 */

#include <libmnl/libmnl.h>
#include <stdbool.h>
#include <stdint.h>

#include "kernel/queue/nfqueue.h"
#include "process/problem.h"

/*
 * Makes *out of options->inherited and tells the kernel the options. Only a socket of netfilter's
 * netlink family and of our own network namespace, which the kernel names as the holder of this
 * very queue, is taken. Nothing is read. 0; or -errno with a sentence in `problem`, and the
 * descriptor is closed.
 */
int nfqueue_adopt(
	struct mnl_socket **out, const struct nfqueue_options *options, char problem[PROBLEM_SIZE]);

struct nfqueue_repeat {
	/* the kernel was asked to repeat some: if there are none, it refuses (-ENOENT) */
	bool asked;
	/* as many as its figures tell, which is exact unless the socket has overflowed */
	uint32_t count;
	uint32_t first; /* the id of the first packet that is told of from here on */
};

/* Repeats what has no message, while nobody else reads. 0 or -errno. */
int nfqueue_repeat_unread(
	struct mnl_socket *socket, uint16_t queue, int proc, struct nfqueue_repeat *out);

/*
 * Lets go of a queue that no rule names any more: what still waits in it passes the rules once
 * more. Closes the descriptor in any case.
 */
void nfqueue_dissolve(const struct nfqueue_inherited *inherited, uint16_t queue);

#endif
