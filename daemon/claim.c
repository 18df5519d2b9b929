/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/claim.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static const char name[] = "podgate";

enum {
	BACKLOG = 64,
	TRIES = 10, /* to connect while the queue is full, which a stranger may see to */
	TRY_PAUSE_MS = 100,
	PATIENCE_S = 1,
	ANSWERS_A_TURN = 8, /* of the loop: any user may connect, as often as it likes */
	TURN_PAUSE_MS = 50,
};

struct claim {
	uv_poll_t poll;
	uv_timer_t pause;
	int fd;
	unsigned int handles; /* not yet closed */
	char line[sizeof(((struct sockaddr_un *)0)->sun_path) + 2];
};

static socklen_t fill_address(struct sockaddr_un *out)
{
	*out = (struct sockaddr_un){.sun_family = AF_UNIX};
	memcpy(out->sun_path + 1, name, sizeof(name) - 1);
	return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + sizeof(name));
}

int claim_take(void)
{
	struct sockaddr_un address;
	const socklen_t length = fill_address(&address);
	const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int err;

	if (fd < 0)
		return -errno;
	if (bind(fd, (const struct sockaddr *)&address, length) == 0 && listen(fd, BACKLOG) == 0)
		return fd;
	err = -errno;
	close(fd);
	return err;
}

int claim_check(int fd)
{
	struct sockaddr_un wanted, found = {.sun_family = AF_UNSPEC};
	const socklen_t length = fill_address(&wanted);
	socklen_t got = sizeof(found), size = sizeof(int);
	int listens = 0;

	if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &size) != 0 || listens == 0 ||
		getsockname(fd, (struct sockaddr *)&found, &got) != 0 || got != length ||
		memcmp(&found, &wanted, got) != 0)
		return -EINVAL;
	return 0;
}

/* ---- looking ---- */

/*
 * A connection, or -errno: -ECONNREFUSED when no process listens there, -EAGAIN when the queue
 * stays full.
 */
static int connect_to_holder(void)
{
	const struct timespec pause = {.tv_nsec = TRY_PAUSE_MS * 1000000L};
	const struct timeval patience = {.tv_sec = PATIENCE_S};
	struct sockaddr_un address;
	const socklen_t length = fill_address(&address);
	const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), on = 1;
	int err = -EAGAIN;

	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_PASSCRED, &on, sizeof(on));
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	for (int tries = 0; err == -EAGAIN && tries < TRIES; tries++) {
		if (tries > 0)
			nanosleep(&pause, NULL);
		err = connect(fd, (const struct sockaddr *)&address, length) == 0 ? 0 : -errno;
	}
	if (err == 0 && fcntl(fd, F_SETFL, 0) == 0)
		return fd; /* which blocks from here on, for as long as it has patience */
	close(fd);
	return err != 0 ? err : -EIO;
}

/* The process that the line is from, and what it says. Without a line *out stays as it is. */
static void read_line(int fd, struct claim_holder *out)
{
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(sizeof(struct ucred))];
	} control;
	char text[sizeof(out->control_socket) + 2];
	struct iovec vector = {.iov_base = text, .iov_len = sizeof(text) - 1};
	struct msghdr message = {.msg_iov = &vector,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control)};
	const ssize_t length = recvmsg(fd, &message, MSG_CMSG_CLOEXEC);
	const struct cmsghdr *header = length > 0 ? CMSG_FIRSTHDR(&message) : NULL;
	struct ucred sender;

	if (length <= 0)
		return;
	if (header != NULL && header->cmsg_level == SOL_SOCKET &&
		header->cmsg_type == SCM_CREDENTIALS &&
		header->cmsg_len == CMSG_LEN(sizeof(sender))) {
		memcpy(&sender, CMSG_DATA(header), sizeof(sender));
		out->pid = sender.pid;
	}
	text[length] = '\0';
	text[strcspn(text, "\n")] = '\0';
	snprintf(out->control_socket, sizeof(out->control_socket), "%.*s",
		(int)sizeof(out->control_socket) - 1, text);
}

int claim_look(uid_t user, struct claim_holder *out)
{
	struct claim_holder holder = {.pid = 0};
	struct ucred peer = {.uid = (uid_t)-1};
	socklen_t length = sizeof(peer);
	const int fd = connect_to_holder();

	if (fd < 0)
		return fd == -ECONNREFUSED ? 0 : fd;
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &length) != 0 ||
		(peer.uid != 0 && peer.uid != geteuid() && peer.uid != user)) {
		close(fd);
		return -EPERM;
	}
	holder.pid = peer.pid;
	read_line(fd, &holder);
	close(fd);
	*out = holder;
	return -EADDRINUSE;
}

