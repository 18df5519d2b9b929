/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ENFORCER_PUBLISH_PUBLISH_H
#define ENFORCER_PUBLISH_PUBLISH_H

/*
 * From a change in the store to its enforcement, and what else keeps the kernel in step. All of it
 * blocks (compiling, sets, sweeps, running iptables), so it is done beside the loop, one job at a
 * time: a change before a sweep before a look at the rules. Changes that come while one is under
 * way are published together after it, from what the store holds by then. All functions are for the
 * loop's thread.
 *
 * A sweep follows every change; one comes every sweep_interval_s; and one comes soon after the
 * reply worker had something to judge, because a live flow without a mark makes each of its packets
 * wait for userspace. With queue_full: open one comes soon after a queue was full.
 */

#include <stdbool.h>
#include <stdint.h>

#include <uv.h>

#include "config/store/store.h"
#include "enforcer/publish/enforcement.h"
#include "enforcer/publish/histogram.h"

struct publisher;

struct publisher_options {
	uv_loop_t *loop;
	struct store *store;
	struct enforcement *enforcement;
	struct verdict_log *log;
	const struct settings *settings;
	/*
	 * Called with the first policies compiled, before anything is enforced; NULL: nobody waits
	 * for that. 0; or -errno and `problem`, and the start fails.
	 */
	int (*compiled)(void *context, char problem[ENFORCEMENT_PROBLEM]);
	/*
	 * Called on the loop's thread after each change that came into force; NULL: nobody wants to
	 * know.
	 */
	void (*published)(void *context);
	void *context;
};

/* 0 or -ENOMEM */
int publisher_create(struct publisher **out, const struct publisher_options *options);
/*
 * Compiles what the store holds and enforces it (enforcement_start()), blocking. 0; or -errno and
 * `problem`.
 */
int publisher_start(struct publisher *publisher, char problem[ENFORCEMENT_PROBLEM]);
/*
 * The store changed (after publisher_start()); from its first sign on disk until it was read, that
 * took `read_ns`.
 */
void publisher_changed(struct publisher *publisher, uint64_t read_ns);
/*
 * Begins no job any more until publisher_go_on(), whatever changes. Whether none is under way: then
 * the kernel's side is left alone from here on. After going on, it is looked at soon.
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

/*
 * The snapshot in force, for work beside the loop: it stays until it is given back, whatever is
 * published meanwhile. Embedded in whatever needs it.
 */
struct snapshot_loan {
	const struct snapshot *snapshot;
	struct snapshot_loan *next, **link;
	struct retired_snapshot *retired; /* to be let go when this was the last loan of it */
};
void publisher_lend(struct publisher *publisher, struct snapshot_loan *loan);
/* Before publisher_free(). */
void publisher_take_back(struct publisher *publisher, struct snapshot_loan *loan);

struct publish_stats {
	bool pending;		    /* a change was seen that is not yet enforced */
	uint64_t changes, failures; /* published, and tries that failed */
	uint64_t seen_ns;	    /* CLOCK_REALTIME, when the last published change was seen */
	/* of the last change: from its first sign on disk until it was read (seen) */
	uint64_t read_ns;
	/* of the last change: from seen to swept */
	uint64_t wait_ns, compile_ns, publish_ns, sweep_ns, total_ns;
	uint64_t judged_ns; /* of the last change: from seen until new flows were judged by it */
	uint64_t worst_judged_ns, worst_total_ns; /* of any change */
	/*
	 * Of all changes published: from the first sign on disk until new flows are judged by it,
	 * and until live ones are.
	 */
	struct histogram until_published, until_swept;
	/* what each step took; swept: background sweeps, too */
	struct histogram compiles, publishes, swept;
	uint64_t sweeps, revoked; /* revoked: flows cut since the start */
	/* with queue_full: open, times that new flows may have passed unjudged */
	uint64_t overflows;
	struct sweep_stats sweep; /* the last */
	bool intact;		  /* rules and sets, when last looked at */
	uint64_t repairs;
	long set_sizes[2];
	enum bridges_state bridges; /* when last looked at */
	struct flow_room room;	    /* when last looked at */
	struct unnamed unnamed;	    /* likewise */
	uint64_t bridges_mended;    /* how often bridged packets had to be made to pass the rules */
	uint64_t busy_ns;	    /* how long the job under way has been; 0: there is none */
	/* what fails and is tried again; or NULL. Good until the loop goes on */
	const char *problem;
};
void publisher_stats(const struct publisher *publisher, struct publish_stats *out);

#endif
