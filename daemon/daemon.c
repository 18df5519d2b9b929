/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/daemon.h"

#include <errno.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/events.h"
#include "daemon/own_files.h"
#include "daemon/parts.h"
#include "daemon/preflight.h"
#include "enforcer/privilege/helper.h"
#include "process/clock.h"
#include "process/descriptor_store.h"
#include "process/log.h"
#include "process/notify.h"

/* ---- start ---- */

/*
 * Before anything is opened: the helper, which is forked here, should have nothing to leave behind.
 * One daemon runs in a network namespace, unless this one takes the place of the other.
 */
static int prepare(struct daemon *daemon, bool take_over)
{
	char problem[PROBLEM_SIZE];
	int err = confinement_prepare(&daemon->confinement, daemon->settings, problem);

	/* open_claim() warns of what could not be found out here. */
	if (err == 0 && !take_over)
		err = claim_refuse_second(daemon->confinement.account.uid, problem);
	if (err == 0) {
		err = preflight_host(daemon->settings);
		if (err != 0)
			return err; /* the log has said it */
		err = confinement_start_helper(&daemon->confinement, problem);
	}
	if (err == 0)
		err = confinement_before_loop(&daemon->confinement, problem);
	if (err != 0)
		log_error("%s", problem);
	return err;
}

static int load_manifests(struct daemon *daemon)
{
	const struct settings *settings = daemon->settings;
	const struct directory_options options = {
		.debounce_ms = settings->debounce_ms,
		.empty_after_s = settings->empty_after_s,
	};
	struct source *directory;
	size_t failed = 0;
	int err = store_create(&daemon->store);

	if (err == 0) {
		store_set_progress(daemon->store, events_manifests_progress, NULL);
		store_set_annotation_trust(daemon->store, settings_annotation_trust(settings));
		if (settings->broken_objects == FAIL_OPEN)
			store_open_broken(daemon->store);
		state_keeper_load(daemon->keeper, &daemon->loop, daemon->store);
		err = directory_create(&directory, daemon->store, settings->manifests,
			settings->manifest_count, &options, &failed);
	}
	if (err == 0)
		err = source_start(directory, &daemon->loop, events_source_read, daemon);
	if (err == -ENOMEM)
		log_error("out of memory");
	else if (err != 0)
		preflight_refuse_manifests(settings->manifests[failed], err);
	else {
		daemon->sources.items[daemon->sources.count++] = directory;
		store_set_progress(daemon->store, NULL, NULL); /* from here on the loop turns */
		findings_log(&daemon->findings, daemon->store);
		state_keeper_changed(daemon->keeper);
	}
	return err;
}

