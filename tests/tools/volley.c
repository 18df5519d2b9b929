/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/tools/probe.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { VOLLEY_MOST = 1000 };

/*
 * UDP flows, a socket each. A datagram says which round it is of: an echo that is late counts for
 * no later round.
 */
struct volley {
	struct pollfd sockets[VOLLEY_MOST];
	bool answered[VOLLEY_MOST];
	int count;
	uint32_t round;
};

static int open_flows(
	struct volley *volley, const struct endpoint *to, const struct probe_options *options)
{
	for (int i = 0; i < volley->count; i++) {
		const int fd = endpoint_socket(to, options);

		if (fd < 0 || connect(fd, (const struct sockaddr *)&to->address, to->length) != 0) {
			perror("podgate-probe: volley");
			return PROBE_PROBLEM;
		}
		volley->sockets[i] = (struct pollfd){.fd = fd, .events = POLLIN};
	}
	return 0;
}

/* A send that fails tells of an earlier one (ICMP): it was not sent, so once more. */
static bool send_round(struct volley *volley)
{
	volley->round++;
	memset(volley->answered, 0, sizeof(volley->answered));
	for (int i = 0; i < volley->count; i++) {
		const int fd = volley->sockets[i].fd;

		if (send(fd, &volley->round, sizeof(volley->round), 0) < 0 &&
			send(fd, &volley->round, sizeof(volley->round), 0) < 0)
			return false;
	}
	return true;
}

/* Returns how many flows got their first echo of this round. */
static int take_echoes(struct volley *volley)
{
	int fresh = 0;

	for (int i = 0; i < volley->count; i++) {
		uint32_t round;

		if (volley->sockets[i].revents == 0)
			continue;
		while (recv(volley->sockets[i].fd, &round, sizeof(round), 0) ==
			(ssize_t)sizeof(round)) {
			fresh += round == volley->round && !volley->answered[i];
			volley->answered[i] = volley->answered[i] || round == volley->round;
		}
	}
	return fresh;
}

static int await_echoes(struct volley *volley, int timeout_ms)
{
	const int64_t end = clock_ms() + timeout_ms;
	int answered = 0;

	while (answered < volley->count) {
		const int64_t left = end - clock_ms();

		if (left <= 0 || poll(volley->sockets, (nfds_t)volley->count, (int)left) <= 0)
			break;
		answered += take_echoes(volley);
	}
	return answered;
}

/*
 * A round for each line of standard input, "MS": how long its echoes are waited for. Prints how
 * many flows were answered.
 */
int command_volley(int argc, char **argv)
{
	static struct volley volley;
	struct probe_options options;
	struct endpoint to;
	char line[32];

	if (options_parse(&options, argc, argv) != 0)
		return PROBE_PROBLEM;
	volley.count = options.count == 3 ? atoi(options.arguments[2]) : 0;
	if (volley.count < 1 || volley.count > VOLLEY_MOST) {
		fprintf(stderr, "usage: podgate-probe volley ADDRESS PORT COUNT, at most %d\n",
			VOLLEY_MOST);
		return PROBE_PROBLEM;
	}
	if (endpoint_parse(&to, "udp", options.arguments[0], options.arguments[1]) != 0 ||
		open_flows(&volley, &to, &options) != 0)
		return PROBE_PROBLEM;
	while (fgets(line, sizeof(line), stdin) != NULL) {
		if (!send_round(&volley)) {
			perror("podgate-probe: volley");
			return PROBE_PROBLEM;
		}
		printf("%d\n", await_echoes(&volley, atoi(line)));
	}
	return PROBE_REACHED;
}
