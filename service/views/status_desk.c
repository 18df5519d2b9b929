/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/views/status_desk.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

#include "process/clock.h"

enum {
	FRESH_MS = 100,
	PATIENCE_MS = 500, /* those who ask for /healthz often wait no longer than a second */
};

struct status_desk {
	struct status_sources sources;
	uv_async_t ask;
	/* The loop's pulse: calls made, and how many of them it had heard when it answered last. */
	atomic_uint_fast64_t calls, answers;

	pthread_mutex_t lock; /* of those up to the blank line */
	pthread_cond_t handed_over;
	bool wanted, stopped;
	struct status_figures *fresh; /* from the loop, for the other thread to take; or NULL */

	/* The other thread's own. */
	struct status_figures *figures; /* those it has, or NULL */
	uint64_t wanted_ns;		/* since when the loop has owed figures; 0: it does not */
};

static void free_figures(struct status_figures *figures)
{
	if (figures != NULL)
		status_figures_release(figures);
	free(figures);
}

/* ---- on the loop ---- */

/* Memory may be short: then the thread is not answered, and says so. */
static struct status_figures *gather(const struct status_desk *desk)
{
	struct status_figures *figures = malloc(sizeof(*figures));

	if (figures != NULL && status_figures_gather(&desk->sources, figures) == 0)
		return figures;
	free(figures);
	return NULL;
}

static void answer(uv_async_t *async)
{
	struct status_desk *desk = async->data;
	struct status_figures *figures = NULL, *old = NULL;
	bool wanted;

	atomic_store(&desk->answers, atomic_load(&desk->calls));
	pthread_mutex_lock(&desk->lock);
	wanted = desk->wanted;
	pthread_mutex_unlock(&desk->lock);
	if (wanted)
		figures = gather(desk);
	if (figures == NULL)
		return;
	pthread_mutex_lock(&desk->lock);
	old = desk->fresh;
	desk->fresh = figures;
	desk->wanted = false;
	pthread_cond_signal(&desk->handed_over);
	pthread_mutex_unlock(&desk->lock);
	free_figures(old);
}

/* ---- on the other thread ---- */

static void call_loop(struct status_desk *desk)
{
	atomic_fetch_add(&desk->calls, 1);
	uv_async_send(&desk->ask);
}

/*
 * Asks the loop for figures and waits till it has handed them over, or `until_ns`, or we are to
 * stop.
 */
static void wait_for_figures(struct status_desk *desk, uint64_t until_ns)
{
	const struct timespec until = {
		.tv_sec = (time_t)(until_ns / NS_PER_S), .tv_nsec = (long)(until_ns % NS_PER_S)};
	int err = 0;

	pthread_mutex_lock(&desk->lock);
	desk->wanted = true;
	call_loop(desk);
	while (err == 0 && desk->fresh == NULL && !desk->stopped)
		err = pthread_cond_timedwait(&desk->handed_over, &desk->lock, &until);
	pthread_mutex_unlock(&desk->lock);
}

/* Whether there are any that are fresh, with those that the loop has handed over meanwhile. */
static bool take_figures(struct status_desk *desk)
{
	struct status_figures *figures;

	pthread_mutex_lock(&desk->lock);
	figures = desk->fresh;
	desk->fresh = NULL;
	pthread_mutex_unlock(&desk->lock);
	if (figures != NULL) {
		free_figures(desk->figures);
		desk->figures = figures;
		desk->wanted_ns = 0;
	}
	return desk->figures != NULL &&
		clock_ns() - desk->figures->gathered_ns < FRESH_MS * NS_PER_MS;
}

const struct status_figures *status_desk_get(struct status_desk *desk)
{
	if (take_figures(desk))
		return desk->figures;
	if (desk->wanted_ns == 0)
		desk->wanted_ns = clock_ns();
	wait_for_figures(desk, desk->wanted_ns + PATIENCE_MS * NS_PER_MS);
	return take_figures(desk) ? desk->figures : NULL;
}

struct pulse status_desk_pulse(struct status_desk *desk)
{
	const uint64_t answers = atomic_load(&desk->answers);

	if (answers == atomic_load(&desk->calls))
		call_loop(desk);
	return (struct pulse){.done = answers, .due = true};
}

/* ---- open and close ---- */

static void free_closed(uv_handle_t *handle)
{
	free(handle->data);
}

int status_desk_open(struct status_desk **out, uv_loop_t *loop)
{
	struct status_desk *desk = calloc(1, sizeof(*desk));
	pthread_condattr_t attr;
	int err;

	if (desk == NULL)
		return -ENOMEM;
	err = uv_async_init(loop, &desk->ask, answer);
	if (err != 0) {
		free(desk);
		return err;
	}
	desk->ask.data = desk;
	pthread_mutex_init(&desk->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&desk->handed_over, &attr);
	pthread_condattr_destroy(&attr);
	*out = desk;
	return 0;
}

void status_desk_set_sources(struct status_desk *desk, const struct status_sources *sources)
{
	desk->sources = *sources;
}

void status_desk_stop(struct status_desk *desk)
{
	pthread_mutex_lock(&desk->lock);
	desk->stopped = true;
	pthread_cond_signal(&desk->handed_over);
	pthread_mutex_unlock(&desk->lock);
}

void status_desk_close(struct status_desk *desk)
{
	if (desk == NULL)
		return;
	free_figures(desk->figures);
	free_figures(desk->fresh);
	pthread_cond_destroy(&desk->handed_over);
	pthread_mutex_destroy(&desk->lock);
	uv_close((uv_handle_t *)&desk->ask, free_closed);
}
