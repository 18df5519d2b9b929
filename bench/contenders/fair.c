/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bench/contenders/contender.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "kernel/queue/nfqueue.h"

/*
 * podgate's own reads and writes with a constant verdict: the difference is what parsing and
 * judging cost.
 */
struct fair {
	struct nfqueue *queue;
	struct nfqueue_burst burst;
};

static int fair_open(
	void **state, const struct contender_options *options, char problem[PROBLEM_SIZE])
{
	const struct nfqueue_options queue = {.number = options->number, .length = options->length};
	struct fair *fair = calloc(1, sizeof(*fair));
	int err;

	if (fair == NULL) {
		snprintf(problem, PROBLEM_SIZE, "no memory");
		return -ENOMEM;
	}
	err = nfqueue_open(&fair->queue, &queue, problem);
	if (err != 0) {
		free(fair);
		return err;
	}
	*state = fair;
	return 0;
}

static void fair_run(void *state, struct contender_stats *stats, const atomic_bool *stop)
{
	struct fair *fair = state;

	while (!atomic_load_explicit(stop, memory_order_relaxed)) {
		const int err = nfqueue_receive(fair->queue, &fair->burst);

		stats->errors += err != 0 && err != -EINTR;
		stats->errors += fair->burst.bad_messages + fair->burst.refusals;
		if (fair->burst.count == 0)
			continue;
		for (size_t i = 0; i < fair->burst.count; i++)
			fair->burst.packets[i].accept = true;
		stats->errors += nfqueue_answer(fair->queue, &fair->burst) != 0;
		stats->packets += fair->burst.count;
		stats->bursts++;
	}
}

static int fair_wake(void *state)
{
	return nfqueue_wake(((struct fair *)state)->queue);
}

static void fair_close(void *state)
{
	struct fair *fair = state;

	nfqueue_close(fair->queue);
	free(fair);
}

const struct contender contender_fair = {
	.name = "fair",
	.help = "podgate's own reads and writes, always ACCEPT",
	.open = fair_open,
	.run = fair_run,
	.wake = fair_wake,
	.close = fair_close,
};
