/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef PROCESS_DESCRIPTOR_STORE_H
#define PROCESS_DESCRIPTOR_STORE_H

/*
 * The sockets of the queues in the keeping of the service manager (sd_pid_notify_with_fds(3),
 * FDSTORE=1): while it holds them, a daemon may crash or restart and its queues stay bound, so that
 * packets wait for the next. That one is given them with its start (sd_listen_fds(3)). By hand, as
 * notify.h is. For the main thread.
 */

#include <stdint.h>
#include <sys/types.h>

#include "process/inheritance.h"

/*
 * Takes what we were started with, from the environment, which it empties of that so that no child
 * believes it is meant. Descriptors that are not called as queues' sockets are (inheritance_name())
 * are none of ours and closed.
 */
void descriptor_store_inherit(struct inheritance *out);

/*
 * How many descriptors, from number 3 on, the environment says are for the process `self`: its
 * LISTEN_PID, LISTEN_FDS, each NULL if it isn't there. 0 when none are, or when what it says makes
 * no sense. Pure.
 */
enum { DESCRIPTOR_STORE_FIRST = 3, DESCRIPTOR_STORE_MOST = 4096 };
unsigned int descriptor_store_parse(const char *pid, const char *count, pid_t self);

/* Gives a queue's socket into keeping; once more changes nothing. And takes it out. */
void descriptor_store_keep(uint16_t queue, int fd);
void descriptor_store_forget(uint16_t queue);

#endif
