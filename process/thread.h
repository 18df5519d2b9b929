/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef PROCESS_THREAD_H
#define PROCESS_THREAD_H

#include <pthread.h>
#include <stddef.h>

/*
 * Starts a thread that no signal is ever handled on, as the signals of the process are for its
 * loop: it begins with all of them blocked. `stack_bytes` is the size of its stack; 0: the system's
 * usual one. Returns 0; or -errno, *out untouched.
 */
int thread_start(pthread_t *out, size_t stack_bytes, void *(*run)(void *context), void *context);

#endif
