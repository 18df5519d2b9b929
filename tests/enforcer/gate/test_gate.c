/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <dirent.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

#include "enforcer/gate/gate.h"
#include "tests/support/packet_builder.h"
#include "tests/support/queue_fixture.h"

enum { EACH = 100 };

static atomic_uint wakes;

static void count_wake(void *context)
{
	assert_ptr_equal(context, &wakes);
	atomic_fetch_add(&wakes, 1);
}

/*
 * Takes one record out of a worker's ring. It may come a moment after the packet: the verdict goes
 * first.
 */
static struct record take(struct gate *gate, unsigned int worker)
{
	const struct timespec pause = {.tv_nsec = 1000000};
	struct record record;

	for (int i = 0; i < 5000; i++) {
		if (ring_pop(gate_ring(gate, worker), &record))
			return record;
		nanosleep(&pause, NULL);
	}
	fail_msg("worker %u left no record", worker);
	return record;
}

static void expect_no_records(struct gate *gate)
{
	struct record record;

	for (unsigned int i = 0; i < gate_worker_count(gate); i++)
		assert_false(ring_pop(gate_ring(gate, i), &record));
}

static void expect_clean(const struct gate *gate)
{
	const struct worker_stats stats = queue_fixture_stats(gate);

	assert_int_equal(stats.packets, stats.allowed + stats.denied + stats.audited);
	assert_int_equal(stats.bad_messages, 0);
	assert_int_equal(stats.receive_errors, 0);
	assert_int_equal(stats.receive_overruns, 0);
	assert_int_equal(stats.verdict_errors, 0);
	assert_int_equal(stats.records_lost, 0);
	assert_int_equal(stats.kernel_dropped, 0);
	assert_int_equal(stats.user_dropped, 0);
	assert_int_equal(stats.waiting, 0);
}

/*
 * Datagrams to an allowed and to a forbidden port, one after the other: each is decided by itself,
 * within one burst, too.
 */
