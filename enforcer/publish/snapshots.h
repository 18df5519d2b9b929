/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ENFORCER_PUBLISH_SNAPSHOTS_H
#define ENFORCER_PUBLISH_SNAPSHOTS_H

/*
 * The life of a snapshot, and its owners:
 *
 * 1. The publisher's job has compiled it, and frees it if it does not come into force.
 * 2. snapshots_replace() takes it over: it is in force, and the workers judge by it. This module
 *    owns it until it is replaced and its last loan is back.
 * 3. Then the verdict log owns it (verdict_log_retire()), as records that wait may still name it.
 *    The log thread frees it after the last of them was written. No worker adds records to it any
 *    more: gate_publish() returned before it was replaced.
 *
 * A loan lends a snapshot to work that outlasts a turn of the loop, a long answer for example. All
 * functions are for the loop's thread.
 */

#include "enforcer/log/verdict_log.h"
#include "policy/compile/snapshot.h"

/* Embedded in whatever needs it. */
struct snapshot_loan {
	const struct snapshot *snapshot;
	struct snapshot_loan *next, **link;
	struct retired_snapshot *retired; /* to be retired when this, its last loan, is back */
};

struct snapshots {
	struct verdict_log *log; /* borrowed */
	struct snapshot *in_force;
	struct snapshot_loan *loans; /* of it, and of those before */
};

/*
 * The workers judge by `next`, and no longer by the one in force. `retired` comes from malloc() and
 * is made before the change, so that this can't fail.
 */
void snapshots_replace(
	struct snapshots *snapshots, struct snapshot *next, struct retired_snapshot *retired);
/* Lends the snapshot in force until it is taken back, whatever is published meanwhile. */
void snapshots_lend(struct snapshots *snapshots, struct snapshot_loan *loan);
void snapshots_take_back(struct snapshots *snapshots, struct snapshot_loan *loan);

#endif
