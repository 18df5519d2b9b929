/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "kernel/queue/nfqueue.h"
#include "kernel/queue/nfqueue_proc.h"
#include "tests/between.h"
#include "tests/support/queue_fixture.h"

/*
 * Opens a gate in a child process, made with these clone(2) flags, after `prepare`. Returns
 * gate_open()'s result, and its sentence in `problem`. Not fork() and unshare(): under
 * ThreadSanitizer a process is never single-threaded, as a new user namespace takes.
 */
static int open_in_child(unsigned long flags, int (*prepare)(void), char problem[PROBLEM_SIZE])
{
	int pipe_ends[2], status;
	pid_t child;

	assert_int_equal(pipe(pipe_ends), 0);
	child = (pid_t)syscall(SYS_clone, flags | SIGCHLD, NULL, NULL, NULL, NULL);
	assert_true(child >= 0);
	if (child == 0) {
		const struct queue_fixture_options options = queue_fixture_gate_options(1);
		char text[PROBLEM_SIZE] = "";
		struct gate *gate = NULL;
		const int err = prepare() != 0 ? -ECANCELED
					       : queue_fixture_gate_try(&gate, &options, text);

		gate_close(gate);
		_exit(write(pipe_ends[1], text, sizeof(text)) == sizeof(text) ? -err : 255);
	}
	assert_int_equal(read(pipe_ends[0], problem, PROBLEM_SIZE), PROBLEM_SIZE);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	close(pipe_ends[0]);
	close(pipe_ends[1]);
	return -WEXITSTATUS(status);
}

static void expect_text(const char *text, const char *part)
{
	if (strstr(text, part) == NULL)
		fail_msg("\"%s\" does not say \"%s\"", text, part);
}

static void test_options_out_of_range(void **state)
{
	static const struct {
		unsigned int workers;
		uint16_t base;
		bool flood;
	} cases[] = {{65, 0, false}, {1, UINT16_MAX, false}, {64, UINT16_MAX - 63, false},
		{UINT32_MAX, 1, false}, {1, UINT16_MAX - 1, true}, {64, UINT16_MAX - 64, true}};
	char problem[PROBLEM_SIZE];
	struct gate *gate = NULL;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct queue_fixture_options options = queue_fixture_gate_options(cases[i].workers);

		options.settings.queue_base = cases[i].base;
		options.settings.flood_rate = cases[i].flood ? 1000 : 0;
		assert_int_equal(queue_fixture_gate_try(&gate, &options, problem), -EINVAL);
		expect_text(problem, "workers");
	}
	assert_null(gate);
	gate_close(NULL);
}

static void test_highest_queue_numbers(void **state)
{
	struct queue_fixture_options options = queue_fixture_gate_options(2);
	struct gate *gate;

	(void)state;
	options.settings.queue_base = UINT16_MAX - 2;
	gate = queue_fixture_gate_open(&options);
	assert_int_equal(gate_worker_count(gate), 3);
	gate_close(gate);
	options.settings.queue_base--;
	options.settings.flood_rate = 1000;
	gate = queue_fixture_gate_open(&options);
	assert_int_equal(gate_worker_count(gate), 4);
	gate_close(gate);
}

static int drop_net_admin(void)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];

	if (syscall(SYS_capget, &header, data) != 0)
		return -1;
	data[CAP_TO_INDEX(CAP_NET_ADMIN)].effective &= ~CAP_TO_MASK(CAP_NET_ADMIN);
	return (int)syscall(SYS_capset, &header, data);
}

static void test_without_the_capability(void **state)
{
	char problem[PROBLEM_SIZE];

	(void)state;
	assert_int_equal(open_in_child(0, drop_net_admin, problem), -EPERM);
	expect_text(problem, "CAP_NET_ADMIN is missing");
	expect_text(problem, "run podgate as root");
}

static int nothing(void)
{
	return 0;
}

/* In a chroot, and where a sysctl or a container says so, nobody makes one. */
static bool has_user_namespaces(void)
{
	const pid_t child = (pid_t)syscall(
		SYS_clone, CLONE_NEWUSER | SIGCHLD, NULL, NULL, NULL, NULL);

	if (child == 0)
		_exit(0);
	return child > 0 && waitpid(child, NULL, 0) == child;
}

/* All capabilities, but in a user namespace that does not own this network namespace. */
static void test_with_the_wrong_capability(void **state)
{
	char problem[PROBLEM_SIZE];

	(void)state;
	if (!has_user_namespaces()) {
		print_message(
			"NOT RUN: no user namespace can be made here (in a chroot, for one): %s\n",
			strerror(errno));
		skip();
	}
	assert_int_equal(open_in_child(CLONE_NEWUSER, nothing, problem), -EPERM);
	expect_text(problem, "in the network namespace itself");
}

