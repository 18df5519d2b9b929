/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/tools/probe.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

/*
 * A service manager in small, in what matters of systemd's descriptor store: it starts a service
 * again whenever that ends, however it ends, and keeps for it what it was given to keep
 * (sd_pid_notify_with_fds(3), sd_listen_fds(3)). It prints what happens, a line each.
 */

enum { KEPT_MOST = 256, NAME = 64, FIRST = 3, AWAY = 512 };

struct kept {
	int fd;
	char name[NAME];
};

struct keeper {
	struct kept kept[KEPT_MOST];
	unsigned int count;
	int notify;
	pid_t child;
	char **command;
};

static volatile sig_atomic_t ended;

static void note_end(int signal_number)
{
	(void)signal_number;
	ended = 1;
}

static void note_child(int signal_number)
{
	(void)signal_number; /* it interrupts poll() */
}

/* ---- the service ---- */

/* First out of the way of the numbers that they are to have. */
static void pass_descriptors(const struct keeper *keeper)
{
	char names[KEPT_MOST * NAME] = "", number[16];

	for (unsigned int i = 0; i < keeper->count; i++)
		dup2(keeper->kept[i].fd, AWAY + (int)i);
	for (unsigned int i = 0; i < keeper->count; i++) {
		dup2(AWAY + (int)i, FIRST + (int)i);
		close(AWAY + (int)i);
		strcat(names, i > 0 ? ":" : "");
		strcat(names, keeper->kept[i].name);
	}
	if (keeper->count == 0)
		return;
	snprintf(number, sizeof(number), "%u", keeper->count);
	setenv("LISTEN_FDS", number, 1);
	snprintf(number, sizeof(number), "%d", (int)getpid());
	setenv("LISTEN_PID", number, 1);
	setenv("LISTEN_FDNAMES", names, 1);
}

static void start(struct keeper *keeper)
{
	keeper->child = fork();
	if (keeper->child == 0) {
		signal(SIGTERM, SIG_DFL);
		signal(SIGCHLD, SIG_DFL);
		pass_descriptors(keeper);
		execvp(keeper->command[0], keeper->command);
		_exit(127);
	}
	printf("started %d with %u\n", (int)keeper->child, keeper->count);
}

static void restart_when_ended(struct keeper *keeper)
{
	int status;

	if (waitpid(keeper->child, &status, WNOHANG) != keeper->child)
		return;
	if (WIFSIGNALED(status))
		printf("ended by signal %d\n", WTERMSIG(status));
	else
		printf("ended with %d\n", WEXITSTATUS(status));
	if (!ended)
		start(keeper);
}

/* ---- what it is told ---- */

static void forget(struct keeper *keeper, const char *name)
{
	for (unsigned int i = 0; i < keeper->count;) {
		if (strcmp(keeper->kept[i].name, name) != 0) {
			i++;
			continue;
		}
		close(keeper->kept[i].fd);
		keeper->kept[i] = keeper->kept[--keeper->count];
	}
}

static bool is_same(int a, int b)
{
	struct stat first, second;

	return fstat(a, &first) == 0 && fstat(b, &second) == 0 && first.st_ino == second.st_ino &&
		first.st_dev == second.st_dev;
}

static void keep(struct keeper *keeper, const char *name, int fd)
{
	for (unsigned int i = 0; i < keeper->count; i++) {
		if (is_same(keeper->kept[i].fd, fd)) {
			close(fd);
			return;
		}
	}
	if (keeper->count == KEPT_MOST) {
		close(fd);
		return;
	}
	keeper->kept[keeper->count].fd = fd;
	snprintf(keeper->kept[keeper->count++].name, NAME, "%s", name);
}

static bool has_line(const char *message, const char *line)
{
	const char *at = strstr(message, line);

	return at != NULL && (at == message || at[-1] == '\n') &&
		(at[strlen(line)] == '\n' || at[strlen(line)] == '\0');
}

static void hear(struct keeper *keeper, char *message, int fd)
{
	char name[NAME] = "stored";
	const char *at = strstr(message, "FDNAME=");

	if (at != NULL)
		sscanf(at, "FDNAME=%63[^\n]", name);
	if (fd >= 0 && has_line(message, "FDSTORE=1"))
		keep(keeper, name, fd);
	else if (fd >= 0)
		close(fd);
	if (has_line(message, "FDSTOREREMOVE=1"))
		forget(keeper, name);
	for (char *newline = message; (newline = strchr(newline, '\n')) != NULL;)
		*newline = ' ';
	puts(message);
}

static void receive(struct keeper *keeper)
{
	char text[1024];
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(sizeof(int))];
	} passed;
	struct iovec vector = {.iov_base = text, .iov_len = sizeof(text) - 1};
	struct msghdr message = {.msg_iov = &vector,
		.msg_iovlen = 1,
		.msg_control = &passed,
		.msg_controllen = sizeof(passed)};
	const ssize_t length = recvmsg(keeper->notify, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	const struct cmsghdr *header = length < 0 ? NULL : CMSG_FIRSTHDR(&message);
	int fd = -1;

	if (length < 0)
		return;
	if (header != NULL && header->cmsg_type == SCM_RIGHTS)
		memcpy(&fd, CMSG_DATA(header), sizeof(fd));
	text[length] = '\0';
	hear(keeper, text, fd);
}

/* ---- */

static int listen_at(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	const int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	unlink(path);
	if (fd < 0 || bind(fd, (const struct sockaddr *)&address, sizeof(address)) != 0 ||
		chmod(path, 0666) != 0)
		return -errno;
	setenv("NOTIFY_SOCKET", path, 1);
	return fd;
}

static void run(struct keeper *keeper)
{
	struct pollfd polled = {.fd = keeper->notify, .events = POLLIN};

	start(keeper);
	while (!ended) {
		if (poll(&polled, 1, 20) > 0)
			receive(keeper);
		restart_when_ended(keeper);
	}
	kill(keeper->child, SIGTERM);
	waitpid(keeper->child, NULL, 0);
}

int command_keep(int argc, char **argv)
{
	static struct keeper keeper;
	const struct sigaction end = {.sa_handler = note_end}, child = {.sa_handler = note_child};

	if (argc < 3) {
		fputs("podgate-probe: keep SOCKET COMMAND...\n", stderr);
		return PROBE_PROBLEM;
	}
	keeper.command = argv + 2;
	keeper.notify = listen_at(argv[1]);
	if (keeper.notify < 0) {
		fprintf(stderr, "podgate-probe: %s: %s\n", argv[1], strerror(-keeper.notify));
		return PROBE_PROBLEM;
	}
	sigaction(SIGTERM, &end, NULL);
	sigaction(SIGCHLD, &child, NULL);
	run(&keeper);
	return PROBE_REACHED;
}
