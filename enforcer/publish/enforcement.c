/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "enforcer/publish/enforcement.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "conntrack/table.h"
#include "enforcer/privilege/confinement.h"
#include "enforcer/publish/bridge_sets.h"
#include "kernel/bridge/bridge_guard.h"
#include "kernel/rules/ruleset_watch.h"
#include "kernel/sets/pod_set.h"
#include "process/descriptor_store.h"
#include "process/log.h"

struct enforcement {
	const struct settings *settings;
	struct verdict_log *log;
	struct ruleset_options rules;
	struct ruleset_watch watch; /* of those */
	struct sweep_options sweep;
	struct inheritance *inheritance; /* borrowed */
	struct gate *gate;
	struct learner *learner;
	struct ct_table *table;
	struct bridge_sets bridge_sets;
	const struct snapshot *swept_by; /* whom the records of the sweep under way name */
	bool learns_allowed, learns_denied;
	bool rules_were_there; /* when we came: an earlier daemon left them to hold the gate */
	bool paused;	       /* another daemon reads the queues */
	/* of the isolated addresses last filled in: what the pods sets lack */
	struct ipset_refused refused;
	bool sets_exact; /* the pods sets hold what the snapshot in force isolates, no more */
};

static uint64_t now_ns(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (uint64_t)now.tv_sec * 1000000000ULL + (uint64_t)now.tv_nsec;
}

/*
 * Whether packets may come in by a bridge's port. Without a bridge, or without br_netfilter, none
 * does, and rules for them would only cost all others a look.
 */
static bool has_bridges(enum bridges_state state)
{
	return state != BRIDGES_NONE && bridge_guard_module_present();
}

static int choose_rules(struct ruleset_options *out, const struct settings *settings,
	char problem[ENFORCEMENT_PROBLEM])
{
	struct bridge_view view;
	struct ruleset_options rules = {
		.ipv6 = settings->ipv6 == SWITCH_ON ||
			(settings->ipv6 == SWITCH_AUTO && kernel_has_ipv6()),
		.workers = settings_workers(settings),
		.queue_base = (uint16_t)settings->queue_base,
		.mark_allow = settings->mark_allow,
		.mark_deny = settings->mark_deny,
		.flood_rate = settings->flood_rate,
		.queue_bypass = settings->daemon_away == FAIL_OPEN,
		.cpu_fanout = settings->queue_cpu_fanout,
		.host_traffic = settings->host_traffic == HOST_TRAFFIC_POLICY,
	};
	const int err = ruleset_find_backend(settings->backend, &rules.backend, problem);

	(void)bridge_guard_look(settings, &view); /* not known: as if there were one */
	rules.bridged = has_bridges(view.state);
	if (err == 0)
		*out = rules;
	return err;
}

/*
 * Called by the learner, which reads its sets when it hears from the workers, or before a change.
 */
static void leave_answered(const struct record *record, void *context)
{
	const struct enforcement *enforcement = context;

	verdict_log_answered(enforcement->log, record);
	verdict_log_wake(enforcement->log);
}

/* What is logged one by one can't be answered in the kernel, which only counts. */
static int open_learner(struct enforcement *enforcement, char problem[ENFORCEMENT_PROBLEM])
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
		snprintf(problem, ENFORCEMENT_PROBLEM, "can't open the learner of classes: %s",
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

static int open_gate(struct enforcement *enforcement, char problem[ENFORCEMENT_PROBLEM])
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
		.places = places_watch_published(enforcement->bridge_sets.places),
	};

	return gate_open(&enforcement->gate, &options, enforcement->inheritance, problem);
}

/*
 * While the service manager holds a queue's socket, packets wait for the next daemon. Whoever wants
 * them to pass without one (daemon_away: open) does not want that.
 */
