/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "enforcer/publish/publish.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "enforcer/publish/lasting_problems.h"
#include "enforcer/publish/queue_watch.h"
#include "enforcer/publish/upkeep.h"
#include "kernel/netlink/local_addrs.h"
#include "policy/compile/compiler.h"
#include "process/clock.h"
#include "process/log.h"

enum {
	/* how soon a flow without a mark is swept, and a failed change tried again */
	TICK_MS = 250,
	SWEEP_REST = 5, /* a sweep of T is not repeated for 5 T, unless policies change */
};

enum job_kind { JOB_CHANGE, JOB_SWEEP, JOB_UPKEEP };
_Static_assert((int)JOB_CHANGE == (int)PROBLEM_CHANGE && (int)JOB_SWEEP == (int)PROBLEM_SWEEP &&
		(int)JOB_UPKEEP == (int)PROBLEM_UPKEEP,
	"each kind of job has a problem of its own");

/* What the thread beside the loop is given, and its results. */
struct job {
	uv_work_t work;
	struct publisher *publisher;
	enum job_kind kind;
	int err;
	char problem[PROBLEM_SIZE];

	/* JOB_CHANGE */
	struct cluster *cluster;
	struct snapshot *compiled;
	struct retired_snapshot *retired; /* made beforehand, so that retiring can't fail */
	uint64_t read_ns, seen_ns, began_ns, compile_ns, done_ns;
	struct publish_result published;

	struct sweep_stats sweep;	 /* JOB_SWEEP */
	struct upkeep_findings findings; /* JOB_UPKEEP */
};

struct publisher {
	struct publisher_options options;
	uv_timer_t tick;
	struct compiler *compiler; /* used by one job, or before there are any */
	struct snapshots snapshots;
	uint64_t revision;
	bool started, busy, paused, stopping;
	uint64_t busy_since_ns;
	struct job job;

	bool awaiting;	     /* publisher_await() */
	bool changed;	     /* the store holds what is not compiled yet */
	uint64_t changed_ns; /* the first such change */
	uint64_t read_ns;    /* how long that one took to be read */
	bool change_failed;  /* the last job that was one */
	bool sweep_wanted;
	uint64_t swept_ns;
	struct queue_watch queues;
	struct upkeep upkeep;
	struct lasting_problems problems;
	struct publish_stats stats;
};

/*
 * The gateway's own addresses, which no pod has, are those of now. When they can't be read, pods
 * may claim them.
 */
static int compile(const struct publisher *publisher, struct cluster *cluster, uint64_t revision,
	struct snapshot **out)
{
	struct local_addrs *local = NULL;
	struct snapshot_options options = {
		.revision = revision,
		.audit = publisher->options.settings->audit,
		.node_name = publisher->options.settings->node_name,
		.deny_link_local = publisher->options.settings->link_local == LINK_LOCAL_DENY,
		.ipv6_off = publisher->options.settings->ipv6 == SWITCH_OFF,
	};
	int err;

	if (local_addrs_read(&local) == 0)
		options.gateway = local_addrs_all(local, &options.gateway_count);
	err = compiler_compile(publisher->compiler, cluster, &options, out);
	local_addrs_free(local);
	return err;
}

/* Beside the loop: touches of the publisher only what stays the same while it is busy. */
static void work(uv_work_t *request)
{
	struct job *job = request->data;
	struct publisher *publisher = job->publisher;
	struct enforcement *enforcement = publisher->options.enforcement;
	const struct snapshot *in_force = publisher->snapshots.in_force;

	switch (job->kind) {
	case JOB_CHANGE:
		job->err = compile(
			publisher, job->cluster, publisher->revision + 1, &job->compiled);
		job->compile_ns = clock_ns() - job->began_ns;
		if (job->err == 0)
			job->err = enforcement_publish(enforcement, in_force, job->compiled,
				&job->published, job->problem);
		else
			snprintf(job->problem, sizeof(job->problem),
				"can't compile the policies: %s", strerror(-job->err));
		job->done_ns = clock_ns();
		break;
	case JOB_SWEEP:
		job->err = enforcement_sweep(enforcement, in_force, &job->sweep, job->problem);
		break;
	case JOB_UPKEEP:
		job->err = upkeep_run(enforcement, publisher->options.settings, in_force,
			&job->findings, job->problem);
		break;
	}
}

