/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bench/load/load.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bench/load/load_options.h"
#include "bench/load/report.h"
#include "bench/load/run.h"
#include "bench/load/streams.h"
#include "bench/load/wildcard.h"

enum { MOUTHFUL = 4 << 20 };

struct drain {
	struct streams streams;
	struct number_span ports;
	uint64_t bytes, connections, first_ns, last_ns;
};

/* MSG_TRUNC: the bytes are thrown away where they are (tcp(7)). */
static bool swallow(struct watched *watched)
{
	struct drain *drain = watched->context;
	const ssize_t n = recv(watched->fd, NULL, MOUTHFUL, MSG_TRUNC);

	if (n < 0)
		return errno == EAGAIN || errno == EINTR;
	if (n == 0)
		return false;
	drain->last_ns = run_clock_ns();
	if (drain->first_ns == 0)
		drain->first_ns = drain->last_ns;
	drain->bytes += (uint64_t)n;
	return true;
}

static bool admit(struct watched *watched)
{
	struct drain *drain = watched->context;
	const int fd = accept4(watched->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

	if (fd >= 0 && streams_add(&drain->streams, fd, swallow, drain) != 0)
		close(fd);
	drain->connections += fd >= 0;
	return true;
}

static int open_listeners(struct drain *drain)
{
	static int fds[WILDCARD_PORTS_MOST];
	int err = wildcard_open_all(fds, SOCK_STREAM, &drain->ports);

	if (err != 0)
		return err;
	err = streams_init(&drain->streams);
	for (uint32_t i = 0; err == 0 && i < number_span_count(&drain->ports); i++)
		err = streams_add(&drain->streams, fds[i], admit, drain);
	if (err == 0)
		return 0;
	fprintf(stderr, "podgate-load drain: %s\n", strerror(-err));
	return LOAD_PROBLEM;
}

static int print_report(const struct drain *drain)
{
	const double ns = (double)(drain->last_ns - drain->first_ns);
	cJSON *report = report_new();

	report_count(report, "bytes", drain->bytes);
	report_count(report, "connections", drain->connections);
	report_real(report, "seconds", ns / 1e9);
	report_real(report, "gbit_s", ns > 0 ? (double)drain->bytes * 8 / ns : 0);
	report_count(report, "cpu_us", run_cpu_us());
	return report_print(report);
}

int command_drain(int argc, char **argv)
{
	static struct drain drain;
	const struct option_table table = {
		.program = "podgate-load drain",
		.ports = &drain.ports,
		.help = "Takes in what TCP clients send, without reading it. Ends on SIGTERM.\n",
	};
	int code;

	if (!load_options_take(&table, argc, argv, &code))
		return code;
	code = open_listeners(&drain);
	if (code != 0)
		return code;
	run_ready();
	streams_serve(&drain.streams);
	streams_deinit(&drain.streams);
	return print_report(&drain);
}
