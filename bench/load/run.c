/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bench/load/run.h"

#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/resource.h>

static atomic_bool stopped;   /* lock-free, which makes it fit for the handler (C11, 7.14.1.1) */
static uint64_t start_cpu_us; /* what starting took: it is no part of the run */

static void note_stop(int signal_number)
{
	(void)signal_number;
	atomic_store(&stopped, true);
}

static uint64_t cpu_us(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return (uint64_t)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000000 +
		(uint64_t)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
}

void run_begin(void)
{
	const struct sigaction action = {.sa_handler = note_stop};

	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGINT, &action, NULL);
	signal(SIGPIPE, SIG_IGN);
	start_cpu_us = cpu_us();
}

bool run_stopped(void)
{
	return atomic_load(&stopped);
}

void run_stop(void)
{
	atomic_store(&stopped, true);
}

void run_ready(void)
{
	start_cpu_us = cpu_us();
	puts("ready");
	fflush(stdout);
}

uint64_t run_clock_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

uint64_t run_cpu_us(void)
{
	return cpu_us() - start_cpu_us;
}

bool run_sleep_until(uint64_t until_ns)
{
	const uint64_t tick = run_clock_ns() + (uint64_t)RUN_TICK_MS * 1000000;
	const uint64_t to = until_ns < tick ? until_ns : tick;
	const struct timespec at = {
		.tv_sec = (time_t)(to / 1000000000), .tv_nsec = (long)(to % 1000000000)};

	clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL);
	return run_clock_ns() >= until_ns;
}

uint64_t run_due_ns(uint64_t start_ns, uint64_t done, uint64_t rate)
{
	return rate == 0 ? start_ns
			 : start_ns + done / rate * 1000000000 + done % rate * 1000000000 / rate;
}

void run_wake_exactly(void)
{
	prctl(PR_SET_TIMERSLACK, 1, 0, 0, 0);
}
