/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "process/thread.h"

#include <signal.h>

/* A thread begins with the mask of the one that creates it: pthread_create(3). */
static int create(
	pthread_t *out, const pthread_attr_t *attr, void *(*run)(void *context), void *context)
{
	sigset_t all, before;
	pthread_t thread;
	int err;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	err = pthread_create(&thread, attr, run, context);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (err == 0)
		*out = thread;
	return -err;
}

int thread_start(pthread_t *out, size_t stack_bytes, void *(*run)(void *context), void *context)
{
	pthread_attr_t attr;
	int err = -pthread_attr_init(&attr);

	if (err != 0)
		return err;
	if (stack_bytes > 0)
		err = -pthread_attr_setstacksize(&attr, stack_bytes);
	if (err == 0)
		err = create(out, &attr, run, context);
	pthread_attr_destroy(&attr);
	return err;
}
