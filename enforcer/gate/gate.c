/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "enforcer/gate/gate.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <urcu-qsbr.h>

#include "enforcer/gate/worker.h"
#include "kernel/queue/nfqueue_adopt.h"
#include "kernel/queue/nfqueue_proc.h"
#include "process/log.h"

enum { WORKERS_MOST = 64, EXTRA_MOST = 2, CACHE_LINE = 64 };
_Static_assert((int)GATE_QUEUES_MOST == (int)WORKERS_MOST + (int)EXTRA_MOST,
	"a queue each, one for replies, one for floods");
struct gate {
	uint16_t queue_base;
	unsigned int new_count; /* of the workers that share the new flows: they come first */
	unsigned int count;	/* of workers[] in use */
	unsigned int inherited; /* of them, with an inherited queue */
	int proc;		/* nfqueue_proc_open(); -1: the kernel's counters can't be read */
	struct worker *workers[GATE_QUEUES_MOST];
	uint64_t rounds[GATE_QUEUES_MOST]; /* of each, when last asked */
	struct presence *presence;
	/*
	 * On a line of its own: read by all workers with every burst, written on publishing only.
	 */
	_Alignas(CACHE_LINE) published_snapshot snapshot;
};

enum gate_role gate_role(const struct gate *gate, unsigned int worker)
{
	if (worker < gate->new_count)
		return GATE_NEW;
	return worker == gate->new_count ? GATE_REPLY : GATE_FLOOD;
}

int gate_open(struct gate **out, const struct worker_options *options,
	struct inheritance *inheritance, char problem[PROBLEM_SIZE])
{
	const struct settings *settings = options->settings;
	const unsigned int workers = settings_workers(settings), count = settings_queues(settings);
	struct worker_options own = *options;
	struct gate *gate;

	if (workers > WORKERS_MOST || settings->queue_base > UINT16_MAX - (count - 1)) {
		snprintf(problem, PROBLEM_SIZE,
			"%u workers from queue %u on: 1 to %d workers, queue numbers to %d are "
			"possible",
			workers, settings->queue_base, WORKERS_MOST, UINT16_MAX);
		return -EINVAL;
	}
	gate = aligned_alloc(_Alignof(struct gate), sizeof(*gate));
	if (gate == NULL) {
		snprintf(problem, PROBLEM_SIZE, "no memory for the workers");
		return -ENOMEM;
	}
	*gate = (struct gate){.queue_base = (uint16_t)settings->queue_base,
		.new_count = workers,
		.proc = nfqueue_proc_open()};
	if (presence_create(&gate->presence, settings->learn_allowed_s) != 0) {
		gate_close(gate);
		snprintf(problem, PROBLEM_SIZE, "no memory for the workers");
		return -ENOMEM;
	}
	own.presence = gate->presence;
	for (; gate->count < count; gate->count++) {
		const unsigned int i = gate->count;
		struct nfqueue_inherited inherited = {.fd = -1, .proc = gate->proc};
		int err = -ENOENT;

		/* Only the kernel's table says which queue a socket has: without it, none is taken.
		 */
		if (inheritance != NULL && gate->proc >= 0)
			inherited.fd = inheritance_take(inheritance, gate_queue(gate, i));
		if (inherited.fd >= 0) {
			err = worker_open(&gate->workers[i], &own, gate_role(gate, i), i,
				&gate->snapshot, &inherited, problem);
			if (err == 0)
				gate->inherited++;
			else
				log_warnx("%s", problem);
		}
		if (err != 0)
			err = worker_open(&gate->workers[i], &own, gate_role(gate, i), i,
				&gate->snapshot, NULL, problem);
		if (err != 0) {
			gate_close(gate);
			return err;
		}
	}
	*out = gate;
	return 0;
}

int gate_start(struct gate *gate, const struct snapshot *snapshot)
{
	atomic_store_explicit(&gate->snapshot, snapshot, memory_order_release);
	for (unsigned int i = 0; i < gate->count; i++) {
		const int err = worker_start(gate->workers[i], gate->proc);

		if (err != 0) {
			gate_stop(gate);
			return err;
		}
	}
	return 0;
}

