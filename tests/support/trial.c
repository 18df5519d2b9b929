/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/support/trial.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "tests/support/manifest_print.h"

struct trial_counts trial_counts;

void trial_fail(const struct trial *trial, const char *what)
{
	manifest_print_cluster(stderr, trial->cluster);
	fprintf(stderr, "# %s\n# seed %" PRIu64 ", node \"%s\", gateway audit %d\n", what,
		trial->seed, trial->world.node_name, trial->world.audit);
	fail();
	abort(); /* fail() does not return, but is not declared so */
}

void trial_check_flow(const struct trial *trial, const struct flow *flow)
{
	static const char *const side_names[] = {"open", "allowed", "denied", "audit-denied"};
	const struct judgement wanted = naive_judge(&trial->world, flow),
			       seen = snapshot_judge(trial->snapshot, flow);

	trial_counts.verdicts[wanted.verdict]++;
	for (int d = 0; d < DIRECTION_COUNT; d++)
		trial_counts.sides[d][wanted.sides[d]]++;
	if (wanted.verdict == seen.verdict &&
		memcmp(wanted.sides, seen.sides, sizeof(wanted.sides)) == 0)
		return;
	manifest_print_flow(stderr, flow);
	fprintf(stderr,
		": wanted %s (ingress %s, egress %s), compiled %s (ingress %s, egress %s)\n",
		verdict_name(wanted.verdict), side_names[wanted.sides[DIRECTION_INGRESS]],
		side_names[wanted.sides[DIRECTION_EGRESS]], verdict_name(seen.verdict),
		side_names[seen.sides[DIRECTION_INGRESS]],
		side_names[seen.sides[DIRECTION_EGRESS]]);
	trial_fail(trial, "the evaluators differ");
}

/* By tier, priority, namespace and name. */
static int listing_cmp(const struct network_policy *a, const struct network_policy *b)
{
	int order = a->tier - b->tier;

	if (order == 0)
		order = (a->priority > b->priority) - (a->priority < b->priority);
	if (order == 0)
		order = strcmp(a->namespace_name, b->namespace_name);
	return order != 0 ? order : strcmp(a->name, b->name);
}

static void check_policies(
	const struct trial *trial, const struct ip_addr *addr, enum direction direction)
{
	const struct cluster *cluster = trial->cluster;
	struct arena *arena = arena_create();
	struct policy_list listed;
	size_t wanted = 0;

	assert_int_equal(snapshot_policies(trial->snapshot, addr, direction, arena, &listed), 0);
	for (size_t i = 0; i < cluster->policy_count; i++)
		wanted += naive_policy_applies(
			&trial->world, cluster->policies[i], addr, direction);
	if (listed.count != wanted)
		trial_fail(trial, "snapshot_policies() lacks one, or has one too many");
	for (size_t i = 0; i < listed.count; i++)
		if (!naive_policy_applies(&trial->world, listed.items[i], addr, direction) ||
			(i > 0 && listing_cmp(listed.items[i - 1], listed.items[i]) >= 0))
			trial_fail(trial, "snapshot_policies() lists a wrong one, or out of order");
	trial_counts.policies += listed.count;
	arena_unref(arena);
}

static void check_claimants(const struct trial *trial, const struct ip_addr *addr)
{
	const struct pod *pod;
	size_t wanted = 0, seen = 0;

	for (; (pod = snapshot_claimant(trial->snapshot, addr, seen)) != NULL; seen++) {
		if (!naive_may_be(&trial->world, addr, pod) ||
			!snapshot_may_be(trial->snapshot, addr, pod))
			trial_fail(trial, "snapshot_claimant() names a pod too many");
		if (snapshot_claimant_audits(trial->snapshot, addr, seen) !=
			(trial->world.audit || naive_audits(&trial->world, pod)))
			trial_fail(trial, "snapshot_claimant_audits() is wrong");
	}
	for (size_t i = 0; i < trial->cluster->pod_count; i++)
		wanted += naive_may_be(&trial->world, addr, trial->cluster->pods[i]);
	if (seen != wanted)
		trial_fail(trial, "snapshot_claimant() lacks some");
	trial_counts.contested += seen > 1;
}

static void check_addr(const struct trial *trial, const struct ip_addr *addr)
{
	if (snapshot_pod_at(trial->snapshot, addr) != naive_pod_at(&trial->world, addr))
		trial_fail(trial, "snapshot_pod_at() names another pod");
	if (snapshot_isolates(trial->snapshot, addr) != naive_isolates(&trial->world, addr))
		trial_fail(trial, "snapshot_isolates() is wrong");
	check_claimants(trial, addr);
	check_policies(trial, addr, DIRECTION_INGRESS);
	check_policies(trial, addr, DIRECTION_EGRESS);
}

/* How many different addresses of pods are isolated, by looking at each. */
static size_t count_isolated(const struct trial *trial)
{
	const struct ip_addr *seen[256];
	size_t count = 0;

	for (size_t i = 0; i < trial->cluster->pod_count; i++) {
		const struct pod *pod = trial->cluster->pods[i];

		for (size_t j = 0; j < pod->ip_count; j++) {
			size_t k = 0;

			while (k < count && !ip_addr_equal(seen[k], &pod->ips[j]))
				k++;
			if (k == count && naive_isolates(&trial->world, &pod->ips[j]))
				seen[count++] = &pod->ips[j];
		}
	}
	return count;
}

static void check_isolated(const struct trial *trial)
{
	size_t count;
	const struct ip_addr *isolated = snapshot_isolated(trial->snapshot, &count);

	for (size_t i = 0; i < count; i++) {
		if (i > 0 && ip_addr_cmp(&isolated[i - 1], &isolated[i]) >= 0)
			trial_fail(trial, "snapshot_isolated() is not sorted");
		if (!naive_isolates(&trial->world, &isolated[i]))
			trial_fail(trial, "snapshot_isolated() has one too many");
	}
	if (count != count_isolated(trial))
		trial_fail(trial, "snapshot_isolated() lacks some");
	trial_counts.isolated += count;
}

void trial_check_addresses(const struct trial *trial)
{
	check_isolated(trial);
	for (size_t i = 0; i < trial->cluster->pod_count; i++)
		for (size_t j = 0; j < trial->cluster->pods[i]->ip_count; j++)
			check_addr(trial, &trial->cluster->pods[i]->ips[j]);
}
