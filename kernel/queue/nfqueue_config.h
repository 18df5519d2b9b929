/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef KERNEL_QUEUE_NFQUEUE_CONFIG_H
#define KERNEL_QUEUE_NFQUEUE_CONFIG_H

/*
 * What is told the kernel about a queue: the same for one that is bound anew and for one that was
 * inherited. For nfqueue_setup.c and nfqueue_adopt.c; any thread.
 */

#include <linux/netlink.h>
#include <stdint.h>

#include "kernel/queue/nfqueue.h"

enum { NFQUEUE_CONFIG_BYTES = 128 };

/* One message each, written to `buffer` (aligned as struct nlmsghdr is), which asks for no ACK. */
struct nlmsghdr *nfqueue_config_bind(char buffer[NFQUEUE_CONFIG_BYTES], uint16_t queue);
struct nlmsghdr *nfqueue_config_limits(
	char buffer[NFQUEUE_CONFIG_BYTES], const struct nfqueue_options *options);
struct nlmsghdr *nfqueue_config_copy_range(char buffer[NFQUEUE_CONFIG_BYTES], uint16_t queue);

/* Makes the socket ready for a queue of so many packets. */
void nfqueue_config_socket(int fd, uint32_t length);

#endif
