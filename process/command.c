/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "process/command.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "process/clock.h"

#ifdef __GLIBC_PREREQ
#if __GLIBC_PREREQ(2, 34)
#define POSIX_SPAWN_CLOSES
#endif
#endif

/*
 * What a program of ours may see of the environment: nothing that we did not choose. English,
 * because its errors are read.
 */
static char *const clean_environment[] = {"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C", NULL};

/* One stream of the program, collected. */
struct sink {
	int fd;
	char *bytes; /* NUL-terminated from the first byte on; NULL: thrown away */
	size_t length, capacity;
	size_t most; /* what is kept of it */
	bool overflowed;
};

struct child {
	pid_t pid;
	int pidfd;
	struct sink output, error;
};

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

/*
 * A descriptor above the standard three, so that placing it on one of them in the child cannot hit
 * another.
 */
static int raise_fd(int fd)
{
	int raised = fd;

	if (fd >= 0 && fd <= STDERR_FILENO) {
		raised = fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
		close(fd);
	}
	return raised;
}

static int pipe_open(int ends[2])
{
	if (pipe2(ends, O_CLOEXEC) != 0)
		return -errno;
	ends[0] = raise_fd(ends[0]);
	ends[1] = raise_fd(ends[1]);
	if (ends[0] >= 0 && ends[1] >= 0)
		return 0;
	close_fd(&ends[0]);
	close_fd(&ends[1]);
	return -EMFILE;
}

/*
 * Standard input as a file in memory: nothing has to be fed while the program runs, so the two
 * can't wait for each other.
 */
static int input_open(const char *text)
{
	const size_t length = text != NULL ? strlen(text) : 0;
	const int fd = raise_fd(memfd_create("podgate-input", MFD_CLOEXEC));
	size_t done = 0;

	if (fd < 0)
		return -errno;
	while (done < length) {
		const ssize_t n = write(fd, text + done, length - done);

		if (n < 0 && errno != EINTR) {
			const int err = -errno;

			close(fd);
			return err;
		}
		done += n > 0 ? (size_t)n : 0;
	}
	lseek(fd, 0, SEEK_SET);
	return fd;
}

/*
 * A group of its own, so that a Ctrl-C at our terminal can't end a transaction halfway; default
 * signals, none blocked.
 */
static int attributes_init(posix_spawnattr_t *attributes)
{
	sigset_t set;
	int err = posix_spawnattr_init(attributes);

	if (err != 0)
		return -err;
	sigfillset(&set);
	posix_spawnattr_setsigdefault(attributes, &set);
	sigemptyset(&set);
	posix_spawnattr_setsigmask(attributes, &set);
	posix_spawnattr_setpgroup(attributes, 0);
	posix_spawnattr_setflags(
		attributes, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETPGROUP);
	return 0;
}

/*
 * The three descriptors placed here are the only ones that the program gets. Ours are
 * close-on-exec, but libraries (libipset's sockets) open some that are not: where the C library
 * can, all others are closed.
 */
static int spawn(const char *const *argv, int input, int output, int error, pid_t *pid)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	int err = attributes_init(&attributes);

	if (err != 0)
		return err;
	err = -posix_spawn_file_actions_init(&actions);
	if (err != 0)
		goto free_attributes;
	posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO);
	posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
	posix_spawn_file_actions_adddup2(&actions, error, STDERR_FILENO);
#ifdef POSIX_SPAWN_CLOSES
	posix_spawn_file_actions_addclosefrom_np(&actions, STDERR_FILENO + 1);
#endif
	/* posix_spawn() wants char **, and changes nothing */
	err = -posix_spawn(pid, argv[0], &actions, &attributes, (char *const *)(uintptr_t)argv,
		clean_environment);
	posix_spawn_file_actions_destroy(&actions);
free_attributes:
	posix_spawnattr_destroy(&attributes);
	return err;
}

static int sink_grow(struct sink *sink)
{
	const size_t capacity = sink->capacity == 0 ? 16384 : sink->capacity * 2;
	char *bytes = realloc(sink->bytes, capacity);

	if (bytes == NULL)
		return -ENOMEM;
	sink->bytes = bytes;
	sink->capacity = capacity;
	return 0;
}

static int sink_keep(struct sink *sink, const char *bytes, size_t length)
{
	if (length > sink->most - sink->length) {
		sink->overflowed = true;
		length = sink->most - sink->length;
	}
	if (sink->most == 0)
		return 0;
	while (sink->capacity - sink->length <= length)
		if (sink_grow(sink) != 0)
			return -ENOMEM;
	memcpy(sink->bytes + sink->length, bytes, length);
	sink->length += length;
	sink->bytes[sink->length] = '\0';
	return 0;
}

/*
 * Takes what is there; at the end of the stream closes it. What exceeds the bound is still read, or
 * the program would wait.
 */
static int sink_read(struct sink *sink)
{
	char buffer[16384];
	const ssize_t n = read(sink->fd, buffer, sizeof(buffer));

	if (n < 0)
		return errno == EINTR || errno == EAGAIN ? 0 : -errno;
	if (n == 0) {
		close_fd(&sink->fd);
		return 0;
	}
	return sink_keep(sink, buffer, (size_t)n);
}

