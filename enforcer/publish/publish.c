/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "enforcer/publish/publish.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "enforcer/gate/held_packets.h"
#include "enforcer/publish/own_addresses.h"
#include "kernel/netlink/local_addrs.h"
#include "policy/compile/compiler.h"
#include "process/log.h"

#define NS_PER_MS 1000000ULL
#define NS_PER_S 1000000000ULL

enum {
	/* how soon a flow without a mark is swept, and a failed change tried again */
	TICK_MS = 250,
	/* with a tick and the look itself, well below 2 s from a change of others' to its repair */
	VERIFY_MS = 1000,
	VERIFY_MOST_MS = 64000, /* between two repairs that do not hold */
	/* so many of the same, at most REPAIR_ROW_MS apart, are somebody who undoes them */
	REPAIRS_IN_A_ROW = 5,
	REPAIR_ROW_MS = 5000,
	/* between two sweeps while packets are held: with a tick and the sweep, below a second */
	HELD_SWEEP_MS = 500,
	SWEEP_REST = 5, /* a sweep of T is not repeated for 5 T, unless policies change */
};

enum job_kind { JOB_CHANGE, JOB_SWEEP, JOB_VERIFY, JOB_KIND_COUNT };

/*
 * What can be amiss at a time: each kind of job has a trouble of its own, and so have the bridges
 * and the repairs of JOB_VERIFY, and addresses that the kernel does not take.
 */
enum { TROUBLE_BRIDGES = JOB_KIND_COUNT, TROUBLE_REPAIRS, TROUBLE_SHORTFALL, TROUBLE_COUNT };

/* What the thread beside the loop is given, and what it answers. */
struct job {
	uv_work_t work;
	struct publisher *publisher;
	enum job_kind kind;
	int err;
	char problem[ENFORCEMENT_PROBLEM];

	/* JOB_CHANGE */
	struct cluster *cluster;
	struct snapshot *compiled;
	struct retired_snapshot *retired; /* made beforehand, so that retiring can't fail */
	uint64_t read_ns, seen_ns, began_ns, compile_ns, done_ns;
	struct publish_result published;

	struct sweep_stats sweep;      /* JOB_SWEEP */
	struct verify_result verified; /* JOB_VERIFY */
	bool own_addresses_moved;
};

struct publisher {
	struct publisher_options options;
	uv_timer_t tick;
	struct compiler *compiler;   /* used by one job, or before there are any */
	struct snapshot *snapshot;   /* in force */
	struct snapshot_loan *loans; /* of it, and of those before */
	uint64_t revision;
	bool started, busy, paused, stopping;
	uint64_t busy_since_ns;
	struct job job;

	bool changed;	     /* the store holds what is not compiled yet */
	uint64_t changed_ns; /* the first such change */
	uint64_t read_ns;    /* how long that one took to be read */
	bool change_failed;  /* the last job that was one */
	bool sweep_wanted;
	uint64_t swept_ns, verified_ns;
	uint64_t verify_ms; /* how long after a look the next one is due */
	uint64_t repaired_ns;
	unsigned int repairs_in_a_row;
	char repaired[RULESET_PROBLEM]; /* what the last one was of */
	struct held_packets held;
	bool holding, held_told; /* others hold packets since the last change; and it was said */
	uint64_t held_since_ns;
	uint64_t reply_packets;	  /* of the reply worker, reports left out, when last looked at */
	uint64_t kernel_drops[2]; /* of the common queues, of that of floods */
	uint64_t gone; /* packets that the kernel dropped while they waited, when last looked at */
	uint64_t full_bursts, missed; /* signs of full queues and sockets: the most that was seen */
	bool watched, overflowing, room_seen, crowded;
	char problems[TROUBLE_COUNT][ENFORCEMENT_PROBLEM]; /* "" when all was well the last time */
	struct publish_stats stats;
};

static uint64_t now_ns(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec;
}

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

/*
 * ---- beside the loop: touches nothing of the publisher's but what stays the same while it is busy
 * ----
 */

