/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/views/health.h"

#include <inttypes.h>
#include <stdio.h>

#define NS_PER_S 1000000000ULL

void health_see(struct health_watch *watch, struct pulse pulse, uint64_t now_ns)
{
	if (watch->since_ns == 0 || !pulse.due || !watch->last.due ||
		pulse.done != watch->last.done)
		watch->since_ns = now_ns;
	watch->last = pulse;
}

/*
 * A packet whose verdict the kernel refused, or that could not be sent, may wait in the queue for
 * good: it is counted among the errors, and no work that is left to do.
 */
struct pulse health_worker_pulse(const struct worker_stats *stats)
{
	return (struct pulse){
		.done = stats->packets + stats->bad_messages,
		.due = stats->waiting > stats->verdict_errors,
	};
}

/* For how many seconds it has been stuck; 0 when it is not. */
static uint64_t stuck_s(const struct health_watch *watch, uint64_t now_ns)
{
	const uint64_t since = watch->last.due && now_ns > watch->since_ns
		? now_ns - watch->since_ns
		: 0;

	return since >= HEALTH_STUCK_S * NS_PER_S ? since / NS_PER_S : 0;
}

/* Workers first: they are what a packet waits for. */
bool health_alive(const struct health *health, uint64_t now_ns, char reason[HEALTH_REASON])
{
	uint64_t s;

	for (size_t i = 0; i < health->worker_count; i++) {
		s = stuck_s(&health->workers[i], now_ns);
		if (s > 0) {
			snprintf(reason, HEALTH_REASON,
				"the worker of queue %zu has taken no packet for %" PRIu64
				" s, and packets wait",
				health->queue_base + i, s);
			return false;
		}
	}
	if ((s = stuck_s(&health->learner, now_ns)) > 0)
		snprintf(reason, HEALTH_REASON,
			"the learner of classes has not moved for %" PRIu64 " s", s);
	else if ((s = stuck_s(&health->log, now_ns)) > 0)
		snprintf(reason, HEALTH_REASON, "the verdict log has not moved for %" PRIu64 " s",
			s);
	else if ((s = stuck_s(&health->loop, now_ns)) > 0)
		snprintf(reason, HEALTH_REASON, "the main loop has not answered for %" PRIu64 " s",
			s);
	else if (health->job_ns >= HEALTH_JOB_S * NS_PER_S)
		snprintf(reason, HEALTH_REASON,
			"a change, a sweep or a look at the rules has been under way for %" PRIu64
			" s",
			(uint64_t)(health->job_ns / NS_PER_S));
	else
		return true;
	return false;
}

bool health_ready(const struct status_figures *figures, char reason[HEALTH_REASON])
{
	if (figures->problem[0] != '\0')
		snprintf(reason, HEALTH_REASON, "%s", figures->problem);
	else if (!figures->publish.intact)
		snprintf(reason, HEALTH_REASON, "the rules are not intact");
	else if (figures->manifests.never_whole > 0)
		snprintf(reason, HEALTH_REASON,
			"%zu manifest file%s broken, and no version of %s was ever whole; see "
			"`podgate status`",
			figures->manifests.never_whole,
			figures->manifests.never_whole == 1 ? " is" : "s are",
			figures->manifests.never_whole == 1 ? "it" : "them");
	else
		return true;
	return false;
}
