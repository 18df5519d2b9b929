/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/tools/probe.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum { CROWD_MOST = 1000 };

static bool is_open(int fd)
{
	socklen_t size = sizeof(int);
	int err = 0;

	return getsockopt(fd, SOL_SOCKET, SO_ERROR, &err, &size) == 0 && err == 0;
}

/* Waits for each in turn: the others go on meanwhile. Returns how many are open. */
static int count_open(struct pollfd *crowd, int count, int64_t deadline)
{
	int reached = 0;

	for (int i = 0; i < count; i++) {
		const int64_t left = deadline - clock_ms();

		if (poll(&crowd[i], 1, left > 0 ? (int)left : 0) == 1 && is_open(crowd[i].fd))
			reached++;
		close(crowd[i].fd);
	}
	return reached;
}

/* Many TCP connections at once, from one pod to one port. */
int command_crowd(int argc, char **argv)
{
	static struct pollfd crowd[CROWD_MOST];
	struct probe_options options;
	struct endpoint to;
	int count, reached;

	if (options_parse(&options, argc, argv) != 0)
		return PROBE_PROBLEM;
	count = options.count == 3 ? atoi(options.arguments[2]) : 0;
	if (count < 1 || count > CROWD_MOST) {
		fprintf(stderr, "usage: podgate-probe crowd ADDRESS PORT COUNT, at most %d\n",
			CROWD_MOST);
		return PROBE_PROBLEM;
	}
	if (endpoint_parse(&to, "tcp", options.arguments[0], options.arguments[1]) != 0)
		return PROBE_PROBLEM;
	for (int i = 0; i < count; i++) {
		crowd[i] = (struct pollfd){.fd = endpoint_socket(&to, &options), .events = POLLOUT};
		if (crowd[i].fd < 0 ||
			(connect(crowd[i].fd, (const struct sockaddr *)&to.address, to.length) !=
					0 &&
				errno != EINPROGRESS)) {
			perror("podgate-probe: crowd");
			return PROBE_PROBLEM;
		}
	}
	reached = count_open(crowd, count, clock_ms() + options.timeout_ms);
	printf("%d\n", reached);
	return reached == count ? PROBE_REACHED : PROBE_NO_ANSWER;
}
