/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ENFORCER_PUBLISH_UPKEEP_H
#define ENFORCER_PUBLISH_UPKEEP_H

/*
 * The periodic look at what other programs can change: rules, sets, bridges, the room in the flow
 * table, the gateway's and the pods' addresses. What is wrong is repaired, and logged when it
 * begins and when it is over.
 *
 * upkeep_run() blocks and runs beside the loop; it touches no state but its findings. upkeep_note()
 * is for the loop's thread.
 */

#include <stdbool.h>
#include <stdint.h>

#include "config/settings/settings.h"
#include "enforcer/publish/enforcement.h"
#include "enforcer/publish/lasting_problems.h"
#include "enforcer/publish/publish_stats.h"
#include "process/problem.h"

struct upkeep_findings {
	struct verify_result rules; /* and sets */
	enum bridges_state bridges; /* in the end */
	/* bridged packets bypassed the rules, why is in `bridges_found`; now they pass them */
	bool bridges_mended;
	/* or that they still bypass them, though settings->bridge wants it otherwise; else "" */
	char bridges_found[256];
	struct flow_room room;
	struct unnamed unnamed; /* addresses of pods that no policy can hold for */
	/* the gateway has come by a pod's address, or lost one: the policies are to be compiled
	 * again */
	bool own_addresses_moved;
};

/* 0; or -errno and `problem`: what is wrong could not be repaired. */
int upkeep_run(struct enforcement *enforcement, const struct settings *settings,
	const struct snapshot *snapshot, struct upkeep_findings *out, char problem[PROBLEM_SIZE]);

/* All zero at the start. */
struct upkeep {
	uint64_t ended_ns, pause_ns; /* the last; and how long after it the next one is due */
	uint64_t repaired_ns;
	unsigned int repairs_in_a_row;
	char repaired[PROBLEM_SIZE]; /* by the last repair */
	bool room_seen, crowded;     /* the flow table is full */
};

bool upkeep_is_due(const struct upkeep *upkeep, uint64_t now_ns);
void upkeep_make_due(struct upkeep *upkeep);
/*
 * Logs and counts what a run found, which returned `err`. Returns whether live flows are to be
 * judged again, as some may have passed unjudged.
 */
bool upkeep_note(struct upkeep *upkeep, const struct upkeep_findings *findings, int err,
	struct publish_stats *stats, struct lasting_problems *problems, uint64_t now_ns);

#endif
