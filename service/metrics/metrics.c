/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/metrics/metrics.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "process/clock.h"
#include "process/work_thread.h"
#include "service/http/listen_socket.h"
#include "service/metrics/exposition.h"
#include "service/metrics/metrics_text.h"
#include "service/views/health.h"
#include "service/views/figures_query.h"

enum {
	PAUSE_MS = 4, /* between two rounds, so that a flood of connections costs little */
	SAMPLE_MS = 1000,
	STACK_BYTES = 256 * 1024,
};

struct metrics {
	struct http_server *server;
	struct figures_query *query;
	struct status_sources sources;
	struct policy_hits *hits;
	struct work_thread thread;

	/* The thread's own. */
	uint64_t sampled_ns;
	struct policy_series *series;
	struct health health;
};

/* ---- on the thread ---- */

/* What does not need the loop: so a loop that hangs on a thread does not hide which. */
static void sample(struct metrics *metrics)
{
	const struct enforcement *enforcement = metrics->sources.enforcement;
	const struct gate *gate = enforcement_gate(enforcement);
	struct health *health = &metrics->health;
	const uint64_t now = clock_ns();
	struct worker_stats stats;

	if (metrics->sampled_ns != 0 && now - metrics->sampled_ns < SAMPLE_MS * NS_PER_MS)
		return;
	metrics->sampled_ns = now;
	health->worker_count = gate_worker_count(gate);
	health->queue_base = enforcement_rules(enforcement)->queue_base;
	for (unsigned int i = 0; i < health->worker_count; i++) {
		gate_stats(gate, i, &stats);
		health_see(&health->workers[i], health_worker_pulse(&stats), now);
	}
	health_see(&health->log, verdict_log_pulse(metrics->sources.log), now);
	health_see(&health->learner, enforcement_learner_pulse(enforcement), now);
	health_see(&health->loop, figures_query_pulse(metrics->query), now);
}

static void put(struct http_answer *out, unsigned int status, const char *text)
{
	out->status = status;
	if (asprintf(&out->body, "%s\n", text) < 0)
		out->body = NULL;
	else
		out->length = strlen(out->body);
}

static const char loop_is_silent[] = "the main loop does not answer";

static void answer_metrics(struct metrics *metrics, struct http_answer *out)
{
	const struct status_figures *figures = figures_query_get(metrics->query);
	FILE *to;

	if (figures == NULL) {
		put(out, 503, loop_is_silent);
		return;
	}
	to = open_memstream(&out->body, &out->length);
	if (to == NULL)
		return;
	policy_series_update(metrics->series, metrics->hits, figures->cluster);
	metrics_text_write(to, figures, metrics->series);
	if (fclose(to) != 0) {
		free(out->body);
		out->body = NULL;
		return;
	}
	out->status = 200;
	out->content_type = EXPOSITION_CONTENT_TYPE;
}

/* `figures` NULL: the job is not known then; how long the loop has been silent is. */
static bool is_alive(
	struct metrics *metrics, const struct status_figures *figures, char reason[HEALTH_REASON])
{
	metrics->health.job_ns = figures != NULL ? figures->publish.busy_ns : 0;
	return health_alive(&metrics->health, clock_ns(), reason);
}

static void answer_healthz(struct metrics *metrics, struct http_answer *out)
{
	char reason[HEALTH_REASON];

	if (is_alive(metrics, figures_query_get(metrics->query), reason))
		put(out, 200, "ok");
	else
		put(out, 503, reason);
}

/* What does not live enforces nothing to rely on. */
static void answer_readyz(struct metrics *metrics, struct http_answer *out)
{
	const struct status_figures *figures = figures_query_get(metrics->query);
	char reason[HEALTH_REASON];

	if (!is_alive(metrics, figures, reason))
		put(out, 503, reason);
	else if (figures == NULL)
		put(out, 503, loop_is_silent);
	else if (!health_ready(figures, reason))
		put(out, 503, reason);
	else
		put(out, 200, "ok");
}

static void answer_index(struct metrics *metrics, struct http_answer *out)
{
	(void)metrics;
	put(out, 200,
		"podgate " PODGATE_VERSION
		"\n\n/metrics  for Prometheus\n/healthz  whether it lives\n"
		"/readyz   whether the policies are in force");
}

static void answer(void *context, const char *path, struct http_answer *out)
{
	static const struct {
		const char *path;
		void (*answer)(struct metrics *metrics, struct http_answer *out);
	} pages[] = {
		{"/metrics", answer_metrics},
		{"/healthz", answer_healthz},
		{"/readyz", answer_readyz},
		{"/", answer_index},
	};

	for (size_t i = 0; i < sizeof(pages) / sizeof(pages[0]); i++) {
		if (strcmp(path, pages[i].path) == 0) {
			pages[i].answer(context, out);
			return;
		}
	}
	put(out, 404, "no such page: there are /metrics, /healthz and /readyz");
}

static int work(void *context, bool last)
{
	struct metrics *metrics = context;
	int wait_ms;

	if (last)
		return -1;
	sample(metrics);
	wait_ms = http_server_run(metrics->server);
	return wait_ms < SAMPLE_MS ? wait_ms : SAMPLE_MS;
}

/* ---- start and stop ---- */

static int open_server(
	struct metrics *metrics, const char *listen, int inherited, char problem[PROBLEM_SIZE])
{
	const struct http_server_options options = {
		.listen_fd = inherited >= 0 ? inherited
					    : listen_socket_open("metrics_listen", listen, problem),
		.answer = answer,
		.context = metrics,
	};

	return options.listen_fd < 0 ? options.listen_fd
				     : http_server_open(&metrics->server, &options, problem);
}

int metrics_open(struct metrics **out, uv_loop_t *loop, const char *listen, int inherited,
	char problem[PROBLEM_SIZE])
{
	struct metrics *metrics = calloc(1, sizeof(*metrics));
	int err;

	snprintf(problem, PROBLEM_SIZE, "out of memory");
	if (metrics == NULL)
		return -ENOMEM;
	err = work_thread_init(&metrics->thread);
	if (err == 0)
		err = figures_query_open(&metrics->query, loop);
	if (err == 0)
		err = policy_series_create(&metrics->series);
	if (err != 0)
		snprintf(problem, PROBLEM_SIZE, "can't serve metrics: %s", strerror(-err));
	else
		err = open_server(metrics, listen, inherited, problem);
	if (err != 0) {
		metrics_stop(metrics);
		return err;
	}
	*out = metrics;
	return 0;
}

int metrics_listener(const struct metrics *metrics)
{
	return http_server_listener(metrics->server);
}

int metrics_start(
	struct metrics *metrics, const struct status_sources *sources, struct policy_hits *hits)
{
	const struct work_thread_options work_options = {
		.name = "podgate-http",
		.stack_bytes = STACK_BYTES,
		.nap_ms = PAUSE_MS,
		.fd = http_server_fd(metrics->server),
		.round = work,
		.context = metrics,
	};

	metrics->sources = *sources;
	figures_query_set_sources(metrics->query, sources);
	metrics->hits = hits;
	return work_thread_start(&metrics->thread, &work_options);
}

void metrics_stop(struct metrics *metrics)
{
	if (metrics == NULL)
		return;
	if (metrics->thread.running) {
		figures_query_stop(metrics->query);
		work_thread_stop(&metrics->thread);
	}
	http_server_close(metrics->server);
	policy_series_free(metrics->series);
	figures_query_close(metrics->query);
	work_thread_deinit(&metrics->thread);
	free(metrics);
}
