/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "enforcer/log/verdict_log.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "config/text/json_writer.h"
#include "enforcer/log/backlog.h"
#include "enforcer/log/fold.h"
#include "enforcer/log/line_budget.h"
#include "enforcer/log/record_json.h"
#include "enforcer/log/verdict_file.h"
#include "policy/values/arena.h"
#include "process/clock.h"
#include "process/log.h"
#include "process/priority.h"
#include "process/work_thread.h"

enum {
	FOLD_CAPACITY = 4096, /* different denials remembered at once */
	DRAIN_PAUSE_MS = 10,  /* between two drains, so that a flood is taken in by the hundred */
	STACK_BYTES = 256 * 1024,
	RINGS_MOST = 80,
	YIELD_RECORDS = 64,	 /* some 0.1 ms of work */
	REVOKED_PER_ROUND = 256, /* some 10 ms: no ring of a worker overflows meanwhile */
};

struct verdict_log {
	struct verdict_log_options options;
	struct verdict_file *file;
	struct work_thread thread;
	atomic_bool reopen, watched;
	atomic_uint_fast64_t overload[2]; /* of the common queues, of that of floods */
	atomic_uint_fast64_t answered_lost;

	struct retired retired;	    /* cut flows that wait to be logged may name those held */
	struct verdict_lines lines; /* for the watchers */
	struct backlog revoked;	    /* flows that sweeps cut */
	struct backlog answered;    /* classes that the kernel answered */

	atomic_uint_fast64_t records, written, lost;
	/* of the last line that was begun; the log thread alone writes it */
	atomic_uint_fast64_t seq;
	atomic_int error;

	/* The log thread's own. */
	struct ring *rings[RINGS_MOST];
	uint64_t ring_lost[RINGS_MOST];
	size_t ring_count;
	struct fold *fold;
	struct line_budget *budget;
	struct policy_hits *hits; /* any thread reads them */
	struct arena *scratch;
	struct json_writer line; /* its buffer serves all lines */
	struct interface_names *names;
	uint64_t lost_unsaid, lost_said_ns;
};

int verdict_log_open(struct verdict_log **out, const struct verdict_log_options *options)
{
	struct verdict_log *log = calloc(1, sizeof(*log));
	int err;

	if (log == NULL)
		return -ENOMEM;
	log->options = *options;
	verdict_lines_init(&log->lines);
	backlog_init(&log->revoked);
	backlog_init(&log->answered);
	retired_init(&log->retired);
	err = work_thread_init(&log->thread);
	if (err == 0)
		err = policy_hits_create(&log->hits);
	if (err == 0)
		err = fold_create(&log->fold, FOLD_CAPACITY, options->fold_ns);
	if (err == 0)
		err = line_budget_create(&log->budget, options->lines_per_s);
	if (err == 0)
		err = verdict_file_open(
			&log->file, options->path, options->rotate_bytes, options->keep);
	if (err != 0) {
		verdict_log_free(log);
		return err;
	}
	*out = log;
	return 0;
}

void verdict_log_wake(void *context)
{
	struct verdict_log *log = context;

	work_thread_wake(&log->thread);
}

void verdict_log_revoke(struct verdict_log *log, const struct record *record)
{
	backlog_add(&log->revoked, record);
	verdict_log_wake(log);
}

void verdict_log_answered(struct verdict_log *log, const struct record *record)
{
	if (!backlog_add(&log->answered, record))
		atomic_fetch_add(&log->answered_lost, record->answered);
}

void verdict_log_overload(struct verdict_log *log, bool flood, uint64_t dropped)
{
	atomic_fetch_add(&log->overload[flood], dropped);
	verdict_log_wake(log);
}

void verdict_log_reopen(struct verdict_log *log)
{
	atomic_store(&log->reopen, true);
	verdict_log_wake(log);
}

void verdict_log_retire(struct verdict_log *log, struct retired_snapshot *retired)
{
	retired_add(&log->retired, retired);
	verdict_log_wake(log);
}

void verdict_log_watch(struct verdict_log *log, bool watched)
{
	atomic_store(&log->watched, watched);
}

struct verdict_line *verdict_log_lines(struct verdict_log *log, uint64_t *lost)
{
	return verdict_lines_take(&log->lines, lost);
}

void verdict_log_stats(const struct verdict_log *log, struct verdict_log_stats *out)
{
	out->records = atomic_load(&log->records);
	out->begun = atomic_load(&log->seq);
	out->lines = atomic_load(&log->written);
	out->lost = atomic_load(&log->lost);
	out->error = atomic_load(&log->error);
}

