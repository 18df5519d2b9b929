/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ENFORCER_LOG_BACKLOG_H
#define ENFORCER_LOG_BACKLOG_H

/*
 * Records that wait to be logged, as many as there are: for a producer off the packet path that has
 * thousands at once and none to lose. A lock and memory as it is needed, up to a bound that keeps a
 * gateway from running out of it. Any thread.
 */

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "enforcer/gate/record.h"

enum { BACKLOG_MOST = 65536, BACKLOG_CHUNK = 64 };

struct backlog_chunk {
	struct backlog_chunk *next;
	size_t count, taken;
	struct record records[BACKLOG_CHUNK];
};

struct backlog {
	pthread_mutex_t lock;
	struct backlog_chunk *first, *last;
	size_t waiting;
	uint64_t lost;
};

void backlog_init(struct backlog *backlog);
void backlog_deinit(struct backlog *backlog); /* what waits is forgotten */

/* Without room, or memory, the record is dropped and counted: false. */
bool backlog_add(struct backlog *backlog, const struct record *record);
/* Takes the oldest; false when none waits. */
bool backlog_take(struct backlog *backlog, struct record *out);
/* How many were dropped since the last call. */
uint64_t backlog_lost(struct backlog *backlog);

#endif