/* ---- on the loop ---- */

static void note_shortfall(struct publisher *publisher)
{
	char words[PROBLEM_SIZE];

	enforcement_shortfall(publisher->options.enforcement, words);
	lasting_problems_note(&publisher->problems, PROBLEM_SHORTFALL, words);
}

static void note_sweep(struct publisher *publisher, const struct sweep_stats *sweep)
{
	publisher->stats.sweep = *sweep;
	publisher->stats.sweeps++;
	publisher->stats.revoked += sweep->revoked;
	histogram_add(&publisher->stats.swept, sweep->nanoseconds);
	publisher->swept_ns = clock_ns();
}

static void note_change(struct publisher *publisher, const struct job *job)
{
	struct publish_stats *stats = &publisher->stats;

	stats->changes++;
	stats->seen_ns = clock_wall_ns() - (clock_ns() - job->seen_ns);
	stats->wait_ns = job->began_ns - job->seen_ns;
	stats->compile_ns = job->compile_ns;
	stats->publish_ns = job->published.publish_ns;
	stats->sweep_ns = job->published.sweep_ns;
	stats->total_ns = job->done_ns - job->seen_ns;
	stats->read_ns = job->read_ns;
	stats->judged_ns = stats->wait_ns + stats->compile_ns + job->published.judged_ns;
	if (stats->judged_ns > stats->worst_judged_ns)
		stats->worst_judged_ns = stats->judged_ns;
	if (stats->total_ns > stats->worst_total_ns)
		stats->worst_total_ns = stats->total_ns;
	histogram_add(&stats->compiles, stats->compile_ns);
	histogram_add(&stats->publishes, stats->publish_ns);
	histogram_add(&stats->until_published,
		stats->read_ns + stats->wait_ns + stats->compile_ns + stats->publish_ns);
	if (job->published.swept)
		histogram_add(&stats->until_swept, stats->read_ns + stats->total_ns);
	log_info("revision %llu in force %.1f ms after the change was made: %zu flows judged, %zu "
		 "cut",
		(unsigned long long)publisher->revision,
		(double)(stats->read_ns + stats->total_ns) / 1e6, job->published.sweep.judged,
		job->published.sweep.revoked);
}

/* The store holds what is to be compiled; an earlier such change goes first. */
static void want_change(struct publisher *publisher, uint64_t seen_ns, uint64_t read_ns)
{
	if (!publisher->changed) {
		publisher->changed_ns = seen_ns;
		publisher->read_ns = read_ns;
	}
	publisher->changed = true;
}

static void end_change(struct publisher *publisher, struct job *job)
{
	cluster_unref(job->cluster);
	if (!job->published.published) {
		snapshot_free(job->compiled);
		free(job->retired);
		/* Not lost: the next tick compiles what the store holds by then. */
		want_change(publisher, job->seen_ns, job->read_ns);
		return;
	}
	publisher->revision = snapshot_revision(job->compiled);
	snapshots_replace(&publisher->snapshots, job->compiled, job->retired);
	note_sweep(publisher, &job->published.sweep);
	publisher->sweep_wanted = !job->published.swept || job->err != 0;
	queue_watch_policies_changed(&publisher->queues, clock_ns());
	note_change(publisher, job);
	if (publisher->options.published != NULL)
		publisher->options.published(publisher->options.context);
}
static void begin_next(struct publisher *publisher);

