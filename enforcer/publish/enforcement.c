/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "enforcer/publish/enforcement.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conntrack/table.h"
#include "enforcer/privilege/confinement.h"
#include "enforcer/publish/installed_rules.h"
#include "enforcer/publish/isolation_sets.h"
#include "process/clock.h"
#include "process/descriptor_store.h"
#include "process/log.h"

struct enforcement {
	const struct settings *settings;
	struct verdict_log *log;
	struct installed_rules rules;
	struct isolation_sets sets;
	struct sweep_options sweep;
	struct inheritance *inheritance; /* borrowed */
	struct gate *gate;
	struct learner *learner;
	struct ct_table *table;
	bool learns_allowed, learns_denied;
	bool paused; /* another daemon reads the queues */
};

/* Called by the learner when it has read its sets. */
static void leave_answered(const struct record *record, void *context)
{
	const struct enforcement *enforcement = context;

	verdict_log_answered(enforcement->log, record);
	verdict_log_wake(enforcement->log);
}

/* The kernel only counts: flows that are logged one by one can't be answered there. */
static int open_learner(struct enforcement *enforcement, char problem[PROBLEM_SIZE])
{
	const struct settings *settings = enforcement->settings;
	const bool counts = settings->log_fold_s > 0;
	const struct learner_options options = {
		.allowed = settings->learn && settings->learn_allowed_s > 0 &&
			(settings->log_allowed == LOG_ALLOWED_NO ||
				(settings->log_allowed == LOG_ALLOWED_YES && counts)),
		.denied = settings->learn && settings->learn_denied_s > 0 && counts,
		.log_allowed = settings->log_allowed != LOG_ALLOWED_NO,
		.allowed_s = settings->learn_allowed_s,
		.denied_s = settings->learn_denied_s,
		.answered = leave_answered,
		.context = enforcement,
	};
	const int err = learner_open(&enforcement->learner, &options);

	if (err != 0)
		snprintf(problem, PROBLEM_SIZE, "can't open the learner of classes: %s",
			strerror(-err));
	enforcement->learns_allowed = options.allowed;
	enforcement->learns_denied = options.denied;
	return err;
}

/* Called by each worker's thread, first of all. */
static void confine_worker(const void *settings)
{
	confinement_of_worker(settings);
}

static int open_gate(struct enforcement *enforcement, char problem[PROBLEM_SIZE])
{
	const struct worker_options options = {
		.settings = enforcement->settings,
		.learn_allowed = enforcement->learns_allowed,
		.learn_denied = enforcement->learns_denied,
		.ring_capacity = ENFORCEMENT_RING_CAPACITY,
		.hooks = {.recorded = verdict_log_wake,
			.log = enforcement->log,
			.sighted = learner_wake,
			.learner = enforcement->learner,
			.begin = confine_worker,
			.begin_context = enforcement->settings},
		.places = places_watch_published(enforcement->sets.bridge.places),
	};

	return gate_open(&enforcement->gate, &options, enforcement->inheritance, problem);
}

/*
 * While the service manager holds a queue's socket, packets wait for the next daemon. With
 * daemon_away: open they are to pass without one.
 */
static void store_queues(const struct enforcement *enforcement)
{
	const struct gate *gate = enforcement->gate;
	const bool keep = enforcement->settings->daemon_away == FAIL_CLOSED;

	for (unsigned int i = 0; i < gate_worker_count(gate); i++) {
		/* An older socket with that name must not be taken at the next start. */
		descriptor_store_forget(gate_queue(gate, i));
		if (keep)
			descriptor_store_keep(gate_queue(gate, i), gate_descriptor(gate, i));
	}
}

/* The gate is opened after the places, and before their thread is started. */
static void wait_for_workers(void *context)
{
	const struct enforcement *enforcement = context;

	if (enforcement->gate != NULL)
		gate_wait_for_readers(enforcement->gate);
}

static int open_places(struct enforcement *enforcement, char problem[PROBLEM_SIZE])
{
	const struct places_options options = {
		.router_ports = enforcement->settings->router_ports,
		.wait_for_readers = wait_for_workers,
		.context = enforcement,
	};
	const bool ipv6 = enforcement->rules.options.ipv6;

	enforcement->sets.ipv6 = ipv6;
	enforcement->sets.bridge = (struct bridge_sets){
		.groups = enforcement->settings->group_traffic == GROUP_TRAFFIC_POLICY,
		.ipv6 = ipv6};
	return places_watch_open(&enforcement->sets.bridge.places, &options, problem);
}

