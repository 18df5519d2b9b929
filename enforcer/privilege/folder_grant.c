/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "enforcer/privilege/folder_grant.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The folder that `path` is in; returns its name there. */
static const char *split(const char *path, char folder[PATH_MAX])
{
	const char *slash = strrchr(path, '/');

	if (slash == NULL)
		snprintf(folder, PATH_MAX, ".");
	else if (slash == path)
		snprintf(folder, PATH_MAX, "/");
	else
		snprintf(folder, PATH_MAX, "%.*s", (int)(slash - path), path);
	return slash == NULL ? path : slash + 1;
}

/* "NAME", or "NAME.1" and so on; and of the state directory "NAME.1.broken". */
static bool is_of_name(const char *entry, const char *name)
{
	const size_t length = strlen(name);

	if (strncmp(entry, name, length) != 0)
		return false;
	entry += length;
	if (*entry != '.' || entry[1] < '0' || entry[1] > '9')
		return *entry == '\0';
	entry += 1 + strspn(entry + 1, "0123456789");
	return *entry == '\0' || strcmp(entry, ".broken") == 0;
}

static bool is_root_alone(const struct stat *info)
{
	return info->st_uid == 0 && (info->st_mode & (S_IWGRP | S_IWOTH)) == 0;
}

/* Calls `visit` for each entry, till one returns false. Whether none did. */
static bool each_entry(int folder,
	bool (*visit)(int folder, const char *entry, const void *context), const void *context)
{
	DIR *entries = fdopendir(dup(folder));
	const struct dirent *entry;
	bool all = entries != NULL;

	if (entries == NULL)
		return false;
	rewinddir(entries); /* the copy of a descriptor has its place, too */
	while (all && (entry = readdir(entries)) != NULL)
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			all = visit(folder, entry->d_name, context);
	closedir(entries);
	return all;
}

static bool is_ours(int folder, const char *entry, const void *name)
{
	struct stat info;

	return is_of_name(entry, name) && fstatat(folder, entry, &info, AT_SYMLINK_NOFOLLOW) == 0 &&
		(S_ISREG(info.st_mode) || S_ISSOCK(info.st_mode)) && info.st_uid == 0 &&
		info.st_nlink == 1;
}

/* The socket stays root's, so that only root, and a group that is named, may connect. */
static bool give(int folder, const char *entry, const void *context)
{
	const struct account *account = context;
	struct stat info;

	return fstatat(folder, entry, &info, AT_SYMLINK_NOFOLLOW) == 0 &&
		(S_ISSOCK(info.st_mode) ||
			fchownat(folder, entry, account->uid, account->gid, AT_SYMLINK_NOFOLLOW) ==
				0);
}

static bool is_member(const struct account *account, gid_t gid)
{
	bool found = account->gid == gid;

	for (size_t i = 0; i < account->group_count; i++)
		found = found || account->groups[i] == gid;
	return found;
}

/*
 * Whether the account can't put another folder, or a link, in the place of one that is in this
 * folder.
 */
static bool is_out_of_reach(const struct stat *info, const struct account *account)
{
	const bool others = (info->st_mode & S_IWOTH) != 0, group = (info->st_mode & S_IWGRP) != 0;

	if (info->st_uid != 0)
		return false;
	return (info->st_mode & S_ISVTX) != 0 ||
		(!others && !(group && is_member(account, info->st_gid)));
}

/* One step on the way. A link is followed where only root can have put it. */
static int enter(int parent, const char *name, const struct account *account)
{
	struct stat info;

	if (fstat(parent, &info) != 0 || !is_out_of_reach(&info, account))
		return -1;
	return openat(parent, name,
		O_RDONLY | O_DIRECTORY | O_CLOEXEC |
			((info.st_mode & (S_IWGRP | S_IWOTH)) != 0 ? O_NOFOLLOW : 0));
}

/*
 * Opens it component by component: otherwise a user who controls a parent folder could get any
 * empty folder of root's. Returns -1 when the path leads through a folder of others.
 */
static int open_folder(const char *folder, const struct account *account)
{
	char copy[PATH_MAX], *save = NULL;
	int fd = open(folder[0] == '/' ? "/" : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	snprintf(copy, sizeof(copy), "%s", folder);
	for (char *name = strtok_r(copy, "/", &save); fd >= 0 && name != NULL;
		name = strtok_r(NULL, "/", &save)) {
		const int next = enter(fd, name, account);

		close(fd);
		fd = next;
	}
	return fd;
}

/* The folder of `path`, when it may be given away; else -1. */
static int open_givable(const char *path, const struct account *account)
{
	char folder[PATH_MAX];
	const char *name = split(path, folder);
	const int fd = open_folder(folder, account);
	struct stat info;

	if (fd < 0)
		return -1;
	if (fstat(fd, &info) == 0 && is_root_alone(&info) && each_entry(fd, is_ours, name))
		return fd;
	close(fd);
	return -1;
}

/*
 * Whether the folder is not there, and would be made in one that the account can't put another in
 * the place of.
 */
static bool would_make(const char *folder, const struct account *account)
{
	char parent[PATH_MAX];
	struct stat info;
	bool would;
	int fd;

	if (lstat(folder, &info) == 0)
		return false;
	split(folder, parent);
	fd = open_folder(parent, account);
	if (fd < 0)
		return false;
	would = fstat(fd, &info) == 0 && is_out_of_reach(&info, account) &&
		faccessat(fd, ".", W_OK, AT_EACCESS) == 0;
	close(fd);
	return would;
}

bool folder_grant_would(const char *path, const struct account *account)
{
	const int fd = account->changes ? open_givable(path, account) : -1;
	char folder[PATH_MAX];

	if (fd >= 0)
		close(fd);
	split(path, folder);
	return fd >= 0 || (account->changes && would_make(folder, account));
}

void folder_grant(const char *path, const struct account *account)
{
	char folder[PATH_MAX];
	int fd;

	if (!account->changes)
		return;
	split(path, folder);
	mkdir(folder, 0750);
	fd = open_givable(path, account);
	if (fd < 0)
		return;
	if (each_entry(fd, give, account) && fchown(fd, account->uid, account->gid) != 0)
		errno = 0; /* it shows in folder_grant_check() */
	close(fd);
}

int folder_grant_check(const char *path)
{
	char folder[PATH_MAX];

	split(path, folder);
	return euidaccess(folder, W_OK | X_OK) == 0 ? 0 : -errno;
}
