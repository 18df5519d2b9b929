/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/daemon.h"

#include <errno.h>
#include <limits.h>
#include <malloc.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <uv.h>

#include "config/source/directory.h"
#include "config/state/state_keeper.h"
#include "config/store/store.h"
#include "daemon/claim.h"
#include "daemon/findings.h"
#include "daemon/handover.h"
#include "daemon/manager.h"
#include "daemon/preflight.h"
#include "daemon/takeover.h"
#include "enforcer/log/explain_json.h"
#include "enforcer/log/verdict_log.h"
#include "enforcer/privilege/belongings.h"
#include "enforcer/privilege/confinement.h"
#include "enforcer/privilege/helper.h"
#include "enforcer/publish/enforcement.h"
#include "enforcer/publish/publish.h"
#include "process/descriptor_store.h"
#include "process/log.h"
#include "process/notify.h"
#include "service/control/control_server.h"
#include "service/metrics/metrics.h"
#include "service/views/listings.h"
#include "service/views/problems.h"
#include "service/views/status.h"

enum {
	/*
	 * Measured: explaining and writing a line takes some 50 us, so a flood of different denials
	 * costs 5 % of a core.
	 */
	LOG_LINES_PER_S = 1000,
};

enum { SIGNAL_STOP, SIGNAL_INTERRUPT, SIGNAL_RELOAD, SIGNAL_COUNT };

struct daemon {
	const struct settings *settings;
	uint64_t started_ns, started_wall_ns;
	struct confinement confinement;
	struct inheritance inheritance;
	struct takeover takeover; /* from a daemon that runs */
	struct handover handover; /* to one that is about to */
	uv_loop_t loop;
	uv_signal_t signals[SIGNAL_COUNT];
	uv_async_t lines_ready; /* the log thread has lines for the watchers */
	struct store *store;
	struct directory *directory;
	struct state_keeper *keeper; /* NULL: no state directory is wanted */
	struct findings findings;
	struct claim *claim;	      /* NULL: it could not be had, and a warning said so */
	struct problem_list problems; /* as said in the log */
	struct control_server *control;
	struct metrics *metrics; /* NULL: nobody wants them */
	struct verdict_log *log;
	struct enforcement *enforcement;
	struct publisher *publisher;
	struct manager *manager;
	struct listings listings;
	bool stopping;
	int err; /* what ended it, when it was no signal */
};

/* ---- while it runs ---- */

static void store_changed(void *context, uint64_t since_ns)
{
	struct daemon *daemon = context;

	findings_log(&daemon->findings, daemon->store);
	state_keeper_changed(daemon->keeper);
	publisher_changed(daemon->publisher, uv_hrtime() - since_ns);
}

static cJSON *answer_reload(struct daemon *daemon)
{
	cJSON *json = cJSON_CreateObject();
	struct publish_stats stats;

	directory_rescan(daemon->directory);
	publisher_stats(daemon->publisher, &stats);
	if (cJSON_AddTrueToObject(json, "ok") != NULL &&
		cJSON_AddNumberToObject(json, "revision",
			(double)snapshot_revision(publisher_snapshot(daemon->publisher))) != NULL &&
		cJSON_AddBoolToObject(json, "pending", stats.pending) != NULL)
		return json;
	cJSON_Delete(json);
	return NULL;
}

static struct status_sources sources_of(const struct daemon *daemon)
{
	return (struct status_sources){
		.settings = daemon->settings,
		.confinement = &daemon->confinement,
		.store = daemon->store,
		.keeper = daemon->keeper,
		.publisher = daemon->publisher,
		.enforcement = daemon->enforcement,
		.log = daemon->log,
		.started_ns = daemon->started_ns,
		.started_wall_ns = daemon->started_wall_ns,
	};
}

static cJSON *answer_status(const struct daemon *daemon)
{
	const struct status_sources sources = sources_of(daemon);

	return status_json(&sources);
}

