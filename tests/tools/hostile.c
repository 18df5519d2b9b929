/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/tools/probe.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

/*
 * Clients of podgate's control socket that mean it no good, each in its way, until their time is
 * up: what they did is counted. As root, for nobody else may connect.
 */

enum {
	MANY = 3000,
	SLOW = 48,
	GARBAGE = 1024,
	HUGE_BYTES = 5 << 20,
	JUDGE_ROWS = 100000,
	PATIENCE_MS = 500
};

struct hostile {
	struct sockaddr_un address;
	int64_t end;
	unsigned long deeds;
};

static bool has_time(const struct hostile *hostile)
{
	return clock_ms() < hostile->end;
}

static int connect_client(const struct hostile *hostile)
{
	const struct timeval patience = {.tv_usec = PATIENCE_MS * 1000};
	const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	if (connect(fd, (const struct sockaddr *)&hostile->address, sizeof(hostile->address)) == 0)
		return fd;
	close(fd);
	return -1;
}

/* As much as it takes. */
static void send_all(int fd, const char *bytes, size_t length)
{
	while (length > 0) {
		const ssize_t sent = send(fd, bytes, length, MSG_NOSIGNAL);

		if (sent <= 0)
			return;
		bytes += sent;
		length -= (size_t)sent;
	}
}

static void read_to_end(int fd)
{
	char bytes[4096];

	while (recv(fd, bytes, sizeof(bytes), 0) > 0)
		;
}

static void send_garbage(struct hostile *hostile)
{
	char bytes[GARBAGE];

	while (has_time(hostile)) {
		const int fd = connect_client(hostile);

		if (fd < 0)
			continue;
		for (size_t i = 0; i < sizeof(bytes); i++)
			bytes[i] = (char)rand();
		bytes[sizeof(bytes) - 1] = '\n';
		send_all(fd, bytes, sizeof(bytes));
		read_to_end(fd);
		close(fd);
		hostile->deeds++;
	}
}

/* A byte at a time, over many connections at once, and never a whole request. */
static void send_slowly(struct hostile *hostile)
{
	int fds[SLOW];

	memset(fds, -1, sizeof(fds));
	while (has_time(hostile)) {
		for (size_t i = 0; i < SLOW; i++) {
			if (fds[i] < 0)
				fds[i] = connect_client(hostile);
			if (fds[i] >= 0 && send(fds[i], "{", 1, MSG_NOSIGNAL) == 1) {
				hostile->deeds++;
			} else if (fds[i] >= 0) {
				close(fds[i]);
				fds[i] = -1;
			}
		}
		usleep(20000);
	}
}

static void connect_often(struct hostile *hostile)
{
	const struct rlimit files = {.rlim_cur = MANY + 16, .rlim_max = MANY + 16};
	static int fds[MANY];

	setrlimit(RLIMIT_NOFILE, &files);
	while (has_time(hostile)) {
		size_t count = 0;

		while (count < MANY && has_time(hostile) &&
			(fds[count] = connect_client(hostile)) >= 0)
			count++;
		hostile->deeds += count;
		while (count > 0)
			close(fds[--count]);
	}
}

/* The largest question there is, and one that is larger; over and over. */
static void ask_much(struct hostile *hostile)
{
	static const char row[] = "[\"shop/web\",\"shop/db\",\"TCP\",\"5432\"],";
	char *question = malloc(64 + JUDGE_ROWS * sizeof(row)), *huge = malloc(HUGE_BYTES);
	size_t length;

	if (question == NULL || huge == NULL)
		return;
	length = (size_t)sprintf(question, "{\"command\":\"judge\",\"rows\":[");
	for (size_t i = 0; i < JUDGE_ROWS; i++) {
		memcpy(question + length, row, sizeof(row) - 1);
		length += sizeof(row) - 1;
	}
	length += (size_t)sprintf(question + length, "[]]}\n");
	memset(huge, ' ', HUGE_BYTES);
	memcpy(huge, "{\"command\":\"judge\"", 18);
	while (has_time(hostile)) {
		const int fd = connect_client(hostile);

		if (fd < 0)
			continue;
		if (hostile->deeds % 2 == 0)
			send_all(fd, question, length);
		else
			send_all(fd, huge, HUGE_BYTES);
		shutdown(fd, SHUT_WR);
		read_to_end(fd);
		close(fd);
		hostile->deeds++;
	}
	free(question);
	free(huge);
}

/* Asks and asks, and listens to no answer. */
static void ask_deafly(struct hostile *hostile)
{
	static const char request[] = "{\"command\":\"status\"}\n";

	while (has_time(hostile)) {
		const int fd = connect_client(hostile);

		if (fd < 0)
			continue;
		while (has_time(hostile) &&
			send(fd, request, sizeof(request) - 1, MSG_NOSIGNAL) > 0)
			hostile->deeds++;
		close(fd);
	}
}

static const struct {
	const char *name;
	void (*act)(struct hostile *hostile);
} manners[] = {
	{"garbage", send_garbage},
	{"slow", send_slowly},
	{"many", connect_often},
	{"huge", ask_much},
	{"deaf", ask_deafly},
};

int command_hostile(int argc, char **argv)
{
	struct hostile hostile = {.address = {.sun_family = AF_UNIX}};
	struct probe_options options;

	if (options_parse(&options, argc, argv) != 0)
		return PROBE_PROBLEM;
	for (size_t i = 0; options.count == 2 && i < sizeof(manners) / sizeof(manners[0]); i++) {
		if (strcmp(options.arguments[1], manners[i].name) != 0)
			continue;
		snprintf(hostile.address.sun_path, sizeof(hostile.address.sun_path), "%s",
			options.arguments[0]);
		hostile.end = clock_ms() + options.for_ms;
		manners[i].act(&hostile);
		printf("%s: %lu\n", manners[i].name, hostile.deeds);
		return hostile.deeds > 0 ? PROBE_REACHED : PROBE_NO_ANSWER;
	}
	fputs("podgate-probe: hostile --for MS SOCKET garbage|slow|many|huge|deaf\n", stderr);
	return PROBE_PROBLEM;
}
