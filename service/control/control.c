/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/control/control.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "process/account.h"
#include "service/control/control_client.h"
#include "service/control/control_watch.h"

enum { BACKLOG = 16, IDLE_MS = 30000 };

struct control {
	struct control_options options;
	struct control_clients clients;
	uv_pipe_t listener;
	bool ours; /* to remove */
	char path[sizeof(((struct sockaddr_un *)0)->sun_path)];
};

/* Whether a daemon answers at `path`: -EADDRINUSE; 0 when the socket is stale. */
static int probe(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int err;

	if (fd < 0)
		return -errno;
	memcpy(address.sun_path, path, strlen(path) + 1);
	err = connect(fd, (const struct sockaddr *)&address, sizeof(address)) == 0 ? 0 : -errno;
	close(fd);
	/* EAGAIN: somebody listens, and has no time. */
	if (err == 0 || err == -EAGAIN)
		return -EADDRINUSE;
	return err == -ECONNREFUSED || err == -ENOENT ? 0 : err;
}

/* Whether a socket is there, which may be stale. -EEXIST: something else is. */
static int find_socket(const char *path, bool *there, char problem[CONTROL_PROBLEM])
{
	struct stat found;

	*there = lstat(path, &found) == 0;
	if (!*there || S_ISSOCK(found.st_mode))
		return 0; /* when nothing is there bind() will say what is wrong */
	snprintf(problem, CONTROL_PROBLEM,
		"%.150s is there and is no socket; remove it or set control_socket", path);
	return -EEXIST;
}

static int clear_path(const char *path, char problem[CONTROL_PROBLEM])
{
	bool there;
	int err = find_socket(path, &there, problem);

	if (err != 0 || !there)
		return err;
	err = probe(path);
	if (err == -EADDRINUSE) {
		snprintf(problem, CONTROL_PROBLEM,
			"another podgate answers on %.100s; stop it, take its place (run "
			"--take-over), or set control_socket for this one",
			path);
		return err;
	}
	return unlink(path) == 0 || errno == ENOENT ? 0 : -errno;
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

static void accept_client(uv_stream_t *listener, int status)
{
	struct control *control = listener->data;

	if (status == 0)
		control_clients_accept(&control->clients, listener);
}

static bool has_group(const struct control *control)
{
	return control->options.group != NULL && *control->options.group != '\0';
}

/* Returns a descriptor or -errno. */
static int bind_socket(const struct control *control)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	mode_t before;
	int err;

	if (fd < 0)
		return -errno;
	memcpy(address.sun_path, control->path, strlen(control->path) + 1);
	/*
	 * The mode is the socket's from its first moment: nobody slips in between bind and chmod.
	 */
	before = umask(has_group(control) ? 0117 : 0177);
	err = bind(fd, (const struct sockaddr *)&address, sizeof(address)) == 0 ? 0 : -errno;
	umask(before);
	if (err == 0)
		return fd;
	close(fd);
	return err;
}

/*
 * Bound by ourselves: libuv would remove the file when it closes the handle, even if another daemon
 * listens there now.
 */
static int listen_at(struct control *control)
{
	const int fd = control->options.inherited > 0 ? control->options.inherited
						      : bind_socket(control);
	int err;

	if (fd < 0)
		return fd;
	err = uv_pipe_open(&control->listener, fd);
	if (err != 0) {
		close(fd);
		return err;
	}
	return uv_listen((uv_stream_t *)&control->listener, BACKLOG, accept_client);
}

static int find_group(const char *group, gid_t *gid, char problem[CONTROL_PROBLEM])
{
	if (account_find_group(group, gid) == 0)
		return 0;
	snprintf(problem, CONTROL_PROBLEM,
		"there is no group \"%.64s\": make it (groupadd --system %.64s), or set "
		"control_group",
		group, group);
	return -ENOENT;
}

/*
 * Until then its group is that of whoever made it. No link is followed: the folder may be of a user
 * that is not to be trusted with root's files.
 */
