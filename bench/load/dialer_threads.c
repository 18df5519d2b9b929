/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

#include "bench/load/dialer.h"
#include "bench/load/run.h"

struct dialing {
	pthread_t thread;
	struct dialer_options options;
	struct dialer_result result;
	int err;
};

static void *dial(void *context)
{
	struct dialing *dialing = context;

	dialing->err = dialer_run(&dialing->options, &dialing->result);
	return NULL;
}

/* The part of `all` that is number `part`'s, so that the parts sum up. */
static uint64_t share(uint64_t all, uint32_t part, uint32_t parts)
{
	return all / parts + (part < all % parts);
}

static struct dialer_options options_of(
	const struct dialer_options *all, uint32_t part, uint32_t parts)
{
	struct dialer_options options = *all;

	flow_walk_share(&options.walk, part, parts);
	options.parallel = share(all->parallel, part, parts);
	options.rate = share(all->rate, part, parts);
	if (all->count != UINT64_MAX)
		options.count = share(all->count, part, parts);
	return options;
}

static void add_result(struct dialer_result *sum, const struct dialer_result *part)
{
	if (sum->failed == 0)
		sum->failure = part->failure;
	sum->begun += part->begun;
	sum->answered += part->answered;
	sum->failed += part->failed;
	sum->timeouts += part->timeouts;
	sum->answered_in_time += part->answered_in_time;
	sum->retransmits += part->retransmits;
	sum->late += part->late;
	if (part->took_ns > sum->took_ns)
		sum->took_ns = part->took_ns;
	histogram_merge(&sum->times, &part->times);
}

int dialer_run_threads(
	const struct dialer_options *options, uint32_t threads, struct dialer_result *out)
{
	struct dialing *all = calloc(threads, sizeof(*all));
	uint32_t started = 0;
	int err = all == NULL ? -ENOMEM : 0;

	for (; err == 0 && started < threads; started++) {
		all[started].options = options_of(options, started, threads);
		err = -pthread_create(&all[started].thread, NULL, dial, &all[started]);
		if (err != 0)
			break;
	}
	if (err != 0)
		run_stop(); /* those that run are of no use without the others */
	*out = (struct dialer_result){0};
	for (uint32_t i = 0; i < started; i++) {
		pthread_join(all[i].thread, NULL);
		add_result(out, &all[i].result);
		err = err == 0 ? all[i].err : err;
	}
	free(all);
	return err;
}
