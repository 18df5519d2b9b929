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
	sets->widened = false;
	return err;
}

/* Beyond so many, filling the sets aside and swapping them in takes no longer. */
enum { AMENDED_MOST = 256 };

/* Those of `a` that `b` lacks, into `out` with room for them. Returns how many. */
static size_t list_lacking(const struct ip_addr *a, size_t a_count, const struct ip_addr *b,
	size_t b_count, struct ip_addr *out)
{
	size_t count = 0;

	for (size_t i = 0, j = 0; i < a_count; i++) {
		while (j < b_count && ip_addr_cmp(&b[j], &a[i]) < 0)
			j++;
		if (j == b_count || !ip_addr_equal(&b[j], &a[i]))
			out[count++] = a[i];
	}
	return count;
}

/*
 * The sets hold what is wanted but for a few addresses, which are all to be added or all to be
 * removed. Returns whether that was done; if not, the sets are to be filled.
 */
static bool amend(struct isolation_sets *sets, const struct ip_addr *wanted, size_t wanted_count,
	const struct ip_addr *changed, size_t changed_count, bool adding)
{
	if (!sets->exact || isolation_sets_refused(sets) > 0 || changed_count > AMENDED_MOST)
		return false;
	if ((adding ? pod_set_add : pod_set_remove)(POD_SET_PODS, changed, changed_count) != 0)
		return false;
	return places_watch_expect(sets->bridge.places, wanted, wanted_count) == 0 &&
		bridge_sets_amend(
			&sets->bridge, wanted, wanted_count, changed, changed_count, adding);
}

int isolation_sets_widen(struct isolation_sets *sets, const struct snapshot *before,
	const struct snapshot *after, char problem[PROBLEM_SIZE])
{
	size_t old_count, new_count, count, added_count;
	const struct ip_addr *old = snapshot_isolated(before, &old_count);
	const struct ip_addr *new = snapshot_isolated(after, &new_count);
	struct ip_addr *both = calloc(old_count + 2 * new_count + 1, sizeof(*both));
	struct ip_addr *added = both + old_count + new_count;
	int err = 0;

	if (both == NULL) {
		snprintf(problem, PROBLEM_SIZE, "out of memory");
		return -ENOMEM;
	}
	count = bridge_sets_merge(old, old_count, new, new_count, both);
	added_count = list_lacking(new, new_count, old, old_count, added);
	/* Most changes isolate no new address: then sets that are exact need no filling. */
	if ((added_count > 0 || !sets->exact) &&
		!amend(sets, both, count, added, added_count, true))
		err = fill(sets, both, count, problem);
	sets->exact = err == 0 && count == new_count;
	sets->widened = err == 0 && count != new_count;
	free(both);
	return err;
}

int isolation_sets_narrow(struct isolation_sets *sets, const struct snapshot *before,
	const struct snapshot *after, char problem[PROBLEM_SIZE])
{
	size_t old_count, new_count, count;
	const struct ip_addr *old = snapshot_isolated(before, &old_count);
	const struct ip_addr *new = snapshot_isolated(after, &new_count);
	struct ip_addr *removed;

	if (sets->exact)
		return 0;
	removed = calloc(old_count + 1, sizeof(*removed));
	if (removed != NULL && sets->widened) {
		count = list_lacking(old, old_count, new, new_count, removed);
		sets->exact = true; /* but for these */
		sets->exact = amend(sets, new, new_count, removed, count, false);
	}
	free(removed);
	return sets->exact ? 0 : isolation_sets_fill(sets, after, problem);
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
