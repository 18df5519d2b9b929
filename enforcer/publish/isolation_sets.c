/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "enforcer/publish/isolation_sets.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

static int fill(struct isolation_sets *sets, const struct ip_addr *isolated, size_t count,
	char problem[PROBLEM_SIZE])
{
	int err = pod_set_fill_possible(
		POD_SET_PODS, isolated, count, sets->ipv6, &sets->refused, problem);

	if (err != 0)
		return err;
	/* Workers know whose places matter before the sets bring them such packets. */
	err = places_watch_expect(sets->bridge.places, isolated, count);
	if (err != 0) {
		snprintf(problem, PROBLEM_SIZE, "out of memory");
		return err;
	}
	return bridge_sets_fill(&sets->bridge, isolated, count, problem);
}

int isolation_sets_fill(
	struct isolation_sets *sets, const struct snapshot *snapshot, char problem[PROBLEM_SIZE])
{
	size_t count;
	const struct ip_addr *isolated = snapshot_isolated(snapshot, &count);
	const int err = fill(sets, isolated, count, problem);

	sets->exact = err == 0;
	return err;
}

int isolation_sets_widen(struct isolation_sets *sets, const struct snapshot *before,
	const struct snapshot *after, char problem[PROBLEM_SIZE])
{
	size_t old_count, new_count, count;
	const struct ip_addr *old = snapshot_isolated(before, &old_count);
	const struct ip_addr *new = snapshot_isolated(after, &new_count);
	struct ip_addr *both = calloc(old_count + new_count + 1, sizeof(*both));
	int err = 0;

	if (both == NULL) {
		snprintf(problem, PROBLEM_SIZE, "out of memory");
		return -ENOMEM;
	}
	count = bridge_sets_merge(old, old_count, new, new_count, both);
	/* Most changes isolate no new address: then sets that are exact need no filling. */
	if (count != old_count || !sets->exact)
		err = fill(sets, both, count, problem);
	sets->exact = err == 0 && count == new_count;
	free(both);
	return err;
}

int isolation_sets_follow_bridges(
	struct isolation_sets *sets, const struct snapshot *snapshot, char problem[PROBLEM_SIZE])
{
	size_t count;
	const struct ip_addr *isolated = snapshot_isolated(snapshot, &count);

	return sets->exact && bridge_sets_are_stale(&sets->bridge)
		? bridge_sets_fill(&sets->bridge, isolated, count, problem)
		: 0;
}

int isolation_sets_verify(struct isolation_sets *sets, const struct snapshot *snapshot,
	long sizes[2], char found[PROBLEM_SIZE])
{
	size_t count, v4 = 0;
	const struct ip_addr *isolated = snapshot_isolated(snapshot, &count);
	int err;

	while (v4 < count && isolated[v4].family == IP_FAMILY_V4) /* those come first */
		v4++;
	err = pod_set_verify(IP_FAMILY_V4, isolated, v4, sets->refused.count[0], &sizes[0], found);
	if (err == 0 && sets->ipv6)
		err = pod_set_verify(IP_FAMILY_V6, isolated + v4, count - v4,
			sets->refused.count[1], &sizes[1], found);
	if (err == 0)
		err = bridge_sets_verify(&sets->bridge, found);
	/* A failed change left them too wide, which is known: nobody tampered with them. */
	return err == -ESTALE && !sets->exact ? 0 : err;
}

size_t isolation_sets_refused(const struct isolation_sets *sets)
{
	return sets->refused.count[0] + sets->refused.count[1];
}