static void test_held_by_another_program(void **state)
{
	/* The second queue of the gate, so that there is a first one to let go of again. */
	const struct nfqueue_options options = {.number = QUEUE_FIXTURE_QUEUE + 1, .length = 16};
	char problem[PROBLEM_SIZE], expected[64];
	struct nfqueue *other;

	(void)state;
	assert_int_equal(nfqueue_open(&other, &options, problem), 0);
	assert_int_equal(open_in_child(0, nothing, problem), -EBUSY);
	snprintf(expected, sizeof(expected), "NFQUEUE %d is held by another program",
		QUEUE_FIXTURE_QUEUE + 1);
	expect_text(problem, expected);
	snprintf(expected, sizeof(expected), "pid %d, ", (int)getpid());
	expect_text(problem, expected);
	expect_text(problem, "queue_base");
	nfqueue_close(other);
	assert_int_equal(open_in_child(0, nothing, problem), 0);
}

/* A gate that could not open its last queue has let go of those before it. */
static void test_failure_leaves_nothing_bound(void **state)
{
	const struct nfqueue_options taken = {.number = QUEUE_FIXTURE_QUEUE + 2, .length = 16};
	const struct queue_fixture_options options = queue_fixture_gate_options(2);
	char problem[PROBLEM_SIZE];
	struct gate *gate = NULL;
	struct nfqueue_row row;
	struct nfqueue *other;
	const int proc = nfqueue_proc_open();

	(void)state;
	assert_true(proc >= 0);
	assert_int_equal(nfqueue_open(&other, &taken, problem), 0);
	assert_int_equal(queue_fixture_gate_try(&gate, &options, problem), -EBUSY);
	assert_null(gate);
	assert_int_equal(nfqueue_proc_read(proc, QUEUE_FIXTURE_QUEUE, &row), -ENOENT);
	assert_int_equal(nfqueue_proc_read(proc, QUEUE_FIXTURE_QUEUE + 1, &row), -ENOENT);
	assert_int_equal(nfqueue_proc_read(proc, QUEUE_FIXTURE_QUEUE + 2, &row), 0);
	nfqueue_close(other);
	close(proc);
}

static void test_table_of_queues(void **state)
{
	static const char text[] =
		" 8610  31337     3 2   128     4     5      120  1\n"
		"65535 4294967295 4294967295 2 65531 4294967295 4294967295 4294967295  1\n";
	struct nfqueue_row row = {.queue = 1};

	(void)state;
	assert_int_equal(nfqueue_proc_find(text, 861, &row), -ENOENT);
	assert_int_equal(nfqueue_proc_find("", 0, &row), -ENOENT);
	assert_int_equal(nfqueue_proc_find("8610 1 2", 8610, &row), -ENOENT);
	assert_int_equal(nfqueue_proc_find("garbage\n\n8610", 8610, &row), -ENOENT);
	assert_int_equal(row.queue, 1);
	assert_int_equal(nfqueue_proc_find(text, 8610, &row), 0);
	assert_int_equal(row.port, 31337);
	assert_int_equal(row.waiting, 3);
	assert_int_equal(row.kernel_dropped, 4);
	assert_int_equal(row.user_dropped, 5);
	assert_int_equal(row.last_id, 120);
	assert_int_equal(nfqueue_proc_find(text, UINT16_MAX, &row), 0);
	assert_int_equal(row.port, UINT32_MAX);
	assert_int_equal(row.user_dropped, UINT32_MAX);
}

static void test_holder_that_is_not_there(void **state)
{
	char name[NFQUEUE_HOLDER] = "x";

	(void)state;
	nfqueue_proc_name_holder(0x7fffffff, name);
	assert_string_equal(name, "");
}

/*
 * Sends `count` datagrams to a gate that does not run yet, with room for four. Returns how many
 * arrived by themselves.
 */
static uint32_t overflow(struct gate **gate, bool fail_open, uint32_t count, int receiver)
{
	struct queue_fixture_options options = queue_fixture_gate_options(1);
	const int sender = queue_fixture_socket(SOCK_DGRAM, WEB4, 3333);
	uint32_t arrived = 0;

	options.settings.queue_length = 4;
	options.settings.queue_full = fail_open ? FAIL_OPEN : FAIL_CLOSED;
	*gate = queue_fixture_gate_open(&options);
	queue_fixture_rule(false, "-A OUTPUT -d " DB4 " -p udp -j NFQUEUE --queue-num %d",
		QUEUE_FIXTURE_QUEUE);
	for (uint32_t i = 0; i < count; i++)
		queue_fixture_send(sender, DB4, 1000, i);
	close(sender);
	while (queue_fixture_receive(receiver, 50) >= 0)
		arrived++;
	return arrived;
}

