/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "enforcer/privilege/privilege.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "process/sanitized.h"

static int fail(char problem[PROBLEM_SIZE], int err, const char *what)
{
	snprintf(problem, PROBLEM_SIZE, "can't give up privileges: %s: %s", what, strerror(-err));
	return err;
}

/* 0 when /proc can't tell. */
static unsigned int count_threads(void)
{
	DIR *tasks = opendir("/proc/self/task");
	const struct dirent *entry;
	unsigned int count = 0;

	while (tasks != NULL && (entry = readdir(tasks)) != NULL)
		count += entry->d_name[0] != '.';
	if (tasks != NULL)
		closedir(tasks);
	return count;
}

/*
 * Without CAP_SETPCAP the bounding set stays as it is. It has no meaning any more once no_new_privs
 * is set: no execve() brings anything.
 */
static int bound(const struct privilege_wanted *wanted)
{
	const int err = capabilities_bound(wanted->children ? wanted->keep : 0);

	return err == -EPERM && !capabilities_hold(CAP_SETPCAP) ? 0 : err;
}

static int reduce(const struct privilege_wanted *wanted, char problem[PROBLEM_SIZE])
{
	int err = bound(wanted);

	if (err != 0)
		return fail(problem, err, "the bounding set");
	err = account_become(wanted->account);
	if (err != 0)
		return fail(problem, err, "becoming another user");
	err = capabilities_keep(wanted->keep, wanted->children);
	if (err != 0)
		return fail(problem, err, "capabilities");
	if (prctl(PR_SET_NO_NEW_PRIVS, 1UL, 0UL, 0UL, 0UL) != 0)
		return fail(problem, -errno, "no_new_privs");
	/*
	 * Changing the user has cleared it; a leak check must be able to look at its process,
	 * though.
	 */
	if (prctl(PR_SET_DUMPABLE, SANITIZED ? 1UL : 0UL, 0UL, 0UL, 0UL) != 0)
		return fail(problem, -errno, "dumpable");
	return 0;
}

/*
 * Whether all of the thread's identities are those of the account, and there is no way back to
 * root's.
 */
static bool is_account(const struct account *account)
{
	uid_t uid[3];
	gid_t gid[3];

	if (getresuid(&uid[0], &uid[1], &uid[2]) != 0 || getresgid(&gid[0], &gid[1], &gid[2]) != 0)
		return false;
	for (int i = 0; account->changes && i < 3; i++)
		if (uid[i] != account->uid || gid[i] != account->gid)
			return false;
	return !account->changes || account->uid == 0 || setresuid((uid_t)-1, 0, (uid_t)-1) != 0;
}

static int verify(const struct privilege_wanted *wanted, char problem[PROBLEM_SIZE])
{
	const uint64_t for_children = wanted->children ? wanted->keep : 0;
	struct privilege_state now;
	const int err = privilege_read(&now);
	const char *held = NULL;
	char text[CAPABILITIES_TEXT];
	uint64_t more = 0;

	if (err != 0)
		return fail(problem, err, "reading back what is held");
	more |= (now.capabilities.permitted | now.capabilities.effective) & ~wanted->keep;
	more |= (now.capabilities.inheritable | now.capabilities.ambient) & ~for_children;
	if (more != 0)
		held = capabilities_print(more, text);
	else if (!now.no_new_privs)
		held = "a way to new privileges by an execve()";
	else if (!is_account(wanted->account))
		held = "another user's identity";
	if (held == NULL)
		return 0;
	snprintf(problem, PROBLEM_SIZE,
		"can't give up privileges: the kernel says that this is still held: %.150s", held);
	return -EPERM;
}

int privilege_reduce(const struct privilege_wanted *wanted, char problem[PROBLEM_SIZE])
{
	int err = !SANITIZED && count_threads() > 1
		? fail(problem, -EBUSY, "there are threads already")
		: 0;

	if (err == 0)
		err = reduce(wanted, problem);
	if (err == 0)
		err = verify(wanted, problem);
	return err;
}

int privilege_read(struct privilege_state *out)
{
	struct privilege_state state = {.uid = geteuid(), .gid = getegid()};
	const int err = capabilities_read(&state.capabilities);

	if (err != 0)
		return err;
	state.no_new_privs = prctl(PR_GET_NO_NEW_PRIVS, 0UL, 0UL, 0UL, 0UL) == 1;
	state.filtered = prctl(PR_GET_SECCOMP) == 2;
	*out = state;
	return 0;
}
