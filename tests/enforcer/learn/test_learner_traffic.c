/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Tier 2 must not be seen but in speed. Random flows between three pods under random policies that
 * change, once with classes learned and once without: what arrives is the same, and is what the
 * snapshot in force says. Under traffic that never pauses, nothing that an older snapshot allowed
 * arrives once a publishing has returned.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "config/store/store.h"
#include "enforcer/publish/enforcement.h"
#include "enforcer/publish/sweep_plan.h"
#include "process/clock.h"
#include "tests/between.h"
#include "tests/support/bridge_netns.h"
#include "tests/support/netns.h"
#include "tests/support/one_file.h"

enum {
	PHASES = 8,  /* policies, one after the other */
	BATCHES = 8, /* of each phase; the learner has time between them */
	BATCH = 40,
	STEPS = PHASES * BATCHES * BATCH,
	FIRST_PORT = 10000, /* the source port tells the step */
	DOORS = 4,	    /* destination ports 80.. */
	MANIFESTS = 8192,
};

/* How packets go: a family and a protocol, the same socket for both ends of it. */
enum way { WAY_UDP4, WAY_UDP6, WAY_TCP6, WAY_COUNT };

struct stage {
	char folder[64], path[128];
	struct settings settings;
	struct verdict_log *log;
	struct inheritance inheritance; /* none */
	struct enforcement *enforcement;
	struct snapshot *snapshot;
	struct sweep_plan plan;
	int sockets[BRIDGE_NETNS_PODS][WAY_COUNT];
};

/* ---- the stage ---- */

static int open_raw(int pod, enum way way)
{
	const int protocol = way == WAY_TCP6 ? IPPROTO_TCP : IPPROTO_UDP, room = 16 << 20;
	const int fd = bridge_netns_socket(
		pod, way == WAY_UDP4 ? AF_INET : AF_INET6, SOCK_RAW | SOCK_NONBLOCK, protocol);
	const int checksum_at = way == WAY_TCP6 ? 16 : 6;

	setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room));
	if (way != WAY_UDP4)
		assert_int_equal(setsockopt(fd, IPPROTO_IPV6, IPV6_CHECKSUM, &checksum_at,
					 sizeof(checksum_at)),
			0);
	return fd;
}

static struct stage *open_stage(bool learn)
{
	struct stage *stage = calloc(1, sizeof(*stage));
	char problem[PROBLEM_SIZE] = "";

	bridge_netns_enter(NULL);
	strcpy(stage->folder, "/tmp/podgate-test-XXXXXX");
	assert_non_null(mkdtemp(stage->folder));
	snprintf(stage->path, sizeof(stage->path), "%s/verdicts.jsonl", stage->folder);
	stage->settings = (struct settings){
		.workers = 2,
		.queue_base = 8610,
		.queue_length = 8192,
		.backend = BACKEND_NFT,
		.mark_allow = 0x20000000,
		.mark_deny = 0x40000000,
		.ipv6 = SWITCH_ON,
		.learn = learn,
		.learn_allowed_s = 600,
		.learn_denied_s = 10,
		.log_fold_s = 10,
	};
	const struct verdict_log_options options = {.path = stage->path,
		.ring_capacity = ENFORCEMENT_RING_CAPACITY,
		.fold_ns = 10000000000ULL,
		.lines_per_s = 1000};

	assert_int_equal(verdict_log_open(&stage->log, &options), 0);
	if (enforcement_open(&stage->enforcement, &stage->settings, stage->log, &stage->inheritance,
		    problem) != 0)
		fail_msg("%s", problem);
	/* As if the flow table were long: nothing is swept that need not be. */
	stage->plan = (struct sweep_plan){
		.presence = gate_presence(enforcement_gate(stage->enforcement)),
		.cpu_share = 100,
		.all_took_ns = NS_PER_S,
	};
	for (int pod = 0; pod < BRIDGE_NETNS_PODS; pod++)
		for (int way = 0; way < WAY_COUNT; way++)
			stage->sockets[pod][way] = open_raw(pod, (enum way)way);
	return stage;
}

/* As the daemon ends: threads first, then what they used. */
static void close_stage(struct stage *stage)
{
	sweep_plan_deinit(&stage->plan);
	enforcement_close(stage->enforcement);
	snapshot_free(stage->snapshot);
	verdict_log_free(stage->log);
	for (int pod = 0; pod < BRIDGE_NETNS_PODS; pod++)
		for (int way = 0; way < WAY_COUNT; way++)
			close(stage->sockets[pod][way]);
	unlink(stage->path);
	assert_int_equal(rmdir(stage->folder), 0);
	free(stage);
}