static int open_to_group(const struct control *control, char problem[CONTROL_PROBLEM])
{
	const char *group = control->options.group;
	gid_t gid;

	if (!has_group(control))
		return 0;
	if (find_group(group, &gid, problem) != 0)
		return -ENOENT;
	if (lchown(control->path, (uid_t)-1, gid) != 0) {
		const int err = -errno;

		snprintf(problem, CONTROL_PROBLEM, "can't give %.100s to the group %.64s: %s",
			control->path, group, strerror(-err));
		return err;
	}
	return 0;
}

static void free_control(uv_handle_t *listener)
{
	struct control *control = listener->data;

	control_clients_release(&control->clients);
}

static void clients_gone(void *context)
{
	free(context);
}

static int check_path(const char *path, char problem[CONTROL_PROBLEM])
{
	if (strlen(path) < sizeof(((struct control *)0)->path))
		return 0;
	snprintf(problem, CONTROL_PROBLEM,
		"control_socket is longer than a socket's name may be (%zu bytes)",
		sizeof(((struct control *)0)->path) - 1);
	return -ENAMETOOLONG;
}

/*
 * The folders that were missing are made one by one; from the last that is made back to the first
 * they are removed.
 */
static int try_folder(const char *path, char problem[CONTROL_PROBLEM])
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
	err = fd < 0 ? -errno : 0;
	if (fd >= 0) {
		close(fd);
		unlink(file);
	} else {
		snprintf(problem, CONTROL_PROBLEM, "can't listen on %.150s: %s", path,
			strerror(-err));
	}
	while (missing[0] != '\0' && rmdir(folder) == 0 && strcmp(folder, missing) != 0)
		*strrchr(folder, '/') = '\0';
	return err;
}

int control_check(const char *path, const char *group, char problem[CONTROL_PROBLEM])
{
	bool there;
	gid_t gid;
	int err = check_path(path, problem);

	if (err == 0)
		err = find_socket(path, &there, problem);
	if (err == 0 && group != NULL && *group != '\0')
		err = find_group(group, &gid, problem);
	return err != 0 ? err : try_folder(path, problem);
}

int control_start(
	struct control **out, const struct control_options *options, char problem[CONTROL_PROBLEM])
{
	struct control *control;
	int err = check_path(options->path, problem);

	if (err == 0 && options->inherited == 0) {
		make_folders(options->path);
		err = clear_path(options->path, problem);
	}
	if (err != 0)
		return err;
	control = calloc(1, sizeof(*control));
	if (control == NULL)
		return -ENOMEM;
	control->options = *options;
	control->ours = options->inherited == 0;
	if (control->options.idle_ms == 0)
		control->options.idle_ms = IDLE_MS;
	snprintf(control->path, sizeof(control->path), "%s", options->path);
	control_clients_init(&control->clients, &control->options, clients_gone, control);
	uv_pipe_init(options->loop, &control->listener, 0);
	control->listener.data = control;
	err = listen_at(control);
	if (err != 0)
		snprintf(problem, CONTROL_PROBLEM, "can't listen on %.150s: %s", control->path,
			uv_strerror(err));
	else
		err = open_to_group(control, problem);
	if (err != 0) {
		if (control->ours && err != UV_EADDRINUSE)
			unlink(control->path);
		uv_close((uv_handle_t *)&control->listener, free_control);
		return err;
	}
	*out = control;
	return 0;
}

void control_send_line(struct control *control, const struct verdict_line *line)
{
	control_clients_send_line(&control->clients, line);
}

void control_send_lost(struct control *control, unsigned long long count)
{
	control_clients_send_lost(&control->clients, count);
}

void control_own(struct control *control)
{
	control->ours = true;
}

int control_listener(const struct control *control)
{
	uv_os_fd_t fd;

	return uv_fileno((const uv_handle_t *)&control->listener, &fd) == 0 ? fd : -1;
}

void control_stop(struct control *control)
{
	if (control == NULL)
		return;
	if (control->ours && !control_clients_have_heir(&control->clients))
		unlink(control->path);
	uv_close((uv_handle_t *)&control->listener, free_control);
	control_clients_close(&control->clients);
}
