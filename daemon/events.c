/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/events.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>

#include "enforcer/privilege/helper.h"
#include "process/log.h"

void events_source_read(void *context, bool changed, uint64_t since_ns)
{
	struct daemon *daemon = context;

	publisher_await(daemon->publisher, source_list_is_awaited(&daemon->sources));
	if (!changed)
		return;
	findings_log(&daemon->findings, daemon->store);
	state_keeper_changed(daemon->keeper);
	publisher_changed(daemon->publisher, uv_hrtime() - since_ns);
}

/* Sends coalesce, so a flood of lines wakes the loop now and then. */
void events_lines_ready(void *context)
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
		free(line);
	}
	if (lost > 0 && daemon->control != NULL)
		control_server_send_lost(daemon->control, lost);
}

void events_stop(struct daemon *daemon)
{
	if (daemon->stopping)
		return;
	daemon->stopping = daemon->answers.stopping = true;
	manager_stopping(daemon->manager);
	metrics_stop(daemon->metrics);
	daemon->metrics = NULL;
	control_server_stop(daemon->control);
	daemon->control = NULL;
	claim_stop(daemon->claim);
	daemon->claim = NULL;
	source_list_stop(&daemon->sources);
	state_keeper_stop(daemon->keeper);
	if (daemon->publisher != NULL)
		publisher_stop(daemon->publisher);
	helper_unwatch();
	for (size_t i = 0; i < SIGNAL_COUNT; i++)
		uv_close((uv_handle_t *)&daemon->signals[i], NULL);
}

void events_handed_over(void *context)
{
	events_stop(context);
}

static void signal_stop(uv_signal_t *handle, int number)
{
	struct daemon *daemon = handle->data;

	log_info("stopping on %s", number == SIGINT ? "SIGINT" : "SIGTERM");
	events_stop(daemon);
}

static void signal_reload(uv_signal_t *handle, int number)
{
	struct daemon *daemon = handle->data;

	(void)number;
	log_info("SIGHUP: reading the manifests and opening the log file again");
	manager_reloading(daemon->manager);
	verdict_log_reopen(daemon->log);
	source_list_rescan(&daemon->sources);
	publisher_await(daemon->publisher, true);
}

/*
 * Without the helper no rule is repaired, and a confined process can't start another. A fresh start
 * can, and the rules hold meanwhile.
 */
void events_helper_ended(void *context)
{
	struct daemon *daemon = context;

	log_error("the helper process that runs iptables has ended: stopping, to be started again");
	daemon->err = -ECHILD;
	events_stop(daemon);
}

void events_log_problems(struct daemon *daemon)
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

void events_published(void *context)
{
	struct daemon *daemon = context;

	findings_log_claims(&daemon->findings, publisher_snapshot(daemon->publisher));
	events_log_problems(daemon);
}

void events_manifests_progress(void *context)
{
	(void)context;
	manager_starting();
}

int events_open_loop(struct daemon *daemon)
{
	int err = uv_loop_init(&daemon->loop);

	if (err != 0) {
		log_error("can't make an event loop: %s", uv_strerror(err));
		return err;
	}
	/* It does not keep the loop going, as it must outlive the loop's run: the log thread does.
	 */
	uv_async_init(&daemon->loop, &daemon->lines_ready, forward_lines);
	uv_unref((uv_handle_t *)&daemon->lines_ready);
	daemon->lines_ready.data = daemon;
	for (size_t i = 0; i < SIGNAL_COUNT; i++) {
		uv_signal_init(&daemon->loop, &daemon->signals[i]);
		daemon->signals[i].data = daemon;
	}
	return 0;
}

int events_start_signals(struct daemon *daemon)
{
	static const int numbers[] = {SIGTERM, SIGINT, SIGHUP};
	int err = 0;

	for (size_t i = 0; i < SIGNAL_COUNT && err == 0; i++)
		err = uv_signal_start(&daemon->signals[i],
			numbers[i] == SIGHUP ? signal_reload : signal_stop, numbers[i]);
	if (err != 0)
		log_error("can't take signals: %s", uv_strerror(err));
	return err;
}
