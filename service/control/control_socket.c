/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/control/control_socket.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "process/account.h"
#include "process/unix_address.h"

int control_socket_fail(const char *path, int err, char problem[PROBLEM_SIZE])
{
	snprintf(problem, PROBLEM_SIZE, "can't listen on %.150s: %s", path, strerror(-err));
	return err;
}

static bool has_group(const char *group)
{
	return group != NULL && *group != '\0';
}

static int find_address(struct sockaddr_un *out, const char *path, char problem[PROBLEM_SIZE])
{
	struct stat found;

	if (unix_address(out, path) != 0) {
		snprintf(problem, PROBLEM_SIZE,
			"control_socket is longer than a socket's name may be (%d bytes)",
			(int)sizeof(out->sun_path) - 1);
		return -ENAMETOOLONG;
	}
	if (lstat(path, &found) == 0 && !S_ISSOCK(found.st_mode)) {
		snprintf(problem, PROBLEM_SIZE,
			"%.150s is there and is no socket; remove it or set control_socket", path);
		return -EEXIST;
	}
	return 0;
}

/* The folder and its parents: /run is empty after every boot. */
static void make_folders(const char *path)
{
	char folder[PATH_MAX];

	snprintf(folder, sizeof(folder), "%s", path);
	for (char *slash = strchr(folder + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		mkdir(folder, 0755); /* bind() says what is wrong when it fails */
		*slash = '/';
	}
}

int control_socket_bind(const char *path, const char *group, char problem[PROBLEM_SIZE])
{
	struct sockaddr_un address;
	int fd, err = find_address(&address, path, problem);
	mode_t before;

	if (err != 0)
		return err;
	make_folders(path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return control_socket_fail(path, -errno, problem);
	err = connect(fd, (const struct sockaddr *)&address, sizeof(address)) == 0 ? 0 : -errno;
	/* EAGAIN: a daemon listens, and has no time. */
	if (err == 0 || err == -EAGAIN) {
		snprintf(problem, PROBLEM_SIZE,
			"another podgate answers on %.100s; stop it, take its place (run "
			"--take-over), or set control_socket for this one",
			path);
		close(fd);
		return -EADDRINUSE;
	}
	if (err == -ENOENT || (err == -ECONNREFUSED && (unlink(path) == 0 || errno == ENOENT))) {
		/* The socket has its mode from its first moment: not only from a chmod() on. */
		before = umask(has_group(group) ? 0117 : 0177);
		err = bind(fd, (const struct sockaddr *)&address, sizeof(address)) == 0 ? 0
											: -errno;
		umask(before);
	}
	if (err == 0)
		return fd;
	close(fd);
	return control_socket_fail(path, err, problem);
}

static int find_group(const char *group, gid_t *gid, char problem[PROBLEM_SIZE])
{
	if (account_find_group(group, gid) == 0)
		return 0;
	snprintf(problem, PROBLEM_SIZE,
		"there is no group \"%.64s\": make it (groupadd --system %.64s), or set "
		"control_group",
		group, group);
	return -ENOENT;
}

/* No link is followed: the folder may be of a user that is not to be trusted with root's files. */
int control_socket_open_to(const char *path, const char *group, char problem[PROBLEM_SIZE])
{
	gid_t gid;
	int err;

	if (!has_group(group))
		return 0;
	err = find_group(group, &gid, problem);
	if (err != 0 || lchown(path, (uid_t)-1, gid) == 0)
		return err;
	err = -errno;
	snprintf(problem, PROBLEM_SIZE, "can't give %.100s to the group %.64s: %s", path, group,
		strerror(-err));
	return err;
}

/*
 * Makes the missing folders and a file, then removes them again: from the last folder that was made
 * back to the first.
 */
static int try_folder(const char *path, char problem[PROBLEM_SIZE])
{
	char folder[PATH_MAX], missing[PATH_MAX] = "", file[PATH_MAX];
	const char *slash = strrchr(path, '/');
	struct stat info;
	int fd, err;

	snprintf(folder, sizeof(folder), "%.*s", slash == NULL ? 1 : (int)(slash - path),
		slash == NULL ? "." : path);
	for (char *at = strchr(path, '/') == NULL ? NULL : strchr(folder + 1, '/'); at != NULL;
		at = strchr(at + 1, '/')) {
		*at = '\0';
		if (missing[0] == '\0' && stat(folder, &info) != 0)
			snprintf(missing, sizeof(missing), "%s", folder);
		*at = '/';
	}
	if (missing[0] == '\0' && stat(folder, &info) != 0)
		snprintf(missing, sizeof(missing), "%s", folder);
	make_folders(path);
	snprintf(file, sizeof(file), "%.*s/.podgate-XXXXXX", PATH_MAX - 32, folder);
	fd = mkostemp(file, O_CLOEXEC);
	err = fd < 0 ? control_socket_fail(path, -errno, problem) : 0;
	if (fd >= 0) {
		close(fd);
		unlink(file);
	}
	while (missing[0] != '\0' && rmdir(folder) == 0 && strcmp(folder, missing) != 0)
		*strrchr(folder, '/') = '\0';
	return err;
}

int control_socket_check(const char *path, const char *group, char problem[PROBLEM_SIZE])
{
	struct sockaddr_un address;
	gid_t gid;
	int err = find_address(&address, path, problem);

	if (err == 0 && has_group(group))
		err = find_group(group, &gid, problem);
	return err != 0 ? err : try_folder(path, problem);
}