struct pulse verdict_log_pulse(const struct verdict_log *log)
{
	return work_thread_pulse(&log->thread);
}

struct policy_hits *verdict_log_hits(struct verdict_log *log)
{
	return log->hits;
}

/* ---- everything below runs on the log thread ---- */

static void lose(struct verdict_log *log, uint64_t count)
{
	log->lost_unsaid += count;
	atomic_fetch_add(&log->lost, count);
}

/* Writes the line that is in log->line. Whether the file has it. */
static bool put(struct verdict_log *log)
{
	const struct json_writer *line = &log->line;
	int err;

	if (line->err != 0)
		return false;
	atomic_fetch_add(&log->seq, 1);
	err = verdict_file_write(log->file, line->text, line->length);
	atomic_store(&log->error, -err);
	if (log->options.lines_ready != NULL && atomic_load(&log->watched)) {
		verdict_lines_add(&log->lines,
			verdict_line_create(line->text, line->length, log->seq, err == 0));
		log->options.lines_ready(log->options.context);
	}
	if (err == 0)
		atomic_fetch_add(&log->written, 1);
	return err == 0;
}

/* Explains and writes one line, whatever was written before. */
static void tell(struct verdict_log *log, const struct folded *folded)
{
	if (log->scratch == NULL)
		log->scratch = arena_create();
	json_writer_clear(&log->line);
	if (log->scratch == NULL)
		log->line.err = -ENOMEM;
	else
		record_json_verdict(&log->line, folded, log->seq + 1, log->names, log->scratch);
	if (!put(log))
		lose(log, folded->repeat);
	/* One arena serves many small explanations; a large one is given back at once. */
	if (log->scratch != NULL && arena_size(log->scratch) > 64 * 1024) {
		arena_unref(log->scratch);
		log->scratch = NULL;
	}
}

static void write_verdict(struct verdict_log *log, const struct folded *folded)
{
	if (line_budget_take(log->budget, &folded->record, clock_ns()))
		tell(log, folded);
	else
		lose(log, folded->repeat);
}

/* REVOKED_PER_ROUND at most, or with `all` to the last. Returns whether none waits any more. */
static bool write_revoked(struct verdict_log *log, bool all)
{
	struct record record;
	bool left = true;
	uint64_t taken = 0;

	while ((all || taken < REVOKED_PER_ROUND) &&
		(left = backlog_take(&log->revoked, &record))) {
		policy_hits_add(log->hits, &record);
		tell(log,
			&(struct folded){
				.record = record, .since_ns = record.time_ns, .repeat = 1});
		taken++;
	}
	atomic_fetch_add(&log->records, taken);
	lose(log, backlog_lost(&log->revoked));
	return !left;
}

static void fold_in(struct verdict_log *log, const struct record *record, uint64_t now)
{
	struct folded out[FOLD_OUT_MOST];
	const size_t count = fold_add(log->fold, record, now, out);

	policy_hits_add(log->hits, record);
	for (size_t i = 0; i < count; i++)
		write_verdict(log, &out[i]);
}

/* All of them: folding is cheap, and a snapshot that they name may be waiting to be freed. */
static void drain_answered(struct verdict_log *log)
{
	const uint64_t now = clock_ns();
	struct record record;

	while (backlog_take(&log->answered, &record)) {
		fold_in(log, &record, now);
		atomic_fetch_add(&log->records, record.answered);
	}
	lose(log, atomic_exchange(&log->answered_lost, 0));
}

static void drain_rings(struct verdict_log *log)
{
	const uint64_t now = clock_ns();
	struct record record;

	for (size_t i = 0; i < log->ring_count; i++) {
		struct ring *ring = log->rings[i];
		const uint64_t lost = ring_lost(ring);
		uint64_t taken = 0;

		/* No more than a ring holds: a flood would keep the thread at one ring forever. */
		while (taken < log->options.ring_capacity && ring_pop(ring, &record)) {
			fold_in(log, &record, now);
			if (++taken % YIELD_RECORDS == 0)
				priority_yield();
		}
		atomic_fetch_add(&log->records, taken);
		lose(log, lost - log->ring_lost[i]);
		log->ring_lost[i] = lost;
	}
}

/*
 * What is held was retired before the rings were last drained and the cut flows were all logged,
 * and no thread adds records that name it: only the folding may hold some.
 */