/* ---- sweeping ---- */

struct sweeping {
	const struct enforcement *enforcement;
	const struct snapshot *snapshot;
};

static void note_marked(const struct flow *flow, void *context)
{
	const struct sweeping *sweeping = context;

	presence_note(gate_presence(sweeping->enforcement->gate), flow);
}

/* Called by the sweep for each flow that it cuts. */
static void leave_revoked(const struct flow *flow, const struct judgement *judgement, void *context)
{
	const struct sweeping *sweeping = context;
	const struct record record = {
		.time_ns = clock_wall_ns(),
		.snapshot = sweeping->snapshot,
		.flow = *flow,
		.judgement = *judgement,
		.kind = RECORD_REVOKED,
	};

	verdict_log_revoke(sweeping->enforcement->log, &record);
}

/* Of the whole table where `ends` is NULL. */
static int sweep(const struct enforcement *enforcement, const struct snapshot *snapshot,
	const struct sweep_end *ends, size_t count, struct sweep_stats *stats,
	char problem[PROBLEM_SIZE])
{
	struct sweeping sweeping = {.enforcement = enforcement, .snapshot = snapshot};
	struct sweep_options options = enforcement->sweep;
	int err;

	options.context = &sweeping;
	*stats = (struct sweep_stats){0};
	err = sweep_run_ends(enforcement->table, snapshot, &options, ends, count, stats);
	if (err != 0)
		snprintf(problem, PROBLEM_SIZE, "can't sweep the flow table: %s", strerror(-err));
	return err;
}

static void note_class(const struct flow *flow, void *presence)
{
	presence_note(presence, flow);
}

int enforcement_sweep(const struct enforcement *enforcement, const struct snapshot *snapshot,
	bool turn, struct sweep_stats *stats, char problem[PROBLEM_SIZE])
{
	struct presence *presence = gate_presence(enforcement->gate);
	int err;

	turn = turn && presence_turn_is_due(presence, clock_ns());
	if (turn) {
		presence_begin_turn(presence, clock_ns());
		learner_visit_renewed(enforcement->learner, note_class, presence);
	}
	err = sweep(enforcement, snapshot, NULL, 0, stats, problem);
	if (turn && err == 0 && stats->skipped == 0)
		presence_end_turn(presence);
	return err;
}

int enforcement_sweep_ends(const struct enforcement *enforcement, const struct snapshot *snapshot,
	const struct sweep_end *ends, size_t count, struct sweep_stats *stats,
	char problem[PROBLEM_SIZE])
{
	return sweep(enforcement, snapshot, ends, count, stats, problem);
}

int enforcement_open(struct enforcement **out, const struct settings *settings,
	struct verdict_log *log, struct inheritance *inheritance, char problem[PROBLEM_SIZE])
{
	struct enforcement *enforcement = calloc(1, sizeof(*enforcement));
	int err;

	snprintf(problem, PROBLEM_SIZE, "out of memory");
	if (enforcement == NULL)
		return -ENOMEM;
	enforcement->settings = settings;
	enforcement->log = log;
	enforcement->inheritance = inheritance;
	err = installed_rules_choose(&enforcement->rules, settings, problem);
	if (err == 0) {
		err = ct_table_open(&enforcement->table);
		if (err != 0)
			snprintf(problem, PROBLEM_SIZE,
				"can't open the kernel's flow table: %s; podgate needs "
				"nf_conntrack_netlink and CAP_NET_ADMIN",
				strerror(-err));
	}
	if (err == 0)
		err = open_learner(enforcement, problem);
	if (err == 0)
		err = open_places(enforcement, problem);
	if (err == 0)
		err = open_gate(enforcement, problem);
	if (err != 0) {
		enforcement_close(enforcement);
		return err;
	}
	store_queues(enforcement);
	enforcement->sweep = (struct sweep_options){
		.marks = {.allow = settings->mark_allow, .deny = settings->mark_deny},
		.host_traffic = enforcement->rules.options.host_traffic,
		.marked = note_marked,
		.revoked = leave_revoked,
	};
	*out = enforcement;
	return 0;
}

void enforcement_close(struct enforcement *enforcement)
{
	if (enforcement == NULL)
		return;
	if (enforcement->gate != NULL)
		gate_stop(enforcement->gate);
	/* After the last sighting: reports to the log what the sets have answered. */
	if (enforcement->learner != NULL)
		learner_stop(enforcement->learner);
	if (enforcement->sets.bridge.places != NULL)
		places_watch_stop(enforcement->sets.bridge.places);
	/* After the workers' last record, and before their rings are freed. */
	verdict_log_stop(enforcement->log);
	gate_close(enforcement->gate);
	learner_close(enforcement->learner);
	ct_table_close(enforcement->table);
	places_watch_close(enforcement->sets.bridge.places);
	bridge_sets_deinit(&enforcement->sets.bridge);
	installed_rules_deinit(&enforcement->rules);
	free(enforcement);
}

