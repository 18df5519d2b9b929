/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef KERNEL_QUEUE_NFQUEUE_SETUP_H
#define KERNEL_QUEUE_NFQUEUE_SETUP_H

/*
 * Binding a queue: the one conversation with the kernel that waits for answers. For nfqueue.c
 * alone; any thread.
 */

#include <libmnl/libmnl.h>

#include "kernel/queue/nfqueue.h"
#include "process/problem.h"

/*
 * With the fixed attributes and the copy range of 128 bytes a message is below 300 bytes. What
 * would be longer, because a kernel to come adds to it, is cut behind the packet's id, and so
 * denied.
 */
enum { NFQUEUE_MESSAGE_BYTES = 512 };

/* Opens *out and binds the queue to it, as nfqueue_open() has it. */
int nfqueue_setup(
	struct mnl_socket **out, const struct nfqueue_options *options, char problem[PROBLEM_SIZE]);

#endif
