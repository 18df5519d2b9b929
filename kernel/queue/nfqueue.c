/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/queue/nfqueue.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/netlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "kernel/queue/nfqueue_adopt.h"
#include "kernel/queue/nfqueue_setup.h"
#include "process/clock.h"

enum { SEND_TRIES = 50, SEND_PAUSE_NS = 1000000 };

struct nfqueue {
	struct mnl_socket *socket;
	uint16_t number;
	unsigned int burst;
	uint32_t length;
	uint64_t spin_ns, waited_ns; /* for a burst: at the most awake, and the last time in all */
	uint64_t in_a_row;	     /* packets, see nfqueue_receive() */
	/* refusals still expected of what nfqueue_resume() asked for just in case */
	unsigned int expected_refusals;
	struct verdicts verdicts;
	struct mmsghdr headers[VERDICTS_PACKETS];
	struct iovec vectors[VERDICTS_PACKETS];
	_Alignas(64) uint8_t messages[VERDICTS_PACKETS][NFQUEUE_MESSAGE_BYTES];
};

static void prepare_buffers(struct nfqueue *queue)
{
	for (size_t i = 0; i < VERDICTS_PACKETS; i++) {
		queue->vectors[i] = (struct iovec){
			.iov_base = queue->messages[i], .iov_len = NFQUEUE_MESSAGE_BYTES};
		queue->headers[i].msg_hdr = (struct msghdr){
			.msg_iov = &queue->vectors[i], .msg_iovlen = 1};
	}
}

int nfqueue_open(
	struct nfqueue **out, const struct nfqueue_options *options, char problem[PROBLEM_SIZE])
{
	struct nfqueue *queue = aligned_alloc(_Alignof(struct nfqueue), sizeof(*queue));
	int err;

	if (queue == NULL) {
		if (options->inherited != NULL)
			close(options->inherited->fd);
		snprintf(problem, PROBLEM_SIZE, "no memory for the buffers of NFQUEUE %u",
			options->number);
		return -ENOMEM;
	}
	memset(queue, 0, sizeof(*queue));
	queue->number = options->number;
	queue->length = options->length;
	queue->burst = options->burst > 0 && options->burst < VERDICTS_PACKETS ? options->burst
									       : VERDICTS_PACKETS;
	queue->spin_ns = options->spin_us * UINT64_C(1000);
	queue->waited_ns = UINT64_MAX;
	verdicts_init(&queue->verdicts, options->number);
	prepare_buffers(queue);
	err = options->inherited != NULL ? nfqueue_adopt(&queue->socket, options, problem)
					 : nfqueue_setup(&queue->socket, options, problem);
	if (err != 0) {
		free(queue);
		return err;
	}
	*out = queue;
	return 0;
}

void nfqueue_close(struct nfqueue *queue)
{
	if (queue == NULL)
		return;
	mnl_socket_close(queue->socket); /* unbinds: the kernel drops what it still holds */
	free(queue);
}

/*
 * The first burst is answered one by one and ends with a batch that drops whatever an earlier
 * reader may have left below it nevertheless: nothing of that may pass by an answer that is not its
 * own.
 */
int nfqueue_resume(struct nfqueue *queue, int proc, struct nfqueue_resumed *out)
{
	struct nfqueue_repeat repeat;
	const int err = nfqueue_repeat_unread(queue->socket, queue->number, proc, &repeat);

	verdicts_note_stray(&queue->verdicts);
	queue->expected_refusals = repeat.asked && repeat.count == 0 ? 2 : 1;
	*out = (struct nfqueue_resumed){.repeated = repeat.count, .first = repeat.first};
	queue->in_a_row = 0;
	return err;
}

int nfqueue_descriptor(const struct nfqueue *queue)
{
	return mnl_socket_get_fd(queue->socket);
}