static struct snapshot *compile(const char *manifests, uint64_t revision)
{
	const struct snapshot_options options = {.revision = revision};
	struct snapshot *snapshot;
	struct cluster *cluster;
	struct store *store;

	assert_int_equal(store_create(&store), 0);
	assert_int_equal(one_file_put(store, "shop.yaml", manifests, strlen(manifests)), 0);
	assert_int_equal(store_stats(store).broken_files, 0);
	assert_int_equal(store_cluster(store, &cluster), 0);
	assert_int_equal(snapshot_compile(&snapshot, cluster, &options), 0);
	cluster_unref(cluster);
	store_free(store);
	return snapshot;
}

/* Judges the live flows again that the change touches. */
static void sweep(struct stage *stage, const struct touched *touched, const struct snapshot *after)
{
	struct sweep_end ends[SWEEP_ENDS_MOST];
	struct waiting_change done[WAITING_MOST];
	const struct waiting_change change = {.revision = snapshot_revision(after)};
	struct sweep_stats swept;
	char problem[PROBLEM_SIZE];
	size_t count;
	int err;

	if (sweep_plan_change(&stage->plan, touched, true, &change))
		return;
	count = sweep_plan_begin(&stage->plan, ends);
	err = count == 0
		? enforcement_sweep(stage->enforcement, after, true, &swept, problem)
		: enforcement_sweep_ends(stage->enforcement, after, ends, count, &swept, problem);
	if (err != 0)
		fail_msg("%s", problem);
	/* As on a long table. */
	assert_int_equal(sweep_plan_end(&stage->plan, false,
				 count == 0 ? NS_PER_S : count * NS_PER_MS, NS_PER_S, done),
		1);
}

/* The first is what the stage starts with. */
static void publish(struct stage *stage, const char *manifests)
{
	struct snapshot *after = compile(
		manifests, stage->snapshot == NULL ? 1 : snapshot_revision(stage->snapshot) + 1);
	struct sweep_stats sweeps[ENFORCEMENT_START_SWEEPS];
	char problem[PROBLEM_SIZE] = "";
	struct retired_snapshot *retired;
	struct publish_result result;
	struct touched touched;
	int err;

	if (stage->snapshot == NULL) {
		err = enforcement_start(stage->enforcement, after, sweeps, problem);
	} else {
		touched_find(&touched, stage->snapshot, after);
		err = enforcement_publish(
			stage->enforcement, stage->snapshot, after, &touched, &result, problem);
		if (err == 0)
			sweep(stage, &touched, after);
		touched_clear(&touched);
		retired = malloc(sizeof(*retired));
		retired->snapshot = stage->snapshot;
		verdict_log_retire(stage->log, retired);
	}
	if (err != 0)
		fail_msg("%s", problem);
	stage->snapshot = after;
}

/* ---- policies ---- */

static unsigned int pick(uint64_t *random, unsigned int below)
{
	*random = *random * 6364136223846793005ULL + 1442695040888963407ULL;
	return (unsigned int)(*random >> 33) % below;
}

static void print_pods(FILE *to)
{
	for (int pod = 1; pod <= BRIDGE_NETNS_PODS; pod++)
		fprintf(to,
			"apiVersion: v1\nkind: Pod\nmetadata: {name: pod%d, namespace: shop, "
			"labels: {pod: p%d}}\n"
			"status: {podIPs: [{ip: 10.9.0.%d}, {ip: \"fd09::%d\"}]}\n---\n",
			pod, pod, pod, pod);
}

/*
 * A policy for one pod in one direction: a few rules, each of one peer and one port. Sometimes it
 * is only audited.
 */
static void print_policy(FILE *to, uint64_t *random, int number)
{
	const bool ingress = pick(random, 3) > 0, audit = pick(random, 5) == 0;

	fprintf(to,
		"apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\n"
		"metadata: {name: n%d, namespace: shop, annotations: {podgate.io/audit: \"%s\"}}\n"
		"spec:\n  podSelector: {matchLabels: {pod: p%u}}\n  policyTypes: [%s]\n  %s:\n",
		number, audit ? "true" : "false", 1 + pick(random, BRIDGE_NETNS_PODS),
		ingress ? "Ingress" : "Egress", ingress ? "ingress" : "egress");
	for (unsigned int rules = 1 + pick(random, 3); rules > 0; rules--)
		fprintf(to,
			"  - {%s: [{podSelector: {matchLabels: {pod: p%u}}}], ports: [{protocol: "
			"%s, port: %u}]}\n",
			ingress ? "from" : "to", 1 + pick(random, BRIDGE_NETNS_PODS),
			pick(random, 3) == 0 ? "TCP" : "UDP", 80 + pick(random, DOORS));
	fprintf(to, "---\n");
}