static void work_done(uv_work_t *request, int status)
{
	struct job *job = request->data;
	struct publisher *publisher = job->publisher;
	const uint64_t now = clock_ns();

	(void)status; /* never cancelled */
	publisher->busy = false;
	switch (job->kind) {
	case JOB_CHANGE:
		publisher->change_failed = !job->published.published;
		end_change(publisher, job);
		break;
	case JOB_SWEEP:
		note_sweep(publisher, &job->sweep);
		publisher->sweep_wanted = publisher->sweep_wanted || job->err != 0;
		break;
	case JOB_UPKEEP:
		if (upkeep_note(&publisher->upkeep, &job->findings, job->err, &publisher->stats,
			    &publisher->problems, now))
			publisher->sweep_wanted = true;
		if (job->findings.own_addresses_moved)
			want_change(publisher, now, 0);
		break;
	}
	publisher->stats.failures += job->err != 0;
	lasting_problems_note(&publisher->problems, (enum lasting_problem)job->kind,
		job->err != 0 ? job->problem : "");
	note_shortfall(publisher);
	/* After a failure the tick tries again, not the next line: that would be a busy loop. */
	if (job->err == 0)
		begin_next(publisher);
}

static void begin(struct publisher *publisher, enum job_kind kind)
{
	struct job *job = &publisher->job;

	job->kind = kind;
	job->work.data = job;
	publisher->busy_since_ns = clock_ns();
	publisher->busy = uv_queue_work(publisher->options.loop, &job->work, work, work_done) == 0;
}

static void begin_change(struct publisher *publisher)
{
	struct job *job = &publisher->job;

	*job = (struct job){.publisher = publisher,
		.seen_ns = publisher->changed_ns,
		.read_ns = publisher->read_ns};
	job->began_ns = clock_ns();
	job->retired = calloc(1, sizeof(*job->retired));
	/* When memory is short the change waits for a tick on which it is not. */
	if (job->retired == NULL || store_cluster(publisher->options.store, &job->cluster) != 0) {
		free(job->retired);
		return;
	}
	publisher->changed = false;
	begin(publisher, JOB_CHANGE);
}

/*
 * A sweep costs as much as the flow table is long: it leaves the kernel and us several times as
 * long in peace.
 */
static bool sweep_is_due(const struct publisher *publisher, uint64_t now)
{
	const uint64_t since = now - publisher->swept_ns;
	const uint64_t interval = publisher->options.settings->sweep_interval_s * NS_PER_S;

	if (publisher->sweep_wanted)
		return since >= SWEEP_REST * publisher->stats.sweep.nanoseconds;
	return interval > 0 && since >= interval;
}

static void begin_next(struct publisher *publisher)
{
	const uint64_t now = clock_ns();
	const bool upkeep_due = upkeep_is_due(&publisher->upkeep, now);

	if (publisher->busy || publisher->paused || publisher->stopping)
		return;
	/* Upkeep may mend what a change fails for: it must get its turn. */
	if (publisher->changed && !(publisher->change_failed && upkeep_due)) {
		begin_change(publisher);
	} else if (!publisher->changed && sweep_is_due(publisher, now)) {
		publisher->job = (struct job){.publisher = publisher};
		publisher->sweep_wanted = false;
		begin(publisher, JOB_SWEEP);
	} else if (upkeep_due) {
		publisher->job = (struct job){.publisher = publisher};
		begin(publisher, JOB_UPKEEP);
	}
}

static void look_at_queues(struct publisher *publisher)
{
	if (queue_watch_look(&publisher->queues, publisher->swept_ns, clock_ns()))
		publisher->sweep_wanted = true;
}

static void tick(uv_timer_t *timer)
{
	struct publisher *publisher = timer->data;

	/* Paused, another daemon may read the queues: no packet of its is missed here. */
	if (!publisher->paused)
		look_at_queues(publisher);
	begin_next(publisher);
}

void publisher_changed(struct publisher *publisher, uint64_t read_ns)
{
	want_change(publisher, clock_ns(), read_ns);
	begin_next(publisher);
}