static void run_udp(bool six, const char *web, const char *db)
{
	struct queue_fixture_options options = queue_fixture_gate_options(1);
	struct snapshot *snapshot = queue_fixture_snapshot(QUEUE_FIXTURE_RULES, 1);
	int sender, allowed, denied;
	struct worker_stats stats;
	struct gate *gate;

	atomic_store(&wakes, 0);
	options.worker.hooks.recorded = count_wake;
	options.worker.hooks.log = &wakes;
	gate = queue_fixture_gate_open(&options);
	queue_fixture_rule(
		six, "-A OUTPUT -d %s -p udp -j NFQUEUE --queue-num %d", db, QUEUE_FIXTURE_QUEUE);
	sender = queue_fixture_socket(SOCK_DGRAM, web, 3333);
	allowed = queue_fixture_socket(SOCK_DGRAM, db, 1000);
	denied = queue_fixture_socket(SOCK_DGRAM, db, 1100);
	/*
	 * Sent before there are threads: they are waiting in the queue, so that the first bursts
	 * are full ones.
	 */
	for (uint32_t i = 0; i < EACH; i++) {
		queue_fixture_send(sender, db, 1000, i);
		queue_fixture_send(sender, db, 1100, i);
	}
	assert_int_equal(queue_fixture_stats(gate).waiting, 2 * EACH);
	assert_int_equal(gate_start(gate, snapshot), 0);
	queue_fixture_wait_judged(gate, 2 * EACH);

	for (uint32_t i = 0; i < EACH; i++)
		assert_int_equal(queue_fixture_receive(allowed, 1000), i);
	assert_int_equal(queue_fixture_receive(allowed, 0), -1);
	assert_int_equal(queue_fixture_receive(denied, 50), -1);

	stats = queue_fixture_stats(gate);
	assert_int_equal(stats.allowed, EACH);
	assert_int_equal(stats.denied, EACH);
	assert_true(stats.bursts < 2 * EACH);
	assert_true(atomic_load(&wakes) > 0);
	expect_clean(gate);
	for (uint32_t i = 0; i < 2 * EACH; i++) {
		const struct record record = take(gate, 0);
		struct timespec now;

		clock_gettime(CLOCK_REALTIME, &now);
		assert_int_equal(record.kind, RECORD_VERDICT);
		assert_ptr_equal(record.snapshot, snapshot);
		assert_int_equal(record.flow.src_port, 3333);
		assert_int_equal(record.flow.dst_port, i % 2 == 0 ? 1000 : 1100);
		assert_int_equal(record.flow.protocol, IPPROTO_UDP);
		assert_int_equal(
			record.judgement.verdict, i % 2 == 0 ? VERDICT_ALLOW : VERDICT_DENY);
		assert_int_equal(record.judgement.sides[DIRECTION_INGRESS],
			i % 2 == 0 ? SIDE_ALLOWED : SIDE_DENIED);
		assert_int_equal(record.in_ifindex, 0);	 /* sent here: it came in nowhere */
		assert_int_equal(record.out_ifindex, 1); /* lo */
		assert_true(record.user_ns > 0);
		assert_true(
			(uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec > record.time_ns);
		assert_true((uint64_t)now.tv_sec - record.time_ns / 1000000000 < 60);
	}
	expect_no_records(gate);
	/* first: what the closed sockets still say must not be queued in the next test */
	queue_fixture_flush_rules();
	gate_close(gate);
	close(sender);
	close(allowed);
	close(denied);
	snapshot_free(snapshot);
}

static void test_udp_ipv4(void **state)
{
	(void)state;
	run_udp(false, WEB4, DB4);
}

static void test_udp_ipv6(void **state)
{
	(void)state;
	run_udp(true, WEB6, DB6);
}

static void test_tcp(void **state)
{
	const struct queue_fixture_options options = queue_fixture_gate_options(1);
	struct snapshot *snapshot = queue_fixture_snapshot(QUEUE_FIXTURE_RULES, 1);
	struct gate *gate = queue_fixture_gate_open(&options);
	const int allowed = queue_fixture_socket(SOCK_STREAM, DB4, 5432),
		  denied = queue_fixture_socket(SOCK_STREAM, DB4, 5433);

	(void)state;
	assert_int_equal(listen(allowed, 8), 0);
	assert_int_equal(listen(denied, 8), 0);
	assert_int_equal(gate_start(gate, snapshot), 0);
	queue_fixture_rule(false, "-A OUTPUT -d " DB4 " -p tcp --syn -j NFQUEUE --queue-num %d",
		QUEUE_FIXTURE_QUEUE);
	assert_int_equal(queue_fixture_connect(WEB4, DB4, 5432, 2000), 0);
	assert_int_equal(queue_fixture_connect(OTHER4, DB4, 5432, 200), -ETIMEDOUT);
	assert_int_equal(queue_fixture_connect(WEB4, DB4, 5433, 200), -ETIMEDOUT);
	assert_int_equal(queue_fixture_connect(DB4, DB4, 5433, 2000), 0); /* a pod reaches itself */
	assert_int_equal(queue_fixture_stats(gate).allowed, 2);
	assert_true(queue_fixture_stats(gate).denied >= 2); /* connect() tries again */
	expect_clean(gate);
	queue_fixture_flush_rules();
	gate_close(gate);
	close(allowed);
	close(denied);
	snapshot_free(snapshot);
}

/*
 * Every packet of a transfer queued, merged ones of up to 64 KiB among them, of which 128 bytes are
 * copied.
 */
static void test_large_packets_pass_whole(void **state)
{
	static char out[1 << 20], in[1 << 20];
	const struct queue_fixture_options options = queue_fixture_gate_options(1);
	struct snapshot *snapshot = queue_fixture_snapshot(QUEUE_FIXTURE_RULES, 1);
	struct gate *gate = queue_fixture_gate_open(&options);
	const int listener = queue_fixture_socket(SOCK_STREAM, DB4, 5432),
		  client = queue_fixture_socket(SOCK_STREAM, WEB4, 0);
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(5432)};
	int server;

	(void)state;
	for (size_t i = 0; i < sizeof(out); i++)
		out[i] = (char)(i * 7 >> 3);
	inet_pton(AF_INET, DB4, &to.sin_addr);
	assert_int_equal(listen(listener, 1), 0);
	assert_int_equal(gate_start(gate, snapshot), 0);
	queue_fixture_rule(false, "-A OUTPUT -d " DB4 " -p tcp -j NFQUEUE --queue-num %d",
		QUEUE_FIXTURE_QUEUE);
	assert_int_equal(connect(client, (void *)&to, sizeof(to)), 0);
	server = accept(listener, NULL, NULL);
	assert_true(server >= 0);
	for (size_t sent = 0; sent < sizeof(out);
		sent += 1 << 16) { /* no more than both socket buffers hold */
		assert_int_equal(send(client, out + sent, 1 << 16, 0), 1 << 16);
		assert_int_equal(recv(server, in + sent, 1 << 16, MSG_WAITALL), 1 << 16);
	}
	assert_memory_equal(in, out, sizeof(out));
	assert_int_equal(queue_fixture_stats(gate).denied, 0);
	/* they did come merged */
	assert_true(queue_fixture_stats(gate).packets < sizeof(out) / 1448);
	expect_clean(gate);
	queue_fixture_flush_rules();
	gate_close(gate);
	close(listener);
	close(client);
	close(server);
	snapshot_free(snapshot);
}