static void write_manifests(char out[MANIFESTS], uint64_t *random)
{
	FILE *to = fmemopen(out, MANIFESTS, "w");

	print_pods(to);
	for (int i = 0; i < 4; i++)
		print_policy(to, random, i);
	assert_int_equal(fclose(to), 0);
}

/* ---- traffic ---- */

struct step {
	enum way way;
	int src, dst;
	uint16_t door;
};

static struct step pick_step(uint64_t *random)
{
	struct step step = {.way = (enum way)pick(random, WAY_COUNT),
		.src = (int)pick(random, BRIDGE_NETNS_PODS)};

	step.dst = (step.src + 1 + (int)pick(random, BRIDGE_NETNS_PODS - 1)) % BRIDGE_NETNS_PODS;
	step.door = (uint16_t)(80 + pick(random, DOORS));
	return step;
}

/* A datagram or a SYN, written by hand so that one socket begins a flow with each. */
static void send_step(struct stage *stage, const struct step *step, uint16_t source_port)
{
	uint8_t bytes[20] = {
		(uint8_t)(source_port >> 8), (uint8_t)source_port, 0, (uint8_t)step->door};
	struct sockaddr_in v4 = {.sin_family = AF_INET};
	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};
	const int fd = stage->sockets[step->src][step->way];
	const size_t length = step->way == WAY_TCP6 ? 20 : 8;
	ssize_t sent;

	if (step->way == WAY_TCP6) {
		bytes[12] = 5 << 4; /* header length */
		bytes[13] = 0x02;   /* SYN */
		bytes[14] = 0x20;   /* window */
	} else {
		bytes[5] = 8; /* length */
	}
	v4.sin_addr.s_addr = htonl(0x0a090001U + (uint32_t)step->dst);
	assert_int_equal(inet_pton(AF_INET6, "fd09::1", &v6.sin6_addr), 1);
	v6.sin6_addr.s6_addr[15] = (uint8_t)(step->dst + 1);
	do {
		sent = step->way == WAY_UDP4
			? sendto(fd, bytes, length, 0, (const struct sockaddr *)&v4, sizeof(v4))
			: sendto(fd, bytes, length, 0, (const struct sockaddr *)&v6, sizeof(v6));
		if (sent < 0)
			usleep(1000);
	} while (sent < 0);
}

/*
 * Takes what has come to a pod; `arrived` is by step. What is no step's is an answer of some
 * kernel.
 */
static size_t receive(
	const struct stage *stage, int pod, enum way way, uint8_t *arrived, size_t steps)
{
	uint8_t bytes[128];
	size_t count = 0;
	ssize_t length;

	while ((length = recv(stage->sockets[pod][way], bytes, sizeof(bytes), 0)) > 0) {
		const uint8_t *transport = bytes + (way == WAY_UDP4 ? (bytes[0] & 15) * 4 : 0);
		const size_t step = (size_t)(transport[0] << 8 | transport[1]) - FIRST_PORT;

		if (step >= steps)
			continue;
		arrived[step] = 1;
		count++;
	}
	return count;
}

static size_t receive_all(const struct stage *stage, uint8_t *arrived, size_t steps)
{
	size_t count = 0;

	for (int pod = 0; pod < BRIDGE_NETNS_PODS; pod++)
		for (int way = 0; way < WAY_COUNT; way++)
			count += receive(stage, pod, (enum way)way, arrived, steps);
	return count;
}

static struct flow flow_of(const struct step *step, uint16_t source_port)
{
	struct flow flow = {.src_port = source_port,
		.dst_port = step->door,
		.protocol = step->way == WAY_TCP6 ? IPPROTO_TCP : IPPROTO_UDP};
	char text[IP_ADDR_TEXT];

	snprintf(text, sizeof(text), step->way == WAY_UDP4 ? "10.9.0.%d" : "fd09::%d",
		step->src + 1);
	assert_int_equal(ip_addr_parse(&flow.src, text), 0);
	snprintf(text, sizeof(text), step->way == WAY_UDP4 ? "10.9.0.%d" : "fd09::%d",
		step->dst + 1);
	assert_int_equal(ip_addr_parse(&flow.dst, text), 0);
	return flow;
}

/* Sends one batch and waits until what should arrive has. */
static void run_batch(
	struct stage *stage, uint64_t *random, size_t first, uint8_t *arrived, uint8_t *expected)
{
	size_t missing = 0;