static void change(struct job *job)
{
	struct publisher *publisher = job->publisher;

	job->err = compile(publisher, job->cluster, publisher->revision + 1, &job->compiled);
	job->compile_ns = now_ns(CLOCK_MONOTONIC) - job->began_ns;
	if (job->err != 0) {
		snprintf(job->problem, sizeof(job->problem), "can't compile the policies: %s",
			strerror(-job->err));
		return;
	}
	job->err = enforcement_publish(publisher->options.enforcement, publisher->snapshot,
		job->compiled, &job->published, job->problem);
	job->done_ns = now_ns(CLOCK_MONOTONIC);
}

static void work(uv_work_t *request)
{
	struct job *job = request->data;
	struct publisher *publisher = job->publisher;

	switch (job->kind) {
	case JOB_CHANGE:
		change(job);
		break;
	case JOB_SWEEP:
		job->err = enforcement_sweep(publisher->options.enforcement, publisher->snapshot,
			&job->sweep, job->problem);
		break;
	case JOB_VERIFY:
		job->err = enforcement_verify(publisher->options.enforcement, publisher->snapshot,
			&job->verified, job->problem);
		job->own_addresses_moved = own_addresses_moved(publisher->snapshot);
		break;
	case JOB_KIND_COUNT:
		break;
	}
}

/* ---- on the loop ---- */

/*
 * What is wrong ("" when all is well) is said when it begins and when it has ended, not at every
 * try.
 */
static void note_trouble(struct publisher *publisher, unsigned int kind, const char *now)
{
	char *problem = publisher->problems[kind];

	if (*now == '\0' && *problem != '\0')
		log_info("mended: %s", problem);
	else if (strcmp(problem, now) != 0)
		log_error("%s%s", now, kind >= JOB_KIND_COUNT ? "" : "; trying again");
	snprintf(problem, ENFORCEMENT_PROBLEM, "%s", now);
}

static void note_shortfall(struct publisher *publisher)
{
	char words[ENFORCEMENT_PROBLEM] = "";

	enforcement_shortfall(publisher->options.enforcement, words);
	note_trouble(publisher, TROUBLE_SHORTFALL, words);
}

static void note_outcome(struct publisher *publisher, const struct job *job)
{
	publisher->stats.failures += job->err != 0;
	note_trouble(publisher, job->kind, job->err != 0 ? job->problem : "");
	note_shortfall(publisher);
}

static void note_sweep(struct publisher *publisher, const struct sweep_stats *sweep)
{
	publisher->stats.sweep = *sweep;
	publisher->stats.sweeps++;
	publisher->stats.revoked += sweep->revoked;
	histogram_add(&publisher->stats.swept, sweep->nanoseconds);
	publisher->swept_ns = now_ns(CLOCK_MONOTONIC);
}