/*
 * The last queue has packets seen in the reply direction: from db's port 1000 is the answer to a
 * request that web may make.
 */
static void test_replies_are_judged_by_their_flow(void **state)
{
	const struct queue_fixture_options options = queue_fixture_gate_options(1);
	struct snapshot *snapshot = queue_fixture_snapshot(QUEUE_FIXTURE_RULES, 1);
	struct gate *gate = queue_fixture_gate_open(&options);
	const int from_1000 = queue_fixture_socket(SOCK_DGRAM, DB4, 1000),
		  from_2000 = queue_fixture_socket(SOCK_DGRAM, DB4, 2000);
	const int web = queue_fixture_socket(SOCK_DGRAM, WEB4, 3333);
	struct record record;

	(void)state;
	assert_int_equal(gate_start(gate, snapshot), 0);
	queue_fixture_rule(false, "-A OUTPUT -s " DB4 " -p udp -j NFQUEUE --queue-num %d",
		QUEUE_FIXTURE_QUEUE + 1);
	queue_fixture_send(from_1000, WEB4, 3333, 1);
	queue_fixture_send(from_2000, WEB4, 3333, 2);
	queue_fixture_wait_judged(gate, 2);
	assert_int_equal(queue_fixture_receive(web, 1000), 1);
	assert_int_equal(queue_fixture_receive(web, 50), -1);
	record = take(gate, 1);
	assert_int_equal(record.flow.src_port, 3333); /* the flow as web began it */
	assert_int_equal(record.flow.dst_port, 1000);
	assert_int_equal(record.judgement.verdict, VERDICT_ALLOW);
	record = take(gate, 1);
	assert_int_equal(record.flow.dst_port, 2000);
	assert_int_equal(record.judgement.verdict, VERDICT_DENY);
	expect_no_records(gate);
	expect_clean(gate);
	queue_fixture_flush_rules();
	gate_close(gate);
	close(from_1000);
	close(from_2000);
	close(web);
	snapshot_free(snapshot);
}