	for (size_t i = first; i < first + BATCH; i++) {
		const struct step step = pick_step(random);
		const uint16_t port = (uint16_t)(FIRST_PORT + i);
		const struct flow flow = flow_of(&step, port);

		expected[i] = snapshot_judge(stage->snapshot, &flow).verdict != VERDICT_DENY;
		send_step(stage, &step, port);
	}
	for (int tries = 0; tries < 200; tries++) {
		receive_all(stage, arrived, STEPS);
		missing = 0;
		for (size_t i = first; i < first + BATCH; i++)
			missing += expected[i] && !arrived[i];
		if (missing == 0)
			break;
		usleep(10000);
	}
	usleep(30000); /* the learner works, and what should not arrive may */
}

static uint64_t judged_in_userspace(const struct stage *stage)
{
	const struct gate *gate = enforcement_gate(stage->enforcement);
	uint64_t sum = 0;

	for (unsigned int i = 0; i < gate_worker_count(gate); i++) {
		struct worker_stats stats;

		gate_stats(gate, i, &stats);
		sum += stats.packets;
	}
	return sum;
}

/* Returns how many packets userspace had to judge. */
static uint64_t replay(bool learn, uint64_t seed, uint8_t *arrived, uint8_t *expected)
{
	struct stage *stage = open_stage(learn);
	struct learner_stats stats;
	uint64_t random = seed, judged;
	char manifests[MANIFESTS];

	for (size_t phase = 0; phase < PHASES; phase++) {
		write_manifests(manifests, &random);
		publish(stage, manifests);
		for (size_t batch = 0; batch < BATCHES; batch++)
			run_batch(stage, &random, (phase * BATCHES + batch) * BATCH, arrived,
				expected);
	}
	receive_all(stage, arrived, STEPS);
	judged = judged_in_userspace(stage);
	enforcement_learner_stats(stage->enforcement, &stats);
	if (learn) {
		assert_true(stats.learned[LEARNER_ALLOWED][LEARNER_IPV4] > 0);
		assert_true(stats.learned[LEARNER_ALLOWED][LEARNER_IPV6] > 0);
		assert_true(stats.learned[LEARNER_DENIED][LEARNER_IPV4] > 0);
		assert_true(stats.learned[LEARNER_DENIED][LEARNER_IPV6] > 0);
		assert_between(stats.emptied, 1, PHASES - 1);
		assert_int_equal(stats.errors, 0);
	} else {
		assert_false(stats.learning);
	}
	close_stage(stage);
	return judged;
}

static void no_verdict_differs(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 2; seed++) {
		uint8_t *arrived[2], *expected[2];
		uint64_t judged[2];

		for (int learn = 0; learn < 2; learn++) {
			arrived[learn] = calloc(STEPS, 1);
			expected[learn] = calloc(STEPS, 1);
			judged[learn] = replay(learn == 1, seed, arrived[learn], expected[learn]);
		}
		assert_memory_equal(expected[0], expected[1], STEPS);
		assert_memory_equal(arrived[0], expected[0], STEPS);
		assert_memory_equal(arrived[1], expected[1], STEPS);
		print_message("%d flows; judged in userspace: %llu without classes, %llu with\n",
			STEPS, (unsigned long long)judged[0], (unsigned long long)judged[1]);
		assert_true(judged[1] < judged[0]);
		for (int learn = 0; learn < 2; learn++) {
			free(arrived[learn]);
			free(expected[learn]);
		}
	}
}

/* ---- a change under traffic ---- */

#define POLICY(rules) \
	"apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: two, namespace: " \
	"shop}\n" \
	"spec: {podSelector: {matchLabels: {pod: p2}}, policyTypes: [Ingress], ingress: [" rules \
	"]}\n"

static void write_world(char out[MANIFESTS], const char *policy)
{
	FILE *to = fmemopen(out, MANIFESTS, "w");

	print_pods(to);
	fputs(policy, to);
	assert_int_equal(fclose(to), 0);
}

struct sender {
	struct stage *stage;
	atomic_int window; /* of source ports */
	atomic_bool stop;
};

enum { ROUNDS = 8, WINDOW_FLOWS = 2500, FLOWS = 2 * ROUNDS * WINDOW_FLOWS };

/*
 * New flows, then packets of live ones, all of one class, as fast as it goes; in each window new
 * ones again.
 */
static void *send_class(void *context)
{
	static const struct step step = {.way = WAY_UDP4, .src = 0, .dst = 1, .door = 80};
	struct sender *sender = context;

	for (int i = 0; !atomic_load(&sender->stop); i = (i + 1) % WINDOW_FLOWS)
		send_step(sender->stage, &step,
			(uint16_t)(FIRST_PORT + atomic_load(&sender->window) * WINDOW_FLOWS + i));
	return NULL;
}

