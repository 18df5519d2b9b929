/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "process/work_thread.h"

#include <errno.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "process/clock.h"
#include "process/thread.h"

static void *run(void *context)
{
	struct work_thread *thread = context;
	const struct work_thread_options *options = &thread->options;
	const struct timespec nap = {.tv_nsec = (long)(options->nap_ms * NS_PER_MS)};
	struct pollfd fds[] = {
		{.fd = thread->wake_fd, .events = POLLIN},
		{.fd = options->fd, .events = POLLIN}, /* poll(2) passes over a negative one */
	};
	int wait_ms = 0;
	bool last;

	/* Other threads may not name this one, once the process is not dumpable. */
	pthread_setname_np(pthread_self(), options->name);
	if (options->begin != NULL)
		options->begin(options->context);
	do {
		uint64_t count;

		if (poll(fds, sizeof(fds) / sizeof(fds[0]), wait_ms) > 0 &&
			(fds[0].revents & POLLIN) != 0)
			(void)!read(thread->wake_fd, &count, sizeof(count));
		atomic_store(&thread->serving, true);
		/* First: a thread that found it true has left what this round will see. */
		atomic_exchange(&thread->awake, false);
		last = atomic_load(&thread->stop);
		wait_ms = options->round(options->context, last);
		atomic_fetch_add(&thread->rounds, 1);
		atomic_store(&thread->serving, false);
		if (!last)
			nanosleep(&nap, NULL);
	} while (!last);
	return NULL;
}

int work_thread_init(struct work_thread *thread)
{
	*thread = (struct work_thread){.wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
	return thread->wake_fd < 0 ? -errno : 0;
}

int work_thread_start(struct work_thread *thread, const struct work_thread_options *options)
{
	int err;

	thread->options = *options;
	err = thread_start(&thread->thread, options->stack_bytes, run, thread);
	thread->running = err == 0;
	return err;
}

void work_thread_stop(struct work_thread *thread)
{
	if (!thread->running)
		return;
	atomic_store(&thread->stop, true);
	work_thread_wake(thread);
	pthread_join(thread->thread, NULL);
	thread->running = false;
}

void work_thread_deinit(struct work_thread *thread)
{
	if (thread->wake_fd >= 0)
		close(thread->wake_fd);
	thread->wake_fd = -1;
}

void work_thread_wake(struct work_thread *thread)
{
	const uint64_t one = 1;

	/* A counter that is full fails with EAGAIN: the thread is about to wake anyhow. */
	if (!atomic_exchange(&thread->awake, true))
		(void)!write(thread->wake_fd, &one, sizeof(one));
}

struct pulse work_thread_pulse(const struct work_thread *thread)
{
	return (struct pulse){
		.done = atomic_load(&thread->rounds),
		.due = thread->running &&
			(atomic_load(&thread->serving) || atomic_load(&thread->awake)),
	};
}
