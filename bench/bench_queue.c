/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * bench_queue [--rounds N] [--pods N] [-o json]: verdicts a second of one worker on real packets,
 * in a network namespace of its own (needs root). Many datagrams are queued, then timed until the
 * last is answered; what the kernel does to carry on with each packet is in the time. Beside the
 * gate run the loops of queue_loops.h.
 *
 * Machines drift, so the contenders take turns, each round in another order. Times are medians over
 * the rounds; ratios are medians of the ratios within each round. With --pods, the datagrams come
 * from that many clients in random order: 10 000 of them make the lookups miss the caches.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <arpa/inet.h>
#include <getopt.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "bench/bench_clusters.h"
#include "bench/queue_loops.h"
#include "tests/support/queue_fixture.h"

enum {
	PACKETS = 16000,
	ROUNDS = 31,
	ROUNDS_MOST = 999,
	PODS_MOST = 60000,
	PORT = 1000,
	POLL_NS = 10000
};

enum contender { GATE, GATE_LEARNING, FAIR, FLOOR, CLASSIC, CONTENDERS };

static const struct {
	const char *key, *name;
} contenders[CONTENDERS] = {
	[GATE] = {"gate", "gate: parse, judge, count"},
	[GATE_LEARNING] = {"gate_learning", "gate, noting classes to learn as well"},
	[FAIR] = {"fair_null", "accept all, in bursts as the gate does"},
	[FLOOR] = {"null_floor", "accept all unseen: metadata, one batch a read"},
	[CLASSIC] = {"recv_send", "accept all, one by one (nfq_handle_packet)"},
};

struct bench {
	uint32_t rounds, pods;
	bool json;
	struct snapshot *snapshot;
	int sender, receiver;
	double times[CONTENDERS][ROUNDS_MOST]; /* nanoseconds a packet */
};

static double now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

/* ---- Clients and what they send ---- */

/* Client 0 is 10.2.0.0: the whole block is local, by a route. */
static uint32_t client(uint32_t number)
{
	return htonl((10U << 24 | 2U << 16) + number);
}

static struct cluster *create_cluster(uint32_t pods)
{
	static const struct label app[] = {{"app", "client"}, {"app", "db"}};
	static const char *const names[] = {"client", "db"};
	static const struct requirement is_client = {
		.key = "app", .values = &names[0], .value_count = 1};
	static const struct requirement is_db = {
		.key = "app", .values = &names[1], .value_count = 1};
	static const struct policy_peer from = {
		.has_pod_selector = true, .pod_selector = {&is_client, 1, {0}}};
	static const struct policy_port port = {.protocol = IPPROTO_UDP,
		.kind = POLICY_PORT_NUMBER,
		.first = PORT,
		.last = PORT,
		.name = ""};
	static const struct policy_rule rule = {
		.peers = &from, .peer_count = 1, .ports = &port, .port_count = 1};
	static const struct network_policy policy = {
		.namespace_name = "shop",
		.name = "db",
		.pod_selector = {&is_db, 1, {0}},
		.isolates = {[DIRECTION_INGRESS] = true},
		.rules = {[DIRECTION_INGRESS] = &rule},
		.rule_count = {[DIRECTION_INGRESS] = 1},
	};
	static struct pod made[PODS_MOST + 1];
	static const struct pod *list[PODS_MOST + 1];
	static struct ip_addr addrs[PODS_MOST + 1];
	static char pod_names[PODS_MOST + 1][16];
	const struct cluster_objects objects = {.pods = list,
		.pod_count = pods + 1,
		.policies = (const struct network_policy *const[]){&policy},
		.policy_count = 1};
	struct cluster *cluster;

	for (uint32_t i = 0; i <= pods; i++) {
		const uint32_t addr = i < pods ? client(i) : inet_addr(DB4);

		snprintf(pod_names[i], sizeof(pod_names[i]), "pod-%u", i);
		addrs[i] = ip_addr_v4(&addr);
		made[i] = (struct pod){.namespace_name = "shop",
			.name = pod_names[i],
			.node_name = "",
			.labels = {&app[i == pods], 1},
			.ips = &addrs[i],
			.ip_count = 1};
		list[i] = &made[i];
	}
	queue_require(cluster_create(&cluster, &objects) == 0, "no memory for the cluster");
	return cluster;
}

static struct snapshot *create_snapshot(uint32_t pods)
{
	const struct snapshot_options options = {.revision = 1, .node_name = ""};
	struct cluster *cluster = create_cluster(pods);
	struct snapshot *snapshot;

