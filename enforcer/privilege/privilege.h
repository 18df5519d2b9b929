/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ENFORCER_PRIVILEGE_PRIVILEGE_H
#define ENFORCER_PRIVILEGE_PRIVILEGE_H

/*
 * Giving up what a process no longer needs, for good, and making sure that it is gone: bounding
 * set, groups, group, user, capabilities, the way back by an execve() (no_new_privs), and being
 * looked into by others of the same user (dumpable). Whoever does so opens and binds first what
 * takes more.
 */

#include <stdbool.h>
#include <stdint.h>

#include <sys/types.h>

#include "process/account.h"
#include "process/capabilities.h"
#include "process/problem.h"

struct privilege_wanted {
	const struct account *account; /* whom to become */
	uint64_t keep;		       /* capabilities, of those that are held */
	bool children; /* programs that are run get them as well; else they get none */
};

/* As the kernel has it for the calling thread. */
struct privilege_state {
	uid_t uid;
	gid_t gid;
	struct capabilities capabilities;
	bool no_new_privs;
	bool filtered; /* by seccomp */
};

/*
 * Only while the process has one thread: the kernel keeps most of this by thread. Returns 0 when no
 * more is held than is wanted, which was read back from the kernel; or -errno with a sentence in
 * `problem`, and the process should not go on: -EBUSY (there are threads), -EPERM...
 */
int privilege_reduce(const struct privilege_wanted *wanted, char problem[PROBLEM_SIZE]);
int privilege_read(struct privilege_state *out); /* 0 or -errno */

#endif
