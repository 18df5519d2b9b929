/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/takeover.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "daemon/claim.h"
#include "daemon/handover.h"
#include "process/passed_descriptors.h"
#include "process/unix_address.h"

enum {
	ANSWER = 16384,
	PATIENCE_S = 10,     /* for an answer */
	PAUSE_PAUSE_MS = 5,  /* between two questions whether it has paused */
	PAUSE_TRIES = 12000, /* a minute: a long sweep may be under way */
};

void takeover_init(struct takeover *takeover)
{
	*takeover = (struct takeover){.fd = -1, .control = -1, .metrics = -1, .claim = -1};
}

static void close_one(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

void takeover_deinit(struct takeover *takeover)
{
	close_one(&takeover->fd);
	close_one(&takeover->control);
	close_one(&takeover->metrics);
	close_one(&takeover->claim);
}

/* ---- the conversation ---- */

struct answer {
	char text[ANSWER];
	size_t length;
	int descriptors[PASSED_DESCRIPTORS_MOST];
	size_t count;
};

/*
 * A piece of the answer. Returns its length, 0 at the end, or -errno. Descriptors that have no room
 * are closed, by the kernel or here: then the offer's names do not match.
 */
static ssize_t receive_piece(int fd, struct answer *answer)
{
	union passed_descriptors passed;
	struct iovec vector = {
		.iov_base = answer->text + answer->length, .iov_len = ANSWER - 1 - answer->length};
	struct msghdr message = {.msg_iov = &vector,
		.msg_iovlen = 1,
		.msg_control = &passed,
		.msg_controllen = sizeof(passed)};
	ssize_t got;

	do {
		got = recvmsg(fd, &message, MSG_CMSG_CLOEXEC);
	} while (got < 0 && errno == EINTR);
	if (got < 0)
		return errno == EAGAIN ? -ETIMEDOUT : -errno;
	passed_descriptors_take(&message, answer->descriptors, &answer->count);
	answer->length += (size_t)got;
	answer->text[answer->length] = '\0';
	return got;
}

static void close_all(const int *descriptors, size_t count)
{
	for (size_t i = 0; i < count; i++)
		close(descriptors[i]);
}

/* Asks for a step and receives one line. 0 or -errno; then no descriptor is left open. */
static int exchange(const struct takeover *takeover, const char *step, struct answer *answer)
{
	char line[96];
	const int length = snprintf(line, sizeof(line),
		"{\"command\":\"hand_over\",\"protocol\":%d,\"step\":\"%s\"}\n", HANDOVER_PROTOCOL,
		step);
	ssize_t got = 1;

	if (send(takeover->fd, line, (size_t)length, MSG_NOSIGNAL) != length)
		return -EPIPE;
	answer->length = answer->count = 0;
	answer->text[0] = '\0';
	while (got > 0 && strchr(answer->text, '\n') == NULL && answer->length < ANSWER - 1)
		got = receive_piece(takeover->fd, answer);
	if (got > 0 && strchr(answer->text, '\n') != NULL)
		return 0;
	close_all(answer->descriptors, answer->count);
	return got < 0 ? (int)got : got == 0 ? -ECONNRESET : -EPROTO;
}

static int explain(int err, char problem[PROBLEM_SIZE])
{
	snprintf(problem, PROBLEM_SIZE, "the running podgate does not hand over: %s; it goes on",
		strerror(-err));
	return err;
}

/* An answer that is not {"ok": true...}, by what it says itself. */
static int explain_refusal(const cJSON *json, char problem[PROBLEM_SIZE])
{
	const cJSON *error = cJSON_GetObjectItemCaseSensitive(json, "error");

	snprintf(problem, PROBLEM_SIZE,
		"the running podgate does not hand over (it says: %.200s); it goes on. Stop it and "
		"start this one instead",
		cJSON_IsString(error) ? error->valuestring : "nothing that is understood");
	return -EOPNOTSUPP;
}

static bool agrees(const cJSON *json)
{
	return cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(json, "ok"));
}

/* ---- what is offered ---- */

/*
 * A listening socket with the name that we would bind. What `metrics` was bound to is told apart by
 * its name only.
 */
static bool listens(int fd, int domain, const char *path)
{
	struct sockaddr_storage address = {.ss_family = AF_UNSPEC};
	const struct sockaddr_un *local = (const struct sockaddr_un *)&address;
	socklen_t length = sizeof(address), size = sizeof(int);
	int accepts = 0;

	if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &accepts, &size) != 0 || accepts == 0 ||
		getsockname(fd, (struct sockaddr *)&address, &length) != 0)
		return false;
	if (domain != AF_UNIX)
		return address.ss_family == AF_INET || address.ss_family == AF_INET6;
	return address.ss_family == AF_UNIX &&
		strncmp(local->sun_path, path, sizeof(local->sun_path)) == 0;
}

/* Takes a socket where it belongs, or closes it. */
static void sort_in(struct takeover *takeover, const char *name, int fd, const char *path,
	const char *metrics_listen, struct inheritance *out)
{
	static const char metrics[] = "metrics ";
	uint16_t queue;

	if (inheritance_parse_name(&queue, name) && inheritance_add(out, queue, fd) == 0)
		return;
	if (strcmp(name, "control") == 0 && takeover->control < 0 && listens(fd, AF_UNIX, path)) {
		takeover->control = fd;
	} else if (strncmp(name, metrics, strlen(metrics)) == 0 && takeover->metrics < 0 &&
		strcmp(name + strlen(metrics), metrics_listen) == 0 && listens(fd, AF_INET, NULL)) {
		takeover->metrics = fd;
	} else if (strcmp(name, "claim") == 0 && takeover->claim < 0 && claim_check(fd) == 0) {
		takeover->claim = fd;
	} else {
		close(fd);
	}
}