int publisher_create(struct publisher **out, const struct publisher_options *options)
{
	struct publisher *publisher = calloc(1, sizeof(*publisher));

	if (publisher == NULL)
		return -ENOMEM;
	if (compiler_create(&publisher->compiler) != 0) {
		free(publisher);
		return -ENOMEM;
	}
	publisher->options = *options;
	publisher->snapshots.log = options->log;
	publisher->queues = (struct queue_watch){
		.gate = enforcement_gate(options->enforcement),
		.log = options->log,
		.queue_full_open = options->settings->queue_full == FAIL_OPEN,
	};
	publisher->revision = 1;
	*out = publisher;
	return 0;
}

int publisher_start(struct publisher *publisher, char problem[PROBLEM_SIZE])
{
	const struct publisher_options *options = &publisher->options;
	struct sweep_stats sweeps[ENFORCEMENT_START_SWEEPS];
	struct snapshot **first = &publisher->snapshots.in_force;
	struct cluster *cluster;
	int err = store_cluster(options->store, &cluster);

	if (err == 0) {
		err = compile(publisher, cluster, publisher->revision, first);
		cluster_unref(cluster);
	}
	if (err != 0) {
		snprintf(problem, PROBLEM_SIZE, "can't compile the policies: %s", strerror(-err));
		return err;
	}
	if (options->compiled != NULL)
		err = options->compiled(options->context, problem);
	if (err == 0)
		err = enforcement_start(options->enforcement, *first, sweeps, problem);
	if (err != 0)
		return err;
	for (size_t i = 0; i < ENFORCEMENT_START_SWEEPS; i++)
		note_sweep(publisher, &sweeps[i]);
	note_shortfall(publisher);
	publisher->stats.intact = true;
	/* Other programs may hold packets that an earlier daemon has let pass. */
	queue_watch_policies_changed(&publisher->queues, clock_ns());
	publisher->started = true;
	uv_timer_init(options->loop, &publisher->tick);
	publisher->tick.data = publisher;
	uv_timer_start(&publisher->tick, tick, 0, TICK_MS);
	return 0;
}

bool publisher_pause(struct publisher *publisher)
{
	publisher->paused = true;
	return !publisher->busy;
}

void publisher_go_on(struct publisher *publisher)
{
	publisher->paused = false;
	upkeep_make_due(&publisher->upkeep);
	publisher->sweep_wanted = true; /* of what the other daemon may have missed, too */
	queue_watch_policies_changed(&publisher->queues, clock_ns());
	queue_watch_resume(&publisher->queues);
	look_at_queues(publisher);
	begin_next(publisher);
}

void publisher_stop(struct publisher *publisher)
{
	if (publisher->started && !publisher->stopping)
		uv_close((uv_handle_t *)&publisher->tick, NULL);
	publisher->stopping = true;
}

void publisher_free(struct publisher *publisher)
{
	if (publisher == NULL)
		return;
	snapshot_free(publisher->snapshots.in_force);
	compiler_free(publisher->compiler);
	free(publisher);
}

const struct snapshot *publisher_snapshot(const struct publisher *publisher)
{
	return publisher->snapshots.in_force;
}

void publisher_lend(struct publisher *publisher, struct snapshot_loan *loan)
{
	snapshots_lend(&publisher->snapshots, loan);
}

void publisher_take_back(struct publisher *publisher, struct snapshot_loan *loan)
{
	snapshots_take_back(&publisher->snapshots, loan);
}

void publisher_await(struct publisher *publisher, bool reading)
{
	publisher->awaiting = reading;
}

void publisher_stats(const struct publisher *publisher, struct publish_stats *out)
{
	*out = publisher->stats;
	out->busy_ns = publisher->busy ? clock_ns() - publisher->busy_since_ns : 0;
	out->pending = publisher->awaiting || publisher->changed ||
		(publisher->busy && publisher->job.kind == JOB_CHANGE);
	out->overflows = publisher->queues.overflows;
	out->problem = lasting_problems_first(&publisher->problems);
}
