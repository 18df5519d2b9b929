/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef KERNEL_QUEUE_VERDICTS_H
#define KERNEL_QUEUE_VERDICTS_H

/*
 * The verdicts on a burst of packets, as the fewest netlink messages that say them. Pure: what is
 * written is for the queue's owner to send, in one piece. One thread at a time.
 *
 * NFQNL_MSG_VERDICT_BATCH is a verdict on every packet still queued whose id is at or below the one
 * named. So (1) the packets of the rarer verdict are answered one by one, then one batch answers
 * the rest of the burst; (2) a batch is only written while the queue is known to hold no other
 * packet at or below it: ids ascend, burst
 *      after burst (modulo 2^32), and every packet below was answered. Otherwise each is
 *      answered by its own id;
 * (3) when a packet may be queued whose id is not known (its message was not understood), or whose
 *     denial may not have
 *      arrived, the next burst ends with a batch that drops whatever is left at or below its
 *      last id.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kernel/queue/nfqueue_message.h"

enum {
	VERDICTS_PACKETS = 64, /* a burst has at most so many */
	VERDICT_BYTES = 32,    /* one message: nlmsghdr, nfgenmsg, one attribute */
	VERDICTS_BYTES = (VERDICTS_PACKETS + 1) * VERDICT_BYTES,
};

struct verdicts {
	uint16_t queue;
	bool begun;	  /* last_id is set */
	bool stray;	  /* promise (3) is due */
	uint32_t last_id; /* of the burst before */
	size_t length;	  /* of bytes[] written */
	_Alignas(8) char bytes[VERDICTS_BYTES];
};

void verdicts_init(struct verdicts *verdicts, uint16_t queue);
/*
 * A queued packet may be left without a verdict: one whose id could not be read, or one answered in
 * vain.
 */
void verdicts_note_stray(struct verdicts *verdicts);
/*
 * Writes verdicts->bytes for these packets, by packets[].accept, in the order they were read.
 * Returns how many messages there are.
 */
size_t verdicts_write(
	struct verdicts *verdicts, const struct nfqueue_packet *packets, size_t count);

#endif