static int check_offer(const cJSON *json, size_t count, char problem[PROBLEM_SIZE])
{
	const cJSON *protocol = cJSON_GetObjectItemCaseSensitive(json, "protocol");
	const cJSON *pid = cJSON_GetObjectItemCaseSensitive(json, "pid");
	const cJSON *names = cJSON_GetObjectItemCaseSensitive(json, "names"), *name;
	bool whole = cJSON_IsNumber(pid) && pid->valuedouble >= 1 && pid->valuedouble <= INT_MAX &&
		cJSON_IsArray(names) && (size_t)cJSON_GetArraySize(names) == count;

	if (!agrees(json) || !cJSON_IsNumber(protocol) ||
		protocol->valuedouble != HANDOVER_PROTOCOL)
		return explain_refusal(json, problem);
	if (whole)
		cJSON_ArrayForEach(name, names)
			whole = whole && cJSON_IsString(name);
	if (whole)
		return 0;
	snprintf(problem, PROBLEM_SIZE,
		"the running podgate offers %zu sockets and does not say which, or not who it is",
		count);
	return -EPROTO;
}

int takeover_read_offer(struct takeover *takeover, const char *text, const int *descriptors,
	size_t count, const char *path, const char *metrics_listen, struct inheritance *out,
	char problem[PROBLEM_SIZE])
{
	cJSON *json = cJSON_Parse(text);
	const int err = check_offer(json, count, problem);
	const cJSON *name;
	size_t i = 0;

	if (err != 0) {
		close_all(descriptors, count);
		cJSON_Delete(json);
		return err;
	}
	cJSON_ArrayForEach(name, cJSON_GetObjectItemCaseSensitive(json, "names"))
		sort_in(takeover, name->valuestring, descriptors[i++], path, metrics_listen, out);
	takeover->from = (pid_t)cJSON_GetObjectItemCaseSensitive(json, "pid")->valuedouble;
	out->origin = INHERITANCE_PREDECESSOR;
	out->from = takeover->from;
	cJSON_Delete(json);
	return 0;
}

/* ---- the steps ---- */

/* 0; -ENOENT when no daemon is there. */
static int connect_to(struct takeover *takeover, const char *path)
{
	const struct timeval patience = {.tv_sec = PATIENCE_S};
	struct sockaddr_un address;
	const int err = unix_address(&address, path);

	if (err != 0)
		return err;
	takeover->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (takeover->fd < 0)
		return -errno;
	setsockopt(takeover->fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	setsockopt(takeover->fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	if (connect(takeover->fd, (const struct sockaddr *)&address, sizeof(address)) == 0)
		return 0;
	return errno == ECONNREFUSED ? -ENOENT : -errno;
}

int takeover_begin(struct takeover *takeover, const char *path, const char *metrics_listen,
	struct inheritance *out, char problem[PROBLEM_SIZE])
{
	struct answer *answer = malloc(sizeof(*answer));
	int err = answer == NULL ? -ENOMEM : connect_to(takeover, path);

	if (err == 0)
		err = exchange(takeover, "offer", answer);
	if (err != 0 && err != -ENOENT)
		explain(err, problem);
	if (err == 0)
		err = takeover_read_offer(takeover, answer->text, answer->descriptors,
			answer->count, path, metrics_listen, out, problem);
	free(answer);
	if (err != 0)
		takeover_deinit(takeover);
	return err;
}

int takeover_pause(struct takeover *takeover, char problem[PROBLEM_SIZE])
{
	const struct timespec pause = {.tv_nsec = PAUSE_PAUSE_MS * 1000000L};
	struct answer *answer = malloc(sizeof(*answer));
	bool paused = false;
	int err = answer == NULL ? explain(-ENOMEM, problem) : 0;

	for (int tries = 0; err == 0 && !paused && tries < PAUSE_TRIES; tries++) {
		cJSON *json;

		if (tries > 0)
			nanosleep(&pause, NULL);
		err = exchange(takeover, "pause", answer);
		if (err != 0) {
			explain(err, problem);
			break;
		}
		close_all(answer->descriptors, answer->count); /* none are due */
		json = cJSON_Parse(answer->text);
		if (!agrees(json))
			err = explain_refusal(json, problem);
		paused = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(json, "paused"));
		cJSON_Delete(json);
	}
	free(answer);
	return err != 0 || paused ? err : explain(-ETIMEDOUT, problem);
}

/* If it can't be told, it has ended already: it goes on only when this connection ends. */
void takeover_finish(struct takeover *takeover)
{
	struct answer *answer = malloc(sizeof(*answer));
	char byte;

	if (answer != NULL && exchange(takeover, "done", answer) == 0) {
		close_all(answer->descriptors, answer->count);
		while (recv(takeover->fd, &byte, sizeof(byte), 0) > 0)
			;
	}
	free(answer);
	close_one(&takeover->fd);
}
