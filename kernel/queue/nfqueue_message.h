/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef KERNEL_QUEUE_NFQUEUE_MESSAGE_H
#define KERNEL_QUEUE_NFQUEUE_MESSAGE_H

/*
 * One netlink message of a queue, as the kernel sends it (linux/netfilter/nfnetlink_queue.h). Pure:
 * trusts neither the message's lengths nor the presence of anything; any thread.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A queued packet, and what is to become of it. */
struct nfqueue_packet {
	uint32_t id;
	uint32_t in_ifindex, out_ifindex; /* of a bridged packet: the bridge's ports; 0: none */
	const uint8_t *bytes;		  /* the packet's beginning, within the message */
	size_t length;			  /* 0: the message was damaged */
	bool accept; /* false as read: who wants a packet to pass must say so */
};

enum nfqueue_message {
	NFQUEUE_MESSAGE_PACKET,
	/* of a packet only the id could be read: deny it, and count the message */
	NFQUEUE_MESSAGE_DAMAGED,
	NFQUEUE_MESSAGE_REFUSAL, /* the kernel's answer to a verdict or request that it refused */
	NFQUEUE_MESSAGE_ACK,
	/* anything else; it may have been about a packet, whose id is unknown then */
	NFQUEUE_MESSAGE_UNKNOWN,
};

/*
 * Reads the `length` bytes of a datagram (aligned as struct nlmsghdr is) of queue `queue`. *packet
 * is written for PACKET and DAMAGED, *error for REFUSAL: the kernel's errno, negative.
 */
enum nfqueue_message nfqueue_message_read(const void *datagram, size_t length, uint16_t queue,
	struct nfqueue_packet *packet, int *error);
/* The same without its short cut for usual messages: tests hold one against the other. */
enum nfqueue_message nfqueue_message_read_generic(const void *datagram, size_t length,
	uint16_t queue, struct nfqueue_packet *packet, int *error);

#endif
