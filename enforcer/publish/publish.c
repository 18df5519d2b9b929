/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "enforcer/publish/publish.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "enforcer/publish/lasting_problems.h"
#include "enforcer/publish/queue_watch.h"
#include "enforcer/publish/sweep_plan.h"
#include "enforcer/publish/upkeep.h"
#include "kernel/netlink/local_addrs.h"
#include "policy/compile/compiler.h"
#include "process/clock.h"
#include "process/log.h"

enum {
	/* how soon a flow without a mark is swept, and a failed change tried again */
	TICK_MS = 250,
};

enum job_kind { JOB_CHANGE, JOB_UPKEEP };

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
	struct touched touched;
	bool isolates_more;
	struct publish_result published;

	/* JOB_UPKEEP */
	bool refused_again; /* offers the kernel the addresses that it refused */
	struct upkeep_findings findings;
};

/* Beside that thread: a sweep. */
struct sweep_job {
	uv_work_t work;
	struct publisher *publisher;
	struct snapshot_loan loan; /* of the snapshot that it judges by */
	struct sweep_end ends[SWEEP_ENDS_MOST];
	size_t count; /* of ends; 0: all flows */
	bool turn;
	int err;
	char problem[PROBLEM_SIZE];
	struct sweep_stats stats;
};

struct publisher {
	struct publisher_options options;
	uv_timer_t tick, sweep_timer;
	struct compiler *compiler; /* used by one job, or before there are any */
	struct snapshots snapshots;
	uint64_t revision;
	bool started, busy, paused, stopping;
	uint64_t busy_since_ns;
	struct job job;
	struct sweep_plan plan;
	struct sweep_job sweep;

