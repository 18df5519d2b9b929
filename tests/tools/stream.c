/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/tools/probe.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The two subcommands that keep a TCP connection open. */

static volatile sig_atomic_t ended;

static void note_end(int signal_number)
{
	(void)signal_number;
	ended = 1;
}

/* A connected socket, non-blocking; or a negative probe exit code. */
static int stream_open(const struct probe_options *options)
{
	struct endpoint to;
	struct pollfd polled = {.events = POLLOUT};
	int err = 0;
	socklen_t length = sizeof(err);

	if (endpoint_parse(&to, "tcp", options->arguments[0], options->arguments[1]) != 0)
		return -PROBE_PROBLEM;
	polled.fd = endpoint_socket(&to, options);
	if (polled.fd < 0) {
		fprintf(stderr, "podgate-probe: %s\n", strerror(-polled.fd));
		return -PROBE_PROBLEM;
	}
	if (connect(polled.fd, (const struct sockaddr *)&to.address, to.length) != 0 &&
		errno != EINPROGRESS) {
		err = errno;
	} else if (poll(&polled, 1, options->timeout_ms) == 0) {
		puts("no answer: the connection did not open");
		close(polled.fd);
		return -PROBE_NO_ANSWER;
	} else {
		getsockopt(polled.fd, SOL_SOCKET, SO_ERROR, &err, &length);
	}
	if (err != 0) {
		fprintf(stderr, "podgate-probe: %s\n", strerror(err));
		close(polled.fd);
		return err == ECONNREFUSED ? -PROBE_REFUSED : -PROBE_PROBLEM;
	}
	return polled.fd;
}

struct held {
	int fd;
	uint64_t sent, echoed; /* bytes; one a counter */
	int64_t last_echo, longest_gap;
	bool stalled;
};

/* Takes what came back. Returns false when the connection is over. */
static bool held_receive(struct held *held)
{
	uint8_t bytes[4096];
	const ssize_t n = recv(held->fd, bytes, sizeof(bytes), 0);
	const int64_t now = clock_ms();

	if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
		return false;
	if (n < 0)
		return true;
	if (now - held->last_echo > held->longest_gap)
		held->longest_gap = now - held->last_echo;
	if (held->stalled)
		puts("resumed");
	held->stalled = false;
	held->echoed += (uint64_t)n;
	held->last_echo = now;
	return true;
}

static int held_report(const struct held *held, const char *why)
{
	printf("%s after %llu echoes, longest gap %lld ms\n", why, (unsigned long long)held->echoed,
		(long long)held->longest_gap);
	return held->stalled ? PROBE_NO_ANSWER : PROBE_REACHED;
}

static int hold_open(struct held *held, const struct probe_options *options)
{
	const int64_t begin = clock_ms();
	struct pollfd polled = {.fd = held->fd, .events = POLLIN};
	int64_t next = begin;

	held->last_echo = begin;
	puts("open");
	while (!ended && (options->for_ms == 0 || clock_ms() - begin < options->for_ms)) {
		if (clock_ms() >= next) {
			/*
			 * A full socket buffer (a long stall) is no end: what counts is the echo.
			 */
			if (send(held->fd, "#", 1, 0) == 1)
				held->sent++;
			next += options->every_ms;
		}
		if (poll(&polled, 1, options->every_ms) > 0 && !held_receive(held))
			return held_report(held, "closed") == PROBE_REACHED ? PROBE_REFUSED
									    : PROBE_NO_ANSWER;
		if (!held->stalled && clock_ms() - held->last_echo > options->stall_ms) {
			held->stalled = true;
			printf("stalled after %llu echoes\n", (unsigned long long)held->echoed);
		}
	}
	return held_report(held, "ended");
}

int command_hold(int argc, char **argv)
{
	struct probe_options options;
	struct held held = {.fd = -1};
	int code = options_parse(&options, argc, argv);

	if (code != 0)
		return code;
	if (options.count != 2) {
		fputs("podgate-probe: hold ADDRESS PORT\n", stderr);
		return PROBE_PROBLEM;
	}
	signal(SIGTERM, note_end);
	held.fd = stream_open(&options);
	if (held.fd < 0)
		return -held.fd;
	code = hold_open(&held, &options);
	close(held.fd);
	return code;
}

struct bulk {
	int fd;
	uint64_t total, sent, echoed;
	int timeout_ms;
};

/* Sends and receives what the socket takes now. Returns false when the connection is over. */
static bool bulk_step(struct bulk *bulk, short events)
{
	static uint8_t bytes[1U << 18];
	ssize_t n;

	if ((events & (POLLIN | POLLERR | POLLHUP)) != 0) {
		n = recv(bulk->fd, bytes, sizeof(bytes), 0);
		if (n == 0 || (n < 0 && errno != EAGAIN))
			return false;
		bulk->echoed += n > 0 ? (uint64_t)n : 0;
	}
	if ((events & POLLOUT) != 0 && bulk->sent < bulk->total) {
		const uint64_t left = bulk->total - bulk->sent;

		n = send(bulk->fd, bytes, left < sizeof(bytes) ? (size_t)left : sizeof(bytes), 0);
		if (n < 0 && errno != EAGAIN)
			return false;
		bulk->sent += n > 0 ? (uint64_t)n : 0;
	}
	return true;
}

static int bulk_run(struct bulk *bulk)
{
	const int64_t begin = clock_ms();
	int64_t took;

	while (bulk->echoed < bulk->total) {
		struct pollfd polled = {.fd = bulk->fd,
			.events = (short)(POLLIN | (bulk->sent < bulk->total ? POLLOUT : 0))};

		if (poll(&polled, 1, bulk->timeout_ms) == 0 || !bulk_step(bulk, polled.revents)) {
			printf("no answer: %llu of %llu bytes came back\n",
				(unsigned long long)bulk->echoed, (unsigned long long)bulk->total);
			return PROBE_NO_ANSWER;
		}
	}
	took = clock_ms() - begin;
	printf("reached: %llu MB each way in %lld ms\n", (unsigned long long)(bulk->total >> 20),
		(long long)took);
	return PROBE_REACHED;
}

int command_bulk(int argc, char **argv)
{
	struct probe_options options;
	struct bulk bulk = {.fd = -1};
	int code = options_parse(&options, argc, argv);

	if (code != 0)
		return code;
	if (options.count != 3) {
		fputs("podgate-probe: bulk ADDRESS PORT MEGABYTES\n", stderr);
		return PROBE_PROBLEM;
	}
	bulk.total = strtoull(options.arguments[2], NULL, 10) << 20;
	bulk.timeout_ms = options.timeout_ms;
	bulk.fd = stream_open(&options);
	if (bulk.fd < 0)
		return -bulk.fd;
	code = bulk_run(&bulk);
	close(bulk.fd);
	return code;
}
