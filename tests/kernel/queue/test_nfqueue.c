/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <arpa/inet.h>
#include <linux/capability.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

#include "kernel/queue/nfqueue.h"
#include "kernel/queue/nfqueue_proc.h"
#include "tests/support/queue_fixture.h"

/* A queue without a worker: the tests read and answer it themselves. */
struct fixture {
	struct nfqueue *queue;
	struct nfqueue_burst burst;
	int sender, receiver, proc;
};

static void set_up_with(struct fixture *fixture, const struct nfqueue_options *options)
{
	char problem[PROBLEM_SIZE];

	assert_int_equal(nfqueue_open(&fixture->queue, options, problem), 0);
	fixture->sender = queue_fixture_socket(SOCK_DGRAM, WEB4, 3000);
	fixture->receiver = queue_fixture_socket(SOCK_DGRAM, DB4, 1000);
	fixture->proc = nfqueue_proc_open();
	queue_fixture_rule(false, "-A OUTPUT -d " DB4 " -p udp -j NFQUEUE --queue-num %d",
		QUEUE_FIXTURE_QUEUE);
}

static void set_up(struct fixture *fixture)
{
	set_up_with(
		fixture, &(struct nfqueue_options){.number = QUEUE_FIXTURE_QUEUE, .length = 1024});
}

static void tear_down(struct fixture *fixture)
{
	queue_fixture_flush_rules();
	nfqueue_close(fixture->queue);
	close(fixture->sender);
	close(fixture->receiver);
	close(fixture->proc);
}

static void send_numbered(const struct fixture *fixture, uint32_t first, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		queue_fixture_send(fixture->sender, DB4, 1000, first + i);
}

static void receive(struct fixture *fixture, size_t packets)
{
	assert_int_equal(nfqueue_receive(fixture->queue, &fixture->burst), 0);
	assert_int_equal(fixture->burst.count, packets);
	assert_int_equal(fixture->burst.bad_messages, 0);
}

static void answer(struct fixture *fixture, bool accept)
{
	for (size_t i = 0; i < fixture->burst.count; i++)
		fixture->burst.packets[i].accept = accept;
	assert_int_equal(nfqueue_answer(fixture->queue, &fixture->burst), 0);
}

static uint32_t waiting(const struct fixture *fixture)
{
	struct nfqueue_row row;

	assert_int_equal(nfqueue_proc_read(fixture->proc, QUEUE_FIXTURE_QUEUE, &row), 0);
	return row.waiting;
}

static void set_net_admin(bool on)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];

	assert_int_equal(syscall(SYS_capget, &header, data), 0);
	if (on)
		data[CAP_TO_INDEX(CAP_NET_ADMIN)].effective |= CAP_TO_MASK(CAP_NET_ADMIN);
	else
		data[CAP_TO_INDEX(CAP_NET_ADMIN)].effective &= ~CAP_TO_MASK(CAP_NET_ADMIN);
	assert_int_equal(syscall(SYS_capset, &header, data), 0);
}

static void test_bursts_are_bounded(void **state)
{
	struct fixture fixture;

	(void)state;
	set_up(&fixture);
	send_numbered(&fixture, 0, 150);
	for (uint32_t left = 150; left > 0; left -= left < 64 ? left : 64) {
		assert_int_equal(waiting(&fixture), left);
		receive(&fixture, left < 64 ? left : 64);
		answer(&fixture, true);
	}
	assert_int_equal(waiting(&fixture), 0);
	for (uint32_t i = 0; i < 150; i++)
		assert_int_equal(queue_fixture_receive(fixture.receiver, 1000), i);
	tear_down(&fixture);
}

static void expect_burst(struct fixture *fixture, size_t packets, bool brimful)
{
	receive(fixture, packets);
	assert_int_equal(fixture->burst.brimful, brimful);
	answer(fixture, true);
}

/*
 * A queue of 128: the last burst of those that were in it when it was full says so, and nothing
 * before or after.
 */
static void test_a_full_queue_shows(void **state)
{
	struct fixture fixture;

	(void)state;
	set_up_with(&fixture,
		&(struct nfqueue_options){
			.number = QUEUE_FIXTURE_QUEUE, .length = 128, .fail_open = true});
	send_numbered(&fixture, 0, 127);
	expect_burst(&fixture, 64, false);
	expect_burst(&fixture, 63, false);

	send_numbered(&fixture, 127, 128);
	send_numbered(&fixture, 1000, 3); /* for which there is no room */
	for (uint32_t i = 0; i < 127; i++)
		assert_int_equal(queue_fixture_receive(fixture.receiver, 1000), i);
	for (uint32_t i = 0; i < 3; i++)
		assert_int_equal(queue_fixture_receive(fixture.receiver, 1000), 1000 + i);
	expect_burst(&fixture, 64, false);
	expect_burst(&fixture, 64, true);
	send_numbered(&fixture, 0, 1);
	expect_burst(&fixture, 1, true); /* nothing said that there was a pause */
	send_numbered(&fixture, 0, 1);
	expect_burst(&fixture, 1, false);

	/* What fills it is in the worker's hands in part. */
	send_numbered(&fixture, 0, 20);
	receive(&fixture, 20);
	send_numbered(&fixture, 0, 108);
	answer(&fixture, true);
	expect_burst(&fixture, 64, false);
	expect_burst(&fixture, 44, true);
	tear_down(&fixture);
}

/*
 * Each packet's beginning is as it was sent, cut at 128 bytes; nothing is accepted unless somebody
 * says so.
 */
