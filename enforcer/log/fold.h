/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ENFORCER_LOG_FOLD_H
#define ENFORCER_LOG_FOLD_H

/*
 * Repeats made one: of records alike in all but time and source port, the first passes, and those
 * that follow within a window are counted and given back as one when the window ends. While repeats
 * keep coming, that is one a window. A record of packets that the kernel answered counts as that
 * many repeats. Revoked flows are never folded. Every record that goes in comes out: as itself, or
 * in the count of a summary. The table is bounded; when it is full, the oldest makes room and its
 * summary comes out early. One thread.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "enforcer/gate/record.h"

struct fold;

/* What a line of the log stands for. */
struct folded {
	struct record record; /* the last of them */
	uint64_t since_ns;    /* record.time_ns of the first of them */
	uint64_t repeat;      /* how many, 1 for a record that passes by itself */
	uint64_t answered;    /* of them: those that the kernel answered by itself */
};

/*
 * `capacity` different records are held at most (a power of two); `window_ns` 0 folds nothing.
 * Returns 0, -EINVAL or -ENOMEM.
 */
int fold_create(struct fold **out, size_t capacity, uint64_t window_ns);
/* NULL is allowed; what it still counts is lost: drain it first */
void fold_free(struct fold *fold);

/*
 * Takes a record at `now_ns` (any clock that never goes back). Returns how many of `out` are to be
 * written now, in order: the record itself unless it is a repeat, and before it what made room for
 * it.
 */
enum { FOLD_OUT_MOST = 2 };
size_t fold_add(struct fold *fold, const struct record *record, uint64_t now_ns,
	struct folded out[FOLD_OUT_MOST]);

/* Gives one summary whose window has ended; false when there is none (left). */
bool fold_expire(struct fold *fold, uint64_t now_ns, struct folded *out);
/*
 * Gives one summary of the records that name `snapshot` (NULL: of all), whatever their windows, and
 * forgets them; false when none is left, after which nothing in the table names the snapshot.
 */
bool fold_drain(struct fold *fold, const struct snapshot *snapshot, struct folded *out);
/* When fold_expire() should be called next; UINT64_MAX: never. */
uint64_t fold_next_ns(const struct fold *fold);

#endif
