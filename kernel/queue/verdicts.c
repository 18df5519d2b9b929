/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/queue/verdicts.h"

#include <assert.h>
#include <libmnl/libmnl.h>
#include <libnetfilter_queue/libnetfilter_queue.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_queue.h>

_Static_assert(VERDICT_BYTES ==
		sizeof(struct nlmsghdr) + sizeof(struct nfgenmsg) + sizeof(struct nlattr) +
			sizeof(struct nfqnl_msg_verdict_hdr),
	"what one verdict takes; none of its parts needs padding");

void verdicts_init(struct verdicts *verdicts, uint16_t queue)
{
	*verdicts = (struct verdicts){.queue = queue};
}

void verdicts_note_stray(struct verdicts *verdicts)
{
	verdicts->stray = true;
}

static void put(struct verdicts *verdicts, int type, uint32_t id, bool accept)
{
	struct nlmsghdr *message = nfq_nlmsg_put(
		verdicts->bytes + verdicts->length, type, verdicts->queue);

	nfq_nlmsg_verdict_put(message, (int)id, accept ? NF_ACCEPT : NF_DROP);
	verdicts->length += message->nlmsg_len;
}

/* Ids are compared as the kernel does (nfq_id_after()), so that they may wrap. */
static bool ascends(
	const struct verdicts *verdicts, const struct nfqueue_packet *packets, size_t count)
{
	uint32_t last = verdicts->begun ? verdicts->last_id : packets[0].id - 1;

	for (size_t i = 0; i < count; i++) {
		if ((int32_t)(packets[i].id - last) <= 0)
			return false;
		last = packets[i].id;
	}
	return true;
}

static void put_each(struct verdicts *verdicts, const struct nfqueue_packet *packets, size_t count)
{
	for (size_t i = 0; i < count; i++)
		put(verdicts, NFQNL_MSG_VERDICT, packets[i].id, packets[i].accept);
}

/*
 * After the rarer ones nothing else is left of the burst, so the batch may name its last id,
 * whatever that one's own verdict is.
 */
static void put_batch(struct verdicts *verdicts, const struct nfqueue_packet *packets, size_t count)
{
	size_t accepts = 0;
	bool common;

	for (size_t i = 0; i < count; i++)
		accepts += packets[i].accept;
	common = accepts * 2 >= count;
	for (size_t i = 0; i < count; i++)
		if (packets[i].accept != common)
			put(verdicts, NFQNL_MSG_VERDICT, packets[i].id, packets[i].accept);
	put(verdicts, NFQNL_MSG_VERDICT_BATCH, packets[count - 1].id, common);
}

size_t verdicts_write(struct verdicts *verdicts, const struct nfqueue_packet *packets, size_t count)
{
	bool ordered;

	assert(count <= VERDICTS_PACKETS);
	verdicts->length = 0;
	if (count == 0)
		return 0;
	ordered = ascends(verdicts, packets, count);
	if (verdicts->stray || !ordered || count == 1)
		put_each(verdicts, packets, count);
	else
		put_batch(verdicts, packets, count);
	if (verdicts->stray && ordered) {
		put(verdicts, NFQNL_MSG_VERDICT_BATCH, packets[count - 1].id, false);
		verdicts->stray = false;
	}
	verdicts->last_id = packets[count - 1].id;
	verdicts->begun = true;
	return verdicts->length / VERDICT_BYTES;
}
