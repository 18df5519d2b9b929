/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef KERNEL_QUEUE_NFQUEUE_H
#define KERNEL_QUEUE_NFQUEUE_H

/*
 * One NFQUEUE queue of the kernel, over a netlink socket of its own: packets come in bursts and are
 * answered in bursts. Opened by any thread, then used by one; only nfqueue_wake() is for another.
 * Nothing is allocated after nfqueue_open().
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kernel/queue/nfqueue_message.h"
#include "kernel/queue/verdicts.h"
#include "process/problem.h"

struct nfqueue;

/* A socket that holds a queue already. */
struct nfqueue_inherited {
	int fd;
	int proc; /* nfqueue_proc_open()'s, borrowed: the kernel is asked whose queue it is */
};

struct nfqueue_options {
	const struct nfqueue_inherited *inherited; /* NULL: the queue is bound anew */
	uint16_t number;
	uint32_t length;    /* packets that the kernel holds without a verdict */
	bool fail_open;	    /* when it is full: true lets packets pass, false drops them */
	unsigned int burst; /* packets that one read takes at the most; 0: VERDICTS_PACKETS */
	/* how long nfqueue_receive() asks again and again before it sleeps; 0: not at all */
	uint32_t spin_us;
};

/*
 * Opens a socket and binds the queue in the calling thread's network namespace. 0; or -errno with a
 * sentence in `problem` that names the remedy: -EPERM without CAP_NET_ADMIN, -EBUSY when another
 * program holds the queue (which is named), -EPROTONOSUPPORT on a kernel without nfnetlink_queue,
 * -EOPNOTSUPP on one too old. With options->inherited, takes that socket instead (nfqueue_adopt.h):
 * its descriptor is the queue's from here on, or is closed, -EINVAL when it is not what it should
 * be. Nothing is read from it before nfqueue_resume().
 */
int nfqueue_open(
	struct nfqueue **out, const struct nfqueue_options *options, char problem[PROBLEM_SIZE]);
/*
 * What is still queued is the kernel's to drop, unless somebody else holds the socket, too. NULL is
 * allowed.
 */
void nfqueue_close(struct nfqueue *queue);

/*
 * To be called before the first nfqueue_receive() of a queue that somebody else may have read
 * before: what he took and did not answer is sent through the rules once more. `proc` is
 * nfqueue_proc_open()'s. 0 or -errno.
 */
struct nfqueue_resumed {
	uint32_t repeated; /* packets sent through the rules once more */
	/* the id of the first that nfqueue_receive() will give; meaningless after an error */
	uint32_t first;
};
int nfqueue_resume(struct nfqueue *queue, int proc, struct nfqueue_resumed *out);
int nfqueue_descriptor(const struct nfqueue *queue); /* for handing it on; stays the queue's */

/* What one read brought. The packets' bytes are the queue's own, until the next read. */
struct nfqueue_burst {
	struct nfqueue_packet packets[VERDICTS_PACKETS];
	size_t count;		   /* of packets, damaged ones among them: each must be answered */
	unsigned int bad_messages; /* not understood */
	unsigned int refusals;	   /* of earlier verdicts, for packets that may still be there */
	unsigned int gone;	   /* earlier verdicts for packets that the kernel had dropped */
	/*
	 * As many packets came in a row as the queue holds. The kernel does not count what a full
	 * queue lets pass; but each time that one was full, a later burst says this. So may one
	 * after a time without a pause.
	 */
	bool brimful;
};

/*
 * Waits for a burst: awake, if the last one came within spin_us, so that an idle queue costs
 * nothing. 0, also for one without packets (woken, or only refusals came); or -errno, *out then has
 * none: -EINTR, -ENOBUFS (packets were lost before they were queued; read on), or what a broken
 * socket gives.
 */
int nfqueue_receive(struct nfqueue *queue, struct nfqueue_burst *out);
/*
 * Answers each packet of the burst, by its `accept`, in one send. 0; or -errno: then the kernel has
 * none of the verdicts, and the packets will be dropped with the next burst.
 */
int nfqueue_answer(struct nfqueue *queue, const struct nfqueue_burst *burst);

/* Makes a nfqueue_receive() that waits, or the next one, return. For any thread. 0 or -errno. */
int nfqueue_wake(struct nfqueue *queue);

#endif