/* Without log_allowed only what was denied, or would have been, is recorded. */
static void run_quiet(enum queue_fixture_policy policy, enum verdict to_1000, enum verdict to_1100)
{
	struct queue_fixture_options options = queue_fixture_gate_options(1);
	struct snapshot *snapshot = queue_fixture_snapshot(policy, 1);
	const enum verdict expected[2] = {to_1000, to_1100};
	const uint16_t ports[2] = {1000, 1100};
	struct gate *gate;
	int sender;

	options.settings.log_allowed = LOG_ALLOWED_NO;
	gate = queue_fixture_gate_open(&options);
	assert_int_equal(gate_start(gate, snapshot), 0);
	queue_fixture_rule(false, "-A OUTPUT -d " DB4 " -p udp -j NFQUEUE --queue-num %d",
		QUEUE_FIXTURE_QUEUE);
	sender = queue_fixture_socket(SOCK_DGRAM, WEB4, 3333);
	for (int i = 0; i < 2; i++) {
		const int receiver = queue_fixture_socket(SOCK_DGRAM, DB4, ports[i]);

		queue_fixture_send(sender, DB4, ports[i], 7);
		queue_fixture_wait_judged(gate, (uint64_t)i + 1);
		assert_int_equal(
			queue_fixture_receive(receiver, expected[i] == VERDICT_DENY ? 50 : 1000),
			expected[i] == VERDICT_DENY ? -1 : 7);
		close(receiver);
		if (expected[i] != VERDICT_ALLOW)
			assert_int_equal(take(gate, 0).judgement.verdict, expected[i]);
		expect_no_records(gate);
	}
	expect_clean(gate);
	queue_fixture_flush_rules();
	gate_close(gate);
	close(sender);
	snapshot_free(snapshot);
}

static void test_records_denials_only(void **state)
{
	(void)state;
	run_quiet(QUEUE_FIXTURE_RULES, VERDICT_ALLOW, VERDICT_DENY);
	run_quiet(QUEUE_FIXTURE_OPEN, VERDICT_ALLOW, VERDICT_ALLOW);
	run_quiet(QUEUE_FIXTURE_CLOSED, VERDICT_DENY, VERDICT_DENY);
}

static void test_audit_lets_pass_and_records(void **state)
{
	(void)state;
	run_quiet(QUEUE_FIXTURE_AUDIT, VERDICT_AUDIT_DENY, VERDICT_AUDIT_DENY);
}

/* Each worker answers its own queue; their counters and rings are apart. */
static void test_queues_are_apart(void **state)
{
	const struct queue_fixture_options options = queue_fixture_gate_options(3);
	struct snapshot *snapshot = queue_fixture_snapshot(QUEUE_FIXTURE_RULES, 1);
	struct gate *gate = queue_fixture_gate_open(&options);
	const int sender = queue_fixture_socket(SOCK_DGRAM, WEB4, 3333);

	(void)state;
	assert_int_equal(gate_worker_count(gate), 4);
	assert_int_equal(gate_start(gate, snapshot), 0);
	for (int i = 0; i < 3; i++)
		queue_fixture_rule(false,
			"-A OUTPUT -d " DB4 " -p udp --dport %d -j NFQUEUE --queue-num %d",
			1000 + i, QUEUE_FIXTURE_QUEUE + i);
	/* 1000, 1002, 1000, ... */
	for (uint32_t i = 0; i < 60; i++)
		queue_fixture_send(sender, DB4, (uint16_t)(1000 + i % 3 % 2 * 2), i);
	queue_fixture_wait_judged(gate, 60);
	for (unsigned int i = 0; i < 4; i++) {
		static const uint64_t expected[] = {40, 0, 20, 0};
		struct worker_stats stats;

		gate_stats(gate, i, &stats);
		assert_int_equal(stats.packets, expected[i]);
		for (uint64_t j = 0; j < expected[i]; j++)
			assert_int_equal(take(gate, i).flow.dst_port, 1000 + i);
	}
	expect_no_records(gate);
	expect_clean(gate);
	queue_fixture_flush_rules();
	gate_close(gate);
	close(sender);
	snapshot_free(snapshot);
}

