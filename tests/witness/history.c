/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/witness/history.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/* Not yet. */
#define NEVER INT64_MAX

struct change {
	int64_t written, judged, enforced;
	struct verdicts_table verdicts;
};

struct span {
	enum excuse excuse;
	int64_t begin, end;
};

enum { SPANS_MOST = 256 };

struct history {
	pthread_mutex_t lock;
	struct change *changes; /* in the order in which they were written */
	size_t count, room;
	struct span spans[SPANS_MOST]; /* the oldest are overwritten */
	size_t span_count;
};

int history_create(struct history **out)
{
	struct history *history = calloc(1, sizeof(*history));

	if (history == NULL)
		return -ENOMEM;
	pthread_mutex_init(&history->lock, NULL);
	*out = history;
	return 0;
}

void history_free(struct history *history)
{
	pthread_mutex_destroy(&history->lock);
	free(history->changes);
	free(history);
}

static struct change *add(struct history *history)
{
	if (history->count == history->room) {
		const size_t room = history->room == 0 ? 64 : 2 * history->room;
		struct change *changes = reallocarray(history->changes, room, sizeof(*changes));

		if (changes == NULL)
			return NULL;
		history->changes = changes;
		history->room = room;
	}
	return &history->changes[history->count++];
}

int history_write(struct history *history, int64_t now, const struct verdicts_table *verdicts)
{
	struct change *change;

	pthread_mutex_lock(&history->lock);
	change = add(history);
	if (change != NULL)
		*change = (struct change){
			.written = now, .judged = NEVER, .enforced = NEVER, .verdicts = *verdicts};
	pthread_mutex_unlock(&history->lock);
	return change == NULL ? -ENOMEM : 0;
}

void history_enforce(struct history *history, int64_t judged, int64_t enforced)
{
	pthread_mutex_lock(&history->lock);
	history->changes[history->count - 1].judged = judged;
	history->changes[history->count - 1].enforced = enforced;
	pthread_mutex_unlock(&history->lock);
}

void history_excuse(struct history *history, enum excuse excuse, bool begins, int64_t now)
{
	pthread_mutex_lock(&history->lock);
	for (size_t i = 0; i < history->span_count && i < SPANS_MOST; i++)
		if (history->spans[i].excuse == excuse && history->spans[i].end == NEVER)
			history->spans[i].end = now;
	if (begins)
		history->spans[history->span_count++ % SPANS_MOST] = (struct span){
			.excuse = excuse, .begin = now, .end = NEVER};
	pthread_mutex_unlock(&history->lock);
}

/* What follows the last one at once is the same. */
void history_excuse_span(struct history *history, enum excuse excuse, int64_t begin, int64_t end)
{
	struct span *last;

	pthread_mutex_lock(&history->lock);
	last = &history->spans[(history->span_count + SPANS_MOST - 1) % SPANS_MOST];
	if (history->span_count > 0 && last->excuse == excuse && last->end >= begin)
		last->end = end;
	else
		history->spans[history->span_count++ % SPANS_MOST] = (struct span){
			.excuse = excuse, .begin = begin, .end = end};
	pthread_mutex_unlock(&history->lock);
}

static void look_at_spans(
	const struct history *history, int64_t from, int64_t to, struct possible *out)
{
	for (size_t i = 0; i < history->span_count && i < SPANS_MOST; i++) {
		const struct span *span = &history->spans[i];

		if (span->begin <= to && span->end >= from)
			out->excused[span->excuse] = true;
	}
}

struct possible history_look(
	struct history *history, const struct kind *kind, bool fresh, int64_t from, int64_t to)
{
	struct possible out = {0};
	int64_t end = NEVER; /* of the change in hand: since when a later one is in force */

	pthread_mutex_lock(&history->lock);
	for (size_t i = history->count; i-- > 0 && end >= from;) {
		const struct change *change = &history->changes[i];
		const int64_t since = fresh ? change->judged : change->enforced;

		if (change->written <= to) {
			const bool allowed = change->verdicts
						     .allowed[kind->source][kind->destination]
							     [kind->port];

			out.allow = out.allow || allowed;
			out.deny = out.deny || !allowed;
		}
		if (since < end)
			end = since;
	}
	look_at_spans(history, from, to, &out);
	pthread_mutex_unlock(&history->lock);
	return out;
}

void history_forget(struct history *history, int64_t before)
{
	size_t first = 0;

	pthread_mutex_lock(&history->lock);
	for (size_t i = 0; i < history->count; i++)
		if (history->changes[i].enforced < before && history->changes[i].judged < before)
			first = i;
	history->count -= first;
	memmove(history->changes, history->changes + first,
		history->count * sizeof(history->changes[0]));
	pthread_mutex_unlock(&history->lock);
}
