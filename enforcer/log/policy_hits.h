/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ENFORCER_LOG_POLICY_HITS_H
#define ENFORCER_LOG_POLICY_HITS_H

/*
 * How often each policy denied, by its name: so counts outlive the policy's next version, and the
 * policy itself.
 *
 * What counts. A denial at an end of a flow is due to all NetworkPolicies that isolate that end in
 * that direction, because none of them has a rule that admits the flow: each of them is hit once. A
 * denial by a rule of another tier (policy/compile/tier.h) hits that rule's policy alone. So the
 * sum over policies is not the number of denials, and a flow that both of its ends deny hits
 * policies of both. A policy in audit mode is only hit by what is logged as audit-deny. A
 * denial for a link-local address hits no policy. A record stands for one packet, or for as many
 * as the kernel answered by itself (record->answered). Records that were lost on their way are not
 * counted.
 *
 * Bounded: of more than POLICY_HITS_MOST names the one hit longest ago is forgotten.
 *
 * Any thread; records are added by the log's. A denial costs one lookup, however many policies
 * isolate the pod: counts gather by the pod, and go to the names of its policies when they are
 * read, or the snapshot goes.
 */

#include <stddef.h>
#include <stdint.h>

#include "enforcer/gate/record.h"

struct policy_hits;

struct policy_hit_counts {
	uint64_t denied;  /* packets dropped */
	uint64_t audited; /* packets that it would have denied, were it not for audit mode */
	uint64_t cut;	  /* live flows cut */
	uint64_t last_ns; /* CLOCK_REALTIME of the last of them; 0: never */
};

enum { POLICY_HITS_MOST = 8192 };

int policy_hits_create(struct policy_hits **out); /* 0 or -ENOMEM */
void policy_hits_free(struct policy_hits *hits);  /* NULL is allowed */

/* Counts what the record denied, if anything. Its snapshot must live until policy_hits_settle(). */
void policy_hits_add(struct policy_hits *hits, const struct record *record);
/* From here on nothing in `hits` refers to any snapshot, until a record is added. */
void policy_hits_settle(struct policy_hits *hits);
/* All zero for a policy that was never hit. */
struct policy_hit_counts policy_hits_get(
	struct policy_hits *hits, const char *namespace_name, const char *name);

/* One name that was hit, and how often in each direction. */
struct policy_hit {
	const char *namespace_name, *name;
	uint64_t born; /* its number among all names so far: what was hit first is 1 */
	struct policy_hit_counts sides[DIRECTION_COUNT]; /* [INGRESS]: at the destinations' end */
};

/*
 * Calls `visit` for every name that was hit and is not forgotten, in order of namespaces and names,
 * with a lock held that the log's thread waits for. *totals: of all names, forgotten ones included,
 * so they never shrink.
 */
void policy_hits_visit(struct policy_hits *hits, struct policy_hit_counts totals[DIRECTION_COUNT],
	void (*visit)(const struct policy_hit *hit, void *context), void *context);

#endif
