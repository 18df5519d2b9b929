/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "enforcer/belongings.h"

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

/* "NAME", or "NAME.1" and so on. */
static bool is_of_name(const char *entry, const char *name)
{
	const size_t length = strlen(name);

	if (strncmp(entry, name, length) != 0)
		return false;
	entry += length;
	return *entry == '\0' || (*entry == '.' && entry[1] != '\0' && entry[1 + strspn(entry + 1, "0123456789")] == '\0');
}

static bool is_root_alone(const struct stat *info)
{
	return info->st_uid == 0 && (info->st_mode & (S_IWGRP | S_IWOTH)) == 0;
}

/* Calls `visit` for each entry, till one returns false. Whether none did. */
static bool each_entry(int folder, bool (*visit)(int folder, const char *entry, const void *context), const void *context)
{
	DIR *entries = fdopendir(dup(folder));
	const struct dirent *entry;
	bool all = entries != NULL;

	if (entries == NULL)
		return false;
	rewinddir(entries);	/* the copy of a descriptor has its place, too */
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
	       (S_ISREG(info.st_mode) || S_ISSOCK(info.st_mode)) && info.st_uid == 0 && info.st_nlink == 1;
}

/* The socket stays root's, so that only root, and a group that is named, may connect. */
static bool give(int folder, const char *entry, const void *context)
{
	const struct account *account = context;
	struct stat info;

	return fstatat(folder, entry, &info, AT_SYMLINK_NOFOLLOW) == 0 &&
	       (S_ISSOCK(info.st_mode) ||
		       fchownat(folder, entry, account->uid, account->gid, AT_SYMLINK_NOFOLLOW) == 0);
}

/* The folder of `path`, when it may be given away; else -1. */
static int open_givable(const char *path)
{
	char folder[PATH_MAX];
	const char *name = split(path, folder);
	const int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct stat info;

	if (fd < 0)
		return -1;
	if (fstat(fd, &info) == 0 && is_root_alone(&info) && each_entry(fd, is_ours, name))
		return fd;
	close(fd);
	return -1;
}

bool belongings_would_give_folder(const char *path, const struct account *account)
{
	const int fd = account->changes ? open_givable(path) : -1;

	if (fd < 0)
		return false;
	close(fd);
	return true;
}

void belongings_give_folder(const char *path, const struct account *account)
{
	char folder[PATH_MAX];
	int fd;

	if (!account->changes)
		return;
	split(path, folder);
	mkdir(folder, 0750);
	fd = open_givable(path);
	if (fd < 0)
		return;
	if (each_entry(fd, give, account) && fchown(fd, account->uid, account->gid) != 0)
		errno = 0;	/* it shows in belongings_check_folder() */
	close(fd);
}

int belongings_check_folder(const char *path)
{
	char folder[PATH_MAX];

	split(path, folder);
	return euidaccess(folder, W_OK | X_OK) == 0 ? 0 : -errno;
}
