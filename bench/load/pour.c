/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bench/load/load.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/load/load_options.h"
#include "bench/load/outlets.h"
#include "bench/load/report.h"
#include "bench/load/run.h"

enum { TURN_MS_MOST = 60000, TURN_TEXT = 16 };

struct pour {
	struct addr_span to;
	struct number_span port;
	uint64_t seconds_ns, streams;
	bool turns;
	struct outlets outlets;
};

static int complain(int err)
{
	fprintf(stderr, "podgate-load pour: %s\n", strerror(-err));
	return LOAD_PROBLEM;
}

/* What was carried from `before` on, which took `ns`. */
static cJSON *report_since(const struct pour *pour, struct outlet_counts before, uint64_t ns)
{
	const struct outlet_counts now = outlets_count(&pour->outlets);
	const uint64_t bytes = now.bytes - before.bytes;
	cJSON *report = report_new();

	report_count(report, "bytes", bytes);
	report_real(report, "seconds", (double)ns / 1e9);
	report_real(report, "gbit_s", ns > 0 ? (double)bytes * 8 / (double)ns : 0);
	report_count(report, "retransmits", now.retransmits - before.retransmits);
	return report;
}

static int pour_once(struct pour *pour)
{
	const uint64_t begin = run_clock_ns();
	const int err = outlets_pour(&pour->outlets, pour->seconds_ns);
	cJSON *report;

	if (err != 0)
		return complain(err);
	report = report_since(pour, (struct outlet_counts){0}, run_clock_ns() - begin);
	report_count(report, "cpu_us", run_cpu_us());
	return report_print(report);
}

/*
 * A turn's clock stops when all that it has sent is acknowledged. So nothing of it is on the way
 * when the next one begins, here or in another process, and every byte is counted where its time
 * is.
 */
static int pour_turn(struct pour *pour, uint64_t ns)
{
	const struct outlet_counts before = outlets_count(&pour->outlets);
	const uint64_t begin = run_clock_ns();
	int err = outlets_pour(&pour->outlets, ns);

	if (err == 0)
		err = outlets_settle(&pour->outlets);
	if (err != 0)
		return complain(err);
	return report_print(report_since(pour, before, run_clock_ns() - begin));
}

/* Returns false when there is none: at the end of the input, or when told to end. */
static bool next_line(char line[TURN_TEXT])
{
	struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN};

	while (!run_stopped())
		if (poll(&input, 1, RUN_TICK_MS) > 0)
			return fgets(line, TURN_TEXT, stdin) != NULL;
	return false;
}

static int read_turn(const char *line, uint64_t *ns)
{
	char *end;
	unsigned long long ms;

	errno = 0;
	ms = strtoull(line, &end, 10);
	if (*line < '0' || *line > '9' || (*end != '\n' && !(*end == '\0' && feof(stdin))) ||
		errno != 0 || ms == 0 || ms > TURN_MS_MOST) {
		fprintf(stderr,
			"podgate-load pour: %.*s: a turn is a number of milliseconds from 1 to "
			"%d\n",
			(int)strcspn(line, "\n"), line, TURN_MS_MOST);
		return LOAD_PROBLEM;
	}
	*ns = ms * 1000000;
	return 0;
}

static int pour_in_turns(struct pour *pour)
{
	char line[TURN_TEXT];
	int code = 0;

	setvbuf(stdin, NULL, _IONBF, 0); /* or poll() would not see lines that are read already */
	run_wake_exactly();
	run_ready();
	while (code == 0 && next_line(line)) {
		uint64_t ns;

		code = read_turn(line, &ns);
		if (code == 0)
			code = pour_turn(pour, ns);
	}
	return code;
}

int command_pour(int argc, char **argv)
{
	static struct pour pour = {.streams = 1};
	const struct option_row rows[] = {
		{"to", OPTION_ADDRESS, .required = true, .value = &pour.to,
			.help = "where podgate-load drain runs"},
		{"port", OPTION_PORTS, .required = true, .value = &pour.port,
			.help = "its port, the first of them"},
		{"seconds", OPTION_SECONDS, .value = &pour.seconds_ns, .least = 1,
			.most = OPTIONS_SECONDS_MOST, .help = "how long"},
		{"turns", OPTION_FLAG, .value = &pour.turns,
			.help = "on demand instead: each line of standard input is a turn, of so "
				"many milliseconds"},
		{"streams", OPTION_NUMBER, .value = &pour.streams, .least = 1, .most = OUTLETS_MOST,
			.help = "connections at once, 1"},
	};
	const struct option_table table = {
		.program = "podgate-load pour",
		.rows = rows,
		.count = sizeof(rows) / sizeof(rows[0]),
		.help = "Sends as much as goes over TCP, and counts what was acknowledged. With "
			"--turns it prints\n"
			"\"ready\" once it is connected, and a line for each turn, when all that "
			"was sent in it is\n"
			"acknowledged.\n",
	};
	int code;

	if (!load_options_take(&table, argc, argv, &code))
		return code;
	if (pour.turns == (pour.seconds_ns != 0)) {
		fputs("podgate-load pour: either --seconds or --turns is wanted\n", stderr);
		return LOAD_PROBLEM;
	}
	code = outlets_open(&pour.outlets, &pour.to.first, pour.port.first, pour.streams);
	if (code != 0)
		return complain(code);
	return pour.turns ? pour_in_turns(&pour) : pour_once(&pour);
}
