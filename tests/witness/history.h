/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WITNESS_HISTORY_H
#define WITNESS_HISTORY_H

/*
 * Which policies may have been in force when. A change may be in force from when its file is
 * written, and is until a later one is known to be in force: so at any time one or a few are
 * possible, and a packet is judged wrongly when none of them explains what became of it. Locked:
 * one thread writes, another asks. Times are nanoseconds of CLOCK_MONOTONIC.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { ENDS_MOST = 8, PORTS = 2 };

/* What a verdict depends on, all traffic being of one protocol: numbers of ends and of a port. */
struct kind {
	uint8_t source, destination, port;
};

struct verdicts_table {
	bool allowed[ENDS_MOST][ENDS_MOST][PORTS];
};

struct history;

int history_create(struct history **out); /* 0 or -ENOMEM */
void history_free(struct history *history);

/* A change is about to be written: to be called before. 0 or -ENOMEM. */
int history_write(struct history *history, int64_t now, const struct verdicts_table *verdicts);
/*
 * The last change written: new flows are judged by it since `judged`, and flows that were open
 * since `enforced`.
 */
void history_enforce(struct history *history, int64_t judged, int64_t enforced);

/*
 * Times that somebody else makes wrong, from outside: new flows may be lost that should pass, or
 * pass that should not; or the machine drops packets of anybody's.
 */
enum excuse { EXCUSE_LOSS, EXCUSE_PASS, EXCUSE_MACHINE, EXCUSES };
void history_excuse_span(struct history *history, enum excuse excuse, int64_t begin, int64_t end);
void history_excuse(struct history *history, enum excuse excuse, bool begins, int64_t now);

struct possible {
	bool allow, deny; /* some policy that may have been in force says so */
	bool excused[EXCUSES];
};
/*
 * Of a packet sent at `from` that was not, or would not be, under way after `to`; `fresh`: the
 * first of its flow.
 */
struct possible history_look(
	struct history *history, const struct kind *kind, bool fresh, int64_t from, int64_t to);
/* Forgets what no packet sent since can be about. */
void history_forget(struct history *history, int64_t before);

#endif
