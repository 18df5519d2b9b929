/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "enforcer/publish/sweep_plan.h"

#include <string.h>

enum {
	/* A sweep of the whole table that takes no longer than this goes with any change. */
	SHORT_NS = 20000000,
	/* Flows without a mark are worth a twentieth of one CPU. */
	UNMARKED_REST = 19,
};

/* The ends of marked flows that these addresses may be, at most `most`. Returns how many. */
static size_t list_ends(const struct sweep_plan *plan, const struct touched *touched,
	struct sweep_end *ends, size_t most)
{
	size_t count = 0;

	for (size_t i = 0; i < touched->count; i++) {
		for (int end = FLOW_SOURCE; end <= FLOW_DESTINATION; end++) {
			const struct ip_addr *addr = &touched->addrs[i];

			if (!presence_has(plan->presence, addr, (enum flow_end)end))
				continue;
			if (count == most)
				return most;
			ends[count++] = (struct sweep_end){*addr, (enum flow_end)end};
		}
	}
	return count;
}

/* Takes over what may be an end of a marked flow. Returns whether anything was. */
static bool add_ends(struct sweep_plan *plan, const struct touched *touched)
{
	struct touched some;
	bool any = false;

	if (touched->everything) {
		plan->all = true;
		return true;
	}
	for (size_t i = 0; i < touched->count; i++) {
		struct sweep_end end;

		some = (struct touched){.addrs = &touched->addrs[i], .count = 1};
		if (list_ends(plan, &some, &end, 1) == 0)
			continue;
		touched_add(&plan->ends, &some);
		any = true;
	}
	return any;
}

static void wait_for(struct sweep_plan *plan, const struct waiting_change *change)
{
	if (plan->waiting_count < WAITING_MOST) {
		plan->waiting[plan->waiting_count++] = *change;
	} else {
		plan->waiting[WAITING_MOST - 1].revision = change->revision;
		plan->waiting[WAITING_MOST - 1].begun = false;
	}
}

bool sweep_plan_change(struct sweep_plan *plan, const struct touched *touched, bool isolates_more,
	const struct waiting_change *change)
{
	bool done;

	if (plan->running) {
		touched_add(&plan->beside, touched);
		done = touched_is_empty(touched);
	} else {
		done = !add_ends(plan, touched);
	}
	if (isolates_more && plan->all_took_ns <= SHORT_NS) {
		plan->all = true;
		done = false;
	} else if (isolates_more) {
		plan->unmarked = true;
	}
	if (!done)
		wait_for(plan, change);
	return done;
}

void sweep_plan_swept(struct sweep_plan *plan, uint64_t took_ns, uint64_t now_ns)
{
	plan->ended_ns = plan->all_ended_ns = now_ns;
	plan->took_ns = plan->all_took_ns = took_ns;
}

void sweep_plan_want_all(struct sweep_plan *plan)
{
	plan->all = true;
}

uint64_t sweep_plan_wait_ns(const struct sweep_plan *plan, uint64_t now_ns)
{
	const uint64_t rest = plan->took_ns * (100 - plan->cpu_share) / plan->cpu_share;
	uint64_t due;

	if (plan->running)
		return SWEEP_PLAN_NEVER;
	if (plan->all || !touched_is_empty(&plan->ends))
		due = plan->ended_ns + rest;
	else if (plan->unmarked)
		due = plan->all_ended_ns + UNMARKED_REST * plan->all_took_ns;
	else if (plan->interval_ns > 0)
		due = plan->all_ended_ns + plan->interval_ns;
	else
		return SWEEP_PLAN_NEVER;
	return due > now_ns ? due - now_ns : 0;
}

/* Whether so many ends take less than all flows: by the last sweeps, or on a long table one in 9.
 */
static bool is_worth_it(const struct sweep_plan *plan, size_t ends)
{
	const uint64_t end = plan->end_took_ns != 0 ? plan->end_took_ns : plan->all_took_ns / 9;

	return ends > 0 && ends <= SWEEP_ENDS_MOST && ends * end < plan->all_took_ns;
}

size_t sweep_plan_begin(struct sweep_plan *plan, struct sweep_end ends[SWEEP_ENDS_MOST])
{
	struct sweep_end more[SWEEP_ENDS_MOST + 1];
	size_t count = 0;

	if (!plan->all && !touched_is_empty(&plan->ends))
		count = list_ends(plan, &plan->ends, more, SWEEP_ENDS_MOST + 1);
	if (plan->ends.everything || !is_worth_it(plan, count))
		count = 0;
	memcpy(ends, more, count * sizeof(*ends));
	plan->running = true;
	plan->running_ends = count;
	if (count == 0)
		plan->all = plan->unmarked = false;
	touched_clear(&plan->ends);
	for (size_t i = 0; i < plan->waiting_count; i++)
		plan->waiting[i].begun = true;
	return count;
}

size_t sweep_plan_end(struct sweep_plan *plan, bool failed, uint64_t took_ns, uint64_t now_ns,
	struct waiting_change *done)
{
	size_t count = 0, kept = 0;
	bool beside;

	plan->running = false;
	plan->ended_ns = now_ns;
	plan->took_ns = took_ns;
	if (plan->running_ends == 0) {
		plan->all_ended_ns = now_ns;
		plan->all_took_ns = took_ns;
	} else {
		plan->end_took_ns = took_ns / plan->running_ends;
	}
	beside = add_ends(plan, &plan->beside);
	touched_clear(&plan->beside);
	plan->all = plan->all || failed;
	/* Nothing is known of which address a change touched: all wait that were beside. */
	for (size_t i = 0; i < plan->waiting_count; i++) {
		const struct waiting_change *change = &plan->waiting[i];

		if (failed || (!change->begun && (beside || plan->all)))
			plan->waiting[kept++] = *change;
		else
			done[count++] = *change;
	}
	plan->waiting_count = kept;
	return count;
}

void sweep_plan_deinit(struct sweep_plan *plan)
{
	touched_clear(&plan->ends);
	touched_clear(&plan->beside);
}
