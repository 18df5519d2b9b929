/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ENFORCER_PUBLISH_PUBLISH_H
#define ENFORCER_PUBLISH_PUBLISH_H

/*
 * From a change in the store to its enforcement. Compiling, filling sets, sweeping and running
 * iptables block, so this is done beside the loop: one job at a time, a change before upkeep
 * (upkeep.h), and beside it one sweep (sweep_plan.h). Changes that come while one is under way are
 * published together after it, from what the store holds by then. All functions are for the loop's
 * thread.
 *
 * A change is published when new flows are judged by it. It is enforced when the live flows that it
 * touches are, too. All flows are swept every sweep_interval_s; and soon, when what the queues have
 * counted asks for it (queue_watch.h), and when upkeep repaired something.
 */

#include <stdbool.h>
#include <stdint.h>

#include <uv.h>

#include "config/store/store.h"
#include "enforcer/publish/enforcement.h"
#include "enforcer/publish/publish_stats.h"
#include "enforcer/publish/snapshots.h"
#include "process/problem.h"

struct publisher;

struct publisher_options {
	uv_loop_t *loop;
	struct store *store;
	struct enforcement *enforcement;
	struct verdict_log *log;
	const struct settings *settings;
	/*
	 * May be NULL. Called with the first policies compiled, before anything is enforced. 0; or
	 * -errno and `problem`, and the start fails.
	 */
	int (*compiled)(void *context, char problem[PROBLEM_SIZE]);
	/* May be NULL. Called on the loop's thread after each change that came into force. */
	void (*published)(void *context);
	void *context;
};

/* 0 or -ENOMEM */
int publisher_create(struct publisher **out, const struct publisher_options *options);
/*
 * Compiles what the store holds and enforces it (enforcement_start()), blocking. 0; or -errno and
 * `problem`.
 */
int publisher_start(struct publisher *publisher, char problem[PROBLEM_SIZE]);
/*
 * The store changed, after publisher_start(). `read_ns`: how long it took from the change's first
 * sign on disk until it was read.
 */
void publisher_changed(struct publisher *publisher, uint64_t read_ns);
/*
 * Whether a reading that the operator asked for is under way: until it has ended a change is
 * pending.
 */
void publisher_await(struct publisher *publisher, bool reading);
/*
 * Begins no job any more until publisher_go_on(), whatever changes. Returns whether none is under
 * way: then the kernel's side is left alone from here on. publisher_go_on() looks at it soon.
 */
bool publisher_pause(struct publisher *publisher);
void publisher_go_on(struct publisher *publisher);
/*
 * Begins no job any more and closes the handles; they are closed, and the last job is over, when
 * the loop has run out.
 */
void publisher_stop(struct publisher *publisher);
/*
 * After the loop has run out and enforcement_close(): frees the snapshot in force, too. NULL is
 * allowed.
 */
void publisher_free(struct publisher *publisher);

/* The snapshot in force. Good until control returns to the loop. */
const struct snapshot *publisher_snapshot(const struct publisher *publisher);

/* snapshots_lend() of the snapshot in force; taken back before publisher_free(). */
void publisher_lend(struct publisher *publisher, struct snapshot_loan *loan);
void publisher_take_back(struct publisher *publisher, struct snapshot_loan *loan);

void publisher_stats(const struct publisher *publisher, struct publish_stats *out);

#endif
