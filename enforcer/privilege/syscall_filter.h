/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ENFORCER_PRIVILEGE_SYSCALL_FILTER_H
#define ENFORCER_PRIVILEGE_SYSCALL_FILTER_H

/*
 * Which system calls a thread may make from now on (seccomp), and with it all threads and processes
 * that it starts. Filters add up: a thread may narrow what its process allows, nothing widens it
 * again. There are three kinds of calls:
 *
 * - those on a role's list pass;
 * - those that nothing in podgate has a use for and an intruder has, of running programs, becoming
 *   another, tracing,
 *   mounting, loading..., end the process with SIGSYS. That is a crash like any other: what the
 *   kernel queues then is
 *   dropped, or passes with daemon_away: open, and the service manager starts podgate again;
 * - all others fail with ENOSYS, as on a kernel that lacks them, and the kernel logs that (audit
 *   type 1326). A C library
 *   that has learned a new call falls back on what it did before. To end the process for it would
 *   turn an update of that
 *   library into an outage; not to log it would hide that something is amiss.
 *
 * The helper process runs programs that are not ours, in whatever version: there a list of what
 * they may do would be a promise about them. It has one of what they may not: those calls fail with
 * EPERM, and are logged.
 *
 * A build with a sanitizer can't be filtered (sanitized.h): there nothing is installed.
 */

#include "process/problem.h"

enum syscall_role {
	SYSCALLS_DAEMON, /* every thread of the daemon, from before there is a second */
	SYSCALLS_WORKER, /* in addition, of a thread that reads packets */
	SYSCALLS_HELPER,
};

/* What becomes of calls that are not allowed. */
enum syscall_mode {
	SYSCALLS_REFUSED, /* as above */
	/* they pass, and the kernel logs them: for finding out what a list lacks */
	SYSCALLS_LOGGED,
};

/*
 * For the calling thread, which has no_new_privs already. 0; -ENOTSUP on a kernel without seccomp
 * filters, and in a build with a sanitizer; or another -errno. With a sentence in `problem` unless
 * 0.
 */
int syscall_filter_install(
	enum syscall_role role, enum syscall_mode mode, char problem[PROBLEM_SIZE]);

/*
 * To be called before a libuv loop is made in a thread that will be filtered: from then on
 * io_uring_setup() fails with ENOSYS in this thread and in what it starts, and nothing else
 * changes. libuv 1.50 and later make a ring in uv_loop_init() whatever UV_USE_IO_URING says
 * (uv__use_io_uring() in src/unix/linux.c), do without one when they get none, and abort() when
 * io_uring_enter() is refused later. A ring would also carry calls that no seccomp filter sees.
 *
 * Sets no_new_privs, because a caller without CAP_SYS_ADMIN may not set a filter otherwise. Works
 * in every build. 0, or -errno and a sentence as above.
 */
int syscall_filter_refuse_io_uring(char problem[PROBLEM_SIZE]);

#endif
