/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ENFORCER_GATE_WORKER_H
#define ENFORCER_GATE_WORKER_H

/*
 * One thread that answers one queue: it reads a burst of packets, judges each by the published
 * snapshot, sends all verdicts and only then leaves its records. It shares nothing it writes with
 * another worker. All functions are for the control thread, worker_read_stats() for any. The struct
 * is for the gate to read.
 *
 * The thread is an RCU reader (liburcu, QSBR): online from after a burst was read to after its
 * verdicts were sent and its records left, offline while it waits for packets. So synchronize_rcu()
 * waits for at most the bursts in hand, and never for a packet to come.
 */

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "enforcer/gate/outcome.h"
#include "enforcer/gate/ring.h"
#include "enforcer/gate/sighting.h"
#include "enforcer/gate/worker_options.h"
#include "enforcer/gate/worker_stats.h"
#include "kernel/queue/nfqueue.h"
#include "policy/compile/snapshot.h"
#include "process/problem.h"

/* Where the control thread publishes. Never NULL while a worker runs. */
typedef const struct snapshot *_Atomic published_snapshot;

enum { WORKER_CACHE_LINE = 64 };

/* Only the worker writes them, so adding takes no locked instruction; any thread may read. */
struct worker_counters {
	_Atomic uint64_t rounds, packets, bursts, reports;
	_Atomic uint64_t verdicts[VERDICT_AUDIT_DENY + 1];
	_Atomic uint64_t unreadable[PACKET_ERROR_COUNT];
	_Atomic uint64_t bad_messages, receive_interrupts, receive_overruns, receive_errors,
		verdict_errors, gone, full_bursts;
};

struct worker {
	enum gate_role role;
	unsigned int place; /* among the workers of its gate */
	uint16_t number;    /* of its queue */
	bool pinned;	    /* it stays on CPU number `place` of those allowed: priority_pin() */
	bool logs_allowed, judges_groups;
	bool learns[VERDICT_AUDIT_DENY + 1]; /* leave sightings of flow classes with this verdict */
	struct worker_hooks hooks;
	const published_snapshot *snapshot;
	const published_places *places;
	struct presence *presence; /* the gate's */
	struct nfqueue *queue;
	struct ring *ring; /* for the log thread */
	/* for the learner: records with their revision; NULL: nothing is learned of this queue */
	struct ring *sighted;
	struct sightings *sightings; /* NULL likewise */
	pthread_t thread;
	bool started;
	bool read_before;  /* the queue, by this worker or another program */
	uint64_t repeated; /* packets that an earlier reader left, sent through the rules again */
	/* how many packet ids of this queue (modulo 2^32) went to earlier readers */
	_Atomic uint32_t ids_before;
	_Atomic bool stopping;

	_Alignas(WORKER_CACHE_LINE) struct nfqueue_burst burst;
	struct outcome outcomes[VERDICTS_PACKETS];

	_Alignas(WORKER_CACHE_LINE) struct worker_counters counters;
	_Atomic uint64_t bursts_left; /* bursts whose snapshot this worker has let go of */
};

/*
 * Opens queue number settings->queue_base + `place`, or takes it over; no thread yet. `inherited`
 * may be NULL. 0, or -errno with a sentence in `problem` as nfqueue_open() gives it.
 */
int worker_open(struct worker **out, const struct worker_options *options, enum gate_role role,
	unsigned int place, const published_snapshot *snapshot,
	const struct nfqueue_inherited *inherited, char problem[PROBLEM_SIZE]);
/* Not while its thread runs. NULL is allowed. */
void worker_close(struct worker *worker);

/*
 * Packets that an earlier reader of the queue, or an earlier run of this worker, took and did not
 * answer are repeated (nfqueue_resume()). `proc` is nfqueue_proc_open()'s. 0 or -errno.
 */
int worker_start(struct worker *worker, int proc);
/* Ends the thread, if there is one, after the burst that it works on. */
void worker_stop(struct worker *worker);
void worker_join(struct worker *worker); /* waits for that */

/*
 * Makes the thread go round its loop once more, which counters.rounds counts: so it shows that it
 * lives. A packet that comes makes it go round as well.
 */
void worker_ask(struct worker *worker);
/* All but the kernel's counters, which become 0. */
void worker_read_stats(const struct worker *worker, struct worker_stats *out);

#endif
