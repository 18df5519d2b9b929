/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CONFIG_SOURCE_SOURCE_H
#define CONFIG_SOURCE_SOURCE_H

/*
 * The door for sources of objects. A source watches something (a directory, an engine's API) and
 * keeps its draft in the store (store_source()) as that is. Reading, parsing and hashing are done
 * beside the loop, on a thread of libuv's pool. One reading at a time: changes that are seen
 * meanwhile are read next.
 *
 * An implementation embeds struct source as its first member, and calls source_read() when it sees
 * a sign of a change. All functions are for the loop's thread, but for the operation `read`.
 */

#include <stdbool.h>
#include <stdint.h>

#include <uv.h>

#include "config/store/store.h"

struct source;

struct source_ops {
	/* Begins to watch; what changes from now on is seen. 0 or -errno. */
	int (*start)(struct source *source, uv_loop_t *loop);
	/* A reading begins: hands over to the other thread what `read` uses. NULL: nothing to do.
	 */
	void (*begin)(struct source *source);
	/*
	 * Brings the draft up to date. On another thread, while no other operation but `health` is
	 * called. 0 or -errno; what was read until then is put in force.
	 */
	int (*read)(struct source *source);
	/* It has ended: takes back what was handed over. NULL: nothing to do. */
	void (*end)(struct source *source);
	/* Closes everything, after start() or a failed one, and frees the source some time later.
	 */
	void (*stop)(struct source *source);
	/* Why the source can't bring all that it should; NULL: it can. Valid until the next call.
	 */
	const char *(*health)(const struct source *source);
};

/*
 * After each reading. `changed`: something in the store is not as before. `since_ns`, of
 * CLOCK_MONOTONIC: when the first sign of the change was seen; of a change without a sign, when
 * the reading began.
 */
typedef void source_done(void *context, bool changed, uint64_t since_ns);

struct source {
	/* set by the implementation */
	const struct source_ops *ops;
	struct store *store;
	struct store_source *objects;
	/* source.c's */
	source_done *done;
	void *context;
	uv_loop_t *loop;
	uv_work_t work;
	bool reading, stopping;
	bool again;			/* a sign was seen since the reading began */
	uint64_t since_ns, again_ns;	/* of the first sign; 0: there was none */
	uint64_t begun, ended, awaited; /* readings; the last that the operator asked for */
};

/*
 * Starts the source and reads it for the first time, on this thread. 0; or -errno, and the source
 * is stopped.
 */
int source_start(struct source *source, uv_loop_t *loop, source_done *done, void *context);
/* A sign of a change: reads the source, now or when the reading under way has ended. */
void source_read(struct source *source, uint64_t since_ns);
/* The operator wants everything read now (SIGHUP, `podgate reload`). */
void source_rescan(struct source *source);
/* Whether a reading that the operator asked for has not ended. */
bool source_is_awaited(const struct source *source);
/*
 * Ends the source when the reading under way has ended, which `done` is not told. The memory goes
 * when the loop has run the close callbacks. NULL is allowed.
 */
void source_stop(struct source *source);

/* The sources of a daemon, in the order of the store's. */
struct source_list {
	struct source *items[STORE_SOURCES];
	size_t count;
};
void source_list_rescan(const struct source_list *list);
bool source_list_is_awaited(const struct source_list *list); /* any of them */
void source_list_stop(struct source_list *list);	     /* leaves it empty */

#endif