static cJSON *answer(void *context, const struct control_request *request)
{
	struct daemon *daemon = context;

	switch (request->command) {
	case CONTROL_STATUS:
		return answer_status(daemon);
	case CONTROL_EXPLAIN:
		return explain_json_answer(publisher_snapshot(daemon->publisher), request->json);
	case CONTROL_JUDGE:
		return explain_json_judge(publisher_snapshot(daemon->publisher), request->json);
	case CONTROL_RELOAD:
		return answer_reload(daemon);
	case CONTROL_DIAGS:
		return status_diags_json(daemon->store, publisher_snapshot(daemon->publisher));
	case CONTROL_WATCH:
	case CONTROL_HAND_OVER:
	case CONTROL_FLOWS:
	case CONTROL_POLICIES:
		break;
	}
	abort(); /* the server's own, and those that take many lines: open_listing() */
}

static cJSON *hand_over(
	void *context, const struct control_request *request, struct control_offer *offer)
{
	struct daemon *daemon = context;

	return handover_answer(&daemon->handover, request->json, offer);
}

static void abandoned(void *context)
{
	struct daemon *daemon = context;

	if (!daemon->stopping)
		handover_abandoned(&daemon->handover);
}

static int open_listing(void *context, const struct control_request *request, struct stream **out,
	char problem[CONTROL_PROBLEM])
{
	struct daemon *daemon = context;

	return listings_open(&daemon->listings, request, out, problem);
}

static int open_replay(void *context, const struct control_request *request, struct replay **out,
	char problem[CONTROL_PROBLEM])
{
	const struct daemon *daemon = context;

	return listings_open_replay(&daemon->listings, request, out, problem);
}

static void watched(void *context, bool any)
{
	const struct daemon *daemon = context;

	verdict_log_watch(daemon->log, any);
}

/* On the log thread. Sends coalesce, so a flood of lines wakes the loop now and then. */
static void wake_loop(void *context)
{
	struct daemon *daemon = context;

	uv_async_send(&daemon->lines_ready);
}

static void forward_lines(uv_async_t *async)
{
	struct daemon *daemon = async->data;
	struct verdict_line *line, *next;
	uint64_t lost;

	line = verdict_log_lines(daemon->log, &lost);
	for (; line != NULL; line = next) {
		next = line->next;
		if (daemon->control != NULL)
			control_server_send_line(daemon->control, line);
		verdict_line_free(line);
	}
	if (lost > 0 && daemon->control != NULL)
		control_server_send_lost(daemon->control, lost);
}

/* Begins to close everything that keeps the loop going; it ends when the last job is done. */
static void stop_loop(struct daemon *daemon)
{
	if (daemon->stopping)
		return;
	daemon->stopping = true;
	manager_stopping(daemon->manager);
	metrics_stop(daemon->metrics);
	daemon->metrics = NULL;
	control_server_stop(daemon->control);
	daemon->control = NULL;
	claim_stop(daemon->claim);
	daemon->claim = NULL;
	directory_stop(daemon->directory);
	daemon->directory = NULL;
	state_keeper_stop(daemon->keeper);
	if (daemon->publisher != NULL)
		publisher_stop(daemon->publisher);
	helper_unwatch();
	for (size_t i = 0; i < SIGNAL_COUNT; i++)
		uv_close((uv_handle_t *)&daemon->signals[i], NULL);
}

static void handed_over(void *context)
{
	stop_loop(context);
}

static void signal_stop(uv_signal_t *handle, int number)
{
	struct daemon *daemon = handle->data;

	log_info("stopping on %s", number == SIGINT ? "SIGINT" : "SIGTERM");
	stop_loop(daemon);
}

static void signal_reload(uv_signal_t *handle, int number)
{
	struct daemon *daemon = handle->data;

	(void)number;
	log_info("SIGHUP: reading the manifests again and opening the log file anew");
	manager_reloading(daemon->manager);
	verdict_log_reopen(daemon->log);
	directory_rescan(daemon->directory);
}

/*
 * Without it no rule is repaired any more, and we can't have another. A fresh start can, and the
 * rules hold meanwhile.
 */
static void helper_ended(void *context)
{
	struct daemon *daemon = context;

	log_error("the helper process that runs iptables has ended: stopping, to be started again");
	daemon->err = -ECHILD;
	stop_loop(daemon);
}

/* ---- what it says of itself ---- */