static void test_what_is_read(void **state)
{
	struct sockaddr_in db = {.sin_family = AF_INET, .sin_port = htons(1000)};
	uint8_t large[1000];
	struct fixture fixture;

	(void)state;
	set_up(&fixture);
	for (size_t i = 0; i < sizeof(large); i++)
		large[i] = (uint8_t)i;
	inet_pton(AF_INET, DB4, &db.sin_addr);
	assert_int_equal(sendto(fixture.sender, large, 10, 0, (void *)&db, sizeof(db)), 10);
	assert_int_equal(sendto(fixture.sender, large, sizeof(large), 0, (void *)&db, sizeof(db)),
		sizeof(large));
	receive(&fixture, 2);
	assert_int_equal(fixture.burst.packets[0].length, 28 + 10);
	assert_int_equal(fixture.burst.packets[1].length, 128);
	for (size_t i = 0; i < 2; i++) {
		assert_memory_equal(fixture.burst.packets[i].bytes + 28, large,
			fixture.burst.packets[i].length - 28);
		assert_false(fixture.burst.packets[i].accept);
	}
	assert_int_equal(nfqueue_answer(fixture.queue, &fixture.burst), 0);
	assert_int_equal(waiting(&fixture), 0);
	assert_int_equal(queue_fixture_receive(fixture.receiver, 50), -1);
	tear_down(&fixture);
}

static void test_wake(void **state)
{
	struct fixture fixture;

	(void)state;
	set_up(&fixture);
	assert_int_equal(nfqueue_wake(fixture.queue), 0);
	receive(&fixture, 0); /* else this waits for ever, and the test's time runs out */
	assert_int_equal(fixture.burst.refusals, 0);
	assert_int_equal(nfqueue_answer(fixture.queue, &fixture.burst), 0);
	tear_down(&fixture);
}

static void *send_later(void *context)
{
	usleep(3000);
	send_numbered(context, 1, 1);
	return NULL;
}

/* CPU time that this thread takes while it waits 3 ms for a packet. */
static int64_t cpu_ns_of_waiting(struct fixture *fixture)
{
	struct timespec begin, end;
	pthread_t sender;

	assert_int_equal(pthread_create(&sender, NULL, send_later, fixture), 0);
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &begin);
	receive(fixture, 1);
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &end);
	answer(fixture, true);
	assert_int_equal(pthread_join(sender, NULL), 0);
	return (end.tv_sec - begin.tv_sec) * INT64_C(1000000000) + end.tv_nsec - begin.tv_nsec;
}

/*
 * The CPU may be somebody else's for a while: so the most of a few waits, each after a packet that
 * came at once.
 */
static int64_t most_of_waiting(struct fixture *fixture)
{
	int64_t most = 0;

	for (int i = 0; i < 20; i++) {
		int64_t took;

		send_numbered(fixture, 0, 1);
		receive(fixture, 1);
		answer(fixture, true);
		took = cpu_ns_of_waiting(fixture);
		most = took > most ? took : most;
	}
	return most;
}

/*
 * Each after one that was late; the least, as a packet is there at once when the CPU was somebody
 * else's for so long.
 */
static int64_t least_of_waiting_on(struct fixture *fixture)
{
	int64_t least = INT64_MAX;

	for (int i = 0; i < 20; i++) {
		const int64_t took = cpu_ns_of_waiting(fixture);

		least = took < least ? took : least;
	}
	return least;
}

/*
 * Who may spin does so after a packet that came soon, for as long as was said; then it sleeps, and
 * sleeps again.
 */
static void test_waiting_awake(void **state)
{
	struct fixture fixture;

	(void)state;
	set_up_with(&fixture,
		&(struct nfqueue_options){
			.number = QUEUE_FIXTURE_QUEUE, .length = 1024, .spin_us = 1000});
	assert_true(most_of_waiting(&fixture) > 500000);
	assert_true(least_of_waiting_on(&fixture) < 500000);
	assert_int_equal(nfqueue_wake(fixture.queue), 0);
	receive(&fixture, 0);
	tear_down(&fixture);
}

/*
 * Without the capability the kernel takes the send and refuses what is in it. Those packets must
 * not pass with a later batch.
 */
static void test_refused_verdicts_become_denials(void **state)
{
	struct fixture fixture;

	(void)state;
	set_up(&fixture);
	send_numbered(&fixture, 0, 3);
	receive(&fixture, 3);
	set_net_admin(false);
	answer(&fixture, false);
	set_net_admin(true);
	assert_int_equal(waiting(&fixture), 3);
	receive(&fixture, 0);
	assert_true(fixture.burst.refusals > 0);

	send_numbered(&fixture, 3, 2);
	receive(&fixture, 2);
	answer(&fixture, true);
	assert_int_equal(waiting(&fixture), 0);
	assert_int_equal(queue_fixture_receive(fixture.receiver, 1000), 3);
	assert_int_equal(queue_fixture_receive(fixture.receiver, 1000), 4);
	assert_int_equal(queue_fixture_receive(fixture.receiver, 50), -1);
	tear_down(&fixture);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bursts_are_bounded),
		cmocka_unit_test(test_a_full_queue_shows),
		cmocka_unit_test(test_what_is_read),
		cmocka_unit_test(test_wake),
		cmocka_unit_test(test_waiting_awake),
		cmocka_unit_test(test_refused_verdicts_become_denials),
	};

	return cmocka_run_group_tests(tests, queue_fixture_enter, NULL);
}