static void run_overflow(bool fail_open)
{
	struct snapshot *snapshot = queue_fixture_snapshot(QUEUE_FIXTURE_RULES, 1);
	const int receiver = queue_fixture_socket(SOCK_DGRAM, DB4, 1000);
	struct gate *gate;

	assert_int_equal(overflow(&gate, fail_open, 20, receiver), fail_open ? 16 : 0);
	assert_int_equal(queue_fixture_stats(gate).waiting, 4);
	assert_int_equal(queue_fixture_stats(gate).kernel_dropped, fail_open ? 0 : 16);
	/* What was queued before there was a thread is judged once there is one. */
	assert_int_equal(gate_start(gate, snapshot), 0);
	queue_fixture_wait_judged(gate, 4);
	for (uint32_t i = 0; i < 4; i++)
		assert_int_equal(queue_fixture_receive(receiver, 1000), i);
	assert_int_equal(queue_fixture_stats(gate).waiting, 0);
	queue_fixture_flush_rules();
	gate_close(gate);
	close(receiver);
	snapshot_free(snapshot);
}

static void test_overflow_closed(void **state)
{
	(void)state;
	run_overflow(false);
}

static void test_overflow_open(void **state)
{
	(void)state;
	run_overflow(true);
}

static struct gate_inherited inherited_by(const struct gate *gate)
{
	struct gate_inherited inherited;

	gate_inherited(gate, &inherited);
	return inherited;
}

/*
 * What is right of an inheritance is taken, what is wrong is bound anew, and what is left is
 * emptied and let go of.
 */
static void test_inherited_queues(void **state)
{
	struct queue_fixture_options options = queue_fixture_gate_options(2);
	struct inheritance inheritance = {.origin = INHERITANCE_PREDECESSOR};
	const int proc = nfqueue_proc_open();
	struct gate *before = queue_fixture_gate_open(&options), *gate;
	struct nfqueue_row row;

	(void)state;
	assert_int_equal(gate_worker_count(before), 3);
	assert_int_equal(inherited_by(before).queues, 0);
	for (unsigned int i = 0; i < 3; i++)
		assert_int_equal(inheritance_add(&inheritance, gate_queue(before, i),
					 fcntl(gate_descriptor(before, i), F_DUPFD_CLOEXEC, 0)),
			0);
	gate_close(before);
	close(inheritance_take(&inheritance, QUEUE_FIXTURE_QUEUE + 1));
	assert_int_equal(inheritance_add(&inheritance, QUEUE_FIXTURE_QUEUE + 1,
				 open("/dev/null", O_RDONLY | O_CLOEXEC)),
		0);
	/* One worker and one for replies: the third queue is left over. */
	options = queue_fixture_gate_options(1);
	options.inheritance = &inheritance;
	gate = queue_fixture_gate_open(&options);
	assert_int_equal(inherited_by(gate).queues, 1);
	assert_int_equal(inheritance.count, 1);
	assert_int_equal(nfqueue_proc_read(proc, QUEUE_FIXTURE_QUEUE + 2, &row), 0);
	gate_dissolve(gate, &inheritance, NULL);
	assert_int_equal(inheritance.count, 0);
	assert_int_equal(nfqueue_proc_read(proc, QUEUE_FIXTURE_QUEUE + 2, &row), -ENOENT);
	assert_int_equal(nfqueue_proc_read(proc, QUEUE_FIXTURE_QUEUE + 1, &row), 0);
	gate_close(gate);
	assert_int_equal(nfqueue_proc_read(proc, QUEUE_FIXTURE_QUEUE, &row), -ENOENT);
	close(proc);
}

static void start_and_send(
	struct gate *gate, const struct snapshot *snapshot, int sender, uint32_t count)
{
	assert_int_equal(gate_start(gate, snapshot), 0);
	for (uint32_t i = 0; i < count; i++)
		queue_fixture_send(sender, DB4, 1000, i);
	queue_fixture_wait_judged(gate, count);
}

