/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <sys/resource.h>
#include <unistd.h>

#include "process/priority.h"

/* A thread of its own takes a priority, for only a privileged one gets back to where it was. */
struct attempt {
	int policy, nice; /* what it begins with */
	void (*take)(void);
	int policy_after, nice_after;
};

static void *run_attempt(void *context)
{
	const struct sched_param real_time = {.sched_priority = 1}, ordinary = {0};
	struct attempt *attempt = context;

	if (sched_setscheduler(0, attempt->policy,
		    attempt->policy == SCHED_RR ? &real_time : &ordinary) != 0 ||
		setpriority(PRIO_PROCESS, (id_t)gettid(), attempt->nice) != 0)
		return NULL;
	attempt->take();
	attempt->policy_after = sched_getscheduler(0);
	attempt->nice_after = getpriority(PRIO_PROCESS, (id_t)gettid());
	return NULL;
}

static void expect(int policy, int nice, void (*take)(void), int policy_after, int nice_after)
{
	struct attempt attempt = {.policy = policy, .nice = nice, .take = take, .policy_after = -1};
	pthread_t thread;

	assert_int_equal(pthread_create(&thread, NULL, run_attempt, &attempt), 0);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_int_equal(attempt.policy_after, policy_after);
	assert_int_equal(attempt.nice_after, nice_after);
}

static void background_is_behind_others(void **state)
{
	(void)state;
	expect(SCHED_OTHER, 0, priority_background, SCHED_BATCH, 10);
	expect(SCHED_OTHER, 5, priority_background, SCHED_BATCH, 15);
	expect(SCHED_OTHER, 15, priority_background, SCHED_BATCH, 19);
}

static void prompt_is_before_nobody(void **state)
{
	(void)state;
	expect(SCHED_OTHER, 0, priority_prompt, SCHED_OTHER, 0);
	expect(SCHED_OTHER, 7, priority_prompt, SCHED_OTHER, 7);
}

/* Whoever starts podgate in another class has reasons. */
static void other_classes_are_left(void **state)
{
	(void)state;
	expect(SCHED_BATCH, 3, priority_background, SCHED_BATCH, 3);
	expect(SCHED_IDLE, 0, priority_prompt, SCHED_IDLE, 0);
	expect(SCHED_RR, 0, priority_background, SCHED_RR, 0);
}

static void *pin_and_look(void *context)
{
	const unsigned int *nth = context;
	cpu_set_t mine;

	if (priority_pin(*nth) != 0 || sched_getaffinity(0, sizeof(mine), &mine) != 0 ||
		CPU_COUNT(&mine) != 1)
		return NULL;
	for (size_t cpu = 0; cpu < CPU_SETSIZE; cpu++) {
		if (CPU_ISSET(cpu, &mine))
			return (void *)(uintptr_t)(cpu + 1);
	}
	return NULL;
}

static size_t pinned_to(unsigned int nth)
{
	pthread_t thread;
	void *cpu;

	assert_int_equal(pthread_create(&thread, NULL, pin_and_look, &nth), 0);
	assert_int_equal(pthread_join(thread, &cpu), 0);
	assert_non_null(cpu);
	return (size_t)((uintptr_t)cpu - 1);
}

/* In their order, and round again. */
static void each_place_has_a_cpu(void **state)
{
	cpu_set_t allowed;
	unsigned int nth = 0;

	(void)state;
	assert_int_equal(sched_getaffinity(0, sizeof(allowed), &allowed), 0);
	for (size_t cpu = 0; cpu < CPU_SETSIZE; cpu++) {
		if (CPU_ISSET(cpu, &allowed))
			assert_int_equal(pinned_to(nth++), cpu);
	}
	assert_int_equal(pinned_to(nth), pinned_to(0));
}

static void *background_work(void *context)
{
	volatile uint64_t *work = context;

	priority_background();
	for (uint64_t i = 0; i < 1000; i++) {
		(*work)++;
		priority_yield();
	}
	return NULL;
}

/*
 * Yielding is no waiting: with nobody there, or with somebody who never rests, the work comes to
 * its end.
 */
static void yielding_ends(void **state)
{
	uint64_t work = 0;
	pthread_t thread;

	(void)state;
	assert_int_equal(pthread_create(&thread, NULL, background_work, &work), 0);
	while (pthread_tryjoin_np(thread, NULL) == EBUSY)
		;
	assert_int_equal(work, 1000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(background_is_behind_others),
		cmocka_unit_test(prompt_is_before_nobody),
		cmocka_unit_test(other_classes_are_left),
		cmocka_unit_test(each_place_has_a_cpu),
		cmocka_unit_test(yielding_ends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