/*
 * A class set that can't be emptied now is emptied by the successor's start, and until then by its
 * classes' timeouts.
 */
void enforcement_pause(struct enforcement *enforcement)
{
	enforcement->paused = true;
	gate_stop(enforcement->gate);
	(void)learner_forget(enforcement->learner);
}

int enforcement_go_on(struct enforcement *enforcement, const struct snapshot *snapshot)
{
	const int err = gate_start(enforcement->gate, snapshot);

	enforcement->paused = false;
	enforcement->sets.exact = false;
	if (err == 0)
		learner_resume(enforcement->learner, snapshot_revision(snapshot));
	return err;
}

void enforcement_ask_workers(struct enforcement *enforcement)
{
	if (!enforcement->paused)
		gate_ask(enforcement->gate);
}

bool enforcement_workers_answered(const struct enforcement *enforcement, unsigned int *silent)
{
	return enforcement->paused || gate_answered(enforcement->gate, silent);
}

void enforcement_log_inherited(const struct enforcement *enforcement)
{
	char origin[INHERITANCE_WORDS];
	struct gate_inherited inherited;

	if (enforcement->inheritance->origin == INHERITANCE_NONE)
		return;
	inheritance_print_origin(enforcement->inheritance, origin);
	gate_inherited(enforcement->gate, &inherited);
	log_info("%u of %u queues taken over from %s with all that waited in them; of %llu packets "
		 "that had been read and not answered each is judged",
		inherited.queues, gate_worker_count(enforcement->gate), origin,
		(unsigned long long)inherited.repeated);
}

const struct inheritance *enforcement_inheritance(const struct enforcement *enforcement)
{
	return enforcement->inheritance;
}

const struct gate *enforcement_gate(const struct enforcement *enforcement)
{
	return enforcement->gate;
}

void enforcement_learner_stats(const struct enforcement *enforcement, struct learner_stats *out)
{
	learner_stats(enforcement->learner, out);
}

struct pulse enforcement_learner_pulse(const struct enforcement *enforcement)
{
	return learner_pulse(enforcement->learner);
}

const struct ruleset_options *enforcement_rules(const struct enforcement *enforcement)
{
	return &enforcement->rules.options;
}

static int start_threads(struct enforcement *enforcement, const struct snapshot *snapshot,
	char problem[PROBLEM_SIZE])
{
	const unsigned int workers = gate_worker_count(enforcement->gate);
	struct ring *records[GATE_QUEUES_MOST], *sightings[GATE_QUEUES_MOST];
	size_t sighting = 0; /* workers */
	int err;

	for (unsigned int i = 0; i < workers; i++) {
		records[i] = gate_ring(enforcement->gate, i);
		sightings[sighting] = gate_sightings(enforcement->gate, i);
		sighting += sightings[sighting] != NULL;
	}
	err = gate_start(enforcement->gate, snapshot);
	if (err == 0)
		err = verdict_log_start(enforcement->log, records, workers);
	if (err == 0)
		err = learner_start(enforcement->learner, sightings, sighting);
	if (err == 0)
		err = places_watch_start(enforcement->sets.bridge.places);
	if (err != 0)
		snprintf(problem, PROBLEM_SIZE, "can't start the threads: %s", strerror(-err));
	return err;
}

void enforcement_shortfall(const struct enforcement *enforcement, char words[PROBLEM_SIZE])
{
	const struct ipset_refused *refused = &enforcement->sets.refused;
	const size_t count = isolation_sets_refused(&enforcement->sets);
	char addr[IP_ADDR_TEXT];

	words[0] = '\0';
	if (count > 0)
		snprintf(words, PROBLEM_SIZE,
			"the kernel does not take %zu isolated address%s, the first of them %s "
			"(%.300s): no policy is enforced for it, all else is",
			count, count == 1 ? "" : "es", ip_addr_format(&refused->first, addr),
			refused->why);
}

int enforcement_start(struct enforcement *enforcement, const struct snapshot *snapshot,
	struct sweep_stats sweeps[ENFORCEMENT_START_SWEEPS], char problem[PROBLEM_SIZE])
{
	int err = pod_set_create(enforcement->sets.ipv6, problem);