static void say_problems(struct daemon *daemon)
{
	const struct snapshot *snapshot = publisher_snapshot(daemon->publisher);
	const struct problem_sources sources = {.settings = daemon->settings,
		.cluster = snapshot_cluster(snapshot),
		.isolated = snapshot_isolated_pods(snapshot),
		.manifests = store_stats(daemon->store)};
	struct problem_list now;

	problems_find(&now, &sources);
	problems_log(&daemon->problems, &now);
}

static void published(void *context)
{
	struct daemon *daemon = context;

	findings_log_claims(&daemon->findings, publisher_snapshot(daemon->publisher));
	say_problems(daemon);
}

/* ---- start ---- */

/* One daemon in a network namespace, unless this one takes the place of the other. */
static int look_for_another(const struct daemon *daemon)
{
	char problem[CLAIM_PROBLEM];
	const int err = claim_refuse_second(daemon->confinement.account.uid, problem);

	if (err != 0)
		log_error("%s", problem);
	return err; /* what could not be found out is said by open_claim() */
}

/*
 * Before anything is opened: the helper, which is forked here, should have nothing to leave behind.
 */
static int prepare(struct daemon *daemon, bool take_over)
{
	char problem[CONFINEMENT_PROBLEM];
	int err = confinement_prepare(&daemon->confinement, daemon->settings, problem);

	if (err == 0) {
		err = take_over ? 0 : look_for_another(daemon);
		if (err == 0)
			err = preflight_host(daemon->settings);
		if (err != 0)
			return err;
		err = confinement_start_helper(&daemon->confinement, problem);
	}
	if (err == 0)
		err = confinement_before_loop(&daemon->confinement, problem);
	if (err != 0)
		log_error("%s", problem);
	return err;
}

/*
 * The async does not keep the loop going: it must outlive the loop's run, because the log thread
 * does.
 */
static int open_loop(struct daemon *daemon)
{
	int err = uv_loop_init(&daemon->loop);

	if (err != 0) {
		log_error("can't make an event loop: %s", uv_strerror(err));
		return err;
	}
	uv_async_init(&daemon->loop, &daemon->lines_ready, forward_lines);
	uv_unref((uv_handle_t *)&daemon->lines_ready);
	daemon->lines_ready.data = daemon;
	for (size_t i = 0; i < SIGNAL_COUNT; i++) {
		uv_signal_init(&daemon->loop, &daemon->signals[i]);
		daemon->signals[i].data = daemon;
	}
	return 0;
}

static int start_signals(struct daemon *daemon)
{
	int err = uv_signal_start(&daemon->signals[SIGNAL_STOP], signal_stop, SIGTERM);

	if (err == 0)
		err = uv_signal_start(&daemon->signals[SIGNAL_INTERRUPT], signal_stop, SIGINT);
	if (err == 0)
		err = uv_signal_start(&daemon->signals[SIGNAL_RELOAD], signal_reload, SIGHUP);
	if (err != 0)
		log_error("can't take signals: %s", uv_strerror(err));
	return err;
}

/* A large manifest is being read, on the loop's thread. */
static void manifests_progress(void *context)
{
	const struct daemon *daemon = context;

	manager_working(daemon->manager);
}

static int load_manifests(struct daemon *daemon)
{
	const struct settings *settings = daemon->settings;
	const struct directory_options options = {
		.debounce_ms = settings->debounce_ms,
		.empty_after_s = settings->empty_after_s,
		.changed = store_changed,
		.context = daemon,
	};
	size_t failed = 0;
	int err = store_create(&daemon->store);

	if (err == 0) {
		store_set_progress(daemon->store, manifests_progress, daemon);
		store_set_annotation_trust(daemon->store, settings_annotation_trust(settings));
		if (settings->broken_objects == FAIL_OPEN)
			store_open_broken(daemon->store);
		state_keeper_load(daemon->keeper, &daemon->loop, daemon->store);
		err = directory_start(&daemon->directory, &daemon->loop, daemon->store,
			settings->manifests, settings->manifest_count, &options, &failed);
	}
	if (err == -ENOMEM)
		log_error("out of memory");
	else if (err != 0)
		preflight_refuse_manifests(settings->manifests[failed], err);
	else {
		findings_log(&daemon->findings, daemon->store);
		state_keeper_changed(daemon->keeper);
	}
	return err;
}