/* What waits in the queue of floods is judged as it was sent, and counted apart. */
static void test_floods_are_judged_alike(void **state)
{
	struct queue_fixture_options options = queue_fixture_gate_options(1);
	struct snapshot *snapshot = queue_fixture_snapshot(QUEUE_FIXTURE_RULES, 1);
	const int sender = queue_fixture_socket(SOCK_DGRAM, WEB4, 3333),
		  receiver = queue_fixture_socket(SOCK_DGRAM, DB4, 1000);
	struct worker_stats stats;
	struct gate *gate;

	(void)state;
	options.settings.flood_rate = 1000;
	gate = queue_fixture_gate_open(&options);
	assert_int_equal(gate_worker_count(gate), 3);
	assert_int_equal(gate_role(gate, 0), GATE_NEW);
	assert_int_equal(gate_role(gate, 1), GATE_REPLY);
	assert_int_equal(gate_role(gate, 2), GATE_FLOOD);
	queue_fixture_rule(false, "-A OUTPUT -d " DB4 " -p udp -j NFQUEUE --queue-num %d",
		QUEUE_FIXTURE_QUEUE + 2);
	assert_int_equal(gate_start(gate, snapshot), 0);
	for (uint32_t i = 0; i < EACH; i++) {
		queue_fixture_send(sender, DB4, 1000, i);
		queue_fixture_send(sender, DB4, 1100, i);
	}
	queue_fixture_wait_judged(gate, 2 * EACH);
	for (uint32_t i = 0; i < EACH; i++)
		assert_int_equal(queue_fixture_receive(receiver, 1000), i);
	gate_stats(gate, 2, &stats);
	assert_int_equal(stats.allowed, EACH);
	assert_int_equal(stats.denied, EACH);
	expect_clean(gate);
	queue_fixture_flush_rules();
	gate_close(gate);
	close(sender);
	close(receiver);
	snapshot_free(snapshot);
}

/*
 * A flood fills its own queue, which is short, and no other: the kernel says what it had to drop.
 */
static void test_floods_are_bounded(void **state)
{
	enum { TOO_MANY = 100 };
	struct queue_fixture_options options = queue_fixture_gate_options(1);
	const int flooder = queue_fixture_socket(SOCK_DGRAM, WEB4, 3333),
		  other = queue_fixture_socket(SOCK_DGRAM, OTHER4, 3333);
	struct worker_stats stats[3];
	struct gate *gate;

	(void)state;
	options.settings.flood_rate = 1000;
	gate = queue_fixture_gate_open(&options); /* and nobody reads */
	queue_fixture_rule(false,
		"-A OUTPUT -s " WEB4 " -d " DB4 " -p udp -j NFQUEUE --queue-num %d",
		QUEUE_FIXTURE_QUEUE + 2);
	queue_fixture_rule(false,
		"-A OUTPUT -s " OTHER4 " -d " DB4 " -p udp -j NFQUEUE --queue-num %d",
		QUEUE_FIXTURE_QUEUE);
	for (uint32_t i = 0; i < GATE_FLOOD_LENGTH + TOO_MANY; i++) {
		queue_fixture_send(flooder, DB4, (uint16_t)(1000 + i), i);
		queue_fixture_send(other, DB4, (uint16_t)(1000 + i), i);
	}
	for (unsigned int i = 0; i < 3; i++)
		gate_stats(gate, i, &stats[i]);
	assert_int_equal(stats[2].waiting, GATE_FLOOD_LENGTH);
	assert_int_equal(stats[2].kernel_dropped + stats[2].user_dropped, TOO_MANY);
	assert_int_equal(stats[0].waiting, GATE_FLOOD_LENGTH + TOO_MANY);
	assert_int_equal(stats[0].kernel_dropped + stats[0].user_dropped, 0);
	queue_fixture_flush_rules();
	gate_close(gate);
	options.settings.queue_length = 64; /* who wants less gets less */
	gate = queue_fixture_gate_open(&options);
	queue_fixture_rule(false,
		"-A OUTPUT -s " WEB4 " -d " DB4 " -p udp -j NFQUEUE --queue-num %d",
		QUEUE_FIXTURE_QUEUE + 2);
	for (uint32_t i = 0; i < 64 + TOO_MANY; i++)
		queue_fixture_send(flooder, DB4, (uint16_t)(1000 + i), i);
	gate_stats(gate, 2, &stats[2]);
	assert_int_equal(stats[2].waiting, 64);
	queue_fixture_flush_rules();
	gate_close(gate);
	close(flooder);
	close(other);
}

