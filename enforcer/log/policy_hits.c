/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "enforcer/log/policy_hits.h"

#include <errno.h>
#include <pthread.h>
#include <search.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "policy/values/arena.h"

enum { TALLIES = 256 }; /* a power of two */

/*
 * What one pod has denied as a snapshot judged, and by which of its addresses that snapshot finds
 * its policies.
 */
struct tally {
	const struct snapshot *snapshot; /* NULL: unused */
	const struct pod *pod;
	const struct network_policy *policy; /* snapshot_denying_policy() */
	struct ip_addr addr;
	struct policy_hit_counts sides[DIRECTION_COUNT];
};

struct policy_hits {
	pthread_mutex_t lock;
	struct tally tallies[TALLIES]; /* open addressing, at most half full */
	size_t tally_count;
	void *names; /* a tree (tsearch(3)) of struct policy_hit, by namespace and name */
	size_t name_count;
	uint64_t born; /* names so far, forgotten ones included */
	struct policy_hit_counts totals[DIRECTION_COUNT];
};

int policy_hits_create(struct policy_hits **out)
{
	struct policy_hits *hits = calloc(1, sizeof(*hits));

	if (hits == NULL)
		return -ENOMEM;
	pthread_mutex_init(&hits->lock, NULL);
	*out = hits;
	return 0;
}

void policy_hits_free(struct policy_hits *hits)
{
	if (hits == NULL)
		return;
	tdestroy(hits->names, free);
	pthread_mutex_destroy(&hits->lock);
	free(hits);
}

/* ---- names ---- */

static int compare_names(const void *pa, const void *pb)
{
	const struct policy_hit *a = pa, *b = pb;
	const int order = strcmp(a->namespace_name, b->namespace_name);

	return order != 0 ? order : strcmp(a->name, b->name);
}

static void add_counts(struct policy_hit_counts *to, const struct policy_hit_counts *more)
{
	to->denied += more->denied;
	to->audited += more->audited;
	to->cut += more->cut;
	if (more->last_ns > to->last_ns)
		to->last_ns = more->last_ns;
}

static struct policy_hit_counts of_both_sides(const struct policy_hit *hit)
{
	struct policy_hit_counts sum = {0};

	for (int side = 0; side < DIRECTION_COUNT; side++)
		add_counts(&sum, &hit->sides[side]);
	return sum;
}

static void find_oldest(const void *node, VISIT visit, void *context)
{
	struct policy_hit *const hit = *(struct policy_hit *const *)node, **oldest = context;

	if (visit != preorder && visit != leaf)
		return;
	if (*oldest == NULL || of_both_sides(hit).last_ns < of_both_sides(*oldest).last_ns)
		*oldest = hit;
}

/* NULL when memory is short: then a count is lost, and nothing else. */
static struct policy_hit *find_name(struct policy_hits *hits, const struct network_policy *policy)
{
	const struct policy_hit key = {
		.namespace_name = policy->namespace_name, .name = policy->name};
	const size_t first = strlen(key.namespace_name) + 1, second = strlen(key.name) + 1;
	struct policy_hit **found = tfind(&key, &hits->names, compare_names), *hit, *oldest = NULL;
	char *text;

	if (found != NULL)
		return *found;
	if (hits->name_count == POLICY_HITS_MOST) {
		twalk_r(hits->names, find_oldest, &oldest);
		tdelete(oldest, &hits->names, compare_names);
		free(oldest);
		hits->name_count--;
	}
	hit = calloc(1, sizeof(*hit) + first + second); /* its texts lie behind it */
	if (hit == NULL)
		return NULL;
	text = (char *)(hit + 1);
	hit->namespace_name = memcpy(text, key.namespace_name, first);
	hit->name = memcpy(text + first, key.name, second);
	if (tsearch(hit, &hits->names, compare_names) == NULL) {
		free(hit);
		return NULL;
	}
	hits->name_count++;
	hit->born = ++hits->born;
	return hit;
}

/* A policy in audit mode denies nothing, and cuts nothing. */
static void give_share(struct policy_hits *hits, const struct network_policy *policy,
	enum direction side, const struct policy_hit_counts *counts)
{
	struct policy_hit_counts share = *counts;
	struct policy_hit *hit;

	if (policy->audit)
		share.denied = share.cut = 0;
	if (share.denied + share.audited + share.cut == 0)
		return;
	add_counts(&hits->totals[side], &share);
	hit = find_name(hits, policy);
	if (hit != NULL)
		add_counts(&hit->sides[side], &share);
}

