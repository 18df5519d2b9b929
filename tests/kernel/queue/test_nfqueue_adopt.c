/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A queue that goes from one reader to the next, on real packets. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <sched.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "kernel/queue/nfqueue.h"
#include "kernel/queue/nfqueue_adopt.h"
#include "kernel/queue/nfqueue_proc.h"
#include "tests/support/queue_fixture.h"

enum { LENGTH = 1024 };

struct fixture {
	struct nfqueue *queue;
	struct nfqueue_burst burst;
	int sender, receiver, proc;
};

static void set_up(struct fixture *fixture)
{
	const struct nfqueue_options options = {.number = QUEUE_FIXTURE_QUEUE, .length = LENGTH};
	char problem[PROBLEM_SIZE];

	assert_int_equal(nfqueue_open(&fixture->queue, &options, problem), 0);
	fixture->sender = queue_fixture_socket(SOCK_DGRAM, WEB4, 3000);
	fixture->receiver = queue_fixture_socket(SOCK_DGRAM, DB4, 1000);
	fixture->proc = nfqueue_proc_open();
	queue_fixture_rule(false, "-A OUTPUT -d " DB4 " -p udp -j NFQUEUE --queue-num %d",
		QUEUE_FIXTURE_QUEUE);
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

static uint32_t waiting(const struct fixture *fixture)
{
	struct nfqueue_row row;

	assert_int_equal(nfqueue_proc_read(fixture->proc, QUEUE_FIXTURE_QUEUE, &row), 0);
	return row.waiting;
}

/* The reader is gone, in whatever state it was; somebody held its socket. */
static int end_reader(struct fixture *fixture)
{
	const int kept = fcntl(nfqueue_descriptor(fixture->queue), F_DUPFD_CLOEXEC, 0);

	assert_true(kept >= 0);
	nfqueue_close(fixture->queue);
	fixture->queue = NULL;
	return kept;
}

static int adopt(struct fixture *fixture, int fd, uint16_t number)
{
	const struct nfqueue_inherited inherited = {.fd = fd, .proc = fixture->proc};
	const struct nfqueue_options options = {
		.inherited = &inherited, .number = number, .length = LENGTH};
	char problem[PROBLEM_SIZE] = "";

	return nfqueue_open(&fixture->queue, &options, problem);
}

static uint32_t resume(struct fixture *fixture)
{
	struct nfqueue_resumed resumed;

	assert_int_equal(nfqueue_resume(fixture->queue, fixture->proc, &resumed), 0);
	return resumed.repeated;
}

/* Reads and answers until nothing waits. Returns how many packets there were. */
static uint32_t answer_all(struct fixture *fixture, bool accept)
{
	uint32_t packets = 0;

	while (waiting(fixture) > 0) {
		assert_int_equal(nfqueue_receive(fixture->queue, &fixture->burst), 0);
		assert_int_equal(fixture->burst.bad_messages, 0);
		for (size_t i = 0; i < fixture->burst.count; i++)
			fixture->burst.packets[i].accept = accept;
		assert_int_equal(nfqueue_answer(fixture->queue, &fixture->burst), 0);
		packets += (uint32_t)fixture->burst.count;
	}
	return packets;
}

/* Each arrives, once, whatever the order. */
static void expect_each(const struct fixture *fixture, uint32_t count)
{
	bool seen[LENGTH] = {false};

	for (uint32_t i = 0; i < count; i++) {
		const int64_t number = queue_fixture_receive(fixture->receiver, 1000);

		assert_true(number >= 0 && number < LENGTH);
		assert_false(seen[number]);
		seen[number] = true;
	}
	assert_int_equal(queue_fixture_receive(fixture->receiver, 50), -1);
}

/*
 * What waits in the kernel beside the messages in the socket: `read` of the packets were read and
 * not answered.
 */
static void try_crash(uint32_t sent, bool read)
{
	struct fixture fixture;
	const uint32_t unread = read && sent > 0 ? (sent < 64 ? sent : 64) : 0;
	int kept;

	set_up(&fixture);
	send_numbered(&fixture, 0, sent);
	if (unread > 0)
		assert_int_equal(nfqueue_receive(fixture.queue, &fixture.burst), 0);
	kept = end_reader(&fixture);
	send_numbered(&fixture, sent, 10); /* while nobody reads */
	assert_int_equal(waiting(&fixture), sent + 10);
	assert_int_equal(queue_fixture_receive(fixture.receiver, 20), -1);
	assert_int_equal(adopt(&fixture, kept, QUEUE_FIXTURE_QUEUE), 0);
	assert_int_equal(resume(&fixture), unread);
	assert_int_equal(waiting(&fixture), sent + 10);
	/* repeating lets nothing pass */
	assert_int_equal(queue_fixture_receive(fixture.receiver, 20), -1);
	assert_int_equal(answer_all(&fixture, true), sent + 10);
	expect_each(&fixture, sent + 10);
	/* And nothing is wrong any more. */
	send_numbered(&fixture, 0, 1);
	assert_int_equal(answer_all(&fixture, true), 1);
	assert_int_equal(fixture.burst.refusals, 0);
	tear_down(&fixture);
}

static void test_what_was_read_is_told_again(void **state)
{
	(void)state;
	try_crash(0, false);
	try_crash(1, true);
	try_crash(40, true);
	try_crash(64, true);
	try_crash(200, true);
	try_crash(200, false);
}

/* Nothing comes after it that would bring it to light. */
static void test_all_was_read_and_the_socket_is_empty(void **state)
{
	struct fixture fixture;
	int kept;

	(void)state;
	set_up(&fixture);
	send_numbered(&fixture, 0, 7);
	assert_int_equal(nfqueue_receive(fixture.queue, &fixture.burst), 0);
	assert_int_equal(fixture.burst.count, 7);
	kept = end_reader(&fixture);
	assert_int_equal(adopt(&fixture, kept, QUEUE_FIXTURE_QUEUE), 0);
	assert_int_equal(resume(&fixture), 7);
	assert_int_equal(answer_all(&fixture, false), 7);
	assert_int_equal(queue_fixture_receive(fixture.receiver, 50), -1);
	tear_down(&fixture);
}

/*
 * A wake's ACK lies before the packets; and what is asked for in vain is no error of the queue's.
 */
static void test_all_was_answered(void **state)
{
	struct fixture fixture;
	int kept;

	(void)state;
	set_up(&fixture);
	send_numbered(&fixture, 0, 3);
	assert_int_equal(answer_all(&fixture, true), 3);
	assert_int_equal(nfqueue_wake(fixture.queue), 0);
	send_numbered(&fixture, 3, 5);
	kept = end_reader(&fixture);
	assert_int_equal(adopt(&fixture, kept, QUEUE_FIXTURE_QUEUE), 0);
	assert_int_equal(resume(&fixture), 0);
	assert_int_equal(answer_all(&fixture, true), 5);
	assert_int_equal(nfqueue_wake(fixture.queue), 0);
	assert_int_equal(nfqueue_receive(fixture.queue, &fixture.burst), 0);
	assert_int_equal(fixture.burst.refusals, 0);
	expect_each(&fixture, 8);
	tear_down(&fixture);
}

/* The new reader's length holds, though the queue is the old one. */
static void test_options_are_the_new_ones(void **state)
{
	struct nfqueue_inherited inherited;
	const struct nfqueue_options options = {
		.inherited = &inherited, .number = QUEUE_FIXTURE_QUEUE, .length = 20};
	char problem[PROBLEM_SIZE];
	struct fixture fixture;

	(void)state;
	set_up(&fixture);
	inherited = (struct nfqueue_inherited){.fd = end_reader(&fixture), .proc = fixture.proc};
	assert_int_equal(nfqueue_open(&fixture.queue, &options, problem), 0);
	send_numbered(&fixture, 0, 30);
	assert_int_equal(waiting(&fixture), 20);
	tear_down(&fixture);
}

static int foreign_socket(int domain, int protocol)
{
	const int fd = socket(
		domain, (domain == AF_NETLINK ? SOCK_RAW : SOCK_DGRAM) | SOCK_CLOEXEC, protocol);

	assert_true(fd >= 0);
	return fd;
}

static void expect_refused(struct fixture *fixture, int fd, uint16_t number)
{
	assert_int_equal(adopt(fixture, fd, number), -EINVAL);
	assert_int_equal(fcntl(fd, F_GETFD), -1);
}

static void test_a_strangers_descriptor(void **state)
{
	const struct sockaddr_nl any = {.nl_family = AF_NETLINK};
	struct fixture fixture;
	struct nfqueue *own;
	int fd, pipe_ends[2];

	(void)state;
	set_up(&fixture);
	own = fixture.queue;
	expect_refused(&fixture, foreign_socket(AF_UNIX, 0), QUEUE_FIXTURE_QUEUE);
	expect_refused(&fixture, foreign_socket(AF_INET, 0), QUEUE_FIXTURE_QUEUE);
	expect_refused(&fixture, foreign_socket(AF_NETLINK, NETLINK_ROUTE), QUEUE_FIXTURE_QUEUE);
	assert_int_equal(pipe(pipe_ends), 0);
	expect_refused(&fixture, pipe_ends[0], QUEUE_FIXTURE_QUEUE);
	close(pipe_ends[1]);
	/* Of the right kind, and bound to a port, but not to the queue. */
	fd = foreign_socket(AF_NETLINK, NETLINK_NETFILTER);
	expect_refused(&fixture, fd, QUEUE_FIXTURE_QUEUE);
	fd = foreign_socket(AF_NETLINK, NETLINK_NETFILTER);
	assert_int_equal(bind(fd, (const struct sockaddr *)&any, sizeof(any)), 0);
	expect_refused(&fixture, fd, QUEUE_FIXTURE_QUEUE);
	/* The queue's own, called by another number. */
	expect_refused(&fixture, fcntl(nfqueue_descriptor(own), F_DUPFD_CLOEXEC, 0),
		QUEUE_FIXTURE_QUEUE + 1);
	expect_refused(&fixture, 999, QUEUE_FIXTURE_QUEUE);
	fixture.queue = own;
	send_numbered(&fixture, 0, 2);
	assert_int_equal(answer_all(&fixture, true), 2);
	tear_down(&fixture);
}

/* Its port may well be the same number: the first socket of a process has its pid. */
static void test_a_socket_of_another_namespace(void **state)
{
	const int home = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
	const struct nfqueue_options options = {.number = QUEUE_FIXTURE_QUEUE, .length = LENGTH};
	char problem[PROBLEM_SIZE];
	struct nfqueue *elsewhere;
	struct fixture fixture;
	int fd;

	(void)state;
	assert_true(home >= 0);
	assert_int_equal(unshare(CLONE_NEWNET), 0);
	assert_int_equal(nfqueue_open(&elsewhere, &options, problem), 0);
	assert_int_equal(setns(home, CLONE_NEWNET), 0);
	close(home);
	set_up(&fixture);
	fd = end_reader(&fixture);
	expect_refused(&fixture, fcntl(nfqueue_descriptor(elsewhere), F_DUPFD_CLOEXEC, 0),
		QUEUE_FIXTURE_QUEUE);
	nfqueue_close(elsewhere);
	assert_int_equal(adopt(&fixture, fd, QUEUE_FIXTURE_QUEUE), 0);
	tear_down(&fixture);
}

/*
 * Its rules are gone: what waited goes where the rules send it now, and nothing is lost or let
 * pass.
 */
static void test_a_queue_that_is_not_used_any_more(void **state)
{
	const struct nfqueue_options options = {
		.number = QUEUE_FIXTURE_QUEUE + 1, .length = LENGTH};
	struct nfqueue_inherited inherited;
	char problem[PROBLEM_SIZE];
	struct fixture fixture;
	struct nfqueue *next;
	struct nfqueue_row row;

	(void)state;
	set_up(&fixture);
	send_numbered(&fixture, 0, 100);
	assert_int_equal(nfqueue_receive(fixture.queue, &fixture.burst), 0);
	inherited = (struct nfqueue_inherited){.fd = end_reader(&fixture), .proc = fixture.proc};
	assert_int_equal(nfqueue_open(&next, &options, problem), 0);
	queue_fixture_flush_rules();
	queue_fixture_rule(false, "-A OUTPUT -d " DB4 " -p udp -j NFQUEUE --queue-num %d",
		QUEUE_FIXTURE_QUEUE + 1);
	nfqueue_dissolve(&inherited, QUEUE_FIXTURE_QUEUE);
	assert_int_equal(nfqueue_proc_read(fixture.proc, QUEUE_FIXTURE_QUEUE, &row), -ENOENT);
	assert_int_equal(nfqueue_proc_read(fixture.proc, QUEUE_FIXTURE_QUEUE + 1, &row), 0);
	assert_int_equal(row.waiting, 100);
	assert_int_equal(queue_fixture_receive(fixture.receiver, 20), -1);
	for (unsigned int left = 100; left > 0; left -= (unsigned int)fixture.burst.count) {
		assert_int_equal(nfqueue_receive(next, &fixture.burst), 0);
		for (size_t i = 0; i < fixture.burst.count; i++)
			fixture.burst.packets[i].accept = true;
		assert_int_equal(nfqueue_answer(next, &fixture.burst), 0);
	}
	expect_each(&fixture, 100);
	nfqueue_close(next);
	tear_down(&fixture);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_was_read_is_told_again),
		cmocka_unit_test(test_all_was_read_and_the_socket_is_empty),
		cmocka_unit_test(test_all_was_answered),
		cmocka_unit_test(test_options_are_the_new_ones),
		cmocka_unit_test(test_a_strangers_descriptor),
		cmocka_unit_test(test_a_socket_of_another_namespace),
		cmocka_unit_test(test_a_queue_that_is_not_used_any_more),
	};

	return cmocka_run_group_tests(tests, queue_fixture_enter, NULL);
}
