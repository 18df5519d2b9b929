/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "enforcer/log/verdict_file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/*
 * How long a reader of our standard output may hold up the log: what comes meanwhile fits in the
 * rings.
 */
enum { STUCK_MS = 100 };

struct verdict_file {
	char *path; /* NULL: standard output */
	int fd;
	bool regular;
	bool mid_line; /* a line was cut short and could not be undone */
	uint64_t size; /* of a regular file */
	uint64_t rotate_bytes;
	unsigned int keep;
};

static int adopt(struct verdict_file *file, int fd)
{
	struct stat found;

	if (fstat(fd, &found) != 0)
		return -errno;
	file->fd = fd;
	file->regular = S_ISREG(found.st_mode);
	file->size = file->regular ? (uint64_t)found.st_size : 0;
	file->mid_line = false;
	return 0;
}

/*
 * The folder of `path`: "/var/log" of "/var/log/x", "/" of "/x", "." of "x". False when it is too
 * long.
 */
static bool folder_of(const char *path, char folder[PATH_MAX])
{
	const char *slash = strrchr(path, '/');
	const size_t length = slash == NULL ? 0 : slash == path ? 1 : (size_t)(slash - path);

	if (length >= PATH_MAX)
		return false;
	memcpy(folder, path, length);
	folder[length] = '\0';
	if (slash == NULL)
		strcpy(folder, ".");
	return true;
}

/*
 * In a folder where a user who is neither root nor ours may write, a link is not followed, and a
 * file with a second name is not written: either may lead to a file that this user may not write.
 */
static int open_path(struct verdict_file *file)
{
	char folder[PATH_MAX];
	struct stat info;
	const bool careful = !folder_of(file->path, folder) || stat(folder, &info) != 0 ||
		(info.st_uid != 0 && info.st_uid != geteuid()) ||
		(info.st_mode & (S_IWGRP | S_IWOTH)) != 0;
	/* O_NONBLOCK: a FIFO without a reader must not stop the daemon; regular files ignore it. */
	const int fd = open(file->path,
		O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NONBLOCK | O_NOCTTY |
			(careful ? O_NOFOLLOW : 0),
		0640);
	int err;

	if (fd < 0)
		return -errno;
	if (careful && fstat(fd, &info) == 0 && S_ISREG(info.st_mode) && info.st_nlink > 1)
		err = -ELOOP;
	else
		err = adopt(file, fd);
	if (err != 0)
		close(fd);
	return err;
}

int verdict_file_open(
	struct verdict_file **out, const char *path, uint64_t rotate_bytes, unsigned int keep)
{
	struct verdict_file *file = calloc(1, sizeof(*file));
	char folder[PATH_MAX];
	int err = -ENOMEM;

	if (file == NULL)
		return -ENOMEM;
	file->rotate_bytes = rotate_bytes;
	file->keep = keep;
	if (strcmp(path, "-") == 0) {
		err = adopt(file, STDOUT_FILENO);
	} else {
		file->path = strdup(path);
		/* The folder only, not its parents: /var/log is the system's to make. */
		if (file->path != NULL && folder_of(path, folder))
			mkdir(folder, 0750); /* open() says what is wrong when it fails */
		if (file->path != NULL)
			err = open_path(file);
	}
	if (err != 0) {
		free(file->path);
		free(file);
		return err;
	}
	*out = file;
	return 0;
}

int verdict_file_check(const char *path)
{
	const bool there = access(path, F_OK) == 0;
	char folder[PATH_MAX];
	struct verdict_file *file;
	const bool folder_there = !folder_of(path, folder) || access(folder, F_OK) == 0;
	int err;

	err = verdict_file_open(&file, path, 0, 0);
	if (err == 0 && !there && file->path != NULL && file->regular)
		unlink(path);
	if (!folder_there)
		rmdir(folder);
	if (err == 0)
		verdict_file_close(file);
	return err;
}

