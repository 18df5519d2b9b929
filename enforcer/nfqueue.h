/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ENFORCER_NFQUEUE_H
#define ENFORCER_NFQUEUE_H

/*
 * One NFQUEUE queue of the kernel, over a netlink socket of its own: packets come in bursts and are answered in
 * bursts. Opened by any thread, then used by one; only nfqueue_wake() is for another. Nothing is allocated after
 * nfqueue_open().
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "enforcer/nfqueue_message.h"
#include "enforcer/verdicts.h"

struct nfqueue;

struct nfqueue_options {
	uint16_t number;
	uint32_t length;	/* packets that the kernel holds without a verdict */
	bool fail_open;		/* when it is full: true lets packets pass, false drops them */
	unsigned int burst;	/* packets that one read takes at the most; 0: VERDICTS_PACKETS */
	uint32_t spin_us;	/* how long nfqueue_receive() asks again and again before it sleeps; 0: not at all */
};

/*
 * Opens a socket and binds the queue in the calling thread's network namespace. 0; or -errno with a sentence in
 * `problem` that names the remedy: -EPERM without CAP_NET_ADMIN, -EBUSY when another program holds the queue (which
 * is named), -EPROTONOSUPPORT on a kernel without nfnetlink_queue, -EOPNOTSUPP on one too old.
 */
enum { NFQUEUE_PROBLEM = 256 };
int nfqueue_open(struct nfqueue **out, const struct nfqueue_options *options, char problem[NFQUEUE_PROBLEM]);
/* What is still queued is the kernel's to drop. NULL is allowed. */
void nfqueue_close(struct nfqueue *queue);

/* What one read brought. The packets' bytes are the queue's own, until the next read. */
struct nfqueue_burst {
	struct nfqueue_packet packets[VERDICTS_PACKETS];
	size_t count;			/* of packets, damaged ones among them: each must be answered */
	unsigned int bad_messages;	/* not understood */
	unsigned int refusals;		/* of earlier verdicts */
};

/*
 * Waits for a burst: awake, if the last one came within spin_us, so that an idle queue costs nothing. 0, also for one without packets (woken, or only refusals came); or -errno, *out then has none:
 * -EINTR, -ENOBUFS (packets were lost before they were queued; read on), or what a broken socket gives.
 */
int nfqueue_receive(struct nfqueue *queue, struct nfqueue_burst *out);
/*
 * Answers each packet of the burst, by its `accept`, in one send. 0; or -errno: then the kernel has none of the
 * verdicts, and the packets will be dropped with the next burst.
 */
int nfqueue_answer(struct nfqueue *queue, const struct nfqueue_burst *burst);

/* Makes a nfqueue_receive() that waits, or the next one, return. For any thread. 0 or -errno. */
int nfqueue_wake(struct nfqueue *queue);

#endif
