/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ENFORCER_LOG_RETIRED_H
#define ENFORCER_LOG_RETIRED_H

/*
 * Snapshots that no worker judges by any more, until the last record that names one is written:
 * the end of a snapshot's life (publish/snapshots.h has all of it). retired_add() is for any
 * thread, the rest for the log thread.
 */

#include <pthread.h>

#include "policy/compile/snapshot.h"

/* From malloc(), so that retiring a snapshot can't fail. */
struct retired_snapshot {
	struct retired_snapshot *next;
	struct snapshot *snapshot;
};

struct retired {
	pthread_mutex_t lock; /* of `added` */
	struct retired_snapshot *added;
	struct retired_snapshot *held; /* those before the last retired_hold() */
};

void retired_init(struct retired *retired);
void retired_deinit(struct retired *retired); /* when both lists are empty */
void retired_add(struct retired *retired, struct retired_snapshot *snapshot);
/* Adds to those held what was added since the last call. */
void retired_hold(struct retired *retired);
/* Frees the first of those held, and gives the memory back to the system. */
void retired_free_first(struct retired *retired);

#endif
