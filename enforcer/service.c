/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "enforcer/service.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "enforcer/process/log.h"
#include "enforcer/process/notify.h"
#include "enforcer/views/problems.h"

enum {
	TICK_MS = 1000,
	EXTEND_US = 60000000,	/* what a start that makes progress asks for */
	FEEDS = 4,	/* chances to feed the watchdog before it bites */
	LINE = 320,
};

struct service {
	struct service_options options;
	uv_timer_t tick;
	char line[LINE];		/* as last told */
	bool reloading;
	uint64_t feed_us;		/* how often the workers are asked; 0: nobody watches */
	uint64_t asked_us;
	bool silent;			/* one did not answer in time, and it was said */
};

static uint64_t now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000ULL + (uint64_t)now.tv_nsec / 1000;
}

/* ---- what it is doing ---- */

static void write_line(const struct service *service, char line[LINE])
{
	const struct snapshot *snapshot = publisher_snapshot(service->options.publisher);
	const struct cluster *cluster = snapshot_cluster(snapshot);
	const struct problem_sources sources = {
		.settings = service->options.settings, .cluster = cluster, .isolated = snapshot_isolated_pods(snapshot)};
	const bool audit = service->options.settings->audit;
	struct publish_stats stats;
	int length;

	publisher_stats(service->options.publisher, &stats);
	length = snprintf(line, LINE, "STATUS=%s %zu policies on %zu pods, %zu addresses isolated, revision %" PRIu64,
		problems_is_idle(&sources) ? "ENFORCING NOTHING:" : audit ? "AUDIT MODE, nothing is denied:" : "Enforcing",
		cluster->policy_count,
		cluster->pod_count, snapshot_isolated_pods(snapshot), snapshot_revision(snapshot));
	if (stats.problem != NULL && length < LINE)
		snprintf(line + length, (size_t)(LINE - length), "; FAILING: %s", stats.problem);
	line[strcspn(line, "\n")] = '\0';	/* a second line would be another message */
}

static void tell_line(struct service *service)
{
	char line[LINE];

	write_line(service, line);
	if (strcmp(line, service->line) == 0)
		return;
	memcpy(service->line, line, LINE);
	notify_service_manager(line);
}

static void tell_reloaded(struct service *service)
{
	struct publish_stats stats;

	publisher_stats(service->options.publisher, &stats);
	if (!service->reloading || stats.pending)
		return;
	service->reloading = false;
	notify_service_manager("READY=1");
}

/* ---- that it is alive ---- */

static void note_silence(struct service *service, unsigned int worker)
{
	if (!service->silent)
		log_error("the worker of queue %u does not answer: its packets wait, and the watchdog is not fed",
			enforcement_rules(service->options.enforcement)->queue_base + worker);
	service->silent = true;
}

static void note_answers(struct service *service)
{
	if (service->silent)
		log_info("all workers answer again");
	service->silent = false;
	notify_service_manager("WATCHDOG=1");
}

/* The workers have had since the last time to take what they were sent. */
static void feed(struct service *service)
{
	const uint64_t now = now_us();
	unsigned int worker;

	if (service->feed_us == 0 || now - service->asked_us < service->feed_us)
		return;
	if (enforcement_workers_answered(service->options.enforcement, &worker))
		note_answers(service);
	else
		note_silence(service, worker);
	enforcement_ask_workers(service->options.enforcement);
	service->asked_us = now;
}

static void tick(uv_timer_t *timer)
{
	struct service *service = timer->data;

	tell_reloaded(service);
	tell_line(service);
	feed(service);
}

void service_working(struct service *service)
{
	static uint64_t extended_us;	/* there is one start, on one thread */
	const uint64_t now = now_us();

	if (service != NULL) {
		feed(service);
	} else if (notify_is_wanted() && now - extended_us > EXTEND_US / 4) {
		notify_service_manager("EXTEND_TIMEOUT_USEC=60000000");
		extended_us = now;
	}
}

/* ---- its life ---- */

/* A watchdog that wants to hear sooner than a few ticks allow is fed more often. */
static uint64_t tick_ms(const struct service *service)
{
	const uint64_t feed_ms = service->feed_us / 1000;

	return service->feed_us == 0 || feed_ms > TICK_MS ? TICK_MS : feed_ms < 10 ? 10 : feed_ms;
}

int service_ready(struct service **out, const struct service_options *options)
{
	struct service *service;

	*out = NULL;
	if (!notify_is_wanted())
		return 0;
	service = calloc(1, sizeof(*service));
	if (service == NULL)
		return -ENOMEM;
	service->options = *options;
	service->feed_us = notify_watchdog_us() / FEEDS;
	uv_timer_init(options->loop, &service->tick);
	service->tick.data = service;
	uv_timer_start(&service->tick, tick, tick_ms(service), tick_ms(service));
	notify_service_manager("READY=1");
	tell_line(service);
	enforcement_ask_workers(options->enforcement);
	service->asked_us = now_us();
	*out = service;
	return 0;
}

void service_reloading(struct service *service)
{
	char message[64];

	if (service == NULL)
		return;
	service->reloading = true;
	snprintf(message, sizeof(message), "RELOADING=1\nMONOTONIC_USEC=%" PRIu64, now_us());
	notify_service_manager(message);
}

static void free_service(uv_handle_t *timer)
{
	free(timer->data);
}

void service_stopping(struct service *service)
{
	if (service == NULL)
		return;
	notify_service_manager("STOPPING=1\nSTATUS=Stopping: the rules stay");
	uv_close((uv_handle_t *)&service->tick, free_service);
}