static void note_change(struct publisher *publisher, const struct job *job)
{
	struct publish_stats *stats = &publisher->stats;

	stats->changes++;
	stats->seen_ns = now_ns(CLOCK_REALTIME) - (now_ns(CLOCK_MONOTONIC) - job->seen_ns);
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

static struct snapshot_loan *find_loan(
	const struct publisher *publisher, const struct snapshot *snapshot)
{
	struct snapshot_loan *loan = publisher->loans;

	while (loan != NULL && loan->snapshot != snapshot)
		loan = loan->next;
	return loan;
}

/* Nobody judges by it any more; but somebody may still read it. */
static void let_go(struct publisher *publisher, struct retired_snapshot *retired)
{
	struct snapshot_loan *loan = find_loan(publisher, retired->snapshot);

	if (loan != NULL)
		loan->retired = retired;
	else
		verdict_log_retire(publisher->options.log, retired);
}

/* What others hold now may have been marked and let pass by what is not in force any more. */
static void begin_holding(struct publisher *publisher)
{
	held_packets_begin(&publisher->held);
	publisher->held_since_ns = now_ns(CLOCK_MONOTONIC);
	publisher->held_told = false;
}

static void end_change(struct publisher *publisher, struct job *job)
{
	cluster_unref(job->cluster);
	if (!job->published.published) {
		snapshot_free(job->compiled);
		free(job->retired);
		/* Not lost: the next tick compiles what the store holds by then. */
		if (!publisher->changed) {
			publisher->changed_ns = job->seen_ns;
			publisher->read_ns = job->read_ns;
		}
		publisher->changed = true;
		return;
	}
	job->retired->snapshot = publisher->snapshot;
	publisher->snapshot = job->compiled;
	publisher->revision = snapshot_revision(job->compiled);
	let_go(publisher, job->retired);
	note_sweep(publisher, &job->published.sweep);
	publisher->sweep_wanted = !job->published.swept || job->err != 0;
	begin_holding(publisher);
	note_change(publisher, job);
	if (publisher->options.published != NULL)
		publisher->options.published(publisher->options.context);
}

static const char *bridges_words(enum bridges_state state)
{
	switch (state) {
	case BRIDGES_NONE:
		return "there is none any more";
	case BRIDGES_SHOWN:
		return "what they forward passes the rules";
	default:
		return "what they forward does not pass the rules (`bridge: ignore` is set)";
	}
}

static void note_bridges(struct publisher *publisher, const struct bridge_result *bridges)
{
	struct publish_stats *stats = &publisher->stats;

	note_trouble(publisher, TROUBLE_BRIDGES, bridges->mended ? "" : bridges->found);
	if (bridges->mended) {
		log_warnx("%s: switched on", bridges->found);
		stats->bridges_mended++;
		publisher->sweep_wanted = true; /* what passed meanwhile was not judged */
	} else if (bridges->state != stats->bridges && bridges->found[0] == '\0') {
		log_info("bridges: %s", bridges_words(bridges->state));
	}
	stats->bridges = bridges->state;
}

/*
 * Said when it begins and when it is over: what the kernel drops for want of room, no record tells
 * of.
 */
static void note_room(struct publisher *publisher, const struct flow_room *room)
{
	struct publish_stats *stats = &publisher->stats;
	const bool first = !publisher->room_seen;
	const bool crowded = !first &&
		room->dropped + room->evicted > stats->room.dropped + stats->room.evicted;

	if (crowded && !publisher->crowded)
		log_warnx("the kernel's flow table is full (%llu of %llu): new flows take the "
			  "place of others or are dropped, whatever the policies say; raise "
			  "net.netfilter.nf_conntrack_max",
			(unsigned long long)room->flows, (unsigned long long)room->most);
	else if (!crowded && publisher->crowded)
		log_info("mended: the kernel's flow table has room again (%llu of %llu); in all it "
			 "dropped %llu packets and put %llu flows out",
			(unsigned long long)room->flows, (unsigned long long)room->most,
			(unsigned long long)room->dropped, (unsigned long long)room->evicted);
	publisher->room_seen = true;
	publisher->crowded = crowded;
	stats->room = *room;
}

/* Said when there is more of it than before, and when it is over. */
static void note_unnamed(struct publisher *publisher, const struct unnamed *unnamed)
{
	const size_t before = publisher->stats.unnamed.count;
	char text[UNNAMED_TEXT];

	unnamed_format(unnamed, text);
	if (unnamed->count > before)
		log_warnx("%s", text);
	else if (unnamed->count == 0 && before > 0)
		log_info("mended: no pod is known to have an address that no manifest names");
	publisher->stats.unnamed = *unnamed;
}

/*
 * Somebody who undoes each repair opens the gate each time: so repairs go on at the same pace. It
 * is said once, and it is a problem till a while after the last.
 */
static void note_repairs(struct publisher *publisher, const struct verify_result *verified)
{
	const uint64_t now = publisher->verified_ns;
	const bool in_a_row = now - publisher->repaired_ns <= REPAIR_ROW_MS * NS_PER_MS;
	char problem[ENFORCEMENT_PROBLEM] = "";
	bool same;

	if (verified->repaired) {
		same = strcmp(publisher->repaired, verified->found) == 0;
		publisher->repairs_in_a_row = in_a_row && same ? publisher->repairs_in_a_row + 1
							       : 1;
		memcpy(publisher->repaired, verified->found, sizeof(publisher->repaired));
		publisher->repaired_ns = now;
	} else if (!in_a_row) {
		publisher->repairs_in_a_row = 0;
	}
	if (publisher->repairs_in_a_row >= REPAIRS_IN_A_ROW)
		snprintf(problem, sizeof(problem),
			"our rules are changed again and again, and repaired each time: another "
			"program undoes them, and in between flows pass unjudged; find it (for "
			"nf_tables: `nft monitor`)");
	note_trouble(publisher, TROUBLE_REPAIRS, problem);
	publisher->stats.intact = publisher->stats.intact &&
		publisher->repairs_in_a_row < REPAIRS_IN_A_ROW;
}

static void end_verify(struct publisher *publisher, const struct job *job)
{
	const struct verify_result *verified = &job->verified;

	note_room(publisher, &verified->room);
	publisher->verified_ns = now_ns(CLOCK_MONOTONIC);
	publisher->stats.intact = job->err == 0;
	publisher->verify_ms = !verified->futile ? VERIFY_MS : publisher->verify_ms * 2;
	if (publisher->verify_ms > VERIFY_MOST_MS)
		publisher->verify_ms = VERIFY_MOST_MS;
	note_repairs(publisher, verified);
	memcpy(publisher->stats.set_sizes, verified->set_sizes, sizeof(publisher->stats.set_sizes));
	note_bridges(publisher, &verified->bridges);
	if (job->own_addresses_moved && !publisher->changed) {
		publisher->changed = true; /* whose an address is */
		publisher->changed_ns = publisher->verified_ns;
		publisher->read_ns = 0;
	}
	note_unnamed(publisher, &verified->unnamed);
	if (!verified->repaired)
		return;
	publisher->stats.repairs++;
	publisher->sweep_wanted = true; /* what passed meanwhile was not judged */
	if (publisher->repairs_in_a_row <= REPAIRS_IN_A_ROW)
		log_warnx("somebody changed our rules (%s): repaired", verified->found);
}

static void begin_next(struct publisher *publisher);

static void work_done(uv_work_t *request, int status)
{
	struct job *job = request->data;
	struct publisher *publisher = job->publisher;

	(void)status; /* never cancelled */
	publisher->busy = false;
	if (job->kind == JOB_CHANGE) {
		publisher->change_failed = !job->published.published;
		end_change(publisher, job);
	} else if (job->kind == JOB_SWEEP) {
		note_sweep(publisher, &job->sweep);
		publisher->sweep_wanted = publisher->sweep_wanted || job->err != 0;
	} else {
		end_verify(publisher, job);
	}
	note_outcome(publisher, job);
	/* After a failure the tick tries again, not the next line: that would be a busy loop. */
	if (job->err == 0)
		begin_next(publisher);
}

static void begin(struct publisher *publisher, enum job_kind kind)
{
	struct job *job = &publisher->job;

	job->kind = kind;
	job->work.data = job;
	publisher->busy_since_ns = now_ns(CLOCK_MONOTONIC);
	publisher->busy = uv_queue_work(publisher->options.loop, &job->work, work, work_done) == 0;
}

static void begin_change(struct publisher *publisher)
{
	struct job *job = &publisher->job;

	*job = (struct job){.publisher = publisher,
		.seen_ns = publisher->changed_ns,
		.read_ns = publisher->read_ns};
	job->began_ns = now_ns(CLOCK_MONOTONIC);
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
	const uint64_t now = now_ns(CLOCK_MONOTONIC);
	const bool verify_is_due = now - publisher->verified_ns >= publisher->verify_ms * NS_PER_MS;

	if (publisher->busy || publisher->paused || publisher->stopping)
		return;
	/*
	 * What a change fails for, the look at the rules and sets may mend: it must get its turn.
	 */
	if (publisher->changed && !(publisher->change_failed && verify_is_due)) {
		begin_change(publisher);
	} else if (!publisher->changed && sweep_is_due(publisher, now)) {
		publisher->job = (struct job){.publisher = publisher};
		publisher->sweep_wanted = false;
		begin(publisher, JOB_SWEEP);
	} else if (verify_is_due) {
		publisher->job = (struct job){.publisher = publisher};
		begin(publisher, JOB_VERIFY);
	}
}

/*
 * With queue_full: open what found no room has passed, and carries the mark of an allowed flow: it
 * is judged now. There may be more of it until a look finds no new sign.
 */
static void watch_overflow(struct publisher *publisher, uint64_t full_bursts, uint64_t missed)
{
	const bool first = !publisher->watched; /* what was before was swept at start */
	const bool now = !first &&
		(full_bursts > publisher->full_bursts || missed > publisher->missed);

	publisher->watched = true;
	publisher->full_bursts = full_bursts;
	if (first || missed > publisher->missed)
		publisher->missed = missed;
	if (publisher->options.settings->queue_full != FAIL_OPEN)
		return;
	if (now) {
		publisher->sweep_wanted = true;
		begin_holding(publisher);
	}
	if (now && !publisher->overflowing) {
		publisher->stats.overflows++;
		log_warnx("a queue ran full: new flows may have passed unjudged (queue_full: "
			  "open), so all are judged now");
	}
	publisher->overflowing = now;
}

/*
 * The reply worker judges what was seen in the reply direction without a mark; the kernel counts
 * what it had to drop.
 */
static void watch_workers(struct publisher *publisher)
{
	const struct gate *gate = enforcement_gate(publisher->options.enforcement);
	const unsigned int workers = gate_worker_count(gate);
	uint64_t drops[2] = {0}, replies = 0, full_bursts = 0, missed = 0, gone = 0;

	for (unsigned int i = 0; i < workers; i++) {
		struct worker_stats stats;

		gate_stats(gate, i, &stats);
		drops[gate_role(gate, i) == GATE_FLOOD] += stats.kernel_dropped +
			stats.user_dropped;
		full_bursts += stats.full_bursts;
		missed += stats.missed;
		gone += stats.gone;
		if (gate_role(gate, i) == GATE_REPLY)
			replies = stats.packets - stats.reports;
	}
	watch_overflow(publisher, full_bursts, missed);
	if (gone > publisher->gone)
		log_warnx("the kernel dropped packets that waited for a verdict (%llu verdicts "
			  "came too late): their interface or bridge port went, or a rule with the "
			  "target CT or an nft ct object was removed",
			(unsigned long long)(gone - publisher->gone));
	publisher->gone = gone;
	if (replies != publisher->reply_packets)
		publisher->sweep_wanted = true;
	publisher->reply_packets = replies;
	for (int flood = 0; flood < 2; flood++) {
		if (drops[flood] > publisher->kernel_drops[flood])
			verdict_log_overload(publisher->options.log, flood,
				drops[flood] - publisher->kernel_drops[flood]);
		publisher->kernel_drops[flood] = drops[flood];
	}
}

/*
 * While another program may hold packets since the last change, all flows are judged every second;
 * and once more when it has let go of them, at the next tick: what has left its queue is in the
 * flow table by then.
 */
static void watch_held(struct publisher *publisher)
{
	const struct gate *gate = enforcement_gate(publisher->options.enforcement);
	const uint64_t now = now_ns(CLOCK_MONOTONIC);
	const bool before = publisher->holding;
	char *table;

	if (before && publisher->held.rounds == 0) {
		publisher->sweep_wanted = true;
		publisher->holding = false;
	}
	if (publisher->held.rounds == 0 || gate_read_queues(gate, &table) != 0)
		return;
	if (held_packets_look(
		    &publisher->held, table, gate_queue(gate, 0), gate_worker_count(gate)) &&
		publisher->held.begun)
		publisher->holding = true;
	free(table);
	if (!publisher->holding)
		return;
	if (now - publisher->swept_ns >= HELD_SWEEP_MS * NS_PER_MS)
		publisher->sweep_wanted = true;
	if (!publisher->held_told && now - publisher->held_since_ns >= NS_PER_S) {
		publisher->held_told = true;
		log_info("another program's NFQUEUE holds packets since the last change: all flows "
			 "are judged every second until it was seen empty");
	}
}

static void tick(uv_timer_t *timer)
{
	struct publisher *publisher = timer->data;

	/* Paused, the queues may be somebody else's: what he reads we have not missed. */
	if (!publisher->paused) {
		watch_workers(publisher);
		watch_held(publisher);
	}
	begin_next(publisher);
}

void publisher_changed(struct publisher *publisher, uint64_t read_ns)
{
	if (!publisher->changed) {
		publisher->changed_ns = now_ns(CLOCK_MONOTONIC);
		publisher->read_ns = read_ns;
	}
	publisher->changed = true;
	begin_next(publisher);
}

static int start_first(struct publisher *publisher, char problem[ENFORCEMENT_PROBLEM])
{
	struct sweep_stats sweeps[ENFORCEMENT_START_SWEEPS];
	struct cluster *cluster;
	int err = store_cluster(publisher->options.store, &cluster);

	if (err == 0) {
		err = compile(publisher, cluster, 1, &publisher->snapshot);
		cluster_unref(cluster);
	}
	if (err != 0) {
		snprintf(problem, ENFORCEMENT_PROBLEM, "can't compile the policies: %s",
			strerror(-err));
		return err;
	}
	if (publisher->options.compiled != NULL)
		err = publisher->options.compiled(publisher->options.context, problem);
	if (err == 0)
		err = enforcement_start(
			publisher->options.enforcement, publisher->snapshot, sweeps, problem);
	for (size_t i = 0; err == 0 && i < ENFORCEMENT_START_SWEEPS; i++)
		note_sweep(publisher, &sweeps[i]);
	return err;
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
	publisher->verify_ms = VERIFY_MS;
	publisher->revision = 1;
	*out = publisher;
	return 0;
}

int publisher_start(struct publisher *publisher, char problem[ENFORCEMENT_PROBLEM])
{
	const int err = start_first(publisher, problem);

	if (err != 0)
		return err;
	note_shortfall(publisher);
	publisher->stats.intact = true;
	begin_holding(publisher); /* by what a daemon before us let pass */
	publisher->started = true;
	uv_timer_init(publisher->options.loop, &publisher->tick);
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
	publisher->verified_ns = 0;
	publisher->verify_ms = VERIFY_MS;
	publisher->sweep_wanted = true;
	begin_holding(publisher);
	/* who had the queues meanwhile may have missed some; the sweep is of them, too */
	publisher->watched = false;
	watch_workers(publisher);
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
	snapshot_free(publisher->snapshot);
	compiler_free(publisher->compiler);
	free(publisher);
}

const struct snapshot *publisher_snapshot(const struct publisher *publisher)
{
	return publisher->snapshot;
}

void publisher_lend(struct publisher *publisher, struct snapshot_loan *loan)
{
	*loan = (struct snapshot_loan){.snapshot = publisher->snapshot,
		.next = publisher->loans,
		.link = &publisher->loans};
	if (loan->next != NULL)
		loan->next->link = &loan->next;
	publisher->loans = loan;
}

void publisher_take_back(struct publisher *publisher, struct snapshot_loan *loan)
{
	*loan->link = loan->next;
	if (loan->next != NULL)
		loan->next->link = loan->link;
	if (loan->retired != NULL)
		let_go(publisher, loan->retired);
}

void publisher_stats(const struct publisher *publisher, struct publish_stats *out)
{
	*out = publisher->stats;
	out->busy_ns = publisher->busy ? now_ns(CLOCK_MONOTONIC) - publisher->busy_since_ns : 0;
	out->pending = publisher->changed || (publisher->busy && publisher->job.kind == JOB_CHANGE);
	/*
	 * A change that fails comes first: it is why the policies in force are not those in the
	 * manifests.
	 */
	for (size_t i = 0; i < TROUBLE_COUNT; i++) {
		if (out->problem == NULL && publisher->problems[i][0] != '\0')
			out->problem = publisher->problems[i];
	}
}