	bool awaiting;	     /* publisher_await() */
	bool changed;	     /* the store holds what is not compiled yet */
	uint64_t changed_ns; /* the first such change */
	uint64_t read_ns;    /* how long that one took to be read */
	bool change_failed;  /* the last job that was one */
	bool refused_again;  /* with the next upkeep */
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

/* Whether `after` isolates one of the touched addresses that `before` does not. */
static bool isolates_more(
	const struct touched *touched, const struct snapshot *before, const struct snapshot *after)
{
	for (size_t i = 0; i < touched->count; i++)
		if (snapshot_isolates(after, &touched->addrs[i]) &&
			!snapshot_isolates(before, &touched->addrs[i]))
			return true;
	return touched->everything;
}

static void change(struct job *job)
{
	const struct publisher *publisher = job->publisher;
	const struct snapshot *in_force = publisher->snapshots.in_force;

	job->err = compile(publisher, job->cluster, publisher->revision + 1, &job->compiled);
	job->compile_ns = clock_ns() - job->began_ns;
	if (job->err != 0) {
		snprintf(job->problem, sizeof(job->problem), "can't compile the policies: %s",
			strerror(-job->err));
		return;
	}
	touched_find(&job->touched, in_force, job->compiled);
	job->isolates_more = isolates_more(&job->touched, in_force, job->compiled);
	job->err = enforcement_publish(publisher->options.enforcement, in_force, job->compiled,
		&job->touched, &job->published, job->problem);
}

/* Beside the loop: touches of the publisher only what stays the same while it is busy. */
static void work(uv_work_t *request)
{
	struct job *job = request->data;
	const struct publisher *publisher = job->publisher;
	struct enforcement *enforcement = publisher->options.enforcement;
	const struct snapshot *in_force = publisher->snapshots.in_force;

	if (job->kind == JOB_CHANGE) {
		change(job);
	} else {
		/* Which makes again what another program destroyed. */
		job->err = upkeep_run(enforcement, publisher->options.settings, in_force,
			&job->findings, job->problem);
		if (job->err == 0)
			job->err = enforcement_mend_sets(
				enforcement, in_force, job->refused_again, job->problem);
	}
	job->done_ns = clock_ns();
}

static void sweep(uv_work_t *request)
{
	struct sweep_job *job = request->data;
	const struct enforcement *enforcement = job->publisher->options.enforcement;

	job->err = job->count == 0 ? enforcement_sweep(enforcement, job->loan.snapshot, job->turn,
					     &job->stats, job->problem)
				   : enforcement_sweep_ends(enforcement, job->loan.snapshot,
					     job->ends, job->count, &job->stats, job->problem);
}

/* ---- on the loop ---- */

static void note_shortfall(struct publisher *publisher)
{
	char words[PROBLEM_SIZE];

	enforcement_shortfall(publisher->options.enforcement, words);
	lasting_problems_note(&publisher->problems, PROBLEM_SHORTFALL, words);
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
	struct waiting_change change = {
		.seen_ns = job->seen_ns,
		.read_ns = job->read_ns,
		.wait_ns = job->began_ns - job->seen_ns,
		.compile_ns = job->compile_ns,
		.publish_ns = job->published.publish_ns,
		.judged_ns = job->done_ns - job->seen_ns - job->published.publish_ns +
			job->published.judged_ns,
	};

	cluster_unref(job->cluster);
	if (!job->published.published) {
		snapshot_free(job->compiled);
		free(job->retired);
		/* Not lost: the next tick compiles what the store holds by then. */
		want_change(publisher, job->seen_ns, job->read_ns);
		return;
	}
	change.revision = publisher->revision = snapshot_revision(job->compiled);
	snapshots_replace(&publisher->snapshots, job->compiled, job->retired);
	queue_watch_policies_changed(&publisher->queues, clock_ns());
	publish_stats_published(&publisher->stats, &change);
	if (sweep_plan_change(&publisher->plan, &job->touched, job->isolates_more, &change))
		publish_stats_enforced(&publisher->stats, &change, NULL, job->done_ns);
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
	if (job->kind == JOB_CHANGE) {
		publisher->change_failed = !job->published.published;
		end_change(publisher, job);
		touched_clear(&job->touched);
	} else {
		if (upkeep_note(&publisher->upkeep, &job->findings, job->err, &publisher->stats,
			    &publisher->problems, now))
			sweep_plan_want_all(&publisher->plan);
		if (job->findings.own_addresses_moved)
			want_change(publisher, now, 0);
	}
	publisher->stats.failures += job->err != 0;
	lasting_problems_note(&publisher->problems,
		job->kind == JOB_CHANGE ? PROBLEM_CHANGE : PROBLEM_UPKEEP,
		job->err != 0 ? job->problem : "");
	note_shortfall(publisher);
	/* After a failure the tick tries again, not the next line: that would be a busy loop. */
	if (job->err == 0)
		begin_next(publisher);
}

static void sweep_done(uv_work_t *request, int status)
{
	struct sweep_job *job = request->data;
	struct publisher *publisher = job->publisher;
	struct waiting_change done[WAITING_MOST];
	const uint64_t now = clock_ns();
	const size_t count = sweep_plan_end(
		&publisher->plan, job->err != 0, job->stats.nanoseconds, now, done);

	(void)status; /* never cancelled */
	snapshots_take_back(&publisher->snapshots, &job->loan);
	publish_stats_swept(&publisher->stats, &job->stats, job->count == 0);
	for (size_t i = 0; i < count; i++)
		publish_stats_enforced(&publisher->stats, &done[i], &job->stats, now);
	publisher->refused_again = publisher->refused_again || job->count == 0;
	publisher->stats.failures += job->err != 0;
	lasting_problems_note(
		&publisher->problems, PROBLEM_SWEEP, job->err != 0 ? job->problem : "");
	if (job->err == 0)
		begin_next(publisher);
}

/*
 * While other programs hold packets that podgate has let pass, nothing that is noted of their flows
 * may be forgotten.
 */
static void begin_sweep(struct publisher *publisher)
{
	struct sweep_job *job = &publisher->sweep;

	*job = (struct sweep_job){.publisher = publisher, .turn = !publisher->queues.holding};
	job->work.data = job;
	job->count = sweep_plan_begin(&publisher->plan, job->ends);
	snapshots_lend(&publisher->snapshots, &job->loan);
	/* Fails only when it is given no function to call. */
	(void)uv_queue_work(publisher->options.loop, &job->work, sweep, sweep_done);
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

static void look_again(uv_timer_t *timer);

static void begin_next(struct publisher *publisher)
{
	const uint64_t now = clock_ns();
	const bool upkeep_due = upkeep_is_due(&publisher->upkeep, now);
	uint64_t wait_ns;

	if (publisher->paused || publisher->stopping)
		return;
	/* Upkeep may mend what a change fails for: it must get its turn. */
	if (!publisher->busy && publisher->changed && !(publisher->change_failed && upkeep_due)) {
		begin_change(publisher);
	} else if (!publisher->busy && upkeep_due) {
		publisher->job = (struct job){
			.publisher = publisher, .refused_again = publisher->refused_again};
		publisher->refused_again = false;
		begin(publisher, JOB_UPKEEP);
	}
	wait_ns = sweep_plan_wait_ns(&publisher->plan, now);
	if (wait_ns == 0)
		begin_sweep(publisher);
	else if (wait_ns < TICK_MS * NS_PER_MS)
		uv_timer_start(&publisher->sweep_timer, look_again, wait_ns / NS_PER_MS + 1, 0);
}

static void look_again(uv_timer_t *timer)
{
	begin_next(timer->data);
}

static void look_at_queues(struct publisher *publisher)
{
	if (queue_watch_look(&publisher->queues, publisher->plan.all_ended_ns, clock_ns()))
		sweep_plan_want_all(&publisher->plan);
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
	publisher->plan = (struct sweep_plan){
		.presence = gate_presence(enforcement_gate(options->enforcement)),
		.cpu_share = options->settings->sweep_cpu_share,
		.interval_ns = options->settings->sweep_interval_s * NS_PER_S,
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
		publish_stats_swept(&publisher->stats, &sweeps[i], true);
	sweep_plan_swept(&publisher->plan, sweeps[0].nanoseconds, clock_ns());
	note_shortfall(publisher);
	publisher->stats.intact = true;
	/* Other programs may hold packets that an earlier daemon has let pass. */
	queue_watch_policies_changed(&publisher->queues, clock_ns());
	publisher->started = true;
	uv_timer_init(options->loop, &publisher->tick);
	publisher->tick.data = publisher;
	uv_timer_start(&publisher->tick, tick, 0, TICK_MS);
	uv_timer_init(options->loop, &publisher->sweep_timer);
	publisher->sweep_timer.data = publisher;
	return 0;
}

bool publisher_pause(struct publisher *publisher)
{
	publisher->paused = true;
	return !publisher->busy && !publisher->plan.running;
}

void publisher_go_on(struct publisher *publisher)
{
	publisher->paused = false;
	upkeep_make_due(&publisher->upkeep);
	sweep_plan_want_all(&publisher->plan); /* of what the other daemon may have missed, too */
	queue_watch_policies_changed(&publisher->queues, clock_ns());
	queue_watch_resume(&publisher->queues);
	look_at_queues(publisher);
	begin_next(publisher);
}

void publisher_stop(struct publisher *publisher)
{
	if (publisher->started && !publisher->stopping) {
		uv_close((uv_handle_t *)&publisher->tick, NULL);
		uv_close((uv_handle_t *)&publisher->sweep_timer, NULL);
	}
	publisher->stopping = true;
}

void publisher_free(struct publisher *publisher)
{
	if (publisher == NULL)
		return;
	snapshot_free(publisher->snapshots.in_force);
	compiler_free(publisher->compiler);
	sweep_plan_deinit(&publisher->plan);
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
		(publisher->busy && publisher->job.kind == JOB_CHANGE) ||
		publisher->plan.waiting_count > 0;
	out->overflows = publisher->queues.overflows;
	out->problem = lasting_problems_first(&publisher->problems);
}
