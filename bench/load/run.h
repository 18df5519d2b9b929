/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BENCH_LOAD_RUN_H
#define BENCH_LOAD_RUN_H

/*
 * One run of a program: its clock, its price, and its end on SIGTERM or SIGINT, which every loop
 * looks for at least ten times a second.
 */

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

/* the longest that anything waits without a look */
enum { RUN_TICK_MS = 100, RUN_TICK_US = 100000 };

/* First thing in main(): signals are noted, none restarts a system call, and SIGPIPE is ignored. */
void run_begin(void);
bool run_stopped(void); /* any thread */
void run_stop(void);	/* as if SIGTERM had come */
void run_ready(void);	/* prints "ready", flushed */

uint64_t run_clock_ns(void); /* CLOCK_MONOTONIC: the same in every network namespace */
/*
 * User and system time of all threads of this process since it was ready, or else since main()
 * began.
 */
uint64_t run_cpu_us(void);

/*
 * Sleeps until `until_ns`, as exactly as the kernel can, but no longer than a tick. Returns whether
 * that time has come; a signal ends it early.
 */
bool run_sleep_until(uint64_t until_ns);
/*
 * When the event number `done` (from 0) of a run that began at `start_ns` is due at `rate` a
 * second; 0: at once.
 */
uint64_t run_due_ns(uint64_t start_ns, uint64_t done, uint64_t rate);
/* Asks the kernel not to delay this thread's wake-ups (PR_SET_TIMERSLACK): for whoever paces. */
void run_wake_exactly(void);

#endif
