/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "enforcer/log/backlog.h"

#include <stdlib.h>

void backlog_init(struct backlog *backlog)
{
	*backlog = (struct backlog){.first = NULL};
	pthread_mutex_init(&backlog->lock, NULL);
}

void backlog_deinit(struct backlog *backlog)
{
	struct backlog_chunk *chunk = backlog->first, *next;

	for (; chunk != NULL; chunk = next) {
		next = chunk->next;
		free(chunk);
	}
	pthread_mutex_destroy(&backlog->lock);
}

/* The chunk that takes the next record, or NULL. */
static struct backlog_chunk *open_chunk(struct backlog *backlog)
{
	struct backlog_chunk *chunk = backlog->last;

	if (backlog->waiting == BACKLOG_MOST)
		return NULL;
	if (chunk != NULL && chunk->count < BACKLOG_CHUNK)
		return chunk;
	chunk = malloc(sizeof(*chunk));
	if (chunk == NULL)
		return NULL;
	chunk->next = NULL;
	chunk->count = chunk->taken = 0;
	if (backlog->last != NULL)
		backlog->last->next = chunk;
	else
		backlog->first = chunk;
	backlog->last = chunk;
	return chunk;
}

bool backlog_add(struct backlog *backlog, const struct record *record)
{
	struct backlog_chunk *chunk;

	pthread_mutex_lock(&backlog->lock);
	chunk = open_chunk(backlog);
	if (chunk != NULL) {
		chunk->records[chunk->count++] = *record;
		backlog->waiting++;
	} else {
		backlog->lost++;
	}
	pthread_mutex_unlock(&backlog->lock);
	return chunk != NULL;
}

/* No chunk stays empty: the first one, if there is one, has a record to take. */
static void take(struct backlog *backlog, struct record *out)
{
	struct backlog_chunk *chunk = backlog->first;

	*out = chunk->records[chunk->taken++];
	backlog->waiting--;
	if (chunk->taken < chunk->count)
		return;
	backlog->first = chunk->next;
	if (backlog->first == NULL)
		backlog->last = NULL;
	free(chunk);
}

bool backlog_take(struct backlog *backlog, struct record *out)
{
	bool any;

	pthread_mutex_lock(&backlog->lock);
	any = backlog->first != NULL;
	if (any)
		take(backlog, out);
	pthread_mutex_unlock(&backlog->lock);
	return any;
}

uint64_t backlog_lost(struct backlog *backlog)
{
	uint64_t lost;

	pthread_mutex_lock(&backlog->lock);
	lost = backlog->lost;
	backlog->lost = 0;
	pthread_mutex_unlock(&backlog->lock);
	return lost;
}
