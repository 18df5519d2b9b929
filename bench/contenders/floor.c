/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bench/contenders/contender.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_queue.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "bench/contenders/bound.h"

/*
 * The least possible loop. The kernel copies nothing of a packet (NFQNL_COPY_META), and of its
 * message only what is before the end of the id; the id of the burst's last packet is all that is
 * read; and one message, written once, in which only that id changes, accepts the burst in one
 * send.
 *
 * 	0          16          20            24           28
 * 	+----------+-----------+-------------+------------+- - -
 * 	| nlmsghdr | nfgenmsg  | nlattr      | packet_id  | cut off
 * 	+----------+-----------+-------------+------------+- - -
 *
 * NFQA_PACKET_HDR is the first attribute of every message (nfqnl_build_packet_message() in the
 * kernel).
 */
enum { NEEDED = 28, SLOT = 32 };

struct verdict {
	struct nlmsghdr header;
	struct nfgenmsg general;
	struct nlattr attribute;
	struct nfqnl_msg_verdict_hdr verdict;
};
_Static_assert(sizeof(struct verdict) == 32, "as it goes to the kernel: no part of it is padded");

/* As much of a message as is read. */
struct head {
	struct nlmsghdr header;
	struct nfgenmsg general;
	struct nlattr attribute;
	uint32_t packet_id;
};
_Static_assert(sizeof(struct head) == NEEDED, "as it comes from the kernel");

struct floor {
	struct mnl_socket *socket;
	uint32_t burst;
	struct verdict verdict;
	struct mmsghdr headers[CONTENDER_BURST_MOST];
	struct iovec vectors[CONTENDER_BURST_MOST];
	_Alignas(64) uint8_t slots[CONTENDER_BURST_MOST][SLOT];
};

static void prepare(struct floor *floor, const struct contender_options *options)
{
	floor->burst = options->burst;
	for (size_t i = 0; i < floor->burst; i++) {
		floor->vectors[i] = (struct iovec){.iov_base = floor->slots[i], .iov_len = NEEDED};
		floor->headers[i].msg_hdr = (struct msghdr){
			.msg_iov = &floor->vectors[i], .msg_iovlen = 1};
	}
	floor->verdict = (struct verdict){
		.header =
			{
				.nlmsg_len = sizeof(struct verdict),
				.nlmsg_type = NFNL_SUBSYS_QUEUE << 8 | NFQNL_MSG_VERDICT_BATCH,
				.nlmsg_flags = NLM_F_REQUEST,
			},
		.general = {.nfgen_family = AF_UNSPEC,
			.version = NFNETLINK_V0,
			.res_id = htons(options->number)},
		.attribute =
			{
				.nla_len = sizeof(struct nlattr) +
					sizeof(struct nfqnl_msg_verdict_hdr),
				.nla_type = NFQA_VERDICT_HDR,
			},
		.verdict = {.verdict = htonl(NF_ACCEPT)},
	};
}

static int floor_open(
	void **state, const struct contender_options *options, char problem[PROBLEM_SIZE])
{
	struct floor *floor = aligned_alloc(_Alignof(struct floor), sizeof(*floor));
	int err;

	if (floor == NULL) {
		snprintf(problem, PROBLEM_SIZE, "no memory");
		return -ENOMEM;
	}
	memset(floor, 0, sizeof(*floor));
	prepare(floor, options);
	err = bound_open(&floor->socket, options, problem);
	if (err != 0) {
		free(floor);
		return err;
	}
	err = bound_copy_nothing(floor->socket, options->number);
	if (err != 0) {
		snprintf(problem, PROBLEM_SIZE, "NFQUEUE %u: NFQNL_COPY_META: %s", options->number,
			strerror(-err));
		mnl_socket_close(floor->socket);
		free(floor);
		return err;
	}
	*state = floor;
	return 0;
}

/*
 * The last one that is a packet: acknowledgements and refusals are rare, and come when we are told
 * to stop.
 */
static int last_packet(const struct floor *floor, int got)
{
	while (got > 0 &&
		((const struct head *)(const void *)floor->slots[got - 1])->header.nlmsg_type !=
			(NFNL_SUBSYS_QUEUE << 8 | NFQNL_MSG_PACKET))
		got--;
	return got - 1;
}

static void floor_run(void *state, struct contender_stats *stats, const atomic_bool *stop)
{
	struct floor *floor = state;
	const int fd = mnl_socket_get_fd(floor->socket);

	while (!atomic_load_explicit(stop, memory_order_relaxed)) {
		const int got = recvmmsg(fd, floor->headers, floor->burst, MSG_WAITFORONE, NULL);
		const int last = last_packet(floor, got);

		if (last < 0) {
			stats->errors += got < 0 && errno != EINTR;
			continue;
		}
		floor->verdict.verdict.id = ((const struct head *)(const void *)floor->slots[last])
						    ->packet_id;
		if (send(fd, &floor->verdict, sizeof(floor->verdict), 0) < 0)
			stats->errors++;
		stats->packets += (uint64_t)last + 1;
		stats->bursts++;
	}
}

static int floor_wake(void *state)
{
	return bound_wake(((struct floor *)state)->socket);
}

static void floor_close(void *state)
{
	struct floor *floor = state;

	mnl_socket_close(floor->socket);
	free(floor);
}

const struct contender contender_floor = {
	.name = "floor",
	.help = "metadata only, one ACCEPT a burst, nothing parsed but the last id",
	.takes_burst = true,
	.open = floor_open,
	.run = floor_run,
	.wake = floor_wake,
	.close = floor_close,
};
