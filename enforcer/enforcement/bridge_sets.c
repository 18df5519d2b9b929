/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "enforcer/enforcement/bridge_sets.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "enforcer/rules/pod_set.h"

_Static_assert((int)BRIDGE_SETS_PROBLEM >= (int)POD_SET_PROBLEM, "a set's problem is passed on as it is");

size_t bridge_sets_merge(const struct ip_addr *a, size_t a_count, const struct ip_addr *b, size_t b_count,
	struct ip_addr *out)
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
 * Receivers whose first packets are judged in PREROUTING: isolated pods, and whoever is known to be on a bridge. Link-local
 * addresses are those of everybody. Sorted; `out` has room for isolated_count and as many as are near.
 */
static size_t list_near(const struct ip_addr *isolated, size_t isolated_count, const struct places *places,
	struct ip_addr *out)
{
	size_t near_count, count, kept = 0;
	const struct ip_addr *near = places_near(places, &near_count);

	count = bridge_sets_merge(isolated, isolated_count, near, near_count, out);
	for (size_t i = 0; i < count; i++)
		if (!ip_addr_is_link_local(&out[i]))
			out[kept++] = out[i];
	return kept;
}

static int compare_addrs(const void *a, const void *b)
{
	return ip_addr_cmp(a, b);
}

/* What stands for many receivers, while there are isolated pods. Sorted; at most GROUPS_FIXED more than networks. */
enum { GROUPS_FIXED = 6 };
static size_t list_groups(const struct bridge_sets *sets, const struct places *places, struct ip_addr *out)
{
	static const uint8_t all4[4] = {224}, broadcast[4] = {255, 255, 255, 255};
	static const uint8_t all6[16] = {0xff}, nodes[16] = {0xff, 2, [15] = 1}, routers[16] = {0xff, 2, [15] = 2};
	size_t ends_count, count = 0, kept = 0;
	const struct places_broadcast *ends = places_broadcasts(places, &ends_count);

	if (!sets->groups) {
		out[0] = ip_addr_v6(nodes);	/* what routers and hosts tell each other is another matter */
		out[1] = ip_addr_v6(routers);
		return 2;
	}
	for (size_t i = 0; i < ends_count; i++)
		if (ends[i].addr.family == IP_FAMILY_V4)
			out[count++] = ends[i].addr;
	out[count++] = ip_addr_v4(all4);
	out[count++] = ip_addr_v4(broadcast);
	out[count++] = ip_addr_v6(all6);
	qsort(out, count, sizeof(*out), compare_addrs);
	for (size_t i = 0; i < count; i++)	/* the gateway may have two addresses in one network */
		if (kept == 0 || !ip_addr_equal(&out[kept - 1], &out[i]))
			out[kept++] = out[i];
	return kept;
}

/* What the kernel refuses of these is judged in FORWARD, as if nothing were known of it. */
static int fill(const struct bridge_sets *sets, const struct ip_addr *isolated, size_t count, const struct places *places,
	char problem[BRIDGE_SETS_PROBLEM])
{
	struct ipset_refused refused;
	size_t near_count, ends_count;
	struct ip_addr *addrs;
	int err;

	places_near(places, &near_count);
	places_broadcasts(places, &ends_count);
	addrs = calloc(count + near_count + ends_count + GROUPS_FIXED, sizeof(*addrs));
	if (addrs == NULL) {
		snprintf(problem, BRIDGE_SETS_PROBLEM, "out of memory");
		return -ENOMEM;
	}
	err = pod_set_fill_possible(POD_SET_NEAR, addrs, count > 0 ? list_near(isolated, count, places, addrs) : 0,
		sets->ipv6, &refused, problem);
	if (err == 0)
		err = pod_set_fill_possible(POD_SET_GROUPS, addrs, count > 0 ? list_groups(sets, places, addrs) : 0,
			sets->ipv6, &refused, problem);
	free(addrs);
	return err;
}

int bridge_sets_fill(struct bridge_sets *sets, const struct ip_addr *isolated, size_t count,
	char problem[BRIDGE_SETS_PROBLEM])
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