/* What an earlier reader had is not missed; what did not fit into the socket afterwards is. */
static void test_missed_of_an_inherited_queue(void **state)
{
	struct queue_fixture_options options = queue_fixture_gate_options(1);
	struct inheritance inheritance = {.origin = INHERITANCE_PREDECESSOR};
	struct snapshot *snapshot = queue_fixture_snapshot(QUEUE_FIXTURE_RULES, 1);
	const int sender = queue_fixture_socket(SOCK_DGRAM, WEB4, 0),
		  receiver = queue_fixture_socket(SOCK_DGRAM, DB4, 1000);
	const int room = 4096;
	uint32_t passed = 0;
	struct gate *gate;

	(void)state;
	options.settings.queue_full = FAIL_OPEN;
	gate = queue_fixture_gate_open(&options);
	queue_fixture_rule(false, "-A OUTPUT -d " DB4 " -p udp -j NFQUEUE --queue-num %d",
		QUEUE_FIXTURE_QUEUE);
	start_and_send(gate, snapshot, sender, 7);
	assert_int_equal(queue_fixture_stats(gate).missed, 0);
	assert_int_equal(inheritance_add(&inheritance, QUEUE_FIXTURE_QUEUE,
				 fcntl(gate_descriptor(gate, 0), F_DUPFD_CLOEXEC, 0)),
		0);
	gate_close(gate);
	options.inheritance = &inheritance;
	gate = queue_fixture_gate_open(&options);
	assert_int_equal(inherited_by(gate).queues, 1);
	start_and_send(gate, snapshot, sender, 3);
	assert_int_equal(queue_fixture_stats(gate).missed, 0);
	while (queue_fixture_receive(receiver, 50) >= 0)
		;
	gate_stop(gate);
	assert_int_equal(
		setsockopt(gate_descriptor(gate, 0), SOL_SOCKET, SO_RCVBUF, &room, sizeof(room)),
		0);
	for (uint32_t i = 0; i < 40; i++)
		queue_fixture_send(sender, DB4, 1000, i);
	while (queue_fixture_receive(receiver, 50) >= 0)
		passed++;
	assert_between(passed, 1, 39);
	assert_int_equal(gate_start(gate, snapshot), 0);
	queue_fixture_wait_judged(gate, 3 + 40 - passed);
	assert_int_equal(queue_fixture_stats(gate).missed, passed);
	gate_close(gate);
	queue_fixture_flush_rules();
	snapshot_free(snapshot);
	close(sender);
	close(receiver);
}

/* Stopped and started again, it goes on with what came meanwhile. */
static void test_a_gate_goes_on(void **state)
{
	const struct queue_fixture_options options = queue_fixture_gate_options(1);
	struct gate *gate = queue_fixture_gate_open(&options);
	struct snapshot *snapshot = queue_fixture_snapshot(QUEUE_FIXTURE_RULES, 1);
	const int sender = queue_fixture_socket(SOCK_DGRAM, WEB4, 0),
		  receiver = queue_fixture_socket(SOCK_DGRAM, DB4, 1000);

	(void)state;
	queue_fixture_rule(false, "-A OUTPUT -d " DB4 " -p udp -j NFQUEUE --queue-num %d",
		QUEUE_FIXTURE_QUEUE);
	assert_int_equal(gate_start(gate, snapshot), 0);
	queue_fixture_send(sender, DB4, 1000, 1);
	assert_int_equal(queue_fixture_receive(receiver, 1000), 1);
	gate_stop(gate);
	queue_fixture_send(sender, DB4, 1000, 2);
	assert_int_equal(queue_fixture_receive(receiver, 50), -1);
	assert_int_equal(gate_start(gate, snapshot), 0);
	assert_int_equal(queue_fixture_receive(receiver, 1000), 2);
	assert_int_equal(inherited_by(gate).repeated, 0);
	assert_int_equal(queue_fixture_stats(gate).missed, 0);
	gate_close(gate);
	queue_fixture_flush_rules();
	snapshot_free(snapshot);
	close(sender);
	close(receiver);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_options_out_of_range),
		cmocka_unit_test(test_highest_queue_numbers),
		cmocka_unit_test(test_without_the_capability),
		cmocka_unit_test(test_with_the_wrong_capability),
		cmocka_unit_test(test_held_by_another_program),
		cmocka_unit_test(test_failure_leaves_nothing_bound),
		cmocka_unit_test(test_table_of_queues),
		cmocka_unit_test(test_holder_that_is_not_there),
		cmocka_unit_test(test_overflow_closed),
		cmocka_unit_test(test_overflow_open),
		cmocka_unit_test(test_inherited_queues),
		cmocka_unit_test(test_missed_of_an_inherited_queue),
		cmocka_unit_test(test_a_gate_goes_on),
	};

	return cmocka_run_group_tests(tests, queue_fixture_enter, NULL);
}