	if (err == 0)
		err = isolation_sets_fill(&enforcement->sets, snapshot, problem);
	if (err == 0)
		err = start_threads(enforcement, snapshot, problem);
	if (err == 0)
		err = sweep(enforcement, snapshot, NULL, 0, &sweeps[0], problem);
	if (err == 0)
		err = installed_rules_install(&enforcement->rules, problem);
	if (err == 0)
		gate_dissolve(enforcement->gate, enforcement->inheritance, descriptor_store_forget);
	if (err == 0)
		err = sweep(enforcement, snapshot, NULL, 0, &sweeps[1], problem);
	if (err != 0)
		installed_rules_withdraw(&enforcement->rules);
	else
		learner_resume(enforcement->learner, snapshot_revision(snapshot));
	return err;
}

int enforcement_publish(struct enforcement *enforcement, const struct snapshot *before,
	const struct snapshot *after, const struct touched *touched, struct publish_result *result,
	char problem[PROBLEM_SIZE])
{
	const uint64_t began = clock_ns();
	const struct snapshot *old;
	int err;

	*result = (struct publish_result){0};
	err = isolation_sets_widen(&enforcement->sets, before, after, problem);
	if (err != 0)
		return err;
	err = learner_change(enforcement->learner, touched, after);
	if (err != 0) {
		snprintf(problem, PROBLEM_SIZE, "can't empty the sets of learned classes: %s",
			strerror(-err));
		enforcement->sets.exact = false;
		return err;
	}
	gate_publish(enforcement->gate, after, &old);
	result->judged_ns = clock_ns() - began;
	result->published = true;
	err = isolation_sets_narrow(&enforcement->sets, before, after, problem);
	learner_settle(enforcement->learner);
	result->publish_ns = clock_ns() - began;
	return err;
}

int enforcement_mend_sets(struct enforcement *enforcement, const struct snapshot *snapshot,
	bool refused, char problem[PROBLEM_SIZE])
{
	struct isolation_sets *sets = &enforcement->sets;

	return sets->exact && !(refused && isolation_sets_refused(sets) > 0)
		? 0
		: isolation_sets_fill(sets, snapshot, problem);
}

int enforcement_verify(struct enforcement *enforcement, const struct snapshot *snapshot,
	struct verify_result *result, char problem[PROBLEM_SIZE])
{
	struct installed_rules *installed = &enforcement->rules;
	const int sets = isolation_sets_verify(
		&enforcement->sets, snapshot, result->set_sizes, result->found);
	char unread[PROBLEM_SIZE];
	int rules = ruleset_watch_look(
		&installed->watch, &installed->options, sets == 0 ? result->found : unread);
	int looked = 0, err = 0;

	/*
	 * Rules that can't be read were not changed for all that is known. Putting them in place
	 * would need to read them, too.
	 */
	if (rules != 0 && rules != -ENOENT && rules != -ESTALE) {
		snprintf(problem, PROBLEM_SIZE, "%s", sets == 0 ? result->found : unread);
		looked = rules;
		rules = 0;
	}
	result->tampered = sets != 0 || rules != 0;
	if (!result->tampered)
		return looked;
	/*
	 * A program that removed rules may have removed class sets. pod_set_create() empties those
	 * that are left: so forget them all.
	 */
	(void)learner_forget(enforcement->learner);
	if (sets == -ENOENT || rules != 0)
		err = pod_set_create(enforcement->sets.ipv6, problem);
	if (err == 0 && sets != 0)
		err = isolation_sets_fill(&enforcement->sets, snapshot, problem);
	if (err == 0 && rules != 0)
		err = installed_rules_repair(installed, &result->futile, problem);
	learner_resume(enforcement->learner, snapshot_revision(snapshot));
	result->repaired = err == 0;
	return err != 0 ? err : looked;
}

int enforcement_follow_bridges(struct enforcement *enforcement, const struct snapshot *snapshot,
	enum bridges_state state, char problem[PROBLEM_SIZE])
{
	const int err = installed_rules_follow_bridges(&enforcement->rules, state, problem);

	return err != 0 ? err
			: isolation_sets_follow_bridges(&enforcement->sets, snapshot, problem);
}

void enforcement_find_unnamed(
	const struct enforcement *enforcement, const struct snapshot *snapshot, struct unnamed *out)
{
	unnamed_find(out, places_watch_hold(enforcement->sets.bridge.places), snapshot);
	places_watch_release(enforcement->sets.bridge.places);
}
