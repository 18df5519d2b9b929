/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_queue.h>
#include <linux/netlink.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>
#include <arpa/inet.h>
#include <cmocka.h>

#include "enforcer/gate/gate.h"
#include "kernel/queue/nfqueue_proc.h"
#include "tests/support/queue_fixture.h"

/*
 * A thread that sends numbered datagrams from shop/web to shop/db until it is stopped, pausing at
 * its limit.
 */
enum { WINDOW = 2000, PUBLICATIONS = 300, SENT_AT_ONCE = 16 };

struct load {
	pthread_t thread;
	unsigned int worker; /* whose queue this load goes to: queue_by_source_port() */
	bool started;
	_Atomic bool stop;
	_Atomic uint64_t sent, limit;
};
/*
 * Not a test's own: a failed assertion leaves the test, and its threads go on until stop_loads().
 */
static struct load loads[2];

static void *send_load(void *context)
{
	struct load *load = context;
	const int sender = queue_fixture_socket(SOCK_DGRAM, WEB4, (uint16_t)(3000 + load->worker));

	while (!atomic_load(&load->stop)) {
		for (int i = 0; i < SENT_AT_ONCE; i++)
			queue_fixture_send(
				sender, DB4, 1000, (uint32_t)atomic_fetch_add(&load->sent, 1));
		while (!atomic_load(&load->stop) &&
			atomic_load(&load->sent) >= atomic_load(&load->limit))
			sched_yield();
	}
	close(sender);
	return NULL;
}

static void start_load(struct load *load, unsigned int worker, uint64_t limit)
{
	*load = (struct load){.worker = worker, .limit = limit};
	assert_int_equal(pthread_create(&load->thread, NULL, send_load, load), 0);
	load->started = true;
}

static void stop_load(struct load *load)
{
	if (!load->started)
		return;
	load->started = false;
	atomic_store(&load->stop, true);
	assert_int_equal(pthread_join(load->thread, NULL), 0);
}

static int stop_loads(void **state)
{
	(void)state;
	for (int i = 0; i < 2; i++)
		stop_load(&loads[i]);
	return 0;
}

static void wait_sent(struct load *load, uint64_t more)
{
	const uint64_t begin = atomic_load(&load->sent);

	while (atomic_load(&load->sent) < begin + more &&
		atomic_load(&load->sent) < atomic_load(&load->limit))
		sched_yield();
}

struct tally {
	uint64_t records[2]; /* by load */
	uint64_t allowed;
};

/*
 * Counts the records there are; each must name `only`, or either of the two if `other` is given,
 * and have that one's verdict: odd revisions are open ones. The loads may go on to WINDOW packets
 * beyond, so that no ring is ever full.
 */
static void drain(struct gate *gate, const struct snapshot *only, const struct snapshot *other,
	struct tally *tally)
{
	struct record record;

	for (unsigned int i = 0; i < 2; i++) {
		while (ring_pop(gate_ring(gate, loads[i].worker), &record)) {
			assert_true(record.snapshot == only || record.snapshot == other);
			assert_int_equal(record.judgement.verdict,
				snapshot_revision(record.snapshot) % 2 == 1 ? VERDICT_ALLOW
									    : VERDICT_DENY);
			tally->records[i]++;
			tally->allowed += record.judgement.verdict == VERDICT_ALLOW;
		}
		atomic_store(&loads[i].limit, tally->records[i] + WINDOW);
	}
}

/* How many datagrams have arrived; `wait_ms`: to be patient with the last. */
static uint64_t count_arrived(int receiver, int wait_ms)
{
	uint64_t arrived = 0;

	while (queue_fixture_receive(receiver, wait_ms) >= 0)
		arrived++;
	return arrived;
}

struct account {
	uint64_t waiting, ids; /* of all queues: packets waiting now, ids ever given */
};

static struct account read_account(void)
{
	FILE *file = fopen("/proc/thread-self/net/netfilter/nfnetlink_queue", "re");
	struct account account = {0};
	unsigned long waiting, ids;

	assert_non_null(file);
	while (fscanf(file, "%*u %*u %lu %*u %*u %*u %*u %lu %*u", &waiting, &ids) == 2) {
		account.waiting += waiting;
		account.ids += ids;
	}
	fclose(file);
	return account;
}