static void free_retired(struct verdict_log *log)
{
	struct folded folded;

	if (log->retired.held != NULL)
		policy_hits_settle(log->hits);
	while (log->retired.held != NULL) {
		while (fold_drain(log->fold, log->retired.held->snapshot, &folded))
			write_verdict(log, &folded);
		retired_free_first(&log->retired);
	}
}

/*
 * Lines without a flow: of packets that the kernel dropped, and of lines that are missing here.
 * Once a second at most.
 */
static void write_losses(struct verdict_log *log, bool last)
{
	const uint64_t now = clock_ns(), wall = clock_wall_ns();

	if (!last && now - log->lost_said_ns < NS_PER_S)
		return;
	for (int flood = 0; flood < 2; flood++) {
		const uint64_t dropped = atomic_exchange(&log->overload[flood], 0);

		if (dropped == 0)
			continue;
		json_writer_clear(&log->line);
		record_json_overload(&log->line, wall, log->seq + 1, flood, dropped);
		if (!put(log))
			lose(log, 1);
	}
	if (log->lost_unsaid > 0) {
		json_writer_clear(&log->line);
		record_json_lost(&log->line, wall, log->seq + 1, log->lost_unsaid);
		if (put(log))
			log->lost_unsaid = 0;
	}
	log->lost_said_ns = now;
}

/* Until the next window of the folding ends, or losses may be logged; -1: until woken. */
static int idle_ms(const struct verdict_log *log)
{
	const uint64_t now = clock_ns();
	uint64_t next = fold_next_ns(log->fold);

	if ((log->lost_unsaid > 0 || atomic_load(&log->overload[0]) > 0 ||
		    atomic_load(&log->overload[1]) > 0) &&
		next > log->lost_said_ns + NS_PER_S)
		next = log->lost_said_ns + NS_PER_S;
	if (next == UINT64_MAX)
		return -1;
	return next <= now ? 0 : (int)((next - now) / NS_PER_MS + 1);
}

/*
 * One round. The order is a promise: what was retired is taken first, then the rings are drained,
 * so that every record of a retired snapshot is out of them when it is freed.
 */
static int work(void *context, bool last)
{
	struct verdict_log *log = context;
	struct folded folded;
	uint64_t now;
	bool all_cut;

	retired_hold(&log->retired);
	if (atomic_exchange(&log->reopen, false)) {
		const int err = verdict_file_reopen(log->file);

		if (err != 0) {
			atomic_store(&log->error, -err);
			log_error("the log file can't be opened again: %s; lines go on into the "
				  "old one",
				strerror(-err));
		}
	}
	all_cut = write_revoked(log, last);
	drain_rings(log);
	drain_answered(log);
	if (all_cut)
		free_retired(log);
	now = clock_ns();
	while (fold_expire(log->fold, now, &folded))
		write_verdict(log, &folded);
	while (last && fold_drain(log->fold, NULL, &folded))
		write_verdict(log, &folded);
	write_losses(log, last);
	return all_cut ? idle_ms(log) : 0;
}

static void begin(void *context)
{
	(void)context;
	priority_background();
}

int verdict_log_start(struct verdict_log *log, struct ring *const *rings, size_t count)
{
	const struct work_thread_options options = {
		.name = "podgate-log",
		.stack_bytes = STACK_BYTES,
		.nap_ms = DRAIN_PAUSE_MS,
		.fd = -1,
		.begin = begin,
		.round = work,
		.context = log,
	};
	int err;

	if (count > RINGS_MOST)
		return -E2BIG;
	memcpy(log->rings, rings, count * sizeof(rings[0]));
	log->ring_count = count;
	err = interface_names_open(&log->names);
	return err != 0 ? err : work_thread_start(&log->thread, &options);
}

void verdict_log_stop(struct verdict_log *log)
{
	work_thread_stop(&log->thread);
	policy_hits_settle(log->hits); /* the snapshot in force is the caller's to free now */
}

void verdict_log_free(struct verdict_log *log)
{
	if (log == NULL)
		return;
	retired_hold(&log->retired); /* what was retired after the thread's last round */
	free_retired(log);
	backlog_deinit(&log->answered);
	backlog_deinit(&log->revoked);
	verdict_lines_deinit(&log->lines);
	json_writer_deinit(&log->line);
	arena_unref(log->scratch);
	interface_names_close(log->names);
	verdict_file_close(log->file);
	work_thread_deinit(&log->thread);
	fold_free(log->fold);
	line_budget_free(log->budget);
	policy_hits_free(log->hits);
	retired_deinit(&log->retired);
	free(log);
}