/*
 * What a worker did in the bursts that are waited for happens before what the caller does next.
 * liburcu's own barriers see to that; the loads say it in C11, for the compiler and
 * ThreadSanitizer.
 */
void gate_wait_for_readers(const struct gate *gate)
{
	urcu_qsbr_synchronize_rcu();
	for (unsigned int i = 0; i < gate->count; i++)
		atomic_load_explicit(&gate->workers[i]->bursts_left, memory_order_acquire);
}

void gate_publish(struct gate *gate, const struct snapshot *snapshot, const struct snapshot **old)
{
	*old = atomic_exchange_explicit(&gate->snapshot, snapshot, memory_order_acq_rel);
	gate_wait_for_readers(gate);
}

struct presence *gate_presence(const struct gate *gate)
{
	return gate->presence;
}

void gate_stop(struct gate *gate)
{
	for (unsigned int i = 0; i < gate->count; i++)
		worker_stop(gate->workers[i]);
	for (unsigned int i = 0; i < gate->count; i++)
		worker_join(gate->workers[i]);
}

void gate_close(struct gate *gate)
{
	if (gate == NULL)
		return;
	gate_stop(gate);
	for (unsigned int i = 0; i < gate->count; i++)
		worker_close(gate->workers[i]);
	if (gate->proc >= 0)
		close(gate->proc);
	presence_free(gate->presence);
	free(gate);
}

void gate_dissolve(const struct gate *gate, struct inheritance *rest, void (*each)(uint16_t queue))
{
	struct inheritance_item item;

	while (inheritance_take_any(rest, &item)) {
		const struct nfqueue_inherited inherited = {.fd = item.fd, .proc = gate->proc};

		nfqueue_dissolve(&inherited, item.queue);
		if (each != NULL)
			each(item.queue);
	}
}

void gate_inherited(const struct gate *gate, struct gate_inherited *out)
{
	*out = (struct gate_inherited){.queues = gate->inherited};
	for (unsigned int i = 0; i < gate->count; i++)
		out->repeated += gate->workers[i]->repeated;
}

uint16_t gate_queue(const struct gate *gate, unsigned int worker)
{
	return (uint16_t)(gate->queue_base + worker);
}

int gate_descriptor(const struct gate *gate, unsigned int worker)
{
	return nfqueue_descriptor(gate->workers[worker]->queue);
}

static uint64_t rounds_of(const struct worker *worker)
{
	return atomic_load_explicit(&worker->counters.rounds, memory_order_relaxed);
}

void gate_ask(struct gate *gate)
{
	for (unsigned int i = 0; i < gate->count; i++) {
		gate->rounds[i] = rounds_of(gate->workers[i]);
		worker_ask(gate->workers[i]);
	}
}

bool gate_answered(const struct gate *gate, unsigned int *silent)
{
	for (unsigned int i = 0; i < gate->count; i++) {
		if (rounds_of(gate->workers[i]) == gate->rounds[i]) {
			*silent = i;
			return false;
		}
	}
	return true;
}

struct ring *gate_ring(struct gate *gate, unsigned int worker)
{
	return gate->workers[worker]->ring;
}

struct ring *gate_sightings(struct gate *gate, unsigned int worker)
{
	return gate->workers[worker]->sighted;
}

unsigned int gate_worker_count(const struct gate *gate)
{
	return gate->count;
}

void gate_stats(const struct gate *gate, unsigned int worker, struct worker_stats *out)
{
	struct nfqueue_row row;
	const bool told = gate->proc >= 0 &&
		nfqueue_proc_read(gate->proc, gate_queue(gate, worker), &row) == 0;
	int32_t missed;

	/* after the row, so that what it counts is not too little */
	worker_read_stats(gate->workers[worker], out);
	if (!told)
		return;
	out->kernel_dropped = row.kernel_dropped;
	out->user_dropped = row.user_dropped;
	out->waiting = row.waiting;
	missed = (int32_t)(row.last_id - gate->workers[worker]->ids_before - row.waiting -
		(uint32_t)out->packets);
	out->missed = missed > 0 ? (uint64_t)missed : 0;
}

int gate_read_queues(const struct gate *gate, char **out)
{
	return gate->proc >= 0 ? nfqueue_proc_read_all(gate->proc, out) : -ENOENT;
}
