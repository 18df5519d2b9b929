/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bench/load/load.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bench/load/options.h"
#include "bench/load/peer.h"
#include "bench/load/report.h"
#include "bench/load/run.h"

enum { STREAMS_MOST = 64, PIECE = 1 << 18 };

struct pour {
	struct addr_span to;
	struct number_span port;
	uint64_t seconds_ns, streams;
	struct pollfd polled[STREAMS_MOST];
	uint64_t bytes, retransmits, took_ns;
};

static int open_streams(struct pour *pour)
{
	for (uint64_t i = 0; i < pour->streams; i++) {
		const int fd = peer_connect(SOCK_STREAM, &pour->to.first, pour->port.first);

		if (fd < 0 || fcntl(fd, F_SETFL, O_NONBLOCK) != 0) {
			fprintf(stderr, "podgate-load pour: %s\n", strerror(fd < 0 ? -fd : errno));
			return LOAD_PROBLEM;
		}
		pour->polled[i] = (struct pollfd){.fd = fd, .events = POLLOUT};
	}
	return 0;
}

/* Returns 0, or -errno when a stream has broken. */
static int fill(const struct pollfd *polled)
{
	static const uint8_t piece[PIECE];

	if (polled->revents == 0 || send(polled->fd, piece, sizeof(piece), 0) >= 0)
		return 0;
	return errno == EAGAIN || errno == EINTR ? 0 : -errno;
}

static int pour_out(struct pour *pour)
{
	const uint64_t begin = run_clock_ns();

	while (!run_stopped() && run_clock_ns() - begin < pour->seconds_ns) {
		if (poll(pour->polled, pour->streams, RUN_TICK_MS) <= 0)
			continue;
		for (uint64_t i = 0; i < pour->streams; i++) {
			const int err = fill(&pour->polled[i]);

			if (err == 0)
				continue;
			fprintf(stderr, "podgate-load pour: %s\n", strerror(-err));
			return LOAD_PROBLEM;
		}
	}
	pour->took_ns = run_clock_ns() - begin;
	return 0;
}

/* What the other side has acknowledged: what still lies in our buffer has not been carried. */
static void add_up(struct pour *pour)
{
	for (uint64_t i = 0; i < pour->streams; i++) {
		struct tcp_info info = {0};
		socklen_t length = sizeof(info);

		if (getsockopt(pour->polled[i].fd, IPPROTO_TCP, TCP_INFO, &info, &length) != 0)
			continue;
		pour->bytes += info.tcpi_bytes_acked;
		pour->retransmits += info.tcpi_total_retrans;
	}
}

static int print_report(const struct pour *pour)
{
	cJSON *report = report_new();

	report_count(report, "bytes", pour->bytes);
	report_real(report, "seconds", (double)pour->took_ns / 1e9);
	report_real(report, "gbit_s", pour->took_ns > 0 ? (double)pour->bytes * 8 / (double)pour->took_ns : 0);
	report_count(report, "retransmits", pour->retransmits);
	report_count(report, "cpu_us", run_cpu_us());
	return report_print(report);
}

int command_pour(int argc, char **argv)
{
	static struct pour pour = {.streams = 1};
	const struct option_row rows[] = {
		{"to", OPTION_ADDRESS, .required = true, .value = &pour.to, .help = "where podgate-load drain runs"},
		{"port", OPTION_PORTS, .required = true, .value = &pour.port, .help = "its port, the first of them"},
		{"seconds", OPTION_SECONDS, .required = true, .value = &pour.seconds_ns, .least = 1,
			.most = OPTIONS_SECONDS_MOST, .help = "how long"},
		{"streams", OPTION_NUMBER, .value = &pour.streams, .least = 1, .most = STREAMS_MOST,
			.help = "connections at once, 1"},
	};
	const struct option_table table = {
		.program = "podgate-load pour", .rows = rows, .count = sizeof(rows) / sizeof(rows[0]),
		.help = "Sends as much as goes over TCP, and counts what was acknowledged.\n",
	};
	int code;

	if (!options_take(&table, argc, argv, &code))
		return code;
	code = open_streams(&pour);
	if (code == 0)
		code = pour_out(&pour);
	if (code != 0)
		return code;
	add_up(&pour);
	return print_report(&pour);
}
