/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ENFORCER_LOG_VERDICT_LOG_H
#define ENFORCER_LOG_VERDICT_LOG_H

/*
 * The log thread: takes the workers' records out of their rings, folds repeats, finds names and
 * reasons in the snapshot each was judged by, and writes JSON Lines (record_json.h) to a file and
 * for the watchers. It never makes a worker wait: records that it can't keep up with, or can't
 * write, are lost and counted, and the log itself says so. Flows that were cut come another way,
 * and each has its line. The thread also frees snapshots that no worker judges by any more
 * (retired.h), as only it knows when the last record that names one was written.
 *
 * verdict_log_wake(), _revoke(), _answered(), _overload() and _stats() are for any thread, the rest
 * for the control thread.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "enforcer/gate/record.h"
#include "enforcer/gate/ring.h"
#include "enforcer/log/policy_hits.h"
#include "enforcer/log/retired.h"
#include "enforcer/log/verdict_lines.h"
#include "policy/compile/snapshot.h"
#include "process/pulse.h"

struct verdict_log;

struct verdict_log_options {
	const char *path;      /* "-": standard output */
	uint64_t rotate_bytes; /* 0: never rotated */
	unsigned int keep;
	size_t ring_capacity; /* of each ring: one drain takes no more */
	uint64_t fold_ns;     /* 0: every record is a line */
	/* verdicts explained and written, shared fairly (line_budget.h); 0: no limit */
	unsigned int lines_per_s;
	/* watched lines wait in verdict_log_lines(); from the log thread */
	void (*lines_ready)(void *context);
	void *context;
};

/* Opens the file; no thread yet. Returns 0, or -errno. */
int verdict_log_open(struct verdict_log **out, const struct verdict_log_options *options);
/* Starts the thread on these rings, which must stay until verdict_log_stop(). 0 or -errno. */
int verdict_log_start(struct verdict_log *log, struct ring *const *rings, size_t count);
/* Writes what the rings and the folding still hold and ends the thread. */
void verdict_log_stop(struct verdict_log *log);
void verdict_log_free(struct verdict_log *log); /* stopped, or never started; NULL is allowed */

/*
 * A ring may have become non-empty. Never blocks; repeated calls coalesce. `log` is void so that a
 * worker may call it.
 */
void verdict_log_wake(void *log);
/*
 * A live flow was cut. It gets a line of its own, past lines_per_s: a user will ask what became of
 * the flow, and the operator's change decides how many there are, not the network. While thousands
 * wait, denials are logged between them.
 */
void verdict_log_revoke(struct verdict_log *log, const struct record *record);
/*
 * The kernel answered packets of a flow class: record->answered of them, which count as repeats of
 * the class's line. Not after the record's snapshot was retired. The caller wakes the log when it
 * has no more.
 */
void verdict_log_answered(struct verdict_log *log, const struct record *record);
/* The kernel dropped packets because a queue was full: that of floods, or another. */
void verdict_log_overload(struct verdict_log *log, bool flood, uint64_t dropped);
void verdict_log_reopen(struct verdict_log *log); /* SIGHUP: the file was moved away */

/*
 * A snapshot that no worker can leave records of any more. It and `retired` are freed after all
 * records that were left of it.
 */
void verdict_log_retire(struct verdict_log *log, struct retired_snapshot *retired);

/* Whether a session watches: only then are lines kept for verdict_log_lines(). */
void verdict_log_watch(struct verdict_log *log, bool watched);
/*
 * All lines since the last call, oldest first; the caller frees them. *lost: lines dropped for lack
 * of room.
 */
struct verdict_line *verdict_log_lines(struct verdict_log *log, uint64_t *lost);

struct verdict_log_stats {
	uint64_t records; /* taken out of the rings, and cut flows */
	uint64_t begun;	  /* lines, counted before each was written */
	uint64_t lines;	  /* written, counted after each was written and handed to the watchers */
	uint64_t lost;	  /* records and lines that are missing in the log */
	int error;	  /* errno of the last write if it failed, else 0 */
};
void verdict_log_stats(const struct verdict_log *log, struct verdict_log_stats *out);
/* Of the thread, by its rounds. Any thread, between verdict_log_start() and _stop(). */
struct pulse verdict_log_pulse(const struct verdict_log *log);

/* How often each policy was the reason; for any thread, as long as the log lives. */
struct policy_hits *verdict_log_hits(struct verdict_log *log);

#endif
