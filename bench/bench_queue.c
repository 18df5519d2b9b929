/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Verdicts a second of one worker on real packets, in a network namespace of its own (needs root): many datagrams
 * are queued, then timed until the last is answered. Beside the gate, two loops that accept without looking: one
 * with the gate's own reads and writes, so that the difference is the price of parsing, judging and counting; and
 * the loop of libnetfilter_queue's documentation, a packet and a verdict at a time. Rounds take turns; the best of
 * each is shown.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <arpa/inet.h>
#include <libnetfilter_queue/libnetfilter_queue.h>
#include <linux/netfilter.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "enforcer/nfqueue.h"
#include "tests/enforcer/world.h"

enum { PACKETS = 16000, ROUNDS = 9, PORT = 1000, CLASSIC_BUFFER = 4096, LOOPS = 4 };

static void require(int holds, const char *what)
{
	if (holds)
		return;
	fprintf(stderr, "bench_queue: %s\n", what);
	exit(1);
}

static double now_s(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void fill_queue(int sender)
{
	for (uint32_t i = 0; i < PACKETS; i++)
		world_send(sender, DB4, PORT, i);
}

static double run_gate_with(int sender, bool learn)
{
	struct gate_options options = world_gate_options(1);
	struct snapshot *snapshot = world_snapshot(WORLD_RULES, 1);
	const struct timespec pause = {.tv_nsec = 50000};
	struct gate *gate;
	double begin;

	options.queue_length = PACKETS;
	options.log_allowed = false;
	options.learn_allowed = options.learn_denied = learn;
	gate = world_gate_open(&options);
	fill_queue(sender);
	begin = now_s();
	require(gate_start(gate, snapshot) == 0, "the worker does not start");
	while (world_stats(gate).packets < PACKETS)
		nanosleep(&pause, NULL);
	begin = now_s() - begin;
	require(world_stats(gate).allowed == PACKETS, "the gate has denied something");
	gate_close(gate);
	snapshot_free(snapshot);
	return begin;
}

static double run_gate(int sender)
{
	return run_gate_with(sender, false);
}

static double run_gate_learning(int sender)
{
	return run_gate_with(sender, true);
}

static double run_accept_bursts(int sender)
{
	const struct nfqueue_options options = {.number = WORLD_QUEUE, .length = PACKETS};
	char problem[NFQUEUE_PROBLEM];
	struct nfqueue_burst burst;
	struct nfqueue *queue;
	double begin;

	require(nfqueue_open(&queue, &options, problem) == 0, problem);
	fill_queue(sender);
	begin = now_s();
	for (size_t answered = 0; answered < PACKETS; answered += burst.count) {
		require(nfqueue_receive(queue, &burst) == 0, "receive");
		for (size_t i = 0; i < burst.count; i++)
			burst.packets[i].accept = true;
		require(nfqueue_answer(queue, &burst) == 0, "answer");
	}
	begin = now_s() - begin;
	nfqueue_close(queue);
	return begin;
}

static int accept_one(
	struct nfq_q_handle *queue, struct nfgenmsg *general, struct nfq_data *data, void *answered)
{
	(void)general;
	++*(size_t *)answered;
	return nfq_set_verdict(queue, ntohl(nfq_get_msg_packet_hdr(data)->packet_id), NF_ACCEPT, 0, NULL);
}

static double run_classic(int sender)
{
	_Alignas(8) char buffer[CLASSIC_BUFFER];
	struct nfq_handle *handle = nfq_open();
	struct nfq_q_handle *queue;
	size_t answered = 0;
	double begin;

	require(handle != NULL, "nfq_open()");
	queue = nfq_create_queue(handle, WORLD_QUEUE, accept_one, &answered);
	require(queue != NULL, "nfq_create_queue()");
	require(nfq_set_mode(queue, NFQNL_COPY_PACKET, 128) == 0, "nfq_set_mode()");
	require(nfq_set_queue_maxlen(queue, PACKETS) == 0, "nfq_set_queue_maxlen()");
	setsockopt(nfq_fd(handle), SOL_SOCKET, SO_RCVBUFFORCE, &(int){PACKETS * 1024}, sizeof(int));
	fill_queue(sender);
	begin = now_s();
	while (answered < PACKETS) {
		const ssize_t got = recv(nfq_fd(handle), buffer, sizeof(buffer), 0);

		require(got > 0 && nfq_handle_packet(handle, buffer, (int)got) == 0, "nfq_handle_packet()");
	}
	begin = now_s() - begin;
	nfq_destroy_queue(queue);
	nfq_close(handle);
	return begin;
}

int main(void)
{
	static const struct {
		const char *name;
		double (*run)(int sender);
	} loops[] = {
		{"gate: parse, judge, count", run_gate},
		{"gate: the same, and note classes to learn", run_gate_learning},
		{"accept all, in bursts as the gate does", run_accept_bursts},
		{"accept all, one by one (nfq_handle_packet)", run_classic},
	};
	double best[LOOPS] = {1e9, 1e9, 1e9, 1e9};
	int sender, receiver;

	require(world_enter(NULL) == 0, "no network namespace");
	world_rule(false, "-A OUTPUT -d " DB4 " -p udp -j NFQUEUE --queue-num %d", WORLD_QUEUE);
	sender = world_socket(SOCK_DGRAM, WEB4, 3000);
	receiver = world_socket(SOCK_DGRAM, DB4, PORT);
	for (int round = 0; round < ROUNDS; round++) {
		for (size_t i = 0; i < LOOPS; i++) {
			const double took = loops[i].run(sender);

			best[i] = took < best[i] ? took : best[i];
			while (world_receive(receiver, 0) >= 0)
				;	/* so that each round finds it empty */
		}
	}
	for (size_t i = 0; i < LOOPS; i++)
		printf("%-44s %9.0f verdicts/s   %7.0f ns each\n", loops[i].name, PACKETS / best[i],
			best[i] / PACKETS * 1e9);
	close(sender);
	close(receiver);
	return 0;
}
