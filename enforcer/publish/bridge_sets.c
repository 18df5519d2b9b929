/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "enforcer/publish/bridge_sets.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "kernel/sets/pod_set.h"

size_t bridge_sets_merge(const struct ip_addr *a, size_t a_count, const struct ip_addr *b,
	size_t b_count, struct ip_addr *out)
{
	size_t i = 0, j = 0, count = 0;

	while (i < a_count || j < b_count) {
		const int order = i == a_count ? 1 : j == b_count ? -1 : ip_addr_cmp(&a[i], &b[j]);

		out[count++] = order <= 0 ? a[i] : b[j];
		i += order <= 0;
		j += order >= 0;
	}
	return count;
}

/*
 * Receivers whose first packets are judged in PREROUTING: isolated pods, and addresses known to be
 * on a bridge. Link-local addresses are left out: every host has them. Sorted; `out` has room for
 * isolated_count and as many as are near.
 */
static size_t list_near(const struct ip_addr *isolated, size_t isolated_count,
	const struct places *places, struct ip_addr *out)
{
	size_t near_count, count, kept = 0;
	const struct ip_addr *near = places_near(places, &near_count);

	count = bridge_sets_merge(isolated, isolated_count, near, near_count, out);
	for (size_t i = 0; i < count; i++)
		if (!ip_addr_is_link_local(&out[i]))
			out[kept++] = out[i];
	return kept;
}

/*
 * What stands for many receivers, while there are isolated pods. Sorted; at most GROUPS_FIXED more
 * than networks.
 */
enum { GROUPS_FIXED = 6 };
static size_t list_groups(
	const struct bridge_sets *sets, const struct places *places, struct ip_addr *out)
{
	static const uint8_t all4[4] = {224}, broadcast[4] = {255, 255, 255, 255};
	static const uint8_t all6[16] = {0xff}, nodes[16] = {0xff, 2, [15] = 1},
			     routers[16] = {0xff, 2, [15] = 2};
	size_t ends_count, count = 0, kept = 0;
	const struct places_broadcast *ends = places_broadcasts(places, &ends_count);

	if (!sets->groups) {
		/* Messages between routers and hosts are judged all the same (link_message.h). */
		out[0] = ip_addr_v6(nodes);
		out[1] = ip_addr_v6(routers);
		return 2;
	}
	for (size_t i = 0; i < ends_count; i++)
		if (ends[i].addr.family == IP_FAMILY_V4)
			out[count++] = ends[i].addr;
	out[count++] = ip_addr_v4(all4);
	out[count++] = ip_addr_v4(broadcast);
	out[count++] = ip_addr_v6(all6);
	qsort(out, count, sizeof(*out), ip_addr_compare);
	for (size_t i = 0; i < count; i++) /* the gateway may have two addresses in one network */
		if (kept == 0 || !ip_addr_equal(&out[kept - 1], &out[i]))
			out[kept++] = out[i];
	return kept;
}

/* Addresses that the kernel refuses are judged in FORWARD, as if nothing were known of them. */
static int fill(struct bridge_sets *sets, const struct ip_addr *isolated, size_t count,
	const struct places *places, char problem[PROBLEM_SIZE])
{
	struct ipset_refused near_refused = {.count = {0}}, groups_refused = near_refused;
	size_t near_count, ends_count;
	int err;

	places_near(places, &near_count);
	places_broadcasts(places, &ends_count);
	bridge_sets_deinit(sets);
	sets->exact = false;
	sets->near = calloc(count + near_count + 1, sizeof(*sets->near));
	sets->group_addrs = calloc(ends_count + GROUPS_FIXED, sizeof(*sets->group_addrs));
	if (sets->near == NULL || sets->group_addrs == NULL) {
		snprintf(problem, PROBLEM_SIZE, "out of memory");
		return -ENOMEM;
	}
	if (count > 0) {
		sets->near_count = list_near(isolated, count, places, sets->near);
		sets->group_count = list_groups(sets, places, sets->group_addrs);
	}
	err = pod_set_fill_possible(
		POD_SET_NEAR, sets->near, sets->near_count, sets->ipv6, &near_refused, problem);
	if (err == 0)
		err = pod_set_fill_possible(POD_SET_GROUPS, sets->group_addrs, sets->group_count,
			sets->ipv6, &groups_refused, problem);
	sets->exact = err == 0 && near_refused.count[0] + near_refused.count[1] == 0 &&
		groups_refused.count[0] + groups_refused.count[1] == 0;
	return err;
}

