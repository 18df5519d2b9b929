/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SERVICE_VIEWS_HEALTH_H
#define SERVICE_VIEWS_HEALTH_H

/*
 * Two questions that others ask of a daemon. Is it alive: does each of its threads get done what it
 * has to do? Only a restart helps one that does not. And is it ready: are the policies, as the
 * manifests have them, in force? Pure, but for the clock that the caller has read; one thread at a
 * time.
 *
 * Alive means, for a worker, that it takes packets while packets wait in its queue; for the log and
 * the learner, that they come to the end of a round once they were woken; for the main loop, that
 * it answers a call; for the job beside it (compiling, sweeping, running iptables), that it ends. A
 * thread that has nothing to do is well.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "enforcer/gate/gate.h"
#include "process/problem.h"
#include "process/pulse.h"
#include "service/views/status_figures.h"

enum {
	HEALTH_STUCK_S = 10, /* what is due and does not move for so long is stuck */
	HEALTH_JOB_S = 60,   /* a job; sweeping a million flows takes some seconds */
	HEALTH_REASON = PROBLEM_SIZE + 64,
};

struct health_watch {
	struct pulse last;
	uint64_t since_ns; /* since when it is as it was seen last; 0: never seen */
};

/* All zero is the start. Filled by health_see(), now and then: once a second is often enough. */
struct health {
	struct health_watch loop, log, learner, workers[GATE_QUEUES_MOST];
	size_t worker_count;
	unsigned int queue_base;
	uint64_t job_ns; /* how long the publisher's job has been under way */
};

void health_see(struct health_watch *watch, struct pulse pulse, uint64_t now_ns);
/* The pulse of a worker, by what it and the kernel count. */
struct pulse health_worker_pulse(const struct worker_stats *stats);

/* Whether all live; if not, which does not is in `reason`, a sentence. */
bool health_alive(const struct health *health, uint64_t now_ns, char reason[HEALTH_REASON]);
/* Whether the policies are in force; if not, why is in `reason`. */
bool health_ready(const struct status_figures *figures, char reason[HEALTH_REASON]);

#endif
