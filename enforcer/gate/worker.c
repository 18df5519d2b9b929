/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "enforcer/gate/worker.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <urcu-qsbr.h>

#include "process/clock.h"
#include "process/log.h"
#include "process/priority.h"
#include "process/thread.h"

enum {
	THREAD_NAME = 16,
	ERROR_PAUSE_NS = 10000000,
	SIGHTED_MOST = 256,
	/*
	 * The kernel carries what a burst lets pass to its receivers within the send, in one go
	 * where it isn't preemptible: short bursts let others go before every 0.1 ms.
	 */
	BACKGROUND_BURST = 16,
};

static void add(_Atomic uint64_t *counter, uint64_t count)
{
	atomic_store_explicit(counter, atomic_load_explicit(counter, memory_order_relaxed) + count,
		memory_order_relaxed);
}

static uint64_t value(const _Atomic uint64_t *counter)
{
	return atomic_load_explicit(counter, memory_order_relaxed);
}

/* ---- One burst ---- */

/*
 * In two passes, so that what judging looks at is on its way from memory while other packets are
 * still read: with ten thousand pods it is mostly in no cache. Returns whether all was allowed:
 * then there is mostly nothing to record.
 */
static bool judge_burst(struct worker *worker, const struct judging *judging)
{
	struct nfqueue_burst *burst = &worker->burst;
	size_t verdicts[VERDICT_AUDIT_DENY + 1] = {0};

	for (size_t i = 0; i < burst->count; i++) {
		struct outcome *outcome = &worker->outcomes[i];
		const bool report = outcome_read(judging, &burst->packets[i], outcome);

		if (outcome->error != PACKET_OK) {
			add(&worker->counters.unreadable[outcome->error], 1);
			continue;
		}
		if (report)
			add(&worker->counters.reports, 1);
		snapshot_prefetch(judging->snapshot, &outcome->flow);
	}
	for (size_t i = 0; i < burst->count; i++) {
		const enum verdict verdict = outcome_judge(
			judging, &burst->packets[i], &worker->outcomes[i]);

		burst->packets[i].accept = verdict != VERDICT_DENY;
		verdicts[verdict]++;
		/* Before the verdict is sent, so before its flow can be in the flow table. */
		if (verdict != VERDICT_DENY)
			presence_note(worker->presence, &worker->outcomes[i].flow);
	}
	for (size_t i = 0; i <= VERDICT_AUDIT_DENY; i++)
		add(&worker->counters.verdicts[i], verdicts[i]);
	add(&worker->counters.packets, burst->count);
	add(&worker->counters.bursts, burst->count > 0);
	return verdicts[VERDICT_ALLOW] == burst->count;
}

/* Whether the kernel may answer the flow's class: never what audit mode lets pass. */
static bool is_learnable(const struct worker *worker, const struct outcome *outcome)
{
	return worker->sightings != NULL && outcome->error == PACKET_OK && !outcome->alone &&
		flow_protocol_has_ports(outcome->flow.protocol) &&
		worker->learns[outcome->judgement.verdict];
}

static void leave_record(
	struct worker *worker, struct ring *ring, const struct record *common, size_t i)
{
	const struct outcome *outcome = &worker->outcomes[i];
	struct record record = *common;

	record.learnable = is_learnable(worker, outcome);
	record.in_ifindex = worker->burst.packets[i].in_ifindex;
	record.out_ifindex = worker->burst.packets[i].out_ifindex;
	record.judgement = outcome->judgement;
	record.error = outcome->error;
	record.group = outcome->group;
	if (outcome->error == PACKET_OK)
		record.flow = outcome->flow;
	else
		record.kind = RECORD_UNREADABLE;
	ring_push_fairly(ring, &record); /* a full ring counts what it loses */
}

/*
 * Returns whether there were any. `arrived` is of CLOCK_MONOTONIC. The wall clock is only read when
 * something is to be recorded.
 */
static bool leave_records(struct worker *worker, const struct snapshot *snapshot, uint64_t arrived)
{
	struct record common = {.kind = RECORD_VERDICT, .snapshot = snapshot};
	bool any = false;

	for (size_t i = 0; i < worker->burst.count; i++) {
		const struct outcome *outcome = &worker->outcomes[i];

		if (outcome->quiet ||
			(outcome->judgement.verdict == VERDICT_ALLOW && !worker->logs_allowed))
			continue;
		if (!any) {
			const uint64_t spent = clock_ns() - arrived;

			common.user_ns = spent < UINT32_MAX ? (uint32_t)spent : UINT32_MAX;
			common.time_ns = clock_wall_ns() - spent;
			any = true;
		}
		leave_record(worker, worker->ring, &common, i);
	}
	return any;
}

/* Returns whether there were any that the learner should hear of. */
static bool leave_sightings(
	struct worker *worker, const struct snapshot *snapshot, uint64_t arrived)
{
	struct record common = {.kind = RECORD_VERDICT, .snapshot = snapshot};
	bool any = false;

