/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SERVICE_METRICS_POLICY_SERIES_H
#define SERVICE_METRICS_POLICY_SERIES_H

/*
 * Which policies have series of their own in the metrics. A server of metrics keeps every series
 * that it has ever seen for weeks, so they must be few: the first POLICY_SERIES_MOST policies that
 * are hit have their own, and what the others are hit is one series, "other". When a policy is
 * deleted its series retire and make room.
 *
 * All of them are counters, and none ever shrinks but by vanishing: what a policy was hit while it
 * was counted under "other" stays there, and what a deleted one was hit goes with it.
 *
 * One thread.
 */

#include <stdint.h>

#include "enforcer/log/policy_hits.h"
#include "policy/values/cluster.h"

struct policy_series;

enum { POLICY_SERIES_MOST = 200 };

int policy_series_create(struct policy_series **out);  /* 0 or -ENOMEM */
void policy_series_free(struct policy_series *series); /* NULL is allowed */

/* Takes in the counts as they are now; `cluster` tells which policies there are. */
void policy_series_update(
	struct policy_series *series, struct policy_hits *hits, const struct cluster *cluster);

/*
 * As of the last update, calls `visit` for each policy that has series, in order, and last for
 * "other". `policy` is "NAMESPACE/NAME" or "other", and good during the call.
 */
void policy_series_visit(const struct policy_series *series,
	void (*visit)(const char *policy, const struct policy_hit_counts sides[DIRECTION_COUNT],
		void *context),
	void *context);

#endif