/*
 * Whether so many packets were answered when this was called, by the kernel's own account: given an
 * id, and not waiting any more. The kernel writes the account without the queue's lock: a packet
 * that comes meanwhile may be among the waiting, and its id not among the ids (one look in 40 000,
 * with two loads). Then answers seem to be missing, and the ids are read again, which now has those
 * of all that waited then.
 */
static bool were_answered(uint64_t packets)
{
	const struct account then = read_account();

	return then.ids >= packets + then.waiting || read_account().ids >= packets + then.waiting;
}

static void queue_by_source_port(void)
{
	for (int i = 0; i < 3; i++)
		queue_fixture_rule(false,
			"-A OUTPUT -d " DB4 " -p udp --sport %d -j NFQUEUE --queue-num %d",
			3000 + i, QUEUE_FIXTURE_QUEUE + i);
}

/*
 * Snapshots that allow all and such that deny all take turns while packets come. When
 * gate_publish() returns, the old snapshot's verdicts have been sent and its records left; no later
 * record names it, and it is freed at once (which the sanitizers watch). In the end every packet
 * sent has had one verdict, and exactly those allowed have arrived.
 */
static void run_publish_under_load(
	const struct queue_fixture_options *options, const unsigned int workers[2])
{
	const struct snapshot *current = queue_fixture_snapshot(QUEUE_FIXTURE_RULES, 1);
	struct gate *gate = queue_fixture_gate_open(options);
	const int receiver = queue_fixture_socket(SOCK_DGRAM, DB4, 1000);
	struct tally tally = {0};
	uint64_t sent, arrived = 0;

	assert_int_equal(gate_start(gate, current), 0);
	queue_by_source_port();
	for (unsigned int i = 0; i < 2; i++)
		start_load(&loads[i], workers[i], WINDOW);
	for (uint64_t revision = 2; revision < PUBLICATIONS; revision++) {
		const struct snapshot *next = queue_fixture_snapshot(
			revision % 2 == 1 ? QUEUE_FIXTURE_RULES : QUEUE_FIXTURE_CLOSED, revision);
		const struct snapshot *old;

		wait_sent(&loads[revision % 2], 50);
		gate_publish(gate, next, &old);
		assert_ptr_equal(old, current);
		drain(gate, old, next, &tally);
		assert_true(were_answered(tally.records[0] + tally.records[1]));
		snapshot_free((struct snapshot *)old);
		current = next;
		wait_sent(&loads[revision % 2], 50);
		drain(gate, current, NULL, &tally);
		arrived += count_arrived(receiver, 0);
	}
	stop_loads(NULL);
	sent = atomic_load(&loads[0].sent) + atomic_load(&loads[1].sent);
	queue_fixture_wait_judged(gate, sent);
	drain(gate, current, NULL, &tally);
	arrived += count_arrived(receiver, 100);
	assert_int_equal(tally.records[0] + tally.records[1], sent);
	assert_int_equal(queue_fixture_stats(gate).allowed, tally.allowed);
	assert_int_equal(arrived, tally.allowed);
	assert_true(tally.allowed > 1000 && tally.allowed < sent - 1000);
	assert_int_equal(queue_fixture_stats(gate).verdict_errors, 0);
	assert_int_equal(
		queue_fixture_stats(gate).kernel_dropped + queue_fixture_stats(gate).user_dropped,
		0);
	assert_int_equal(queue_fixture_stats(gate).waiting, 0);
	queue_fixture_flush_rules();
	gate_close(gate);
	close(receiver);
	snapshot_free((struct snapshot *)current);
}

static void test_publish_under_load(void **state)
{
	const struct queue_fixture_options options = queue_fixture_gate_options(2);
	const unsigned int workers[] = {0, 1};

	(void)state;
	run_publish_under_load(&options, workers);
}

/* The same promise for a worker that lets all others go before. */
static void test_publish_under_flood(void **state)
{
	struct queue_fixture_options options = queue_fixture_gate_options(1);
	const unsigned int workers[] = {0, 2};

	(void)state;
	options.settings.flood_rate = 1000;
	run_publish_under_load(&options, workers);
}