/* Reads both streams until the program has ended (its pidfd turns readable) and they are empty. */
static int collect(struct child *child, unsigned int timeout_ms)
{
	const uint64_t deadline = clock_ms() + timeout_ms;
	bool ended = false;

	while (!ended || child->output.fd >= 0 || child->error.fd >= 0) {
		struct pollfd fds[3] = {
			{.fd = child->output.fd, .events = POLLIN},
			{.fd = child->error.fd, .events = POLLIN},
			{.fd = ended ? -1 : child->pidfd, .events = POLLIN},
		};
		const uint64_t now = clock_ms();
		int err = 0;

		if (now >= deadline)
			return -ETIMEDOUT;
		if (poll(fds, 3, (int)(deadline - now)) < 0 && errno != EINTR)
			return -errno;
		if (fds[0].revents != 0)
			err = sink_read(&child->output);
		if (err == 0 && fds[1].revents != 0)
			err = sink_read(&child->error);
		if (err != 0)
			return err;
		ended = ended || fds[2].revents != 0;
	}
	return 0;
}

/* Waits for the program, which has ended or is about to. */
static int reap(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	return WIFSIGNALED(status) ? COMMAND_EXIT_SIGNALLED + WTERMSIG(status)
				   : WEXITSTATUS(status);
}

static int child_start(struct child *child, const struct command *command)
{
	int output[2] = {-1, -1}, error[2] = {-1, -1};
	int input = input_open(command->input);
	int err = input < 0 ? input : pipe_open(output);

	if (err == 0)
		err = pipe_open(error);
	if (err == 0)
		err = spawn(command->argv, input, output[1], error[1], &child->pid);
	close_fd(&input);
	close_fd(&output[1]);
	close_fd(&error[1]);
	child->output.fd = output[0];
	child->error.fd = error[0];
	return err;
}

/*
 * On an error of ours the program is killed with all that it started, and not waited for in vain.
 */
static int child_finish(struct child *child, unsigned int timeout_ms)
{
	int err, exit_code;

	child->pidfd = (int)syscall(SYS_pidfd_open, child->pid, 0U);
	err = child->pidfd < 0 ? -errno : collect(child, timeout_ms);
	if (err != 0)
		kill(-child->pid, SIGKILL);
	exit_code = reap(child->pid);
	close_fd(&child->pidfd);
	return err != 0 ? err : exit_code;
}

static void result_fill(struct command_result *out, struct child *child, int exit_code)
{
	*out = (struct command_result){
		.exit_code = exit_code, .output_length = child->output.length};
	out->output = child->output.bytes;
	child->output.bytes = NULL;
	if (child->error.bytes != NULL)
		memcpy(out->error, child->error.bytes, child->error.length + 1);
}

int command_execute(const struct command *command, struct command_result *out)
{
	struct child child = {
		.pidfd = -1,
		.output = {.fd = -1, .most = command->output_most},
		.error = {.fd = -1, .most = COMMAND_ERROR_TEXT - 1},
	};
	int err = child_start(&child, command);

	if (err == 0)
		err = child_finish(&child, command->timeout_ms);
	if (err >= 0 && child.output.overflowed && command->output_most != 0)
		err = -EFBIG;
	if (err >= 0 && command->output_most != 0)
		if (sink_keep(&child.output, "", 0) !=
			0) /* an output of nothing is an empty text, not NULL */
			err = -ENOMEM;
	if (err >= 0) {
		result_fill(out, &child, err);
		err = 0;
	}
	close_fd(&child.output.fd);
	close_fd(&child.error.fd);
	free(child.output.bytes);
	free(child.error.bytes);
	return err;
}

void command_result_deinit(struct command_result *result)
{
	free(result->output);
	result->output = NULL;
}

static bool is_program(const char *path)
{
	struct stat info;

	return stat(path, &info) == 0 && S_ISREG(info.st_mode) && access(path, X_OK) == 0;
}

/* Looks for `name` in each folder of the colon-separated list. */
static int find_in(const char *folders, const char *name, char path[PATH_MAX])
{
	char candidate[PATH_MAX];

	while (*folders != '\0') {
		const size_t length = strcspn(folders, ":");
		const int n = snprintf(
			candidate, sizeof(candidate), "%.*s/%s", (int)length, folders, name);

		/*
		 * Relative folders (an empty one is ".") are passed over: what we run must not
		 * depend on where we stand.
		 */
		if (folders[0] == '/' && n > 0 && n < PATH_MAX && is_program(candidate)) {
			memcpy(path, candidate, (size_t)n + 1);
			return 0;
		}
		folders += length;
		folders += *folders == ':';
	}
	return -ENOENT;
}

int command_find(const char *name, char path[PATH_MAX])
{
	const char *folders = getenv("PATH");

	if (folders != NULL && find_in(folders, name, path) == 0)
		return 0;
	return find_in("/usr/sbin:/sbin", name, path);
}
