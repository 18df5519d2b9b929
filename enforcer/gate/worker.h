/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ENFORCER_GATE_WORKER_H
#define ENFORCER_GATE_WORKER_H

/*
 * One thread that answers one queue: it reads a burst of packets, judges each by the published
 * snapshot, sends all verdicts and only then leaves its records. It shares nothing it writes with
 * another worker. All functions are for the control thread, worker_read_stats() for any.
 *
 * The thread is an RCU reader (liburcu, QSBR): online from after a burst was read to after its
 * verdicts were sent and its records left, offline while it waits for packets. So synchronize_rcu()
 * waits for at most the bursts in hand, and never for a packet to come.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "enforcer/gate/ring.h"
#include "enforcer/gate/worker_options.h"
#include "enforcer/gate/worker_stats.h"
#include "kernel/queue/nfqueue.h"
#include "policy/compile/snapshot.h"

struct worker;

/* Where the control thread publishes. Never NULL while a worker runs. */
typedef const struct snapshot *_Atomic published_snapshot;

/*
 * Opens queue number settings->queue_base + `place`, or takes it over; no thread yet. `inherited`
 * may be NULL. 0, or -errno with a sentence in `problem` as nfqueue_open() gives it.
 */
int worker_open(struct worker **out, const struct worker_options *options, enum gate_role role,
	unsigned int place, const published_snapshot *snapshot,
	const struct nfqueue_inherited *inherited, char problem[NFQUEUE_PROBLEM]);
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
 * Whether the thread lives: worker_ask() makes it go round its loop once more, and it counts its
 * rounds. A packet that comes makes it go round as well.
 */
void worker_ask(struct worker *worker);
uint64_t worker_rounds(const struct worker *worker);

struct ring *worker_ring(struct worker *worker);
/* For the learner: records with their revision. NULL when the worker leaves no sightings. */
struct ring *worker_sightings(struct worker *worker);
/*
 * To be called after synchronize_rcu(): what the worker did in the bursts that this has waited for
 * happens before what the caller does next. liburcu's own barriers see to that; this says it in
 * C11, for the compiler and ThreadSanitizer.
 */
void worker_acquire_bursts(const struct worker *worker);
int worker_descriptor(const struct worker *worker);    /* nfqueue_descriptor() */
uint64_t worker_repeated(const struct worker *worker); /* packets, by its starts */
/* How many packet ids of this queue (modulo 2^32) went to earlier readers. */
uint32_t worker_ids_before(const struct worker *worker);
/* All but the kernel's counters, which become 0. */
void worker_read_stats(const struct worker *worker, struct worker_stats *out);

#endif