	queue_require(snapshot_compile(&snapshot, cluster, &options) == 0,
		"the cluster does not compile");
	cluster_unref(cluster);
	return snapshot;
}

/* The source is of each datagram's own choosing (ip(7), IP_PKTINFO). */
static void send_as(int sender, uint32_t source)
{
	struct sockaddr_in db = {
		.sin_family = AF_INET, .sin_port = htons(PORT), .sin_addr.s_addr = inet_addr(DB4)};
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(struct in_pktinfo))] = {0};
	struct iovec payload = {&source, sizeof(source)};
	struct msghdr message = {.msg_name = &db,
		.msg_namelen = sizeof(db),
		.msg_iov = &payload,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control)};
	struct cmsghdr *header = CMSG_FIRSTHDR(&message);
	const struct in_pktinfo info = {.ipi_spec_dst.s_addr = source};

	header->cmsg_level = IPPROTO_IP;
	header->cmsg_type = IP_PKTINFO;
	header->cmsg_len = CMSG_LEN(sizeof(info));
	memcpy(CMSG_DATA(header), &info, sizeof(info));
	queue_require(sendmsg(sender, &message, 0) == sizeof(source), "sendmsg()");
}

static void fill_queue(const struct bench *bench)
{
	uint64_t random = 1;

	for (uint32_t i = 0; i < PACKETS; i++)
		send_as(bench->sender, client(bench_random(&random, bench->pods)));
}

/* ---- One run ---- */

/*
 * The answering thread gets a CPU of its own where there are two: it inherits this thread's place
 * when it starts.
 */
static void stay_on(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET((size_t)cpu, &set);
	sched_setaffinity(0, sizeof(set), &set);
}

static void wait_for(uint64_t (*answered)(const void *), const void *who)
{
	const struct timespec pause = {.tv_nsec = POLL_NS};

	stay_on(0);
	while (answered(who) < PACKETS)
		nanosleep(&pause, NULL);
}

static uint64_t packets_answered(const void *gate)
{
	struct worker_stats stats;

	gate_stats(gate, 0, &stats);
	return stats.packets;
}

static uint64_t loop_answered(const void *loop)
{
	return queue_loop_answered(loop);
}

static double run_gate(const struct bench *bench, bool learn)
{
	struct queue_fixture_options options = queue_fixture_gate_options(1);
	struct gate *gate;
	double begin;

	options.settings.queue_length = PACKETS;
	options.settings.log_allowed = LOG_ALLOWED_NO;
	options.worker.learn_allowed = options.worker.learn_denied = learn;
	gate = queue_fixture_gate_open(&options);
	fill_queue(bench);
	stay_on(1);
	begin = now_ns();
	queue_require(gate_start(gate, bench->snapshot) == 0, "the worker does not start");
	wait_for(packets_answered, gate);
	begin = now_ns() - begin;
	queue_require(
		queue_fixture_stats(gate).allowed == PACKETS, "the gate has denied something");
	gate_close(gate);
	return begin;
}

static double run_loop(const struct bench *bench, enum queue_loop_kind kind)
{
	struct queue_loop *loop = queue_loop_open(kind, QUEUE_FIXTURE_QUEUE, PACKETS);
	double begin;

	fill_queue(bench);
	stay_on(1);
	begin = now_ns();
	queue_loop_start(loop);
	wait_for(loop_answered, loop);
	begin = now_ns() - begin;
	queue_loop_close(loop);
	return begin;
}

static double run(const struct bench *bench, enum contender who)
{
	switch (who) {
	case GATE:
		return run_gate(bench, false);
	case GATE_LEARNING:
		return run_gate(bench, true);
	case FAIR:
		return run_loop(bench, QUEUE_LOOP_FAIR);
	case FLOOR:
		return run_loop(bench, QUEUE_LOOP_FLOOR);
	default:
		return run_loop(bench, QUEUE_LOOP_CLASSIC);
	}
}

static void run_rounds(struct bench *bench)
{
	for (uint32_t round = 0; round < bench->rounds; round++) {
		for (uint32_t turn = 0; turn < CONTENDERS; turn++) {
			const enum contender who = (enum contender)((round + turn) % CONTENDERS);

			bench->times[who][round] = run(bench, who) / PACKETS;
			while (queue_fixture_receive(bench->receiver, 0) >= 0)
				; /* so that each run finds it empty */
		}
	}
}