/* Takes what a running daemon has, if there is one. */
static int begin_takeover(struct daemon *daemon)
{
	char problem[PROBLEM_SIZE];
	const int err = takeover_begin(&daemon->takeover, daemon->settings->control_socket,
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

static int compiled(void *context, char problem[PROBLEM_SIZE])
{
	struct daemon *daemon = context;

	return daemon->takeover.fd < 0 ? 0 : takeover_pause(&daemon->takeover, problem);
}

static int open_claim(struct daemon *daemon)
{
	char problem[PROBLEM_SIZE];
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
	struct control_server_options options = {
		.inherited = daemon->takeover.control >= 0 ? daemon->takeover.control : 0,
		.loop = &daemon->loop,
		.path = daemon->settings->control_socket,
		.group = daemon->settings->control_group,
	};
	char problem[PROBLEM_SIZE] = "out of memory";
	int err;

	answers_set_callbacks(&daemon->answers, &options);
	err = control_server_start(&daemon->control, &options, problem);
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
	char problem[PROBLEM_SIZE];
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

/* Binds the queues, which is the last that takes root. */
static int open_enforcement(struct daemon *daemon)
{
	char problem[PROBLEM_SIZE] = "out of memory";
	int err = enforcement_open(
		&daemon->enforcement, daemon->settings, daemon->log, &daemon->inheritance, problem);

	if (err != 0)
		log_error("%s", problem);
	return err;
}

static int confine(struct daemon *daemon)
{
	char problem[PROBLEM_SIZE];
	int err = confinement_enter(&daemon->confinement, problem);

	if (err == 0 && helper_pid() != 0) {
		err = helper_watch(&daemon->loop, events_helper_ended, daemon);
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
		.published = events_published,
		.context = daemon,
	};
	char problem[PROBLEM_SIZE] = "out of memory";
	int err = publisher_create(&daemon->publisher, &options);

	if (err == 0)
		err = publisher_start(daemon->publisher, problem);
	if (err != 0)
		log_error("%s", problem);
	else
		findings_log_claims(&daemon->findings, publisher_snapshot(daemon->publisher));
	return err;
}

static void prepare_answers(struct daemon *daemon)
{
	daemon->answers = (struct answers){
		.sources = {.settings = daemon->settings,
			.confinement = &daemon->confinement,
			.store = daemon->store,
			.source_list = &daemon->sources,
			.keeper = daemon->keeper,
			.publisher = daemon->publisher,
			.enforcement = daemon->enforcement,
			.log = daemon->log,
			.started_ns = daemon->started_ns,
			.started_wall_ns = daemon->started_wall_ns},
		.publisher = daemon->publisher,
		.log = daemon->log,
		.listings = {.settings = daemon->settings,
			.publisher = daemon->publisher,
			.log = daemon->log},
		.handover = {.settings = daemon->settings,
			.control = daemon->control,
			.metrics = daemon->metrics,
			.claim = daemon->claim,
			.enforcement = daemon->enforcement,
			.publisher = daemon->publisher},
		.handed_over = events_handed_over,
		.context = daemon,
	};
}

static int start_metrics(struct daemon *daemon)
{
	int err;

	if (daemon->metrics == NULL)
		return 0;
	err = metrics_start(
		daemon->metrics, &daemon->answers.sources, verdict_log_hits(daemon->log));
	if (err != 0)
		log_error("can't start the thread that serves metrics: %s", strerror(-err));
	else
		log_info("metrics at http://%s/metrics", daemon->settings->metrics_listen);
	return err;
}

static void log_ready(struct daemon *daemon)
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
	events_log_problems(daemon);
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

/*
 * Signals first: one that comes during the start waits for the loop, which then stops what was
 * started. The manifests are read with as few rights as possible: it shows here if the user can't
 * read them.
 */
static int start(struct daemon *daemon, bool take_over)
{
	int err = events_start_signals(daemon);

	if (err == 0 && take_over)
		err = begin_takeover(daemon);
	if (err == 0)
		err = open_claim(daemon);
	if (err == 0)
		err = open_control(daemon);
	if (err == 0)
		err = open_metrics(daemon);
	if (err == 0)
		err = own_files_open(&daemon->confinement, events_lines_ready, daemon, &daemon->log,
			&daemon->keeper);
	if (err == 0)
		err = open_enforcement(daemon);
	if (err == 0)
		err = confine(daemon);
	if (err == 0)
		err = load_manifests(daemon);
	if (err == 0)
		err = start_enforcing(daemon);
	if (err != 0)
		return err;
	prepare_answers(daemon);
	err = start_metrics(daemon);
	if (err != 0)
		return err;
	err = tell_ready(daemon);
	if (err != 0)
		return err;
	if (daemon->takeover.fd >= 0)
		takeover_finish(&daemon->takeover);
	control_server_own(daemon->control);
	return 0;
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

static void log_stopped(const struct daemon *daemon)
{
	const struct settings *settings = daemon->settings;

	if (daemon->answers.handover.done) {
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
	setenv("UV_THREADPOOL_SIZE", "4", 0);
	setenv("UV_USE_IO_URING", "0", 1);
}

int daemon_run(const struct settings *settings, bool take_over)
{
	struct daemon daemon = {
		.settings = settings,
		.started_ns = clock_ns(),
		.started_wall_ns = clock_wall_ns(),
	};
	int err;

	log_begin();
	descriptor_store_inherit(&daemon.inheritance);
	tune_libraries();
	/* a watcher or a log reader that went away is an error of its write, no more */
	signal(SIGPIPE, SIG_IGN);
	err = prepare(&daemon, take_over);
	if (err == 0)
		err = events_open_loop(&daemon);
	if (err != 0) {
		helper_stop();
		inheritance_deinit(&daemon.inheritance);
		return err;
	}
	takeover_init(&daemon.takeover);
	err = start(&daemon, take_over);
	if (err == 0)
		log_ready(&daemon);
	else
		events_stop(&daemon);
	uv_run(&daemon.loop, UV_RUN_DEFAULT);
	finish(&daemon);
	if (err == 0)
		err = daemon.err;
	if (err == 0)
		log_stopped(&daemon);
	return err;
}
