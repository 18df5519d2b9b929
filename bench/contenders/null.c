/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * podgate-null MODE --queue FIRST[:LAST] [--length N] [--burst N]: the contenders, each of which
 * accepts everything. Prints "ready" when all queues are bound, and one JSON object after SIGTERM
 * or SIGINT.
 */

#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "bench/contenders/contender.h"
#include "bench/load/load.h"
#include "bench/load/load_options.h"
#include "bench/load/report.h"
#include "bench/load/run.h"
#include "bench/load/span.h"

enum { QUEUES_MOST = 64, LENGTH_MOST = 65536, BURST = 256, THREAD_NAME = 16 };

static const struct contender *const contenders[] = {
	&contender_floor, &contender_fair, &contender_recv_send};
enum { CONTENDER_COUNT = sizeof(contenders) / sizeof(contenders[0]) };

struct queue {
	const struct contender *contender;
	void *state;
	pthread_t thread;
	struct contender_stats stats;
};

static atomic_bool stopping;

static void *run_queue(void *context)
{
	struct queue *queue = context;
	/* on its own stack: no thread writes next to another's */
	struct contender_stats stats = {0};

	queue->contender->run(queue->state, &stats, &stopping);
	queue->stats = stats;
	return NULL;
}

static int open_queues(struct queue *queues, const struct contender *contender,
	const struct number_span *numbers, const struct contender_options *options)
{
	struct contender_options own = *options;
	char problem[PROBLEM_SIZE];

	for (uint32_t i = 0; i < number_span_count(numbers); i++) {
		queues[i].contender = contender;
		own.number = (uint16_t)(numbers->first + i);
		if (contender->open(&queues[i].state, &own, problem) == 0)
			continue;
		fprintf(stderr, "podgate-null: %s\n", problem);
		return LOAD_PROBLEM;
	}
	return 0;
}

static int start_queues(struct queue *queues, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		char name[THREAD_NAME];

		if (pthread_create(&queues[i].thread, NULL, run_queue, &queues[i]) != 0) {
			fputs("podgate-null: no thread\n", stderr);
			/* the process ends, and with it those that did start */
			return LOAD_PROBLEM;
		}
		snprintf(name, sizeof(name), "null-q%hhu", (unsigned char)i);
		pthread_setname_np(queues[i].thread, name);
	}
	return 0;
}

static void stop_queues(struct queue *queues, uint32_t count)
{
	atomic_store(&stopping, true);
	for (uint32_t i = 0; i < count; i++) {
		/* memory was short for a moment */
		while (queues[i].contender->wake(queues[i].state) != 0)
			run_sleep_until(run_clock_ns() + 1000000);
		pthread_join(queues[i].thread, NULL);
		queues[i].contender->close(queues[i].state);
	}
}

static int print_report(const struct queue *queues, uint32_t count)
{
	struct contender_stats sum = {0};
	cJSON *report = report_new();

	for (uint32_t i = 0; i < count; i++) {
		sum.packets += queues[i].stats.packets;
		sum.bursts += queues[i].stats.bursts;
		sum.errors += queues[i].stats.errors;
	}
	report_count(report, "packets", sum.packets);
	report_count(report, "bursts", sum.bursts);
	report_count(report, "errors", sum.errors);
	report_count(report, "cpu_us", run_cpu_us());
	return report_print(report);
}

static int run_contender(const struct contender *contender, int argc, char **argv)
{
	static struct queue queues[QUEUES_MOST];
	struct contender_options options;
	struct number_span numbers;
	uint64_t length = 8192, burst = BURST;
	const struct option_row rows[] = {
		{"queue", OPTION_QUEUES, .required = true, .value = &numbers,
			.help = "NFQUEUE numbers, a thread each"},
		{"length", OPTION_NUMBER, .value = &length, .least = 1, .most = LENGTH_MOST,
			.help = "packets that a queue holds, 8192"},
		{"burst", OPTION_NUMBER, .value = &burst, .least = 1, .most = CONTENDER_BURST_MOST,
			/* the last row: not everybody takes it */
			.help = "packets read at once, 256"},
	};
	const size_t row_count = sizeof(rows) / sizeof(rows[0]) - (contender->takes_burst ? 0 : 1);
	const struct option_table table = {
		.program = "podgate-null",
		.rows = rows,
		.count = row_count,
		.help = "Accepts every packet of these queues without looking at it, bound as "
			"podgate binds its own.\n",
	};
	int code;

	if (!load_options_take(&table, argc, argv, &code))
		return code;
	if (number_span_count(&numbers) > QUEUES_MOST) {
		fprintf(stderr, "podgate-null: at most %d queues\n", QUEUES_MOST);
		return LOAD_PROBLEM;
	}
	options = (struct contender_options){.length = (uint32_t)length, .burst = (uint32_t)burst};
	code = open_queues(queues, contender, &numbers, &options);
	if (code == 0)
		code = start_queues(queues, number_span_count(&numbers));
	if (code != 0)
		return code;
	run_ready();
	while (!run_stopped())
		run_sleep_until(UINT64_MAX);
	stop_queues(queues, number_span_count(&numbers));
	return print_report(queues, number_span_count(&numbers));
}

static int print_usage(void)
{
	fputs("usage: podgate-null MODE --queue FIRST[:LAST] [--length N] [--burst N]\n", stderr);
	for (size_t i = 0; i < CONTENDER_COUNT; i++)
		fprintf(stderr, "  %-10s %s\n", contenders[i]->name, contenders[i]->help);
	return LOAD_PROBLEM;
}

int main(int argc, char **argv)
{
	run_begin();
	for (size_t i = 0; argc > 1 && i < CONTENDER_COUNT; i++)
		if (strcmp(argv[1], contenders[i]->name) == 0)
			return run_contender(contenders[i], argc - 1, argv + 1);
	return print_usage();
}
