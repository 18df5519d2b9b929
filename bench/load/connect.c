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

enum { THINK_NS = 1000000 };

struct connecting {
	struct addr_span from, to;
	struct number_span ports;
	uint64_t timeout_ms, threads;
	bool sample;
	struct dialer_options dialer;
};

static int print_report(const struct dialer_result *result)
{
	const double seconds = (double)result->took_ns / 1e9;
	cJSON *report = report_new();

	report_count(report, "connections", result->answered);
	report_count(report, "failed", result->failed);
	report_count(report, "timeouts", result->timeouts);
	report_real(report, "seconds", seconds);
	report_real(report, "per_s", seconds > 0 ? (double)result->answered_in_time / seconds : 0);
	report_count(report, "syn_retransmits", result->retransmits);
	report_count(report, "late", result->late);
	report_histogram(report, "connect_ns", &result->times);
	report_count(report, "cpu_us", run_cpu_us());
	return report_print(report);
}

static int check(struct connecting *connecting)
{
	struct dialer_options *dialer = &connecting->dialer;

	if (connecting->from.first.family != connecting->to.first.family)
		fputs("podgate-load connect: --from and --to are of different families\n", stderr);
	else if ((dialer->count == UINT64_MAX) == (dialer->seconds_ns == 0))
		fputs("podgate-load connect: either --count or --seconds is wanted\n", stderr);
	else if (connecting->sample && dialer->rate != 0)
		fputs("podgate-load connect: --sample paces itself, without --rate\n", stderr);
	else if (connecting->sample && connecting->threads != 1)
		fputs("podgate-load connect: --sample is for one thread\n", stderr);
	else if (dialer->parallel < connecting->threads ||
		(dialer->rate != 0 && dialer->rate < connecting->threads))
		fputs("podgate-load connect: --parallel and --rate are shared by --threads: each "
		      "needs one\n",
			stderr);
	else
		return 0;
	return LOAD_PROBLEM;
}

static int run(struct connecting *connecting)
{
	static struct dialer_result result;
	struct dialer_options *dialer = &connecting->dialer;
	int err;

	flow_walk_init(&dialer->walk, &connecting->from, &connecting->to, &connecting->ports);
	dialer->timeout_ns = connecting->timeout_ms * 1000000;
	if (connecting->sample) {
		dialer->parallel = 1;
		dialer->think_ns = THINK_NS;
	}
	err = dialer_run_threads(dialer, (uint32_t)connecting->threads, &result);
	if (err != 0) {
		fprintf(stderr, "podgate-load connect: %s\n", strerror(-err));
		return LOAD_PROBLEM;
	}
	if (result.failed > 0)
		fprintf(stderr, "podgate-load connect: %" PRIu64 " failed, the first: %s\n",
			result.failed, strerror(result.failure));
	return print_report(&result);
}

int command_connect(int argc, char **argv)
{
	struct connecting connecting = {.timeout_ms = 3000,
		.threads = 1,
		.dialer = {.type = SOCK_STREAM, .parallel = 64, .count = UINT64_MAX}};
	struct dialer_options *dialer = &connecting.dialer;
	const struct option_row rows[] = {
		{"from", OPTION_ADDRESSES, .required = true, .value = &connecting.from,
			.help = "sources"},
		{"to", OPTION_ADDRESSES, .required = true, .value = &connecting.to,
			.help = "servers"},
		{"port", OPTION_PORTS, .required = true, .value = &connecting.ports,
			.help = "their ports"},
		{"parallel", OPTION_NUMBER, .value = &dialer->parallel, .least = 1,
			.most = DIALER_PARALLEL_MOST,
			.help = "connections being opened at once, 64"},
		{"threads", OPTION_NUMBER, .value = &connecting.threads, .least = 1,
			.most = DIALER_THREADS_MOST,
			.help = "that share them, 1: as many as CPUs keep all of these busy"},
		{"seconds", OPTION_SECONDS, .value = &dialer->seconds_ns, .least = 1,
			.most = OPTIONS_SECONDS_MOST, .help = "open new ones for so long"},
		{"count", OPTION_NUMBER, .value = &dialer->count, .least = 1,
			.most = UINT64_MAX - 1, .help = "or so many"},
		{"rate", OPTION_NUMBER, .value = &dialer->rate, .least = 1, .most = UINT32_MAX,
			.help = "a second; else each begins where one has ended"},
		{"timeout", OPTION_NUMBER, .value = &connecting.timeout_ms, .least = 1,
			.most = INT_MAX, .help = "ms until one is given up, 3000"},
		{"sample", OPTION_FLAG, .value = &connecting.sample,
			.help = "one at a time, and a pause of 1 ms after it"},
	};
	const struct option_table table = {
		.program = "podgate-load connect",
		.rows = rows,
		.count = sizeof(rows) / sizeof(rows[0]),
		.help = "Opens TCP connections and resets each as soon as it is open (SO_LINGER "
			"0): SYN, SYN+ACK,\n"
			"ACK, RST. So nothing is left in TIME_WAIT, and conntrack sees it end. "
			"Source addresses\n"
			"turn fastest, then servers, their ports and, from 1024 on, source ports. "
			"Sources must be\n"
			"local to the namespace: assigned, or all at once by `ip route add local "
			"RANGE dev lo`; and\n"
			"the answers must find back.\n",
	};
	int code;

	if (!load_options_take(&table, argc, argv, &code))
		return code;
	code = check(&connecting);
	return code != 0 ? code : run(&connecting);
}
