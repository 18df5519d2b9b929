/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "process/clock.h"
#include "process/unix_address.h"
#include "process/work_thread.h"

enum { WAIT_MS = 10000 };

struct work {
	atomic_int left; /* what other threads left to be done */
	atomic_int done, rounds, last_rounds, begun;
	int wait_ms;
	atomic_bool held; /* a round waits until it is false */
	int fd;		  /* emptied in each round */
};

static void begin(void *context)
{
	struct work *work = context;

	atomic_fetch_add(&work->begun, 1);
}

static int do_round(void *context, bool last)
{
	struct work *work = context;
	uint64_t count;

	while (atomic_load(&work->held))
		poll(NULL, 0, 1);
	if (work->fd >= 0)
		(void)!read(work->fd, &count, sizeof(count));
	atomic_fetch_add(&work->done, atomic_exchange(&work->left, 0));
	atomic_fetch_add(&work->rounds, 1);
	atomic_fetch_add(&work->last_rounds, last);
	return work->wait_ms;
}

static void start(struct work_thread *thread, struct work *work)
{
	const struct work_thread_options options = {
		.name = "test",
		.nap_ms = 1,
		.fd = work->fd,
		.begin = begin,
		.round = do_round,
		.context = work,
	};

	assert_int_equal(work_thread_init(thread), 0);
	assert_int_equal(work_thread_start(thread, &options), 0);
}

static void wait_for(atomic_int *counter, int least)
{
	const uint64_t end = clock_ms() + WAIT_MS;

	while (atomic_load(counter) < least && clock_ms() < end)
		poll(NULL, 0, 1);
	assert_true(atomic_load(counter) >= least);
}

static void each_wake_is_followed_by_a_round(void **state)
{
	struct work work = {.wait_ms = -1, .fd = -1};
	struct work_thread thread;

	(void)state;
	start(&thread, &work);
	wait_for(&work.rounds, 1); /* the first comes by itself */
	for (int i = 1; i <= 200; i++) {
		atomic_fetch_add(&work.left, 1);
		work_thread_wake(&thread);
		if (i % 10 == 0)
			wait_for(&work.done, i);
	}
	assert_int_equal(work.begun, 1);
	work_thread_stop(&thread);
	work_thread_stop(&thread);
	assert_int_equal(work.done, 200);
	assert_int_equal(work.last_rounds, 1);
	work_thread_deinit(&thread);
}

static void what_was_left_before_the_stop_is_done(void **state)
{
	struct work work = {.wait_ms = -1, .fd = -1, .held = true};
	struct work_thread thread;

	(void)state;
	start(&thread, &work);
	atomic_fetch_add(&work.left, 1);
	work_thread_wake(&thread);
	atomic_store(&work.held, false);
	work_thread_stop(&thread);
	assert_int_equal(work.done, 1);
	work_thread_deinit(&thread);
}

static void a_round_begins_when_its_time_has_come(void **state)
{
	struct work work = {.wait_ms = 2, .fd = -1};
	struct work_thread thread;

	(void)state;
	start(&thread, &work);
	wait_for(&work.rounds, 5);
	work_thread_stop(&thread);
	work_thread_deinit(&thread);
}

static void a_round_begins_when_its_descriptor_is_readable(void **state)
{
	const uint64_t one = 1;
	struct work work = {.wait_ms = -1, .fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)};
	struct work_thread thread;

	(void)state;
	start(&thread, &work);
	wait_for(&work.rounds, 1);
	atomic_fetch_add(&work.left, 1);
	assert_int_equal(write(work.fd, &one, sizeof(one)), sizeof(one));
	wait_for(&work.done, 1);
	work_thread_stop(&thread);
	work_thread_deinit(&thread);
	close(work.fd);
}

static void the_pulse_tells_a_thread_at_rest_from_one_that_hangs(void **state)
{
	struct work work = {.wait_ms = -1, .fd = -1};
	struct work_thread thread;
	uint64_t done;

	(void)state;
	start(&thread, &work);
	wait_for(&work.rounds, 1);
	for (int i = 0; i < WAIT_MS && work_thread_pulse(&thread).due; i++)
		poll(NULL, 0, 1);
	assert_false(work_thread_pulse(&thread).due);
	atomic_store(&work.held, true);
	work_thread_wake(&thread);
	done = work_thread_pulse(&thread).done;
	poll(NULL, 0, 20);
	assert_true(work_thread_pulse(&thread).due);
	assert_int_equal(work_thread_pulse(&thread).done, done);
	atomic_store(&work.held, false);
	wait_for(&work.rounds, 2);
	work_thread_stop(&thread);
	assert_true(work_thread_pulse(&thread).done > done);
	assert_false(work_thread_pulse(&thread).due);
	work_thread_deinit(&thread);
}

static void a_path_too_long_for_a_socket_is_refused(void **state)
{
	struct sockaddr_un address = {.sun_family = AF_UNSPEC};
	char path[sizeof(address.sun_path) + 1];

	(void)state;
	memset(path, 'a', sizeof(path));
	path[sizeof(address.sun_path)] = '\0';
	assert_int_equal(unix_address(&address, path), -ENAMETOOLONG);
	assert_int_equal(address.sun_family, AF_UNSPEC);
	path[sizeof(address.sun_path) - 1] = '\0';
	assert_int_equal(unix_address(&address, path), 0);
	assert_int_equal(address.sun_family, AF_UNIX);
	assert_string_equal(address.sun_path, path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_wake_is_followed_by_a_round),
		cmocka_unit_test(what_was_left_before_the_stop_is_done),
		cmocka_unit_test(a_round_begins_when_its_time_has_come),
		cmocka_unit_test(a_round_begins_when_its_descriptor_is_readable),
		cmocka_unit_test(the_pulse_tells_a_thread_at_rest_from_one_that_hangs),
		cmocka_unit_test(a_path_too_long_for_a_socket_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
