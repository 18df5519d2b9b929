/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bench/load/load.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bench/load/load_options.h"
#include "bench/load/report.h"
#include "bench/load/run.h"
#include "bench/load/wildcard.h"

/*
 * Who accepts must not close first: the client's reset is to end the connection, so that it is the
 * same four packets each time. So each thread keeps the last LATE connections and closes the oldest
 * for a new one; by then it has long been reset, and closing it sends nothing.
 */
enum { THREADS_MOST = 64, LATE = 1024, EVENTS = 64 };

struct acceptor {
	pthread_t thread;
	int epoll;
	uint64_t accepted;
	uint64_t errors;
	/* a ring: the place of number `accepted` is the oldest's; -1: nothing there */
	int late[LATE];
	int listeners[WILDCARD_PORTS_MOST];
};

static void keep(struct acceptor *acceptor, int fd)
{
	int *place = &acceptor->late[acceptor->accepted++ % LATE];

	if (*place >= 0)
		close(*place);
	*place = fd;
}

/* Takes all that wait, so that one wake-up serves many. */
static void accept_waiting(struct acceptor *acceptor, int listener)
{
	for (;;) {
		const int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (fd >= 0) {
			keep(acceptor, fd);
			continue;
		}
		/* reset while it waited, or no file left: the next may do */
		if (errno != EAGAIN && errno != EINTR)
			acceptor->errors++;
		return;
	}
}

static void close_late(struct acceptor *acceptor)
{
	for (size_t i = 0; i < LATE; i++) {
		if (acceptor->late[i] >= 0)
			close(acceptor->late[i]);
		acceptor->late[i] = -1;
	}
}

static void *serve(void *context)
{
	struct acceptor *acceptor = context;
	struct epoll_event events[EVENTS];

	while (!run_stopped()) {
		const int n = epoll_wait(acceptor->epoll, events, EVENTS, RUN_TICK_MS);

		for (int i = 0; i < n; i++)
			accept_waiting(acceptor, events[i].data.fd);
		if (n == 0)
			close_late(acceptor); /* nothing is going on */
	}
	close_late(acceptor);
	return NULL;
}

static int open_acceptor(struct acceptor *acceptor, const struct number_span *ports)
{
	const int err = wildcard_open_all(acceptor->listeners, SOCK_STREAM, ports);

	if (err != 0)
		return err;
	memset(acceptor->late, -1, sizeof(acceptor->late));
	acceptor->epoll = epoll_create1(EPOLL_CLOEXEC);
	for (uint32_t i = 0; i < number_span_count(ports); i++) {
		struct epoll_event event = {.events = EPOLLIN, .data.fd = acceptor->listeners[i]};

		if (epoll_ctl(acceptor->epoll, EPOLL_CTL_ADD, acceptor->listeners[i], &event) !=
			0) {
			perror("podgate-load accept: epoll");
			return LOAD_PROBLEM;
		}
	}
	return 0;
}

static int print_report(const struct acceptor *acceptors, uint64_t threads)
{
	uint64_t accepted = 0, errors = 0;
	cJSON *report = report_new();

	for (uint64_t i = 0; i < threads; i++) {
		accepted += acceptors[i].accepted;
		errors += acceptors[i].errors;
	}
	report_count(report, "accepted", accepted);
	report_count(report, "errors", errors);
	report_count(report, "cpu_us", run_cpu_us());
	return report_print(report);
}

static int run_acceptors(struct acceptor *acceptors, uint64_t threads)
{
	uint64_t started = 0;
	int code = 0;

	for (; started < threads && code == 0; started++) {
		if (pthread_create(&acceptors[started].thread, NULL, serve, &acceptors[started]) !=
			0) {
			fputs("podgate-load accept: no thread\n", stderr);
			code = LOAD_PROBLEM;
			break;
		}
	}
	if (code == 0)
		run_ready();
	while (code == 0 && !run_stopped())
		run_sleep_until(UINT64_MAX);
	if (code != 0)
		run_stop();
	for (uint64_t i = 0; i < started; i++)
		pthread_join(acceptors[i].thread, NULL);
	return code;
}

int command_accept(int argc, char **argv)
{
	static struct acceptor acceptors[THREADS_MOST];
	uint64_t threads = 1;
	struct number_span ports;
	const struct option_row rows[] = {
		{"threads", OPTION_NUMBER, .value = &threads, .least = 1, .most = THREADS_MOST,
			.help = "each with sockets of its own (SO_REUSEPORT), 1"},
	};
	const struct option_table table = {
		.program = "podgate-load accept",
		.rows = rows,
		.count = sizeof(rows) / sizeof(rows[0]),
		.ports = &ports,
		.help = "Accepts TCP connections and leaves it to the client to end them. Ends on "
			"SIGTERM.\n",
	};
	int code;

	if (!load_options_take(&table, argc, argv, &code))
		return code;
	for (uint64_t i = 0; i < threads; i++) {
		code = open_acceptor(&acceptors[i], &ports);
		if (code != 0)
			return code;
	}
	code = run_acceptors(acceptors, threads);
	return code != 0 ? code : print_report(acceptors, threads);
}
