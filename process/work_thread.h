/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef PROCESS_WORK_THREAD_H
#define PROCESS_WORK_THREAD_H

/*
 * A thread that works in rounds: it sleeps until another thread wakes it or its time has come,
 * works one round, naps, and sleeps again. The nap lets a flood of wakes cost little. The first
 * round begins at once.
 *
 * Whatever a thread left before it called work_thread_wake(), a round sees that begins after the
 * call. No round begins after work_thread_stop() returned.
 */

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "process/pulse.h"

struct work_thread_options {
	const char *name; /* at most 15 characters; a constant */
	size_t stack_bytes;
	unsigned int nap_ms;
	int fd; /* a round begins when it is readable, too; -1: there is none */
	void (*begin)(void *context); /* called first, on the thread; may be NULL */
	/*
	 * One round. Returns after how many ms the next begins if nobody wakes the thread; -1: it
	 * waits until woken. `last`: work_thread_stop() was called, and no other round will follow.
	 */
	int (*round)(void *context, bool last);
	void *context;
};

/* Embedded; its fields are the module's own. */
struct work_thread {
	struct work_thread_options options;
	pthread_t thread;
	bool running;
	int wake_fd;
	atomic_bool awake; /* wake_fd was written since the last round began */
	atomic_bool stop;
	atomic_bool serving;	     /* a round is under way */
	atomic_uint_fast64_t rounds; /* ended */
};

/* For one thread, which owns it. 0 or -errno; work_thread_deinit() is right after either. */
int work_thread_init(struct work_thread *thread);
int work_thread_start(struct work_thread *thread, const struct work_thread_options *options);
void work_thread_stop(struct work_thread *thread);   /* waits for the last round; idempotent */
void work_thread_deinit(struct work_thread *thread); /* stopped, or never started */

/* For any thread, between init and deinit; may come before the start. Never blocks. */
void work_thread_wake(struct work_thread *thread);
struct pulse work_thread_pulse(
	const struct work_thread *thread); /* not before the start returned */

#endif