static void store_queues(const struct enforcement *enforcement)
{
	const struct gate *gate = enforcement->gate;
	const bool keep = enforcement->settings->daemon_away == FAIL_CLOSED;

	for (unsigned int i = 0; i < gate_worker_count(gate); i++) {
		/* Whatever has that name is not to be taken for this one at the next start. */
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

static int open_places(struct enforcement *enforcement, char problem[ENFORCEMENT_PROBLEM])
{
	const struct places_options options = {
		.router_ports = enforcement->settings->router_ports,
		.wait_for_readers = wait_for_workers,
		.context = enforcement,
	};

	_Static_assert(
		(int)ENFORCEMENT_PROBLEM >= (int)PLACES_PROBLEM, "a problem of places must fit");
	enforcement->bridge_sets = (struct bridge_sets){
		.groups = enforcement->settings->group_traffic == GROUP_TRAFFIC_POLICY,
		.ipv6 = enforcement->rules.ipv6};
	return places_watch_open(&enforcement->bridge_sets.places, &options, problem);
}

static int open_table(struct enforcement *enforcement, char problem[ENFORCEMENT_PROBLEM])
{
	const int err = ct_table_open(&enforcement->table);

	if (err != 0)
		snprintf(problem, ENFORCEMENT_PROBLEM,
			"can't open the kernel's flow table: %s; podgate needs "
			"nf_conntrack_netlink and CAP_NET_ADMIN",
			strerror(-err));
	return err;
}

/* Called by the sweep for each flow that it cuts. */
static void leave_revoked(const struct flow *flow, const struct judgement *judgement, void *context)
{
	struct enforcement *enforcement = context;
	const struct record record = {
		.time_ns = now_ns(CLOCK_REALTIME),
		.snapshot = enforcement->swept_by,
		.flow = *flow,
		.judgement = *judgement,
		.kind = RECORD_REVOKED,
	};

	verdict_log_revoke(enforcement->log, &record);
}

int enforcement_open(struct enforcement **out, const struct settings *settings,
	struct verdict_log *log, struct inheritance *inheritance, char problem[ENFORCEMENT_PROBLEM])
{
	struct enforcement *enforcement = calloc(1, sizeof(*enforcement));
	char ignored[RULESET_PROBLEM];
	int err;

	snprintf(problem, ENFORCEMENT_PROBLEM, "out of memory");
	if (enforcement == NULL)
		return -ENOMEM;
	enforcement->settings = settings;
	enforcement->log = log;
	enforcement->inheritance = inheritance;
	err = choose_rules(&enforcement->rules, settings, problem);
	if (err == 0)
		err = open_table(enforcement, problem);
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
		.host_traffic = enforcement->rules.host_traffic,
		.revoked = leave_revoked,
		.context = enforcement,
	};
	enforcement->rules_were_there = ruleset_verify(&enforcement->rules, ignored) != -ENOENT;
	*out = enforcement;
	return 0;
}

void enforcement_close(struct enforcement *enforcement)
{
	if (enforcement == NULL)
		return;
	if (enforcement->gate != NULL)
		gate_stop(enforcement->gate);
	/* no sighting comes any more; what was counted goes to the log */
	if (enforcement->learner != NULL)
		learner_stop(enforcement->learner);
	if (enforcement->bridge_sets.places != NULL)
		places_watch_stop(enforcement->bridge_sets.places);
	/* after the last record of the workers, before their rings are gone */
	verdict_log_stop(enforcement->log);
	gate_close(enforcement->gate);
	learner_close(enforcement->learner);
	ct_table_close(enforcement->table);
	places_watch_close(enforcement->bridge_sets.places);
	bridge_sets_deinit(&enforcement->bridge_sets);
	ruleset_watch_deinit(&enforcement->watch);
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
	enforcement->sets_exact = false;
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
	return &enforcement->rules;
}

static int start_log(struct enforcement *enforcement)
{
	const unsigned int workers = gate_worker_count(enforcement->gate);
	struct ring **rings = calloc(workers, sizeof(struct ring *));
	int err;

	if (rings == NULL)
		return -ENOMEM;
	for (unsigned int i = 0; i < workers; i++)
		rings[i] = gate_ring(enforcement->gate, i);
	err = verdict_log_start(enforcement->log, rings, workers);
	free(rings);
	return err;
}

static int start_learner(struct enforcement *enforcement)
{
	const unsigned int workers = gate_worker_count(enforcement->gate);
	struct ring **rings = calloc(workers, sizeof(struct ring *));
	size_t count = 0;
	int err;

	if (rings == NULL)
		return -ENOMEM;
	for (unsigned int i = 0; i < workers; i++) {
		rings[count] = gate_sightings(enforcement->gate, i);
		count += rings[count] != NULL;
	}
	err = learner_start(enforcement->learner, rings, count);
	free(rings);
	return err;
}

static int start_threads(struct enforcement *enforcement, const struct snapshot *snapshot,
	char problem[ENFORCEMENT_PROBLEM])
{
	int err = gate_start(enforcement->gate, snapshot);

	if (err == 0)
		err = start_log(enforcement);
	if (err == 0)
		err = start_learner(enforcement);
	if (err == 0)
		err = places_watch_start(enforcement->bridge_sets.places);
	if (err != 0)
		snprintf(problem, ENFORCEMENT_PROBLEM, "can't start the threads: %s",
			strerror(-err));
	return err;
}

static size_t count_refused(const struct ipset_refused *refused)
{
	return refused->count[0] + refused->count[1];
}

/* Workers know whose places matter before the sets bring them packets that it matters for. */
static int fill_bridge_sets(struct enforcement *enforcement, const struct ip_addr *isolated,
	size_t count, char problem[ENFORCEMENT_PROBLEM])
{
	const int err = places_watch_expect(enforcement->bridge_sets.places, isolated, count);

	if (err != 0) {
		snprintf(problem, ENFORCEMENT_PROBLEM, "out of memory");
		return err;
	}
	return bridge_sets_fill(&enforcement->bridge_sets, isolated, count, problem);
}

/*
 * Of all that is to be isolated, what the kernel takes. What it does not take is not isolated
 * there, which enforcement_shortfall() tells; but it keeps nobody else's change from being
 * enforced.
 */
static int fill_all(struct enforcement *enforcement, const struct ip_addr *isolated, size_t count,
	char problem[ENFORCEMENT_PROBLEM])
{
	const int err = pod_set_fill_possible(POD_SET_PODS, isolated, count,
		enforcement->rules.ipv6, &enforcement->refused, problem);

	return err != 0 ? err : fill_bridge_sets(enforcement, isolated, count, problem);
}

static int fill_sets(struct enforcement *enforcement, const struct snapshot *snapshot,
	char problem[ENFORCEMENT_PROBLEM])
{
	size_t count;
	const struct ip_addr *isolated = snapshot_isolated(snapshot, &count);
	const int err = fill_all(enforcement, isolated, count, problem);

	enforcement->sets_exact = err == 0;
	return err;
}

size_t enforcement_shortfall(const struct enforcement *enforcement, char words[ENFORCEMENT_PROBLEM])
{
	const struct ipset_refused *refused = &enforcement->refused;
	const size_t count = count_refused(refused);
	char addr[IP_ADDR_TEXT];

	if (count > 0)
		snprintf(words, ENFORCEMENT_PROBLEM,
			"the kernel does not take %zu isolated address%s, the first of them %s "
			"(%s): no policy is enforced for it, all else is",
			count, count == 1 ? "" : "es", ip_addr_format(&refused->first, addr),
			refused->why);
	return count;
}

static int sweep(struct enforcement *enforcement, const struct snapshot *snapshot,
	struct sweep_stats *stats, char problem[ENFORCEMENT_PROBLEM])
{
	int err;

	*stats = (struct sweep_stats){0};
	enforcement->swept_by = snapshot;
	err = sweep_run(enforcement->table, snapshot, &enforcement->sweep, stats);
	if (err != 0)
		snprintf(problem, ENFORCEMENT_PROBLEM, "can't sweep the flow table: %s",
			strerror(-err));
	return err;
}

/*
 * Bridges and br_netfilter may come at any time, and go. 0, also when there is nothing to do; or
 * -errno, and what was in force stays in force.
 */
static int follow_bridge_rules(
	struct enforcement *enforcement, bool bridged, char problem[ENFORCEMENT_PROBLEM])
{
	struct ruleset_options rules = enforcement->rules;
	int err;

	rules.bridged = bridged;
	if (rules.bridged == enforcement->rules.bridged)
		return 0;
	err = ruleset_install(&rules, problem);
	if (err != 0)
		return err;
	enforcement->rules = rules;
	return ruleset_watch_remember(&enforcement->watch, &enforcement->rules, problem);
}

/* Who is on which bridge has changed: the sets for what passes bridges follow. */
static int follow_bridges(struct enforcement *enforcement, const struct snapshot *snapshot,
	enum bridges_state state, char problem[ENFORCEMENT_PROBLEM])
{
	const int err = follow_bridge_rules(enforcement, has_bridges(state), problem);
	size_t count;
	const struct ip_addr *isolated = snapshot_isolated(snapshot, &count);

	if (err != 0 || !enforcement->sets_exact ||
		!bridge_sets_are_stale(&enforcement->bridge_sets))
		return err;
	return bridge_sets_fill(&enforcement->bridge_sets, isolated, count, problem);
}

/*
 * Where the kernel or the iptables package refuses a rule, it may be the match hashlimit that they
 * lack: then floods are not kept apart, and all else holds.
 */
static int install_rules(struct enforcement *enforcement, char problem[ENFORCEMENT_PROBLEM])
{
	struct ruleset_options without = enforcement->rules;
	char ignored[RULESET_PROBLEM];
	int err = ruleset_install(&enforcement->rules, problem);

	without.flood_rate = 0;
	if (err == -EINVAL && enforcement->rules.flood_rate != 0 &&
		ruleset_install(&without, ignored) == 0) {
		log_warnx("a source that floods can't be kept apart (`flood_rate`): %s", problem);
		enforcement->rules = without;
		err = 0;
	}
	/* Whether they are all there is looked at in a second again, and said then. */
	if (err == 0 &&
		ruleset_watch_remember(&enforcement->watch, &enforcement->rules, ignored) != 0)
		log_warnx("the rules are not in place as they were written: %s", ignored);
	return err;
}

/*
 * Removes what this run brought, and only that: rules that held the gate before us go on holding
 * it.
 */
static void withdraw(const struct enforcement *enforcement)
{
	char ignored[RULESET_PROBLEM];

	if (enforcement->rules_were_there)
		return;
	ruleset_remove(ignored);
	pod_set_destroy(ignored);
}

int enforcement_start(struct enforcement *enforcement, const struct snapshot *snapshot,
	struct sweep_stats sweeps[ENFORCEMENT_START_SWEEPS], char problem[ENFORCEMENT_PROBLEM])
{
	int err = pod_set_create(enforcement->rules.ipv6, problem);

	if (err == 0)
		err = fill_sets(enforcement, snapshot, problem);
	if (err == 0)
		err = start_threads(enforcement, snapshot, problem);
	if (err == 0)
		err = sweep(enforcement, snapshot, &sweeps[0], problem);
	if (err == 0)
		err = install_rules(enforcement, problem);
	if (err == 0)
		gate_dissolve(enforcement->gate, enforcement->inheritance, descriptor_store_forget);
	if (err == 0)
		err = sweep(enforcement, snapshot, &sweeps[1], problem);
	if (err != 0)
		withdraw(enforcement);
	else
		learner_resume(enforcement->learner, snapshot_revision(snapshot));
	return err;
}

/* The sets hold the isolated pods of both snapshots. */
static int widen_sets(struct enforcement *enforcement, const struct snapshot *before,
	const struct snapshot *after, char problem[ENFORCEMENT_PROBLEM])
{
	size_t old_count, new_count, count;
	const struct ip_addr *old = snapshot_isolated(before, &old_count);
	const struct ip_addr *new = snapshot_isolated(after, &new_count);
	struct ip_addr *both = calloc(old_count + new_count + 1, sizeof(*both));
	int err = 0;

	if (both == NULL) {
		snprintf(problem, ENFORCEMENT_PROBLEM, "out of memory");
		return -ENOMEM;
	}
	count = bridge_sets_merge(old, old_count, new, new_count, both);
	/*
	 * Nothing is new, and the sets are what they should be: most changes are of rules, not of
	 * who is isolated.
	 */
	if (count != old_count || !enforcement->sets_exact) {
		err = fill_all(enforcement, both, count, problem);
		enforcement->sets_exact = err == 0 && count == new_count;
	} else {
		enforcement->sets_exact = count == new_count;
	}
	free(both);
	return err;
}

/*
 * Steps (1) and (2). When one fails, `before` stays in force: what it judges may be learned again.
 */
static int prepare_publish(struct enforcement *enforcement, const struct snapshot *before,
	const struct snapshot *after, char problem[ENFORCEMENT_PROBLEM])
{
	int err = widen_sets(enforcement, before, after, problem);

	if (err != 0)
		return err;
	err = learner_forget(enforcement->learner);
	if (err == 0)
		return 0;
	snprintf(problem, ENFORCEMENT_PROBLEM, "can't empty the sets of learned classes: %s",
		strerror(-err));
	learner_resume(enforcement->learner, snapshot_revision(before));
	enforcement->sets_exact = false;
	return err;
}

int enforcement_publish(struct enforcement *enforcement, const struct snapshot *before,
	const struct snapshot *after, struct publish_result *result,
	char problem[ENFORCEMENT_PROBLEM])
{
	const uint64_t began = now_ns(CLOCK_MONOTONIC);
	const struct snapshot *old;
	int err, swept;

	*result = (struct publish_result){0};
	err = prepare_publish(enforcement, before, after, problem);
	if (err != 0)
		return err;
	gate_publish(enforcement->gate, after, &old);
	result->judged_ns = now_ns(CLOCK_MONOTONIC) - began;
	result->published = true;
	if (!enforcement->sets_exact)
		err = fill_sets(enforcement, after, problem);
	result->publish_ns = now_ns(CLOCK_MONOTONIC) - began;
	learner_settle(enforcement->learner);
	swept = sweep(enforcement, after, &result->sweep, problem);
	learner_resume(enforcement->learner, snapshot_revision(after));
	result->sweep_ns = result->sweep.nanoseconds;
	result->swept = swept == 0;
	return swept != 0 ? swept : err;
}

int enforcement_sweep(struct enforcement *enforcement, const struct snapshot *snapshot,
	struct sweep_stats *stats, char problem[ENFORCEMENT_PROBLEM])
{
	/* What the kernel did not take it may take now. */
	const bool whole = enforcement->sets_exact && count_refused(&enforcement->refused) == 0;
	int err = whole ? 0 : fill_sets(enforcement, snapshot, problem);
	const int swept = sweep(enforcement, snapshot, stats, problem);

	return swept != 0 ? swept : err;
}

/* How many of the sorted addresses are IPv4: those come first. */
static size_t count_ipv4(const struct ip_addr *addrs, size_t count)
{
	size_t v4 = 0;

	while (v4 < count && addrs[v4].family == IP_FAMILY_V4)
		v4++;
	return v4;
}

/*
 * 0; -ENOENT when a set is gone; -ESTALE and such: it is not as `snapshot` wants it, which
 * result->found tells.
 */
static int verify_sets(struct enforcement *enforcement, const struct snapshot *snapshot,
	struct verify_result *result)
{
	char problem[BRIDGE_SETS_PROBLEM];
	size_t count, v4;
	const struct ip_addr *isolated = snapshot_isolated(snapshot, &count);
	int err;

	v4 = count_ipv4(isolated, count);
	err = pod_set_verify(IP_FAMILY_V4, isolated, v4, enforcement->refused.count[0],
		&result->set_sizes[0], problem);
	if (err == 0 && enforcement->rules.ipv6)
		err = pod_set_verify(IP_FAMILY_V6, isolated + v4, count - v4,
			enforcement->refused.count[1], &result->set_sizes[1], problem);
	if (err == 0)
		err = bridge_sets_verify(&enforcement->bridge_sets, problem);
	/* Sets that a failed change left too wide are known to be: that is no tampering. */
	if (err == -ESTALE && !enforcement->sets_exact)
		return 0;
	if (err != 0)
		snprintf(result->found, sizeof(result->found), "%s", problem);
	return err;
}

static void verify_bridges(const struct settings *settings, struct bridge_result *result)
{
	struct bridge_view view;

	(void)bridge_guard_look(settings, &view);
	*result = (struct bridge_result){.state = view.state};
	memcpy(result->found, view.found, sizeof(view.found));
	if (view.state == BRIDGES_NONE || view.state == BRIDGES_SHOWN ||
		settings->bridge == BRIDGE_IGNORE) {
		result->found[0] = '\0';
		return;
	}
	if (bridge_guard_prepare(settings, result->found) != 0)
		return;
	result->state = BRIDGES_SHOWN;
	result->mended = true;
}

/* They were somebody else's a moment ago: that they are ours now is seen, not believed. */
static int repair_rules(struct enforcement *enforcement, struct verify_result *result,
	char problem[ENFORCEMENT_PROBLEM])
{
	char found[RULESET_PROBLEM];
	int err = ruleset_install(&enforcement->rules, problem);

	if (err != 0)
		return err;
	err = ruleset_watch_remember(&enforcement->watch, &enforcement->rules, found);
	result->futile = err != 0;
	if (err != 0)
		snprintf(problem, ENFORCEMENT_PROBLEM,
			"a repair of our rules does not hold: %.440s", found);
	return err;
}

int enforcement_verify(struct enforcement *enforcement, const struct snapshot *snapshot,
	struct verify_result *result, char problem[ENFORCEMENT_PROBLEM])
{
	const int sets = verify_sets(enforcement, snapshot, result);
	char unread[ENFORCEMENT_PROBLEM];
	int rules = ruleset_watch_look(
		&enforcement->watch, &enforcement->rules, sets == 0 ? result->found : unread);
	int looked = 0, err = 0;

	verify_bridges(enforcement->settings, &result->bridges);
	flow_room_read(&result->room);
	unnamed_find(
		&result->unnamed, places_watch_hold(enforcement->bridge_sets.places), snapshot);
	places_watch_release(enforcement->bridge_sets.places);
	/*
	 * Rules that can't be read were not changed for all that we know; putting them in place
	 * takes reading them, too.
	 */
	if (rules != 0 && rules != -ENOENT && rules != -ESTALE) {
		snprintf(problem, ENFORCEMENT_PROBLEM, "%s", sets == 0 ? result->found : unread);
		looked = rules;
		rules = 0;
	}
	result->tampered = sets != 0 || rules != 0;
	if (!result->tampered)
		return looked != 0
			? looked
			: follow_bridges(enforcement, snapshot, result->bridges.state, problem);
	/*
	 * Who removed rules may have removed class sets. Making them empties those that are there:
	 * so forget them.
	 */
	(void)learner_forget(enforcement->learner);
	if (sets == -ENOENT || rules != 0)
		err = pod_set_create(enforcement->rules.ipv6, problem);
	if (err == 0 && sets != 0)
		err = fill_sets(enforcement, snapshot, problem);
	if (err == 0 && rules != 0)
		err = repair_rules(enforcement, result, problem);
	learner_resume(enforcement->learner, snapshot_revision(snapshot));
	result->repaired = err == 0;
	return err != 0 ? err : looked;
}
