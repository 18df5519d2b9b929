/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>

#include "process/thread.h"
#include "tests/between.h"

enum { STACK_BYTES = 512 * 1024 };

struct seen {
	sigset_t blocked;
	size_t stack_bytes;
};

static void *look(void *context)
{
	struct seen *seen = context;
	pthread_attr_t attr;

	pthread_sigmask(SIG_BLOCK, NULL, &seen->blocked);
	if (pthread_getattr_np(pthread_self(), &attr) == 0) {
		pthread_attr_getstacksize(&attr, &seen->stack_bytes);
		pthread_attr_destroy(&attr);
	}
	return NULL;
}

static void signals_are_left_to_who_starts_it(void **state)
{
	struct seen seen = {.stack_bytes = 0};
	sigset_t before, after;
	pthread_t thread;

	(void)state;
	pthread_sigmask(SIG_BLOCK, NULL, &before);
	assert_false(sigismember(&before, SIGTERM));
	assert_int_equal(thread_start(&thread, 0, look, &seen), 0);
	assert_int_equal(pthread_join(thread, NULL), 0);
	pthread_sigmask(SIG_BLOCK, NULL, &after);
	for (int signal = 1; signal <= SIGRTMAX; signal++)
		assert_int_equal(sigismember(&after, signal), sigismember(&before, signal));
	assert_true(sigismember(&seen.blocked, SIGTERM));
	assert_true(sigismember(&seen.blocked, SIGHUP));
	assert_true(sigismember(&seen.blocked, SIGCHLD));
}

static void the_stack_is_as_asked_for(void **state)
{
	struct seen seen = {.stack_bytes = 0};
	pthread_t thread;

	(void)state;
	assert_int_equal(thread_start(&thread, STACK_BYTES, look, &seen), 0);
	assert_int_equal(pthread_join(thread, NULL), 0);
	/*
	 * A sanitizer adds to it, for itself. Without the size it would be the limit of stacks,
	 * mostly 8 MiB.
	 */
	assert_between(seen.stack_bytes, STACK_BYTES, 4 * STACK_BYTES);
}

static void a_stack_too_small_is_refused(void **state)
{
	pthread_t thread, untouched;
	struct seen seen;

	(void)state;
	memset(&thread, 0, sizeof(thread));
	untouched = thread;
	assert_int_equal(thread_start(&thread, 1, look, &seen), -EINVAL);
	assert_memory_equal(&thread, &untouched, sizeof(thread));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(signals_are_left_to_who_starts_it),
		cmocka_unit_test(the_stack_is_as_asked_for),
		cmocka_unit_test(a_stack_too_small_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