	if (worker->sightings == NULL)
		return false;
	common.revision = snapshot_revision(snapshot);
	for (size_t i = 0; i < worker->burst.count; i++) {
		const struct outcome *outcome = &worker->outcomes[i];

		if (!is_learnable(worker, outcome) ||
			!sightings_note(
				worker->sightings, common.revision, arrived, &outcome->flow))
			continue;
		leave_record(worker, worker->sighted, &common, i);
		any = true;
	}
	return any;
}

/*
 * The order matters, and is what gate_publish() promises: verdicts sent, records left, and only
 * then is the snapshot let go of.
 */
static void handle_burst(struct worker *worker)
{
	const uint64_t arrived = clock_ns();
	struct judging judging = {
		.reply_direction = worker->role == GATE_REPLY, .groups = worker->judges_groups};
	const struct snapshot *snapshot;
	bool allowed, recorded, sighted;

	urcu_qsbr_thread_online();
	snapshot = judging.snapshot = atomic_load_explicit(worker->snapshot, memory_order_acquire);
	if (worker->places != NULL)
		judging.places = atomic_load_explicit(worker->places, memory_order_acquire);
	allowed = judge_burst(worker, &judging);
	if (nfqueue_answer(worker->queue, &worker->burst) != 0)
		add(&worker->counters.verdict_errors, worker->burst.count);
	recorded = (!allowed || worker->logs_allowed) && leave_records(worker, snapshot, arrived);
	sighted = leave_sightings(worker, snapshot, arrived);
	atomic_fetch_add_explicit(&worker->bursts_left, 1, memory_order_release);
	urcu_qsbr_thread_offline();

	if (recorded && worker->hooks.recorded != NULL)
		worker->hooks.recorded(worker->hooks.log);
	if (sighted && worker->hooks.sighted != NULL)
		worker->hooks.sighted(worker->hooks.learner);
}

/* ---- The thread ---- */

/*
 * The thread names itself: other threads may not, once the process is not dumpable. It sets its
 * priority before hooks.begin(), whose system call filter allows neither.
 */
static void begin(const struct worker *worker)
{
	char name[THREAD_NAME];
	int err;

	snprintf(name, sizeof(name), "podgate-q%u", worker->number);
	pthread_setname_np(pthread_self(), name); /* never fails with a name this short */
	if (worker->role == GATE_NEW)
		priority_prompt();
	else
		priority_background();
	/* A worker that can't be pinned works all the same. */
	err = worker->pinned ? priority_pin(worker->place) : 0;
	if (err != 0)
		log_warnx("the worker of queue %u can't be pinned to a CPU: %s", worker->number,
			strerror(-err));
	if (worker->hooks.begin != NULL)
		worker->hooks.begin(worker->hooks.begin_context);
	urcu_qsbr_register_thread();
	urcu_qsbr_thread_offline();
}

/* Only worker_stop() ends the loop: a queue that nobody reads stops all first packets. */
static void *run(void *context)
{
	const struct timespec pause = {.tv_nsec = ERROR_PAUSE_NS};
	struct worker *worker = context;
	struct worker_counters *counters = &worker->counters;

	begin(worker);
	while (!atomic_load_explicit(&worker->stopping, memory_order_acquire)) {
		const int err = nfqueue_receive(worker->queue, &worker->burst);

		add(&counters->rounds, 1);
		if (err == -EINTR) {
			add(&counters->receive_interrupts, 1);
		} else if (err == -ENOBUFS) {
			add(&counters->receive_overruns, 1);
		} else if (err != 0) {
			/* The error may last: leave the CPU to others meanwhile. */
			add(&counters->receive_errors, 1);
			nanosleep(&pause, NULL);
		}
		if (err != 0)
			continue;
		add(&counters->bad_messages, worker->burst.bad_messages);
		add(&counters->verdict_errors, worker->burst.refusals);
		add(&counters->gone, worker->burst.gone);
		if (worker->burst.brimful)
			add(&counters->full_bursts, 1);
		if (worker->burst.count > 0)
			handle_burst(worker);
		if (worker->role != GATE_NEW)
			priority_yield();
	}
	urcu_qsbr_unregister_thread();
	return NULL;
}

