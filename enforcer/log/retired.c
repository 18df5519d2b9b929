/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "enforcer/log/retired.h"

#include <malloc.h>
#include <stdlib.h>

void retired_init(struct retired *retired)
{
	*retired = (struct retired){.added = NULL};
	pthread_mutex_init(&retired->lock, NULL);
}

void retired_deinit(struct retired *retired)
{
	pthread_mutex_destroy(&retired->lock);
}

void retired_add(struct retired *retired, struct retired_snapshot *snapshot)
{
	pthread_mutex_lock(&retired->lock);
	snapshot->next = retired->added;
	retired->added = snapshot;
	pthread_mutex_unlock(&retired->lock);
}

void retired_hold(struct retired *retired)
{
	struct retired_snapshot **end = &retired->held;

	while (*end != NULL)
		end = &(*end)->next;
	pthread_mutex_lock(&retired->lock);
	*end = retired->added;
	retired->added = NULL;
	pthread_mutex_unlock(&retired->lock);
}

void retired_free_first(struct retired *retired)
{
	struct retired_snapshot *first = retired->held;

	retired->held = first->next;
	snapshot_free(first->snapshot);
	free(first);
	/* It was most of what was allocated: the pods can have the pages. */
	malloc_trim(0);
}