/* ---- answering ---- */

static void answer_some(uv_poll_t *poll, int status, int events);

static void go_on(uv_timer_t *timer)
{
	struct claim *claim = timer->data;

	uv_poll_start(&claim->poll, UV_READABLE, answer_some);
}

/* The kernel keeps the line until it is read or the connection is gone: so nothing waits here. */
static void answer_some(uv_poll_t *poll, int status, int events)
{
	struct claim *claim = poll->data;
	int answered = 0, fd;

	(void)status;
	(void)events;
	while (answered < ANSWERS_A_TURN &&
		(fd = accept4(claim->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK)) >= 0) {
		if (send(fd, claim->line, strlen(claim->line), MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
			errno = 0; /* the client has gone already */
		close(fd);
		answered++;
	}
	if (answered < ANSWERS_A_TURN)
		return;
	uv_poll_stop(poll);
	uv_timer_start(&claim->pause, go_on, TURN_PAUSE_MS, 0);
}

static void free_claim(uv_handle_t *handle)
{
	struct claim *claim = handle->data;

	if (--claim->handles > 0)
		return;
	close(claim->fd);
	free(claim);
}

int claim_serve(struct claim **out, uv_loop_t *loop, int fd, const char *control_socket)
{
	struct claim *claim = calloc(1, sizeof(*claim));
	int err;

	if (claim == NULL) {
		close(fd);
		return -ENOMEM;
	}
	claim->fd = fd;
	snprintf(claim->line, sizeof(claim->line), "%.*s\n", (int)sizeof(claim->line) - 2,
		control_socket);
	err = uv_poll_init(loop, &claim->poll, fd);
	if (err != 0) {
		close(fd);
		free(claim);
		return err;
	}
	uv_timer_init(loop, &claim->pause);
	claim->poll.data = claim->pause.data = claim;
	claim->handles = 2;
	*out = claim;
	return uv_poll_start(&claim->poll, UV_READABLE, answer_some);
}

/* ---- at the start ---- */

static int refuse_or_pass(int found, const struct claim_holder *holder, char problem[PROBLEM_SIZE])
{
	char who[64] = "in another PID namespace", place[2 * sizeof(holder->control_socket)] = "";

	problem[0] = '\0';
	if (found == -EADDRINUSE) {
		if (holder->pid > 0)
			snprintf(who, sizeof(who), "pid %d", (int)holder->pid);
		if (holder->control_socket[0] != '\0')
			snprintf(place, sizeof(place), ", control_socket %s",
				holder->control_socket);
		snprintf(problem, PROBLEM_SIZE,
			"another podgate (%s%s) enforces in this network namespace already, and "
			"two would undo each other's rules; stop it, or take its place with its "
			"own control_socket (run --take-over)",
			who, place);
		return found;
	}
	if (found == -EPERM)
		snprintf(problem, PROBLEM_SIZE,
			"a process of another user holds the abstract socket @podgate, so podgate "
			"can't tell whether a second one runs in this network namespace; see `ss "
			"-xlp`");
	else if (found != 0)
		snprintf(problem, PROBLEM_SIZE,
			"can't tell whether another podgate runs in this network namespace "
			"(abstract socket @podgate): %s",
			strerror(-found));
	return 0;
}

int claim_refuse_second(uid_t user, char problem[PROBLEM_SIZE])
{
	struct claim_holder holder;
	const int found = claim_look(user, &holder);

	return refuse_or_pass(found, &holder, problem);
}

int claim_hold(struct claim **out, uv_loop_t *loop, int inherited, uid_t user,
	const char *control_socket, char problem[PROBLEM_SIZE])
{
	const int fd = inherited >= 0 ? inherited : claim_take();
	int err;

	problem[0] = '\0';
	if (fd >= 0) {
		err = claim_serve(out, loop, fd, control_socket);
		return err == 0 ? 0 : refuse_or_pass(err, NULL, problem);
	}
	/* Without an answer another daemon is between bind() and listen(), or it is a stranger. */
	if (fd == -EADDRINUSE) {
		err = claim_refuse_second(user, problem);
		return err == 0 && problem[0] == '\0' ? refuse_or_pass(-EPERM, NULL, problem) : err;
	}
	return refuse_or_pass(fd, NULL, problem);
}

int claim_descriptor(const struct claim *claim)
{
	return claim == NULL ? -1 : claim->fd;
}

void claim_stop(struct claim *claim)
{
	if (claim == NULL)
		return;
	uv_close((uv_handle_t *)&claim->poll, free_claim);
	uv_close((uv_handle_t *)&claim->pause, free_claim);
}
