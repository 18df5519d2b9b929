/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "process/account.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "process/capabilities.h"

static bool may_change(void)
{
	return geteuid() == 0 && capabilities_hold(CAP_SETUID) && capabilities_hold(CAP_SETGID);
}

static int take_groups(
	struct account *account, const struct passwd *entry, char problem[PROBLEM_SIZE])
{
	int count = ACCOUNT_GROUPS_MOST;

	if (getgrouplist(entry->pw_name, entry->pw_gid, account->groups, &count) < 0) {
		snprintf(problem, PROBLEM_SIZE, "user %.64s is in more than %d groups",
			entry->pw_name, ACCOUNT_GROUPS_MOST);
		return -E2BIG;
	}
	account->group_count = (size_t)count;
	return 0;
}

static int take_entry(struct account *out, const struct passwd *entry, char problem[PROBLEM_SIZE])
{
	struct account account = {.uid = entry->pw_uid, .gid = entry->pw_gid, .changes = true};
	const int err = take_groups(&account, entry, problem);

	if (err != 0)
		return err;
	snprintf(account.name, sizeof(account.name), "%s", entry->pw_name);
	*out = account;
	return 0;
}

/* With the groups that came with it: they are kept. */
void account_self(struct account *out)
{
	const struct passwd *entry = getpwuid(geteuid());

	*out = (struct account){.uid = geteuid(), .gid = getegid()};
	if (entry != NULL)
		snprintf(out->name, sizeof(out->name), "%s", entry->pw_name);
	else
		snprintf(out->name, sizeof(out->name), "uid %u", (unsigned int)out->uid);
}

static int refuse_change(const struct passwd *entry, char problem[PROBLEM_SIZE])
{
	if (geteuid() == 0)
		snprintf(problem, PROBLEM_SIZE,
			"`user: %.64s` takes CAP_SETUID and CAP_SETGID at start: grant them, or "
			"set `user: auto`",
			entry->pw_name);
	else
		snprintf(problem, PROBLEM_SIZE,
			"`user: %.64s` is another user than the one that started podgate: start it "
			"as root, or set `user: auto`",
			entry->pw_name);
	return -EPERM;
}

int account_find(struct account *out, const char *setting, char problem[PROBLEM_SIZE])
{
	const bool automatic = strcmp(setting, ACCOUNT_AUTO) == 0;
	const struct passwd *entry = getpwnam(automatic ? ACCOUNT_USUAL : setting);

	if (automatic && (entry == NULL || !may_change() || entry->pw_uid == geteuid())) {
		account_self(out);
		return 0;
	}
	if (*setting == '\0') {
		snprintf(problem, PROBLEM_SIZE,
			"`user` is empty: set it to a user's name, or leave it out");
		return -ENOENT;
	}
	if (entry == NULL) {
		snprintf(problem, PROBLEM_SIZE,
			"there is no user \"%.64s\": make it (useradd --system --no-create-home "
			"%.64s), or set `user`",
			setting, setting);
		return -ENOENT;
	}
	if (entry->pw_uid == geteuid()) {
		account_self(out);
		return 0;
	}
	return may_change() ? take_entry(out, entry, problem) : refuse_change(entry, problem);
}

int account_find_group(const char *name, gid_t *out)
{
	const struct group *entry = getgrnam(name);

	if (entry == NULL)
		return -ENOENT;
	*out = entry->gr_gid;
	return 0;
}

/*
 * KEEPCAPS holds what is permitted over the change; what is effective goes, and is raised again by
 * who needs it.
 */
int account_become(const struct account *account)
{
	if (!account->changes)
		return 0;
	if (setgroups(account->group_count, account->groups) != 0 ||
		setresgid(account->gid, account->gid, account->gid) != 0 ||
		prctl(PR_SET_KEEPCAPS, 1UL, 0UL, 0UL, 0UL) != 0 ||
		setresuid(account->uid, account->uid, account->uid) != 0 ||
		prctl(PR_SET_KEEPCAPS, 0UL, 0UL, 0UL, 0UL) != 0)
		return -errno;
	return 0;
}

int account_step_down(const struct account *account)
{
	if (account->changes &&
		(setgroups(account->group_count, account->groups) != 0 ||
			setresgid((gid_t)-1, account->gid, (gid_t)-1) != 0 ||
			setresuid((uid_t)-1, account->uid, (uid_t)-1) != 0))
		return -errno;
	return capabilities_lower();
}

int account_step_up(const struct account *account)
{
	if (account->changes &&
		(setresuid((uid_t)-1, getuid(), (uid_t)-1) != 0 ||
			setresgid((gid_t)-1, getgid(), (gid_t)-1) != 0))
		return -errno;
	return capabilities_raise();
}