int worker_open(struct worker **out, const struct worker_options *options, enum gate_role role,
	unsigned int place, const published_snapshot *snapshot,
	const struct nfqueue_inherited *inherited, char problem[PROBLEM_SIZE])
{
	const struct settings *settings = options->settings;
	const struct nfqueue_options queue = {
		.inherited = inherited,
		.number = (uint16_t)(settings->queue_base + place),
		.length = role == GATE_FLOOD && settings->queue_length > GATE_FLOOD_LENGTH
			? GATE_FLOOD_LENGTH
			: settings->queue_length,
		.fail_open = settings->queue_full == FAIL_OPEN,
		.burst = role == GATE_NEW ? 0 : BACKGROUND_BURST,
		.spin_us = role == GATE_NEW ? settings->spin_us : 0,
	};
	struct worker *worker = aligned_alloc(_Alignof(struct worker), sizeof(*worker));
	int err;

	if (worker == NULL) {
		snprintf(problem, PROBLEM_SIZE, "no memory for a worker");
		return -ENOMEM;
	}
	memset(worker, 0, sizeof(*worker));
	worker->role = role;
	worker->place = place;
	worker->number = queue.number;
	worker->pinned = role == GATE_NEW && settings->pin_workers;
	worker->logs_allowed = settings->log_allowed != LOG_ALLOWED_NO;
	worker->judges_groups = settings->group_traffic == GROUP_TRAFFIC_POLICY;
	worker->learns[VERDICT_ALLOW] = options->learn_allowed;
	worker->learns[VERDICT_DENY] = options->learn_denied;
	worker->hooks = options->hooks;
	worker->snapshot = snapshot;
	worker->places = options->places;
	worker->presence = options->presence;
	worker->read_before = inherited != NULL;
	err = ring_create(&worker->ring, options->ring_capacity);
	/* Replies belong to flows that live already: they teach nothing about new ones. */
	if (err == 0 && role != GATE_REPLY && (options->learn_allowed || options->learn_denied)) {
		err = sightings_create(&worker->sightings);
		if (err == 0)
			err = ring_create(&worker->sighted, SIGHTED_MOST);
	}
	if (err != 0)
		snprintf(problem, PROBLEM_SIZE, "no ring for %zu records: %s",
			options->ring_capacity, strerror(-err));
	else
		err = nfqueue_open(&worker->queue, &queue, problem);
	if (err != 0) {
		worker_close(worker);
		return err;
	}
	*out = worker;
	return 0;
}

void worker_close(struct worker *worker)
{
	if (worker == NULL)
		return;
	nfqueue_close(worker->queue);
	ring_free(worker->ring);
	ring_free(worker->sighted);
	sightings_free(worker->sightings);
	free(worker);
}

int worker_start(struct worker *worker, int proc)
{
	struct nfqueue_resumed resumed = {0};
	int err = worker->read_before ? nfqueue_resume(worker->queue, proc, &resumed) : 0;

	/* Packets that can't be repeated now are dropped with the first burst: start all the same.
	 */
	if (err != 0)
		log_warnx(
			"packets that an earlier reader of queue %u left can't be judged again: %s",
			worker->number, strerror(-err));
	else if (worker->read_before)
		worker->ids_before = resumed.first - 1 - (uint32_t)value(&worker->counters.packets);
	worker->repeated += resumed.repeated;
	worker->read_before = true;
	atomic_store_explicit(&worker->stopping, false, memory_order_relaxed);
	err = thread_start(&worker->thread, 0, run, worker);
	worker->started = err == 0;
	return err;
}

/* Without the waking message, for which memory may be short, the thread might sleep on. */
void worker_stop(struct worker *worker)
{
	const struct timespec pause = {.tv_nsec = 1000000};

	if (!worker->started)
		return;
	atomic_store_explicit(&worker->stopping, true, memory_order_release);
	while (nfqueue_wake(worker->queue) != 0)
		nanosleep(&pause, NULL);
}

void worker_join(struct worker *worker)
{
	if (!worker->started)
		return;
	pthread_join(worker->thread, NULL);
	worker->started = false;
}

void worker_ask(struct worker *worker)
{
	/* When the message does not fit into the socket, other messages wake the worker. */
	(void)nfqueue_wake(worker->queue);
}

void worker_read_stats(const struct worker *worker, struct worker_stats *out)
{
	const struct worker_counters *counters = &worker->counters;

	*out = (struct worker_stats){
		.packets = value(&counters->packets),
		.bursts = value(&counters->bursts),
		.reports = value(&counters->reports),
		.allowed = value(&counters->verdicts[VERDICT_ALLOW]),
		.denied = value(&counters->verdicts[VERDICT_DENY]),
		.audited = value(&counters->verdicts[VERDICT_AUDIT_DENY]),
		.bad_messages = value(&counters->bad_messages),
		.receive_interrupts = value(&counters->receive_interrupts),
		.receive_overruns = value(&counters->receive_overruns),
		.receive_errors = value(&counters->receive_errors),
		.verdict_errors = value(&counters->verdict_errors),
		.gone = value(&counters->gone),
		.full_bursts = value(&counters->full_bursts),
		.records_lost = ring_lost(worker->ring),
	};
	for (size_t i = 0; i < PACKET_ERROR_COUNT; i++)
		out->unreadable[i] = value(&counters->unreadable[i]);
}
