/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bench/load/load.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "bench/load/counting_filter.h"
#include "bench/load/load_options.h"
#include "bench/load/report.h"
#include "bench/load/run.h"
#include "bench/load/wildcard.h"

/* The times come from the kernel, so how seldom we look makes them no less exact. */
enum { LOOK_NS = 2000000 };

struct sink {
	struct number_span ports;
	uint64_t expect;  /* UINT64_MAX: any number */
	uint64_t idle_ms; /* 0: for ever */
	struct counting_filter *filter;
};

static bool is_over(const struct sink *sink)
{
	const struct counting_filter_state state = counting_filter_read(sink->filter);
	const uint64_t now = run_clock_ns();

	if (state.packets >= sink->expect)
		return true;
	/* A packet may come between our two looks. */
	return sink->idle_ms != 0 && state.packets > 0 && now > state.last_ns &&
		now - state.last_ns > sink->idle_ms * 1000000;
}

static int open_sockets(struct sink *sink)
{
	static int fds[WILDCARD_PORTS_MOST];
	int err = wildcard_open_all(fds, SOCK_DGRAM, &sink->ports);

	if (err != 0)
		return err;
	err = counting_filter_create(&sink->filter);
	for (uint32_t i = 0; err == 0 && i < number_span_count(&sink->ports); i++)
		err = counting_filter_attach(sink->filter, fds[i]);
	if (err == 0)
		return 0;
	fprintf(stderr,
		"podgate-load sink: the counting filter (it takes root and CONFIG_BPF_SYSCALL): "
		"%s\n",
		strerror(-err));
	counting_filter_free(sink->filter);
	return LOAD_PROBLEM;
}

static int print_report(const struct sink *sink)
{
	const struct counting_filter_state state = counting_filter_read(sink->filter);
	cJSON *report = report_new();

	report_count(report, "received", state.packets);
	report_count(report, "first_ns", state.first_ns);
	report_count(report, "last_ns", state.last_ns);
	report_count(report, "cpu_us", run_cpu_us());
	return report_print(report);
}

int command_sink(int argc, char **argv)
{
	struct sink sink = {.expect = UINT64_MAX};
	const struct option_row rows[] = {
		{"expect", OPTION_NUMBER, .value = &sink.expect, .least = 1, .most = UINT64_MAX,
			.help = "end when so many have come"},
		{"idle", OPTION_NUMBER, .value = &sink.idle_ms, .least = 1, .most = INT_MAX,
			.help = "end so many ms after the last one"},
	};
	const struct option_table table = {
		.program = "podgate-load sink",
		.rows = rows,
		.count = sizeof(rows) / sizeof(rows[0]),
		.ports = &sink.ports,
		.help = "Counts UDP datagrams to these ports in the kernel, and drops them there: "
			"it takes nearly\n"
			"nothing of the machine. Ends on SIGTERM at the latest. Needs root.\n",
	};
	int code;

	if (!load_options_take(&table, argc, argv, &code))
		return code;
	code = open_sockets(&sink);
	if (code != 0)
		return code;
	run_ready();
	while (!run_stopped() && !is_over(&sink))
		run_sleep_until(run_clock_ns() + LOOK_NS);
	code = print_report(&sink);
	counting_filter_free(sink.filter);
	return code;
}
