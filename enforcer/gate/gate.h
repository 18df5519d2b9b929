/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ENFORCER_GATE_GATE_H
#define ENFORCER_GATE_GATE_H

/*
 * The workers and the snapshot they judge by. Worker i owns NFQUEUE queue_base + i. Number
 * `workers` owns the queue of packets seen in the reply direction and judges them by the reversed
 * flow. The one after it, if there is one, owns the queue of sources that flood, and judges as the
 * first ones do. These two yield to other threads. All functions are for the control thread,
 * gate_stats() for any.
 *
 * What gate_publish() promises, in this order: (1) a burst read after it returns is judged by the
 * new snapshot; (2) every verdict of an older snapshot was sent before it returns, so the flows it
 * allowed are in conntrack, confirmed, for a sweep to find; (3) no worker holds the older snapshot
 * any more. Records in the rings may still name it.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "enforcer/gate/presence.h"
#include "enforcer/gate/ring.h"
#include "enforcer/gate/worker_options.h"
#include "enforcer/gate/worker_stats.h"
#include "policy/compile/snapshot.h"
#include "process/inheritance.h"
#include "process/problem.h"

struct gate;

/*
 * Opens and binds the queues; nothing runs yet. Takes the sockets of these queues from the
 * inheritance, which may be NULL; for a wrong one it warns and binds the queue itself. Returns 0,
 * or -errno with a sentence in `problem` that names the remedy: -EPERM without CAP_NET_ADMIN,
 * -EBUSY when another program holds a queue (its portid is named), -EPROTONOSUPPORT on a kernel
 * without nfnetlink_queue.
 */
enum { GATE_QUEUES_MOST = 66 };
int gate_open(struct gate **out, const struct worker_options *options,
	struct inheritance *inheritance, char problem[PROBLEM_SIZE]);
/*
 * Starts the threads on a first snapshot, which stays the caller's to free after gate_close(). May
 * be called again after gate_stop(). Packets that earlier readers took and did not answer are
 * judged. 0 or -errno.
 */
int gate_start(struct gate *gate, const struct snapshot *snapshot);
/*
 * Returns when each worker has ended the burst that it worked on: none holds a snapshot or places
 * that were published before. Any thread but a worker.
 */
void gate_wait_for_readers(const struct gate *gate);
/*
 * Publishes; *old is the snapshot it replaces, which no worker holds any more. Blocks for one burst
 * at most.
 */
void gate_publish(struct gate *gate, const struct snapshot *snapshot, const struct snapshot **old);
/*
 * Ends the threads after the burst that they work on. Their records wait in the rings, and packets
 * wait in the queues. May be called again.
 */
void gate_stop(struct gate *gate);
/*
 * Stops, closes the queues and frees the rings: from now on the kernel drops packets for the
 * queues, or with --queue-bypass passes them.
 */
void gate_close(struct gate *gate); /* NULL is allowed */

/*
 * Asks every worker whether it lives; and, some time later, whether all have answered. If not,
 * *silent is one.
 */
void gate_ask(struct gate *gate);
bool gate_answered(const struct gate *gate, unsigned int *silent);

/*
 * Closes the sockets left in an inheritance, when no rule names their queues any more: their
 * packets pass the rules once more. `each`, which may be NULL, is called for every queue.
 */
void gate_dissolve(const struct gate *gate, struct inheritance *rest, void (*each)(uint16_t queue));

/* Of the flows that the workers let pass; the gate's own. Sweeps note what they find, too. */
struct presence *gate_presence(const struct gate *gate);

struct gate_inherited {
	unsigned int queues;
	/* packets that an earlier reader left, sent through the rules once more */
	uint64_t repeated;
};
void gate_inherited(const struct gate *gate, struct gate_inherited *out);

uint16_t gate_queue(const struct gate *gate, unsigned int worker); /* its number */
/* its socket, for handing it on; the gate's */
int gate_descriptor(const struct gate *gate, unsigned int worker);

struct ring *gate_ring(struct gate *gate, unsigned int worker); /* below gate_worker_count() */
/* NULL: that worker leaves none */
struct ring *gate_sightings(struct gate *gate, unsigned int worker);
unsigned int gate_worker_count(const struct gate *gate); /* of all roles */
enum gate_role gate_role(const struct gate *gate, unsigned int worker);

void gate_stats(const struct gate *gate, unsigned int worker, struct worker_stats *out);
/*
 * The kernel's table of all queues, others' among them (nfqueue_proc.h), for the caller to free().
 * 0 or -errno.
 */
int gate_read_queues(const struct gate *gate, char **out);

#endif