static bool arrives(struct stage *stage, uint8_t *arrived)
{
	for (int i = 0; i < 300; i++) {
		if (receive(stage, 1, WAY_UDP4, arrived, FLOWS) > 0)
			return true;
		usleep(10000);
	}
	return false;
}

/*
 * Waits until allowed classes were learned more than `before` times, and returns how often they
 * were by then.
 */
static uint64_t wait_for_learning(struct stage *stage, uint64_t before)
{
	struct learner_stats stats;

	for (int i = 0; i < 1000; i++) {
		enforcement_learner_stats(stage->enforcement, &stats);
		if (stats.learned[LEARNER_ALLOWED][LEARNER_IPV4] > before)
			return stats.learned[LEARNER_ALLOWED][LEARNER_IPV4];
		usleep(10000);
	}
	fail_msg("nothing was learned in 10 s");
	return before;
}

static void nothing_of_the_old_policy_outlives_a_publishing(void **state)
{
	static uint8_t arrived[FLOWS];
	struct stage *stage = open_stage(true);
	struct sender sender = {.stage = stage};
	char closed[MANIFESTS], open[MANIFESTS];
	struct learner_stats stats;
	uint64_t learned = 0;
	pthread_t thread;

	(void)state;
	write_world(closed, POLICY(""));
	write_world(open, POLICY("{}"));
	publish(stage, open);
	assert_int_equal(pthread_create(&thread, NULL, send_class, &sender), 0);
	for (int round = 0; round < ROUNDS; round++) {
		atomic_store(&sender.window, 2 * round);
		assert_true(arrives(stage, arrived));
		learned = wait_for_learning(stage, learned);
		usleep(60000); /* thousands of flows live */
		publish(stage, closed);
		/*
		 * what passed before it returned is on the wire, a veth, or in the receiver's
		 * socket
		 */
		usleep(50000);
		receive(stage, 1, WAY_UDP4, arrived, FLOWS);
		/* flows that never were, to be denied */
		atomic_store(&sender.window, 2 * round + 1);
		usleep(150000);
		assert_int_equal(receive(stage, 1, WAY_UDP4, arrived, FLOWS), 0);
		publish(stage, open);
	}
	atomic_store(&sender.stop, true);
	pthread_join(thread, NULL);
	enforcement_learner_stats(stage->enforcement, &stats);
	print_message("learned %llu times allowed, %llu times denied; %llu packets denied in the "
		      "kernel\n",
		(unsigned long long)stats.learned[LEARNER_ALLOWED][LEARNER_IPV4],
		(unsigned long long)stats.learned[LEARNER_DENIED][LEARNER_IPV4],
		(unsigned long long)stats.answered[LEARNER_DENIED]);
	assert_true(stats.answered[LEARNER_DENIED] > 0);
	close_stage(stage);
}

/* Many classes seen once: none is learned, and the one in use stays. */
static void a_scan_is_not_learned(void **state)
{
	enum { DOORS_TRIED = 3000 };
	struct stage *stage = open_stage(true);
	uint8_t arrived[STEPS];
	char manifests[MANIFESTS], *listed;
	struct learner_stats stats;

	(void)state;
	write_world(manifests, POLICY("{}"));
	publish(stage, manifests);
	for (uint16_t i = 0; i < DOORS_TRIED; i++) {
		const struct step busy = {.way = WAY_UDP4, .src = 0, .dst = 1, .door = 80};
		const struct step scan = {
			.way = WAY_UDP4, .src = 2, .dst = 1, .door = (uint16_t)(i % 250 + 1)};

		send_step(stage, &busy, (uint16_t)(FIRST_PORT + i));
		if (i < 250)
			send_step(stage, &scan, FIRST_PORT);
		if (i % 100 == 0)
			usleep(10000);
		receive_all(stage, arrived, STEPS);
	}
	usleep(200000);
	enforcement_learner_stats(stage->enforcement, &stats);
	assert_int_equal(stats.learned[LEARNER_ALLOWED][LEARNER_IPV4], 1);
	listed = netns_read("ipset save podgate-allowed4 | grep ^add | cut -d' ' -f2-3");
	assert_string_equal(listed, "podgate-allowed4 10.9.0.1,udp:80,10.9.0.2\n");
	free(listed);
	close_stage(stage);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_verdict_differs),
		cmocka_unit_test(nothing_of_the_old_policy_outlives_a_publishing),
		cmocka_unit_test(a_scan_is_not_learned),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
