/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SERVICE_VIEWS_PROBLEMS_H
#define SERVICE_VIEWS_PROBLEMS_H

/*
 * What an operator must be told although podgate does all that it was asked to: that it enforces
 * nothing, for instance. Each problem is one sentence, without a full stop. `podgate status`, its
 * JSON ("problems"), `podgate doctor` and the log all show this list. Plain values; any thread.
 */

#include <stdbool.h>
#include <stddef.h>

#include "config/settings/settings.h"
#include "config/store/store.h"
#include "enforcer/publish/unnamed.h"
#include "policy/values/cluster.h"

enum { PROBLEMS_MOST = 8, PROBLEM_TEXT = 512 };

struct problem_list {
	size_t count;
	char items[PROBLEMS_MOST][PROBLEM_TEXT];
};

/* What is in force, and where it comes from. */
struct problem_sources {
	const struct settings *settings;
	const struct cluster *cluster;
	size_t isolated; /* addresses */
	struct store_stats manifests;
	const char *state_problem;     /* of the state directory; NULL: none */
	const struct unnamed *unnamed; /* NULL: not asked */
};

/* Whether no address is isolated, so that every packet passes, and somebody should know. */
bool problems_is_idle(const struct problem_sources *sources);
void problems_find(struct problem_list *out, const struct problem_sources *sources);
/* Logs what is new in `now` since `said`, and what is over; then *said is *now. */
void problems_log(struct problem_list *said, const struct problem_list *now);
/* One more; dropped when the list is full. */
void problems_add(struct problem_list *list, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

#endif
