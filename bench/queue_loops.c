/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bench/queue_loops.h"

#include <arpa/inet.h>
#include <errno.h>
#include <libnetfilter_queue/libnetfilter_queue.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nfnetlink_queue.h>
#include <linux/netlink.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/types.h>

#include "kernel/queue/nfqueue.h"

enum {
	FLOOR_BURST = 64,
	FLOOR_MESSAGE = 256,
	CLASSIC_MESSAGE = 4096,
	COPY_RANGE = 128,
	ID_OFFSET = 24
};

struct queue_loop {
	enum queue_loop_kind kind;
	uint16_t number;
	uint64_t packets;
	_Atomic uint64_t answered;
	pthread_t thread;
	struct nfqueue *own;	   /* FAIR */
	struct nfq_handle *handle; /* the others */
	struct nfq_q_handle *queue;
};

void queue_require(int holds, const char *what)
{
	if (holds)
		return;
	fprintf(stderr, "bench_queue: %s\n", what);
	exit(1);
}

/* Before the verdicts are sent, as the gate counts. */
static void count(struct queue_loop *loop, uint64_t packets)
{
	atomic_store_explicit(&loop->answered,
		atomic_load_explicit(&loop->answered, memory_order_relaxed) + packets,
		memory_order_release);
}

static bool is_done(const struct queue_loop *loop)
{
	return queue_loop_answered(loop) >= loop->packets;
}

/* ---- The floor ---- */

struct floor_buffers {
	struct mmsghdr headers[FLOOR_BURST];
	struct iovec vectors[FLOOR_BURST];
	_Alignas(64) uint8_t messages[FLOOR_BURST][FLOOR_MESSAGE];
};

static struct floor_buffers *create_floor_buffers(void)
{
	struct floor_buffers *buffers = aligned_alloc(
		_Alignof(struct floor_buffers), sizeof(*buffers));

	queue_require(buffers != NULL, "no memory");
	memset(buffers, 0, sizeof(*buffers));
	for (size_t i = 0; i < FLOOR_BURST; i++) {
		buffers->vectors[i] = (struct iovec){buffers->messages[i], FLOOR_MESSAGE};
		buffers->headers[i].msg_hdr = (struct msghdr){
			.msg_iov = &buffers->vectors[i], .msg_iovlen = 1};
	}
	return buffers;
}

/* The packet's id is the first thing in the first attribute, which the kernel puts first of all. */
static uint32_t packet_id(const uint8_t *message)
{
	uint32_t id;

	memcpy(&id, message + ID_OFFSET, sizeof(id));
	return ntohl(id);
}

static void run_floor(struct queue_loop *loop)
{
	struct floor_buffers *buffers = create_floor_buffers();
	const int fd = nfq_fd(loop->handle);
	_Alignas(8) char verdict[64];

	while (!is_done(loop)) {
		const int got = recvmmsg(fd, buffers->headers, FLOOR_BURST, MSG_WAITFORONE, NULL);
		struct nlmsghdr *message = nfq_nlmsg_put(
			verdict, NFQNL_MSG_VERDICT_BATCH, loop->number);

		queue_require(got > 0, "recvmmsg()");
		nfq_nlmsg_verdict_put(
			message, (int)packet_id(buffers->messages[got - 1]), NF_ACCEPT);
		count(loop, (uint64_t)got);
		queue_require(send(fd, message, message->nlmsg_len, 0) > 0, "send()");
	}
	free(buffers);
}

/* ---- Our own bursts ---- */

static void run_fair(struct queue_loop *loop)
{
	struct nfqueue_burst *burst = malloc(sizeof(*burst));

	queue_require(burst != NULL, "no memory");
	while (!is_done(loop)) {
		queue_require(nfqueue_receive(loop->own, burst) == 0, "nfqueue_receive()");
		for (size_t i = 0; i < burst->count; i++)
			burst->packets[i].accept = true;
		count(loop, burst->count);
		queue_require(nfqueue_answer(loop->own, burst) == 0, "nfqueue_answer()");
	}
	free(burst);
}