/* The very first packet after a publication is judged by it, also when the workers were asleep. */
static void test_publish_to_sleeping_workers(void **state)
{
	const struct queue_fixture_options options = queue_fixture_gate_options(1);
	struct snapshot *snapshots[2] = {queue_fixture_snapshot(QUEUE_FIXTURE_CLOSED, 2),
		queue_fixture_snapshot(QUEUE_FIXTURE_RULES, 3)};
	struct gate *gate = queue_fixture_gate_open(&options);
	const int sender = queue_fixture_socket(SOCK_DGRAM, WEB4, 3000),
		  receiver = queue_fixture_socket(SOCK_DGRAM, DB4, 1000);
	const struct snapshot *old;

	(void)state;
	assert_int_equal(gate_start(gate, snapshots[0]), 0);
	queue_by_source_port();
	for (uint32_t i = 1; i <= 100; i++) {
		gate_publish(gate, snapshots[i % 2], &old);
		assert_ptr_equal(old, snapshots[(i - 1) % 2]);
		queue_fixture_send(sender, DB4, 1000, i);
		if (i % 2 == 1)
			assert_int_equal(queue_fixture_receive(receiver, 1000), i);
		else
			while (queue_fixture_stats(gate).packets < i)
				sched_yield();
	}
	assert_int_equal(queue_fixture_receive(receiver, 50), -1);
	queue_fixture_flush_rules();
	gate_close(gate);
	close(sender);
	close(receiver);
	for (int i = 0; i < 2; i++)
		snapshot_free(snapshots[i]);
}

static uint64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/*
 * Closing comes back at once though packets never stop coming; every packet has a verdict or goes
 * with the queue, none hangs.
 */
static void test_stop_under_load(void **state)
{
	struct snapshot *snapshot = queue_fixture_snapshot(QUEUE_FIXTURE_RULES, 1);
	const int receiver = queue_fixture_socket(SOCK_DGRAM, DB4, 1000);

	(void)state;
	queue_by_source_port();
	for (int round = 0; round < 10; round++) {
		const struct queue_fixture_options options = queue_fixture_gate_options(2);
		struct gate *gate = queue_fixture_gate_open(&options);
		uint64_t begin;

		assert_int_equal(gate_start(gate, snapshot), 0);
		start_load(&loads[0], 0, UINT64_MAX);
		while (queue_fixture_stats(gate).allowed < 100)
			sched_yield();
		begin = now_ms();
		gate_close(gate);
		assert_true(now_ms() - begin < 5000); /* on a machine that does other things, too */
		wait_sent(&loads[0], 100);	      /* its sends fail now, and do not block */
		stop_load(&loads[0]);
		assert_true(count_arrived(receiver, 20) > 0);
	}
	close(receiver);
	queue_fixture_flush_rules();
	snapshot_free(snapshot);
}

static void test_stop_of_what_never_ran(void **state)
{
	const struct queue_fixture_options options = queue_fixture_gate_options(2);
	struct snapshot *snapshot = queue_fixture_snapshot(QUEUE_FIXTURE_OPEN, 1);
	struct gate *gate;

	(void)state;
	gate_close(queue_fixture_gate_open(&options));
	gate = queue_fixture_gate_open(&options);
	/* nobody has sent anything: all workers sleep */
	assert_int_equal(gate_start(gate, snapshot), 0);
	gate_close(gate);
	snapshot_free(snapshot);
}

/*
 * What another program with CAP_NET_ADMIN writes to our port looks like a packet of the kernel's,
 * with an id far ahead.
 */
static void forge(uint32_t port, uint32_t id)
{
	struct {
		struct nlmsghdr header;
		struct nfgenmsg general;
		struct nlattr id_attr;
		struct nfqnl_msg_packet_hdr packet;
		uint8_t padding;
		struct nlattr payload_attr;
		uint8_t payload[28];
	} message = {
		.header = {.nlmsg_len = sizeof(message),
			.nlmsg_type = NFNL_SUBSYS_QUEUE << 8 | NFQNL_MSG_PACKET},
		.general = {.version = NFNETLINK_V0, .res_id = htons(QUEUE_FIXTURE_QUEUE)},
		.id_attr = {.nla_len = 11, .nla_type = NFQA_PACKET_HDR},
		.packet = {.packet_id = htonl(id)},
		.payload_attr = {.nla_len = 32, .nla_type = NFQA_PAYLOAD},
		.payload = {0x45},
	};
	const struct sockaddr_nl to = {.nl_family = AF_NETLINK, .nl_pid = port};
	const int fd = socket(AF_NETLINK, SOCK_RAW, NETLINK_NETFILTER);

	assert_true(fd >= 0);
	assert_int_equal(
		sendto(fd, &message, sizeof(message), 0, (const void *)&to, sizeof(to)), -1);
	assert_int_equal(errno, ECONNREFUSED);
	close(fd);
}