/* When memory is short the counts are lost, and nothing else. */
static void give_tally(struct policy_hits *hits, const struct tally *tally, struct arena *arena)
{
	for (int side = 0; side < DIRECTION_COUNT; side++) {
		const struct policy_hit_counts *counts = &tally->sides[side];
		struct policy_list policies;

		if (counts->denied + counts->audited + counts->cut == 0)
			continue;
		if (tally->policy != NULL) {
			give_share(hits, tally->policy, (enum direction)side, counts);
			continue;
		}
		if (snapshot_policies(tally->snapshot, &tally->addr, (enum direction)side, arena,
			    &policies) != 0)
			continue;
		for (size_t i = 0; i < policies.count; i++)
			if (policies.items[i]->tier == TIER_NETWORK_POLICY)
				give_share(hits, policies.items[i], (enum direction)side, counts);
	}
}

static void settle(struct policy_hits *hits)
{
	struct arena *arena = hits->tally_count > 0 ? arena_create() : NULL;

	for (size_t i = 0; hits->tally_count > 0 && i < TALLIES; i++) {
		struct tally *tally = &hits->tallies[i];

		if (tally->snapshot != NULL && arena != NULL)
			give_tally(hits, tally, arena);
		*tally = (struct tally){.snapshot = NULL};
	}
	hits->tally_count = 0;
	arena_unref(arena);
}

void policy_hits_settle(struct policy_hits *hits)
{
	pthread_mutex_lock(&hits->lock);
	settle(hits);
	pthread_mutex_unlock(&hits->lock);
}

struct policy_hit_counts policy_hits_get(
	struct policy_hits *hits, const char *namespace_name, const char *name)
{
	const struct policy_hit key = {.namespace_name = namespace_name, .name = name};
	struct policy_hit_counts counts = {0};
	struct policy_hit **found;

	pthread_mutex_lock(&hits->lock);
	settle(hits);
	found = tfind(&key, &hits->names, compare_names);
	if (found != NULL)
		counts = of_both_sides(*found);
	pthread_mutex_unlock(&hits->lock);
	return counts;
}

struct walk {
	void (*visit)(const struct policy_hit *hit, void *context);
	void *context;
};

static void walk_on(const void *node, VISIT order, void *context)
{
	const struct walk *walk = context;

	if (order == postorder || order == leaf)
		walk->visit(*(const struct policy_hit *const *)node, walk->context);
}

void policy_hits_visit(struct policy_hits *hits, struct policy_hit_counts totals[DIRECTION_COUNT],
	void (*visit)(const struct policy_hit *hit, void *context), void *context)
{
	struct walk walk = {.visit = visit, .context = context};

	pthread_mutex_lock(&hits->lock);
	settle(hits);
	memcpy(totals, hits->totals, sizeof(hits->totals));
	twalk_r(hits->names, walk_on, &walk);
	pthread_mutex_unlock(&hits->lock);
}

/* ---- tallies ---- */

static struct tally *find_tally(struct policy_hits *hits, const struct snapshot *snapshot,
	const struct pod *pod, const struct network_policy *policy, const struct ip_addr *addr)
{
	const size_t start = (size_t)((((uintptr_t)pod ^ (uintptr_t)snapshot) >> 3) *
			0x9e3779b97f4a7c15ULL >>
		32);

	if (hits->tally_count == TALLIES / 2)
		settle(hits);
	for (size_t i = start;; i++) {
		struct tally *tally = &hits->tallies[i % TALLIES];

		if (tally->snapshot == snapshot && tally->pod == pod && tally->policy == policy)
			return tally;
		if (tally->snapshot != NULL)
			continue;
		*tally = (struct tally){
			.snapshot = snapshot, .pod = pod, .policy = policy, .addr = *addr};
		hits->tally_count++;
		return tally;
	}
}

static void count_side(
	struct policy_hits *hits, const struct record *record, enum direction direction)
{
	const struct ip_addr *addr = direction == DIRECTION_INGRESS ? &record->flow.dst
								    : &record->flow.src;
	const enum side_verdict side = record->judgement.sides[direction];
	const uint64_t packets = record->answered > 0 ? record->answered : 1;
	struct policy_hit_counts *counts;
	const struct pod *pod;

	if (side != SIDE_DENIED && side != SIDE_AUDIT_DENIED)
		return;
	pod = snapshot_pod_at(record->snapshot, addr);
	if (pod == NULL)
		return;
	counts = &find_tally(hits, record->snapshot, pod,
		snapshot_denying_policy(record->snapshot, &record->flow, direction), addr)
			  ->sides[direction];
	if (side == SIDE_AUDIT_DENIED)
		counts->audited += packets;
	else if (record->kind == RECORD_REVOKED)
		counts->cut += packets;
	else
		counts->denied += packets;
	if (record->time_ns > counts->last_ns)
		counts->last_ns = record->time_ns;
}

void policy_hits_add(struct policy_hits *hits, const struct record *record)
{
	if (record->kind == RECORD_UNREADABLE || record->judgement.verdict == VERDICT_ALLOW)
		return;
	pthread_mutex_lock(&hits->lock);
	for (int direction = 0; direction < DIRECTION_COUNT; direction++)
		count_side(hits, record, (enum direction)direction);
	pthread_mutex_unlock(&hits->lock);
}
