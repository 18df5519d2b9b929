/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bench/load/load.h"

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "bench/load/dialer.h"
#include "bench/load/load_options.h"
#include "bench/load/report.h"
#include "bench/load/run.h"

/* So many may be without an answer; beyond, those that follow are begun late, which is counted. */
enum { PARALLEL = 4096 };

static int print_report(const struct dialer_result *result)
{
	cJSON *report = report_new();

	report_count(report, "sent", result->begun);
	report_count(report, "answered", result->answered);
	report_count(report, "lost", result->begun - result->answered);
	report_count(report, "failed", result->failed);
	report_count(report, "late", result->late);
	report_real(report, "seconds", (double)result->took_ns / 1e9);
	report_histogram(report, "rtt_ns", &result->times);
	report_count(report, "cpu_us", run_cpu_us());
	return report_print(report);
}

static int run(const struct dialer_options *dialer)
{
	static struct dialer_result result;
	const int err = dialer_run(dialer, &result);

	if (err != 0) {
		fprintf(stderr, "podgate-load latency: %s\n", strerror(-err));
		return LOAD_PROBLEM;
	}
	if (result.failed > 0)
		fprintf(stderr, "podgate-load latency: %" PRIu64 " failed, the first: %s\n",
			result.failed, strerror(result.failure));
	return print_report(&result);
}

int command_latency(int argc, char **argv)
{
	struct dialer_options dialer = {
		.type = SOCK_DGRAM, .parallel = PARALLEL, .count = UINT64_MAX};
	struct addr_span from, to;
	struct number_span ports;
	uint64_t timeout_ms = 1000;
	const struct option_row rows[] = {
		{"from", OPTION_ADDRESSES, .required = true, .value = &from,
			.help = "sources, as for connect"},
		{"to", OPTION_ADDRESS, .required = true, .value = &to,
			.help = "where podgate-load echo runs"},
		{"port", OPTION_PORTS, .required = true, .value = &ports, .help = "its ports"},
		{"seconds", OPTION_SECONDS, .required = true, .value = &dialer.seconds_ns,
			.least = 1, .most = OPTIONS_SECONDS_MOST,
			.help = "begin new ones for so long"},
		{"rate", OPTION_NUMBER, .required = true, .value = &dialer.rate, .least = 1,
			.most = UINT32_MAX, .help = "flows a second"},
		{"timeout", OPTION_NUMBER, .value = &timeout_ms, .least = 1, .most = INT_MAX,
			.help = "ms until one is lost, 1000"},
	};
	const struct option_table table = {
		.program = "podgate-load latency",
		.rows = rows,
		.count = sizeof(rows) / sizeof(rows[0]),
		.help = "Begins UDP flows at a steady rate, each with a datagram of 8 bytes and "
			"from a socket of its own, and\n"
			"measures how long until it is echoed: its own way through the gate, and "
			"the reply's.\n"
			"Sources must be local to the namespace, as for podgate-load connect.\n",
	};
	int code;

	if (!load_options_take(&table, argc, argv, &code))
		return code;
	if (from.first.family != to.first.family) {
		fputs("podgate-load latency: --from and --to are of different families\n", stderr);
		return LOAD_PROBLEM;
	}
	dialer.timeout_ns = timeout_ms * 1000000;
	flow_walk_init(&dialer.walk, &from, &to, &ports);
	return run(&dialer);
}