/*
 * Hostile packets as they are on the wire: denied whatever the policies say, counted by cause,
 * recorded.
 */
static void test_unreadable_packets(void **state)
{
	const struct queue_fixture_options options = queue_fixture_gate_options(1);
	struct snapshot *snapshot = queue_fixture_snapshot(QUEUE_FIXTURE_OPEN, 1);
	struct gate *gate = queue_fixture_gate_open(&options);
	const int raw = socket(AF_INET, SOCK_RAW, IPPROTO_RAW);
	struct sockaddr_in to = {.sin_family = AF_INET};
	struct built packet = {.length = 0};
	struct worker_stats stats;
	struct record record;

	(void)state;
	assert_true(raw >= 0);
	inet_pton(AF_INET, DB4, &to.sin_addr);
	assert_int_equal(gate_start(gate, snapshot), 0);
	queue_fixture_rule(
		false, "-A OUTPUT -d " DB4 " -j NFQUEUE --queue-num %d", QUEUE_FIXTURE_QUEUE);
	build_ipv4(&packet, WEB4, DB4, IPPROTO_UDP, 0, 3);
	build_zeros(&packet, 3);
	assert_int_equal(sendto(raw, packet.bytes, packet.length, 0, (void *)&to, sizeof(to)), 23);
	packet.length = 0;
	build_ipv4(&packet, WEB4, DB4, IPPROTO_ICMP, 0, 8 + 20);
	build_icmp(&packet, 3);
	build_ipv4(&packet, OTHER4, DB4, IPPROTO_UDP, 0, 8); /* to db about a packet of other's */
	assert_int_equal(sendto(raw, packet.bytes, packet.length, 0, (void *)&to, sizeof(to)), 48);
	queue_fixture_wait_judged(gate, 2);
	stats = queue_fixture_stats(gate);
	assert_int_equal(stats.denied, 2);
	assert_int_equal(stats.unreadable[PACKET_SHORT_TRANSPORT], 1);
	assert_int_equal(stats.unreadable[PACKET_BAD_ICMP], 1);
	record = take(gate, 0);
	assert_int_equal(record.kind, RECORD_UNREADABLE);
	assert_int_equal(record.error, PACKET_SHORT_TRANSPORT);
	assert_int_equal(record.judgement.verdict, VERDICT_DENY);
	assert_int_equal(take(gate, 0).error, PACKET_BAD_ICMP);
	expect_no_records(gate);
	expect_clean(gate);
	queue_fixture_flush_rules();
	gate_close(gate);
	close(raw);
	snapshot_free(snapshot);
}