/* Takes what a running daemon has, if there is one and that is wanted. */
static int begin_takeover(struct daemon *daemon, bool wanted)
{
	char problem[TAKEOVER_PROBLEM];
	int err;

	if (!wanted)
		return 0;
	err = takeover_begin(&daemon->takeover, daemon->settings->control_socket,
		daemon->settings->metrics_listen, &daemon->inheritance, problem);
	if (err == -ENOENT) {
		log_info("no podgate answers on %s: nothing to take over",
			daemon->settings->control_socket);
		return 0;
	}
	if (err != 0)
		log_error("%s", problem);
	return err;
}

static int compiled(void *context, char problem[ENFORCEMENT_PROBLEM])
{
	struct daemon *daemon = context;

	return daemon->takeover.fd < 0 ? 0 : takeover_pause(&daemon->takeover, problem);
}

static void end_takeover(struct daemon *daemon)
{
	if (daemon->takeover.fd >= 0)
		takeover_finish(&daemon->takeover);
	control_server_own(daemon->control);
}

static int open_claim(struct daemon *daemon)
{
	char problem[CLAIM_PROBLEM];
	const int err = claim_hold(&daemon->claim, &daemon->loop, daemon->takeover.claim,
		daemon->confinement.account.uid, daemon->settings->control_socket, problem);

	daemon->takeover.claim = -1;
	if (err != 0)
		log_error("%s", problem);
	else if (problem[0] != '\0')
		log_warnx("%s", problem);
	return err;
}

static int open_control(struct daemon *daemon)
{
	const struct control_server_options options = {
		.inherited = daemon->takeover.control >= 0 ? daemon->takeover.control : 0,
		.hand_over = hand_over,
		.abandoned = abandoned,
		.handed_over = handed_over,
		.loop = &daemon->loop,
		.path = daemon->settings->control_socket,
		.group = daemon->settings->control_group,
		.answer = answer,
		.open = open_listing,
		.replay = open_replay,
		.watched = watched,
		.context = daemon,
	};
	char problem[CONTROL_PROBLEM] = "out of memory";
	const int err = control_server_start(&daemon->control, &options, problem);

	daemon->takeover.control = -1;
	if (err != 0)
		log_error("%s", problem);
	return err;
}

/*
 * Opened before anything is enforced, because what can't be bound stops the start; served when
 * there is an answer.
 */
static int open_metrics(struct daemon *daemon)
{
	char problem[METRICS_PROBLEM];
	int err;

	if (daemon->settings->metrics_listen[0] == '\0')
		return 0;
	err = metrics_open(&daemon->metrics, &daemon->loop, daemon->settings->metrics_listen,
		daemon->takeover.metrics, problem);
	daemon->takeover.metrics = -1;
	if (err != 0)
		log_error("%s", problem);
	return err;
}

static int start_metrics(struct daemon *daemon)
{
	const struct status_sources sources = sources_of(daemon);
	int err;

	if (daemon->metrics == NULL)
		return 0;
	err = metrics_start(daemon->metrics, &sources, verdict_log_hits(daemon->log));
	if (err != 0)
		log_error("can't start the thread that serves metrics: %s", strerror(-err));
	else
		log_info("metrics at http://%s/metrics", daemon->settings->metrics_listen);
	return err;
}

static int open_log_file(struct daemon *daemon)
{
	const struct settings *settings = daemon->settings;
	const struct verdict_log_options options = {
		.path = settings->log_file,
		.rotate_bytes = (uint64_t)settings->log_size_mib * 1024 * 1024,
		.keep = settings->log_keep,
		.ring_capacity = ENFORCEMENT_RING_CAPACITY,
		.fold_ns = (uint64_t)settings->log_fold_s * 1000000000ULL,
		.lines_per_s = LOG_LINES_PER_S,
		.lines_ready = wake_loop,
		.context = daemon,
	};
	const int err = verdict_log_open(&daemon->log, &options);

	if (err != 0)
		preflight_refuse_log(settings, &daemon->confinement.account, err);
	return err;
}

/* Its files are all called manifests.N. */
static void give_state_folder(const struct daemon *daemon)
{
	char path[PATH_MAX];
	const char *folder = daemon->settings->state_directory;

	if (folder[0] != '\0' &&
		snprintf(path, sizeof(path), "%s/manifests", folder) < (int)sizeof(path))
		belongings_give_folder(path, &daemon->confinement.account);
}

