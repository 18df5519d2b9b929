/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/views/figures_query.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

#include "process/clock.h"

enum {
	FRESH_MS = 100,
	PATIENCE_MS = 500, /* clients of /healthz often wait a second at most */
};

struct figures_query {
	struct status_sources sources;
	uv_async_t ask;
	/* The loop's pulse: calls made, and calls that the loop had heard at its last answer. */
	atomic_uint_fast64_t calls, answers;

	pthread_mutex_t lock; /* of the fields up to the blank line */
	pthread_cond_t handed_over;
	bool wanted, stopped;
	struct status_figures *fresh; /* from the loop, for the other thread to take; or NULL */

	/* The other thread's own. */
	struct status_figures *figures; /* taken last, or NULL */
	uint64_t wanted_ns; /* the time at which the loop was asked; 0: it has answered */
};

static void free_figures(struct status_figures *figures)
{
	if (figures != NULL)
		status_figures_release(figures);
	free(figures);
}

/* ---- on the loop ---- */

/* NULL when memory is short: then the thread gets no answer, and says so. */
static struct status_figures *gather(const struct figures_query *query)
{
	struct status_figures *figures = malloc(sizeof(*figures));

	if (figures != NULL && status_figures_gather(&query->sources, figures) == 0)
		return figures;
	free(figures);
	return NULL;
}

static void answer(uv_async_t *async)
{
	struct figures_query *query = async->data;
	struct status_figures *figures = NULL, *old = NULL;
	bool wanted;

	atomic_store(&query->answers, atomic_load(&query->calls));
	pthread_mutex_lock(&query->lock);
	wanted = query->wanted;
	pthread_mutex_unlock(&query->lock);
	if (wanted)
		figures = gather(query);
	if (figures == NULL)
		return;
	pthread_mutex_lock(&query->lock);
	old = query->fresh;
	query->fresh = figures;
	query->wanted = false;
	pthread_cond_signal(&query->handed_over);
	pthread_mutex_unlock(&query->lock);
	free_figures(old);
}

/* ---- on the other thread ---- */

static void call_loop(struct figures_query *query)
{
	atomic_fetch_add(&query->calls, 1);
	uv_async_send(&query->ask);
}

/* Asks the loop for figures and waits until they come, or `until_ns`, or figures_query_stop(). */
static void wait_for_figures(struct figures_query *query, uint64_t until_ns)
{
	const struct timespec until = {
		.tv_sec = (time_t)(until_ns / NS_PER_S), .tv_nsec = (long)(until_ns % NS_PER_S)};
	int err = 0;

	pthread_mutex_lock(&query->lock);
	query->wanted = true;
	call_loop(query);
	while (err == 0 && query->fresh == NULL && !query->stopped)
		err = pthread_cond_timedwait(&query->handed_over, &query->lock, &until);
	pthread_mutex_unlock(&query->lock);
}

/* Takes figures that have come. Whether there are fresh ones. */
static bool take_figures(struct figures_query *query)
{
	struct status_figures *figures;

	pthread_mutex_lock(&query->lock);
	figures = query->fresh;
	query->fresh = NULL;
	pthread_mutex_unlock(&query->lock);
	if (figures != NULL) {
		free_figures(query->figures);
		query->figures = figures;
		query->wanted_ns = 0;
	}
	return query->figures != NULL &&
		clock_ns() - query->figures->gathered_ns < FRESH_MS * NS_PER_MS;
}

const struct status_figures *figures_query_get(struct figures_query *query)
{
	if (take_figures(query))
		return query->figures;
	if (query->wanted_ns == 0)
		query->wanted_ns = clock_ns();
	wait_for_figures(query, query->wanted_ns + PATIENCE_MS * NS_PER_MS);
	return take_figures(query) ? query->figures : NULL;
}

struct pulse figures_query_pulse(struct figures_query *query)
{
	const uint64_t answers = atomic_load(&query->answers);

	if (answers == atomic_load(&query->calls))
		call_loop(query);
	return (struct pulse){.done = answers, .due = true};
}

/* ---- open and close ---- */

static void free_closed(uv_handle_t *handle)
{
	free(handle->data);
}

int figures_query_open(struct figures_query **out, uv_loop_t *loop)
{
	struct figures_query *query = calloc(1, sizeof(*query));
	pthread_condattr_t attr;
	int err;

	if (query == NULL)
		return -ENOMEM;
	err = uv_async_init(loop, &query->ask, answer);
	if (err != 0) {
		free(query);
		return err;
	}
	query->ask.data = query;
	pthread_mutex_init(&query->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&query->handed_over, &attr);
	pthread_condattr_destroy(&attr);
	*out = query;
	return 0;
}

void figures_query_set_sources(struct figures_query *query, const struct status_sources *sources)
{
	query->sources = *sources;
}

void figures_query_stop(struct figures_query *query)
{
	pthread_mutex_lock(&query->lock);
	query->stopped = true;
	pthread_cond_signal(&query->handed_over);
	pthread_mutex_unlock(&query->lock);
}

void figures_query_close(struct figures_query *query)
{
	if (query == NULL)
		return;
	free_figures(query->figures);
	free_figures(query->fresh);
	pthread_cond_destroy(&query->handed_over);
	pthread_mutex_destroy(&query->lock);
	uv_close((uv_handle_t *)&query->ask, free_closed);
}
