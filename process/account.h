/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef PROCESS_ACCOUNT_H
#define PROCESS_ACCOUNT_H

/*
 * The user that podgate runs as, with the groups that the system's database gives it. Found while
 * files may still be read freely; taken once, before there are threads, because the kernel keeps
 * identities by thread.
 */

#include <stdbool.h>
#include <stddef.h>

#include <sys/types.h>

#include "process/problem.h"

enum { ACCOUNT_NAME = 64, ACCOUNT_GROUPS_MOST = 64 };
#define ACCOUNT_AUTO "auto"
#define ACCOUNT_USUAL "podgate"

struct account {
	char name[ACCOUNT_NAME]; /* "uid 1234" when the database has no name for it */
	uid_t uid;
	gid_t gid;
	gid_t groups[ACCOUNT_GROUPS_MOST];
	size_t group_count;
	bool changes; /* it is not the one who started us */
};

/*
 * Whom the setting `user` means. "auto": podgate, when there is such a user and we are root with
 * the right to become another; else who started us. Returns 0; or -errno with a sentence and its
 * remedy in `problem`: -ENOENT (no such user), -EPERM (we may not become it), -E2BIG.
 */
int account_find(struct account *out, const char *setting, char problem[PROBLEM_SIZE]);
/* Who started us. */
void account_self(struct account *out);
/* The number of a group; 0, or -ENOENT. */
int account_find_group(const char *name, gid_t *out);

/* Supplementary groups, group and user, for good, with what is permitted kept. 0 or -errno. */
int account_become(const struct account *account);

/*
 * Files are opened as that user would until account_step_up(): its identity, and no capability. For
 * a thread that is alone. 0 or -errno.
 */
int account_step_down(const struct account *account);
int account_step_up(const struct account *account);

#endif