void verdict_file_close(struct verdict_file *file)
{
	if (file == NULL)
		return;
	if (file->path != NULL)
		close(file->fd);
	free(file->path);
	free(file);
}

int verdict_file_reopen(struct verdict_file *file)
{
	const int old = file->fd;
	int err;

	if (file->path == NULL)
		return 0;
	err = open_path(file);
	if (err == 0)
		close(old);
	return err;
}

/*
 * FILE.keep goes, the others move up by one, FILE becomes FILE.1; with nothing to keep, FILE goes.
 */
static int shift(const struct verdict_file *file)
{
	char from[PATH_MAX], to[PATH_MAX];

	if (file->keep == 0)
		return unlink(file->path) == 0 ? 0 : -errno;
	for (unsigned int i = file->keep; i > 0; i--) {
		const int wrote = snprintf(to, sizeof(to), "%s.%u", file->path, i);

		if (wrote < 0 || (size_t)wrote >= sizeof(to))
			return -ENAMETOOLONG;
		if (i == 1)
			snprintf(from, sizeof(from), "%s", file->path);
		else
			snprintf(from, sizeof(from), "%s.%u", file->path, i - 1);
		if (rename(from, to) != 0 && errno != ENOENT)
			return -errno;
	}
	return 0;
}

/* When rotating fails the log goes on in the file it has; it is tried again with the next line. */
static void rotate_if_full(struct verdict_file *file, size_t length)
{
	if (file->path == NULL || !file->regular || file->rotate_bytes == 0 || file->size == 0 ||
		file->size + length <= file->rotate_bytes)
		return;
	if (shift(file) == 0)
		(void)verdict_file_reopen(file);
}

/* A regular file is always ready; anything else has STUCK_MS to become so. */
static int wait_writable(const struct verdict_file *file)
{
	struct pollfd poll_fd = {.fd = file->fd, .events = POLLOUT};
	int ready;

	if (file->regular)
		return 0;
	do {
		ready = poll(&poll_fd, 1, STUCK_MS);
	} while (ready < 0 && errno == EINTR);
	if (ready < 0)
		return -errno;
	if (ready == 0)
		return -ETIMEDOUT;
	return (poll_fd.revents & POLLERR) != 0 ? -EPIPE : 0;
}

/* Stores in *written how much went out, also on failure. */
static int write_all(struct verdict_file *file, const char *bytes, size_t length, size_t *written)
{
	*written = 0;
	while (*written < length) {
		/*
		 * A writable pipe takes PIPE_BUF bytes without blocking; a file takes any number.
		 */
		const size_t left = length - *written;
		const size_t piece = file->regular || left < PIPE_BUF ? left : PIPE_BUF;
		const int err = wait_writable(file);
		ssize_t wrote;

		if (err != 0)
			return err;
		wrote = write(file->fd, bytes + *written, piece);
		if (wrote < 0 && errno != EINTR && errno != EAGAIN)
			return -errno;
		if (wrote > 0)
			*written += (size_t)wrote;
	}
	return 0;
}

/*
 * Takes back what was written of a line, where that can be done. The file's end is asked for:
 * logrotate may have moved it.
 */
static void undo(struct verdict_file *file, size_t written)
{
	struct stat now;

	if (written == 0)
		return;
	if (!file->regular || fstat(file->fd, &now) != 0 || now.st_size < (off_t)written ||
		ftruncate(file->fd, now.st_size - (off_t)written) != 0)
		file->mid_line = true;
}

int verdict_file_write(struct verdict_file *file, const char *line, size_t length)
{
	size_t written;
	int err;

	rotate_if_full(file, length);
	if (file->mid_line) {
		err = write_all(file, "\n", 1, &written);
		if (err != 0)
			return err;
		file->mid_line = false;
		file->size += file->regular ? 1 : 0;
	}
	err = write_all(file, line, length, &written);
	if (err != 0)
		undo(file, written);
	else if (file->regular)
		file->size += written;
	return err;
}