/* It is opened as the user who will have to rotate it and to open it anew. */
static int open_log(struct daemon *daemon)
{
	char problem[CONFINEMENT_PROBLEM];
	int err, back;

	belongings_give_folder(daemon->settings->control_socket, &daemon->confinement.account);
	belongings_give_folder(daemon->settings->log_file, &daemon->confinement.account);
	give_state_folder(daemon);
	err = confinement_step_down(&daemon->confinement, problem);
	if (err != 0) {
		log_error("%s", problem);
		return err;
	}
	err = preflight_log_folder(daemon->settings, &daemon->confinement.account);
	if (err == 0)
		err = open_log_file(daemon);
	if (err == 0)
		err = state_keeper_open(
			&daemon->keeper, daemon->settings, &daemon->confinement.account);
	back = confinement_step_up(&daemon->confinement, problem);
	if (back != 0)
		log_error("%s", problem);
	return err != 0 ? err : back;
}

/* Binds the queues, which is the last that takes root. */
static int open_enforcement(struct daemon *daemon)
{
	char problem[ENFORCEMENT_PROBLEM] = "out of memory";
	int err = enforcement_open(
		&daemon->enforcement, daemon->settings, daemon->log, &daemon->inheritance, problem);

	if (err != 0)
		log_error("%s", problem);
	return err;
}

static int confine(struct daemon *daemon)
{
	char problem[CONFINEMENT_PROBLEM];
	int err = confinement_enter(&daemon->confinement, problem);

	if (err == 0 && helper_pid() != 0) {
		err = helper_watch(&daemon->loop, helper_ended, daemon);
		if (err != 0)
			snprintf(problem, sizeof(problem), "can't watch the helper process: %s",
				uv_strerror(err));
	}
	if (err != 0)
		log_error("%s", problem);
	return err;
}

static int start_enforcing(struct daemon *daemon)
{
	const struct publisher_options options = {
		.loop = &daemon->loop,
		.store = daemon->store,
		.enforcement = daemon->enforcement,
		.log = daemon->log,
		.settings = daemon->settings,
		.compiled = compiled,
		.published = published,
		.context = daemon,
	};
	char problem[ENFORCEMENT_PROBLEM] = "out of memory";
	int err = publisher_create(&daemon->publisher, &options);

	if (err == 0) {
		daemon->listings = (struct listings){.settings = daemon->settings,
			.publisher = daemon->publisher,
			.log = daemon->log};
		err = publisher_start(daemon->publisher, problem);
	}
	if (err != 0)
		log_error("%s", problem);
	else
		findings_log_claims(&daemon->findings, publisher_snapshot(daemon->publisher));
	return err;
}

static void say_ready(struct daemon *daemon)
{
	const struct snapshot *snapshot = publisher_snapshot(daemon->publisher);
	const struct cluster *cluster = snapshot_cluster(snapshot);
	const struct ruleset_options *rules = enforcement_rules(daemon->enforcement);

	confinement_log(&daemon->confinement);
	enforcement_log_inherited(daemon->enforcement);
	if (daemon->settings->audit)
		log_warnx("audit mode: what the policies deny is logged and passes");
	log_info("ready: %zu pods, %zu policies, %zu isolated, revision %llu, backend %s, queues "
		 "%u-%u",
		cluster->pod_count, cluster->policy_count, snapshot_isolated_pods(snapshot),
		(unsigned long long)snapshot_revision(snapshot),
		rules->backend == BACKEND_LEGACY ? "legacy" : "nft", rules->queue_base,
		rules->queue_base + gate_worker_count(enforcement_gate(daemon->enforcement)) - 1);
	say_problems(daemon);
}

static int tell_ready(struct daemon *daemon)
{
	const struct manager_options options = {
		.loop = &daemon->loop,
		.settings = daemon->settings,
		.enforcement = daemon->enforcement,
		.publisher = daemon->publisher,
	};

	return manager_ready(&daemon->manager, &options);
}

static void prepare_handover(struct daemon *daemon)
{
	daemon->handover = (struct handover){
		.settings = daemon->settings,
		.control = daemon->control,
		.metrics = daemon->metrics,
		.claim = daemon->claim,
		.enforcement = daemon->enforcement,
		.publisher = daemon->publisher,
	};
}