void bridge_sets_deinit(struct bridge_sets *sets)
{
	free(sets->near);
	free(sets->group_addrs);
	sets->near = sets->group_addrs = NULL;
	sets->near_count = sets->group_count = 0;
}

static int verify(const struct bridge_sets *sets, enum pod_set which, const struct ip_addr *addrs,
	size_t count, char problem[PROBLEM_SIZE])
{
	size_t v4 = 0;
	long ignored;
	int err;

	while (v4 < count && addrs[v4].family == IP_FAMILY_V4)
		v4++;
	err = pod_set_verify_one(which, IP_FAMILY_V4, addrs, v4, 0, &ignored, problem);
	if (err == 0 && sets->ipv6)
		err = pod_set_verify_one(
			which, IP_FAMILY_V6, addrs + v4, count - v4, 0, &ignored, problem);
	return err;
}

int bridge_sets_verify(const struct bridge_sets *sets, char problem[PROBLEM_SIZE])
{
	const int err = sets->exact
		? verify(sets, POD_SET_NEAR, sets->near, sets->near_count, problem)
		: 0;

	return err != 0 || !sets->exact
		? err
		: verify(sets, POD_SET_GROUPS, sets->group_addrs, sets->group_count, problem);
}

int bridge_sets_fill(struct bridge_sets *sets, const struct ip_addr *isolated, size_t count,
	char problem[PROBLEM_SIZE])
{
	const uint64_t generation = places_watch_generation(sets->places);
	const int err = fill(sets, isolated, count, places_watch_hold(sets->places), problem);

	places_watch_release(sets->places);
	if (err == 0)
		sets->seen = generation;
	return err;
}

bool bridge_sets_are_stale(const struct bridge_sets *sets)
{
	return places_watch_generation(sets->places) != sets->seen;
}

static bool is_near(const struct ip_addr *near, size_t count, const struct ip_addr *addr)
{
	return count > 0 && bsearch(addr, near, count, sizeof(*addr), ip_addr_compare) != NULL;
}

/* As list_near() says, what is to be in the set is known; what changes in it is. */
static bool amend_near(struct bridge_sets *sets, const struct ip_addr *isolated, size_t count,
	const struct places *places, const struct ip_addr *changed, size_t changed_count,
	bool adding)
{
	struct ip_addr *near, *differing;
	size_t near_count, differing_count = 0;
	bool done;

	places_near(places, &near_count);
	near = calloc(count + near_count + 1, sizeof(*near));
	differing = calloc(changed_count + 1, sizeof(*differing));
	if (near == NULL || differing == NULL) {
		free(near);
		free(differing);
		return false;
	}
	near_count = list_near(isolated, count, places, near);
	for (size_t i = 0; i < changed_count; i++)
		if (is_near(near, near_count, &changed[i]) == adding &&
			!ip_addr_is_link_local(&changed[i]))
			differing[differing_count++] = changed[i];
	done = (adding ? pod_set_add : pod_set_remove)(POD_SET_NEAR, differing, differing_count) ==
		0;
	if (done) {
		free(sets->near);
		sets->near = near;
		sets->near_count = near_count;
	} else {
		free(near);
	}
	free(differing);
	return done;
}

bool bridge_sets_amend(struct bridge_sets *sets, const struct ip_addr *isolated, size_t count,
	const struct ip_addr *changed, size_t changed_count, bool adding)
{
	bool done;

	/* While no pod is isolated both sets are empty. */
	if (!sets->exact || bridge_sets_are_stale(sets) || count == 0 ||
		(adding && count == changed_count))
		return false;
	done = amend_near(sets, isolated, count, places_watch_hold(sets->places), changed,
		changed_count, adding);
	places_watch_release(sets->places);
	return done;
}