/* ---- What came of it ---- */

static int compare(const void *a, const void *b)
{
	const double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double quantile(const double *values, uint32_t count, double share)
{
	static double sorted[ROUNDS_MOST];

	memcpy(sorted, values, count * sizeof(sorted[0]));
	qsort(sorted, count, sizeof(sorted[0]), compare);
	return sorted[(uint32_t)((count - 1) * share + 0.5)];
}

/* Verdicts a second of `who` to those of `other`. */
static double ratio(const struct bench *bench, enum contender who, enum contender other)
{
	double ratios[ROUNDS_MOST];

	for (uint32_t i = 0; i < bench->rounds; i++)
		ratios[i] = bench->times[other][i] / bench->times[who][i];
	return quantile(ratios, bench->rounds, 0.5);
}

static void print_text(const struct bench *bench)
{
	printf("%-46s %11s %8s %15s   %s\n", "", "verdicts/s", "ns each", "quartiles",
		"gate to it");
	for (int i = 0; i < CONTENDERS; i++) {
		const double median = quantile(bench->times[i], bench->rounds, 0.5);

		printf("%-46s %11.0f %8.0f %7.0f %7.0f   %10.3f\n", contenders[i].name,
			1e9 / median, median, quantile(bench->times[i], bench->rounds, 0.25),
			quantile(bench->times[i], bench->rounds, 0.75),
			ratio(bench, GATE, (enum contender)i));
	}
}

static void print_json(const struct bench *bench)
{
	printf("{\"rounds\": %u, \"packets\": %d, \"pods\": %u", bench->rounds, PACKETS,
		bench->pods);
	for (int i = 0; i < CONTENDERS; i++) {
		const double median = quantile(bench->times[i], bench->rounds, 0.5);

		printf(", \"%s_ns\": %.1f, \"%s_verdicts_s\": %.0f", contenders[i].key, median,
			contenders[i].key, 1e9 / median);
	}
	for (int i = GATE + 1; i < CONTENDERS; i++)
		printf(", \"gate_vs_%s\": %.4f", contenders[i].key,
			ratio(bench, GATE, (enum contender)i));
	printf("}\n");
}

static uint32_t number(const char *text, uint32_t most)
{
	char *end;
	const unsigned long value = strtoul(text, &end, 10);

	queue_require(*text != '\0' && *end == '\0' && value >= 1 && value <= most,
		"a number is out of range");
	return (uint32_t)value;
}

static void read_options(struct bench *bench, int argc, char **argv)
{
	static const struct option table[] = {
		{"rounds", required_argument, NULL, 'r'},
		{"pods", required_argument, NULL, 'p'},
		{"output", required_argument, NULL, 'o'},
		{NULL, 0, NULL, 0},
	};
	int letter;

	while ((letter = getopt_long(argc, argv, "r:p:o:", table, NULL)) != -1) {
		if (letter == 'r')
			bench->rounds = number(optarg, ROUNDS_MOST);
		else if (letter == 'p')
			bench->pods = number(optarg, PODS_MOST);
		else
			bench->json = letter == 'o' && strcmp(optarg, "json") == 0;
		queue_require(letter != '?' && (letter != 'o' || bench->json),
			"usage: bench_queue [--rounds N] [--pods N] [-o json]");
	}
}

int main(int argc, char **argv)
{
	static struct bench bench = {.rounds = ROUNDS, .pods = 1};

	read_options(&bench, argc, argv);
	queue_require(queue_fixture_enter(NULL) == 0, "no network namespace");
	queue_require(
		system("ip route add local 10.2.0.0/16 dev lo") == 0, "no route to the clients");
	prctl(PR_SET_TIMERSLACK, 1);
	queue_fixture_rule(false, "-A OUTPUT -d " DB4 " -p udp -j NFQUEUE --queue-num %d",
		QUEUE_FIXTURE_QUEUE);
	bench.snapshot = create_snapshot(bench.pods);
	bench.sender = queue_fixture_socket(SOCK_DGRAM, "0.0.0.0", 3000);
	bench.receiver = queue_fixture_socket(SOCK_DGRAM, DB4, PORT);
	run_rounds(&bench);
	if (bench.json)
		print_json(&bench);
	else
		print_text(&bench);
	snapshot_free(bench.snapshot);
	close(bench.sender);
	close(bench.receiver);
	return 0;
}