static int start(struct daemon *daemon, bool take_over)
{
	/*
	 * Signals first: one that comes during the start waits for the loop, which then stops what
	 * was started.
	 */
	int err = start_signals(daemon);

	if (err == 0)
		err = begin_takeover(daemon, take_over);
	if (err == 0)
		err = open_claim(daemon);
	if (err == 0)
		err = open_control(daemon);
	if (err == 0)
		err = open_metrics(daemon);
	if (err == 0)
		err = open_log(daemon);
	if (err == 0)
		err = open_enforcement(daemon);
	if (err == 0)
		err = confine(daemon);
	/*
	 * What others wrote is read with as few rights as possible, and shows here if the user
	 * can't read it.
	 */
	if (err == 0)
		err = load_manifests(daemon);
	if (err == 0)
		err = start_enforcing(daemon);
	if (err == 0)
		err = start_metrics(daemon);
	if (err == 0)
		err = tell_ready(daemon);
	if (err == 0) {
		end_takeover(daemon);
		prepare_handover(daemon);
	}
	return err;
}

/* ---- stop ---- */

/* The loop has run out. What the threads used goes after the threads. */
static void finish(struct daemon *daemon)
{
	enforcement_close(daemon->enforcement);
	/* after our workers have ended: a predecessor may go on now */
	takeover_deinit(&daemon->takeover);
	publisher_free(daemon->publisher);
	uv_close((uv_handle_t *)&daemon->lines_ready, NULL);
	uv_run(&daemon->loop, UV_RUN_DEFAULT);
	uv_loop_close(&daemon->loop);
	inheritance_deinit(&daemon->inheritance);
	verdict_log_free(daemon->log);
	store_free(daemon->store);
	state_keeper_free(daemon->keeper);
	helper_stop();
}

static void say_stopped(const struct daemon *daemon)
{
	const struct settings *settings = daemon->settings;

	if (daemon->handover.done) {
		log_info("stopped: the successor goes on with the queues");
		return;
	}
	log_info("stopped: the rules stay, so %s until podgate runs again; `podgate cleanup` "
		 "removes them",
		settings->daemon_away == FAIL_OPEN
			? "new connections of isolated pods pass unjudged (daemon_away: open)"
			: notify_is_wanted()
			? "new connections of isolated pods wait, if the service manager keeps the "
			  "queues, or are dropped (daemon_away: closed)"
			: "new connections of isolated pods are dropped (daemon_away: closed)");
}

/*
 * A gateway has little memory, and we have few threads: no arena for each of them, no pool larger
 * than what we ask of it. libuv 1.45 to 1.48 make an io_uring for files unless told not to; for
 * later versions there is confinement_before_loop().
 */
static void tune_libraries(void)
{
	mallopt(M_ARENA_MAX, 2);
	setenv("UV_THREADPOOL_SIZE", "3", 0);
	setenv("UV_USE_IO_URING", "0", 1);
}

static uint64_t now_ns(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (uint64_t)now.tv_sec * 1000000000ULL + (uint64_t)now.tv_nsec;
}

int daemon_run(const struct settings *settings, bool take_over)
{
	struct daemon daemon = {
		.settings = settings,
		.started_ns = now_ns(CLOCK_MONOTONIC),
		.started_wall_ns = now_ns(CLOCK_REALTIME),
	};
	int err;

	log_begin();
	descriptor_store_inherit(&daemon.inheritance);
	tune_libraries();
	/* a watcher or a log reader that went away is an error of its write, no more */
	signal(SIGPIPE, SIG_IGN);
	err = prepare(&daemon, take_over);
	if (err == 0)
		err = open_loop(&daemon);
	if (err != 0) {
		helper_stop();
		inheritance_deinit(&daemon.inheritance);
		return err;
	}
	takeover_init(&daemon.takeover);
	err = start(&daemon, take_over);
	if (err == 0)
		say_ready(&daemon);
	else
		stop_loop(&daemon);
	uv_run(&daemon.loop, UV_RUN_DEFAULT);
	finish(&daemon);
	if (err == 0)
		err = daemon.err;
	if (err == 0)
		say_stopped(&daemon);
	return err;
}