/* What is no packet, or not a whole one. */
static void sort_other(
	struct nfqueue *queue, enum nfqueue_message kind, int error, struct nfqueue_burst *burst)
{
	switch (kind) {
	case NFQUEUE_MESSAGE_DAMAGED:
		burst->count++;
		burst->bad_messages++;
		break;
	case NFQUEUE_MESSAGE_REFUSAL:
		if (error == -ENOENT && queue->expected_refusals > 0) {
			queue->expected_refusals--;
			break;
		}
		/*
		 * -ENOENT: the kernel has dropped the packet. Anything else: it may still be there.
		 */
		if (error == -ENOENT) {
			burst->gone++;
			break;
		}
		verdicts_note_stray(&queue->verdicts);
		burst->refusals++;
		break;
	case NFQUEUE_MESSAGE_UNKNOWN:
		verdicts_note_stray(&queue->verdicts);
		burst->bad_messages++;
		break;
	case NFQUEUE_MESSAGE_PACKET:
	case NFQUEUE_MESSAGE_ACK:
		break;
	}
}

/*
 * Reads a burst. With spin_ns it stays awake for so long before it sleeps in the kernel, unless the
 * last burst was longer in coming.
 */
int nfqueue_receive(struct nfqueue *queue, struct nfqueue_burst *out)
{
	const int fd = mnl_socket_get_fd(queue->socket);
	const uint64_t began = queue->spin_ns > 0 ? clock_ns() : 0;
	bool awake = queue->spin_ns > 0 && queue->waited_ns <= queue->spin_ns;
	int got;

	out->count = 0;
	out->bad_messages = out->refusals = out->gone = 0;
	out->brimful = false;
	do {
		got = recvmmsg(fd, queue->headers, queue->burst,
			awake ? MSG_DONTWAIT : MSG_WAITFORONE, NULL);
		if (got >= 0 || !awake || errno != EAGAIN)
			break;
		awake = clock_ns() - began < queue->spin_ns;
	} while (true);
	if (queue->spin_ns > 0)
		queue->waited_ns = clock_ns() - began;
	if (got < 0)
		return -errno;
	for (int i = 0; i < got; i++) {
		int error = 0;
		const enum nfqueue_message kind = nfqueue_message_read(queue->messages[i],
			queue->headers[i].msg_len, queue->number, &out->packets[out->count],
			&error);

		if (kind == NFQUEUE_MESSAGE_PACKET)
			out->count++;
		else
			sort_other(queue, kind, error, out);
	}
	/*
	 * When the queue is full, it holds what of the last burst is not answered yet, and what
	 * waits in the socket. The latter comes next, in bursts as long as they can be, but for the
	 * last. So from a burst on that was cut short, packets are counted until the next one that
	 * is: they have to be as many as the queue holds.
	 */
	queue->in_a_row += (unsigned int)got;
	out->brimful = queue->in_a_row >= queue->length;
	if ((unsigned int)got < queue->burst)
		queue->in_a_row = (unsigned int)got;
	return 0;
}

/*
 * Only memory may be short (ENOBUFS, ENOMEM), and only for a moment: the verdicts of a burst are
 * worth some patience.
 */
static int send_verdicts(struct nfqueue *queue)
{
	const struct timespec pause = {.tv_nsec = SEND_PAUSE_NS};

	for (int tries = 0;; tries++) {
		if (mnl_socket_sendto(
			    queue->socket, queue->verdicts.bytes, queue->verdicts.length) >= 0)
			return 0;
		if (errno == EINTR)
			continue;
		if (tries == SEND_TRIES || (errno != ENOBUFS && errno != ENOMEM && errno != EAGAIN))
			return -errno;
		nanosleep(&pause, NULL);
	}
}

int nfqueue_answer(struct nfqueue *queue, const struct nfqueue_burst *burst)
{
	int err;

	if (verdicts_write(&queue->verdicts, burst->packets, burst->count) == 0)
		return 0;
	err = send_verdicts(queue);
	if (err != 0)
		verdicts_note_stray(&queue->verdicts);
	return err;
}

/*
 * A no-op that asks for an ACK: netlink sockets can't be shut down, and what comes in wakes whoever
 * waits.
 */
int nfqueue_wake(struct nfqueue *queue)
{
	struct nlmsghdr message = {
		.nlmsg_len = sizeof(message),
		.nlmsg_type = NLMSG_NOOP,
		.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK,
	};

	return mnl_socket_sendto(queue->socket, &message, sizeof(message)) < 0 ? -errno : 0;
}
