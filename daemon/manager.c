/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/manager.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "process/clock.h"
#include "process/log.h"
#include "process/notify.h"
#include "service/views/problems.h"

enum {
	TICK_MS = 1000,
	EXTEND_US = 60000000, /* what a start that makes progress asks for */
	FEEDS = 4,	      /* chances to feed the watchdog before it bites */
	LINE = 320,
};

struct manager {
	struct manager_options options;
	uv_timer_t tick;
	char line[LINE]; /* as last told */
	bool reloading;
	uint64_t feed_us; /* how often the workers are asked; 0: there is no watchdog */
	uint64_t asked_us;
	bool silent; /* one did not answer in time, and it was said */
};

/* ---- what it is doing ---- */

static void write_line(const struct manager *manager, char line[LINE])
{
	const struct snapshot *snapshot = publisher_snapshot(manager->options.publisher);
	const struct cluster *cluster = snapshot_cluster(snapshot);
	const struct problem_sources sources = {.settings = manager->options.settings,
		.cluster = cluster,
		.isolated = snapshot_isolated_pods(snapshot)};
	const bool audit = manager->options.settings->audit;
	struct publish_stats stats;
	int length;

	publisher_stats(manager->options.publisher, &stats);
	length = snprintf(line, LINE,
		"STATUS=%s %zu policies on %zu pods, %zu addresses isolated, revision %" PRIu64,
		problems_is_idle(&sources) ? "ENFORCING NOTHING:"
			: audit		   ? "AUDIT MODE, nothing is denied:"
					   : "Enforcing",
		cluster->policy_count, cluster->pod_count, snapshot_isolated_pods(snapshot),
		snapshot_revision(snapshot));
	if (stats.problem != NULL && length < LINE)
		snprintf(line + length, (size_t)(LINE - length), "; FAILING: %s", stats.problem);
	line[strcspn(line, "\n")] = '\0'; /* a second line would be another message */
}

static void tell_line(struct manager *manager)
{
	char line[LINE];

	write_line(manager, line);
	if (strcmp(line, manager->line) == 0)
		return;
	memcpy(manager->line, line, LINE);
	notify_service_manager(line);
}

/* ---- that it is alive ---- */

/* Since the last time the workers could take what they were sent. */
static void feed(struct manager *manager)
{
	struct enforcement *enforcement = manager->options.enforcement;
	const uint64_t now = clock_us();
	unsigned int worker;

	if (manager->feed_us == 0 || now - manager->asked_us < manager->feed_us)
		return;
	if (enforcement_workers_answered(enforcement, &worker)) {
		if (manager->silent)
			log_info("all workers answer again");
		manager->silent = false;
		notify_service_manager("WATCHDOG=1");
	} else {
		if (!manager->silent)
			log_error("the worker of queue %u does not answer: its packets wait, and "
				  "the watchdog is not fed",
				enforcement_rules(enforcement)->queue_base + worker);
		manager->silent = true;
	}
	enforcement_ask_workers(enforcement);
	manager->asked_us = now;
}

static void tick(uv_timer_t *timer)
{
	struct manager *manager = timer->data;
	struct publish_stats stats;

	publisher_stats(manager->options.publisher, &stats);
	if (manager->reloading && !stats.pending) {
		manager->reloading = false;
		notify_service_manager("READY=1");
	}
	tell_line(manager);
	feed(manager);
}

void manager_starting(void)
{
	static uint64_t extended_us; /* there is one start, on one thread */
	const uint64_t now = clock_us();

	if (notify_is_wanted() && now - extended_us > EXTEND_US / 4) {
		notify_service_manager("EXTEND_TIMEOUT_USEC=60000000");
		extended_us = now;
	}
}

/* ---- its life ---- */

/* A watchdog that wants to hear sooner than a few ticks allow is fed more often. */
static uint64_t tick_ms(const struct manager *manager)
{
	const uint64_t feed_ms = manager->feed_us / 1000;

	return manager->feed_us == 0 || feed_ms > TICK_MS ? TICK_MS : feed_ms < 10 ? 10 : feed_ms;
}

int manager_ready(struct manager **out, const struct manager_options *options)
{
	struct manager *manager;

	*out = NULL;
	if (!notify_is_wanted())
		return 0;
	manager = calloc(1, sizeof(*manager));
	if (manager == NULL)
		return -ENOMEM;
	manager->options = *options;
	manager->feed_us = notify_watchdog_us() / FEEDS;
	uv_timer_init(options->loop, &manager->tick);
	manager->tick.data = manager;
	uv_timer_start(&manager->tick, tick, tick_ms(manager), tick_ms(manager));
	notify_service_manager("READY=1");
	tell_line(manager);
	enforcement_ask_workers(options->enforcement);
	manager->asked_us = clock_us();
	*out = manager;
	return 0;
}

void manager_reloading(struct manager *manager)
{
	char message[64];

	if (manager == NULL)
		return;
	manager->reloading = true;
	snprintf(message, sizeof(message), "RELOADING=1\nMONOTONIC_USEC=%" PRIu64, clock_us());
	notify_service_manager(message);
}

static void free_manager(uv_handle_t *timer)
{
	free(timer->data);
}

void manager_stopping(struct manager *manager)
{
	if (manager == NULL)
		return;
	notify_service_manager("STOPPING=1\nSTATUS=Stopping: the rules stay");
	uv_close((uv_handle_t *)&manager->tick, free_manager);
}
