/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ENFORCER_PRIVILEGE_SYSCALL_LISTS_H
#define ENFORCER_PRIVILEGE_SYSCALL_LISTS_H

/*
 * Names of system calls, NULL at the end of each list. Names that an architecture or this
 * libseccomp does not know are passed over, so that one list serves all: what one C library does by
 * open() and stat(), another does by openat() and newfstatat(), and a 32-bit one with 64-bit times
 * by clock_gettime64().
 */

extern const char *const syscalls_daemon[]; /* whatever their arguments are */
extern const char *const syscalls_worker[];
extern const char *const syscalls_hostile[]; /* the daemon has no use for these */
extern const char *const syscalls_helper_refused[];

#endif