/* ---- One by one ---- */

static int accept_one(
	struct nfq_q_handle *queue, struct nfgenmsg *general, struct nfq_data *data, void *context)
{
	(void)general;
	count(context, 1);
	return nfq_set_verdict(
		queue, ntohl(nfq_get_msg_packet_hdr(data)->packet_id), NF_ACCEPT, 0, NULL);
}

static void run_classic(struct queue_loop *loop)
{
	_Alignas(8) char buffer[CLASSIC_MESSAGE];

	while (!is_done(loop)) {
		const ssize_t got = recv(nfq_fd(loop->handle), buffer, sizeof(buffer), 0);

		queue_require(got > 0 && nfq_handle_packet(loop->handle, buffer, (int)got) == 0,
			"nfq_handle_packet()");
	}
}

/* ---- All of them ---- */

static void open_own(struct queue_loop *loop)
{
	const struct nfqueue_options options = {
		.number = loop->number, .length = (uint32_t)loop->packets};
	char problem[PROBLEM_SIZE];

	queue_require(nfqueue_open(&loop->own, &options, problem) == 0, problem);
}

static void open_library(struct queue_loop *loop)
{
	const bool meta = loop->kind == QUEUE_LOOP_FLOOR;
	const int room = (int)loop->packets * 1024, on = 1;

	loop->handle = nfq_open();
	queue_require(loop->handle != NULL, "nfq_open()");
	loop->queue = nfq_create_queue(loop->handle, loop->number, accept_one, loop);
	queue_require(loop->queue != NULL, "nfq_create_queue()");
	queue_require(nfq_set_queue_maxlen(loop->queue, (uint32_t)loop->packets) == 0,
		"nfq_set_queue_maxlen()");
	queue_require(nfq_set_queue_flags(loop->queue, NFQA_CFG_F_GSO, NFQA_CFG_F_GSO) == 0,
		"NFQA_CFG_F_GSO");
	setsockopt(nfq_fd(loop->handle), SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room));
	setsockopt(nfq_fd(loop->handle), SOL_NETLINK, NETLINK_NO_ENOBUFS, &on, sizeof(on));
	queue_require(nfq_set_mode(loop->queue, meta ? NFQNL_COPY_META : NFQNL_COPY_PACKET,
			      COPY_RANGE) == 0,
		"nfq_set_mode()");
}

struct queue_loop *queue_loop_open(enum queue_loop_kind kind, uint16_t queue, uint64_t packets)
{
	struct queue_loop *loop = calloc(1, sizeof(*loop));

	queue_require(loop != NULL, "no memory");
	loop->kind = kind;
	loop->number = queue;
	loop->packets = packets;
	if (kind == QUEUE_LOOP_FAIR)
		open_own(loop);
	else
		open_library(loop);
	return loop;
}

static void *run(void *context)
{
	static void (*const runs[])(struct queue_loop *) = {
		[QUEUE_LOOP_FLOOR] = run_floor,
		[QUEUE_LOOP_FAIR] = run_fair,
		[QUEUE_LOOP_CLASSIC] = run_classic,
	};
	struct queue_loop *loop = context;

	runs[loop->kind](loop);
	return NULL;
}

void queue_loop_start(struct queue_loop *loop)
{
	queue_require(pthread_create(&loop->thread, NULL, run, loop) == 0, "pthread_create()");
}

uint64_t queue_loop_answered(const struct queue_loop *loop)
{
	return atomic_load_explicit(&loop->answered, memory_order_acquire);
}

void queue_loop_close(struct queue_loop *loop)
{
	pthread_join(loop->thread, NULL);
	nfqueue_close(loop->own);
	if (loop->queue != NULL)
		nfq_destroy_queue(loop->queue);
	if (loop->handle != NULL)
		nfq_close(loop->handle);
	free(loop);
}
