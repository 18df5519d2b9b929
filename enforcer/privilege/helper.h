/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ENFORCER_PRIVILEGE_HELPER_H
#define ENFORCER_PRIVILEGE_HELPER_H

/*
 * A process beside the daemon that runs the iptables programs for it, so that the daemon itself may
 * give up running programs, and being root. It is forked at start, keeps the user that podgate was
 * started by (iptables-legacy's lock and list of tables are root's) with CAP_NET_ADMIN and
 * CAP_NET_RAW, and does what iptables.h describes, and nothing else: the two speak through a socket
 * pair, and rule_guard.h says which rules it applies. It lives as long as the daemon; signals that
 * are meant for the daemon do not end it.
 *
 * helper_start(), helper_watch() and helper_stop() are for the main thread; helper_iptables for
 * any.
 */

#include <stdbool.h>

#include <sys/types.h>
#include <uv.h>

#include "kernel/rules/iptables.h"
#include "process/problem.h"

/*
 * Forks, while there is one thread; later calls of iptables.h go to the helper. `filter`: seccomp
 * for it, too. Returns 0 when it has reduced itself and is ready; or -errno with a sentence in
 * `problem`, and there is none.
 */
int helper_start(bool filter, char problem[PROBLEM_SIZE]);
/*
 * Calls `ended` on the loop when the helper is no more, though nobody has stopped it. 0 or -errno.
 */
int helper_watch(uv_loop_t *loop, void (*ended)(void *context), void *context);
/* The loop lets go of it; the helper goes on. */
void helper_unwatch(void);
/* Ends it, after what it may be doing, and waits for that. */
void helper_stop(void);
/* 0 when there is none. */
pid_t helper_pid(void);

/* iptables.h, done by the helper. -EPIPE: it is no more, or has not answered in time. */
extern const struct iptables_ops helper_iptables;

#endif