/* The log thread has gone to sleep: records are lost and counted, verdicts go on. */
static void test_full_ring_never_blocks(void **state)
{
	struct queue_fixture_options options = queue_fixture_gate_options(1);
	struct snapshot *snapshot = queue_fixture_snapshot(QUEUE_FIXTURE_RULES, 1);
	struct gate *gate;
	int sender;

	(void)state;
	options.worker.ring_capacity = 16;
	gate = queue_fixture_gate_open(&options);
	assert_int_equal(gate_start(gate, snapshot), 0);
	queue_fixture_rule(false, "-A OUTPUT -d " DB4 " -p udp -j NFQUEUE --queue-num %d",
		QUEUE_FIXTURE_QUEUE);
	sender = queue_fixture_socket(SOCK_DGRAM, WEB4, 3333);
	for (uint32_t i = 0; i < 50; i++)
		queue_fixture_send(sender, DB4, 1100, i);
	queue_fixture_wait_judged(gate, 50);
	assert_int_equal(queue_fixture_stats(gate).denied, 50);
	/* Of one source three quarters of the ring: the rest is for others. */
	assert_int_equal(queue_fixture_stats(gate).records_lost, 38);
	for (int i = 0; i < 12; i++)
		take(gate, 0);
	expect_no_records(gate);
	queue_fixture_flush_rules();
	gate_close(gate);
	close(sender);
	snapshot_free(snapshot);
}

/* Reads the value of `field` in /proc/self/task/TID/status into `value`. */
static bool read_status(const char *tid, const char *field, char value[64])
{
	char path[64], line[256];
	bool found = false;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/self/task/%.16s/status", tid);
	file = fopen(path, "re");
	while (file != NULL && !found && fgets(line, sizeof(line), file) != NULL) {
		found = strncmp(line, field, strlen(field)) == 0;
		if (found)
			sscanf(line + strlen(field), "%63s", value);
	}
	if (file != NULL)
		fclose(file);
	return found;
}

/* Each has begun, and so named itself, once it has answered. */
static void wait_until_begun(struct gate *gate)
{
	const struct timespec pause = {.tv_nsec = 10000000};
	unsigned int silent;

	gate_ask(gate);
	for (int i = 0; i < 500 && !gate_answered(gate, &silent); i++)
		nanosleep(&pause, NULL);
	assert_true(gate_answered(gate, &silent));
}

/* Named for top(1), and with every signal blocked that can be: those are for the control thread. */
static void test_threads(void **state)
{
	const struct queue_fixture_options options = queue_fixture_gate_options(2);
	struct snapshot *snapshot = queue_fixture_snapshot(QUEUE_FIXTURE_OPEN, 1);
	struct gate *gate = queue_fixture_gate_open(&options);
	struct dirent *entry;
	int seen = 0;
	DIR *tasks;

	(void)state;
	assert_int_equal(gate_start(gate, snapshot), 0);
	wait_until_begun(gate);
	tasks = opendir("/proc/self/task");
	assert_non_null(tasks);
	while ((entry = readdir(tasks)) != NULL) {
		char name[64], blocked[64];

		if (!read_status(entry->d_name, "Name:", name) ||
			strncmp(name, "podgate-q", 9) != 0)
			continue;
		assert_true(read_status(entry->d_name, "SigBlk:", blocked));
		/* Signals 1 to 31 but SIGKILL and SIGSTOP. */
		assert_int_equal(strtoull(blocked, NULL, 16) & 0x7fffffff, 0x7ffbfeff);
		seen++;
	}
	closedir(tasks);
	assert_int_equal(seen, 3);
	gate_close(gate);
	snapshot_free(snapshot);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_udp_ipv4),
		cmocka_unit_test(test_udp_ipv6),
		cmocka_unit_test(test_tcp),
		cmocka_unit_test(test_large_packets_pass_whole),
		cmocka_unit_test(test_replies_are_judged_by_their_flow),
		cmocka_unit_test(test_records_denials_only),
		cmocka_unit_test(test_audit_lets_pass_and_records),
		cmocka_unit_test(test_queues_are_apart),
		cmocka_unit_test(test_floods_are_judged_alike),
		cmocka_unit_test(test_floods_are_bounded),
		cmocka_unit_test(test_unreadable_packets),
		cmocka_unit_test(test_full_ring_never_blocks),
		cmocka_unit_test(test_threads),
	};

	return cmocka_run_group_tests(tests, queue_fixture_enter, NULL);
}