/* The kernel does not let them in: no verdict on their ids, nor on the ids below. */
static void test_forged_messages(void **state)
{
	const struct queue_fixture_options options = queue_fixture_gate_options(1);
	struct snapshot *snapshot = queue_fixture_snapshot(QUEUE_FIXTURE_RULES, 1);
	struct gate *gate = queue_fixture_gate_open(&options);
	const int sender = queue_fixture_socket(SOCK_DGRAM, WEB4, 3000),
		  receiver = queue_fixture_socket(SOCK_DGRAM, DB4, 1000);
	const int proc = nfqueue_proc_open();
	struct nfqueue_row row;

	(void)state;
	assert_int_equal(nfqueue_proc_read(proc, QUEUE_FIXTURE_QUEUE, &row), 0);
	queue_by_source_port();
	for (uint32_t i = 0; i < 30; i++) {
		forge(row.port, 1000000 + i);
		queue_fixture_send(sender, DB4, i % 3 == 0 ? 1100 : 1000, i);
	}
	assert_int_equal(gate_start(gate, snapshot), 0);
	queue_fixture_wait_judged(gate, 30);
	assert_int_equal(queue_fixture_stats(gate).bad_messages, 0);
	assert_int_equal(queue_fixture_stats(gate).allowed, 20);
	assert_int_equal(queue_fixture_stats(gate).verdict_errors, 0);
	assert_int_equal(queue_fixture_stats(gate).waiting, 0);
	assert_int_equal(count_arrived(receiver, 50), 20);
	queue_fixture_flush_rules();
	gate_close(gate);
	close(proc);
	close(sender);
	close(receiver);
	snapshot_free(snapshot);
}

/*
 * Packets whose interface has gone before they were judged: the kernel has no use for the verdicts,
 * says so, and that is all. The last test: with the interface the IPv6 addresses go.
 */
static void test_verdicts_in_vain(void **state)
{
	const struct queue_fixture_options options = queue_fixture_gate_options(1);
	struct snapshot *snapshot = queue_fixture_snapshot(QUEUE_FIXTURE_RULES, 1);
	struct gate *gate = queue_fixture_gate_open(&options);
	const int sender = queue_fixture_socket(SOCK_DGRAM, WEB4, 3000);

	(void)state;
	queue_by_source_port();
	for (uint32_t i = 0; i < 5; i++)
		queue_fixture_send(sender, DB4, 1000, i);
	assert_int_equal(queue_fixture_stats(gate).waiting, 5);
	assert_int_equal(system("ip link set lo down && ip link set lo up"), 0);
	assert_int_equal(queue_fixture_stats(gate).waiting, 0);
	assert_int_equal(gate_start(gate, snapshot), 0);
	queue_fixture_wait_judged(gate, 5);
	assert_true(queue_fixture_stats(gate).gone > 0);
	assert_int_equal(queue_fixture_stats(gate).verdict_errors, 0);
	queue_fixture_flush_rules();
	gate_close(gate);
	close(sender);
	snapshot_free(snapshot);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(test_publish_under_load, stop_loads),
		cmocka_unit_test_teardown(test_publish_under_flood, stop_loads),
		cmocka_unit_test(test_publish_to_sleeping_workers),
		cmocka_unit_test_teardown(test_stop_under_load, stop_loads),
		cmocka_unit_test(test_stop_of_what_never_ran),
		cmocka_unit_test(test_forged_messages),
		cmocka_unit_test(test_verdicts_in_vain),
	};

	return cmocka_run_group_tests(tests, queue_fixture_enter, NULL);
}
