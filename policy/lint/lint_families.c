/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/lint/lint_checks.h"

#include <stdio.h>
#include <string.h>

/*
 * Pods with an address of one family where others have both. What a policy can't see it can't hold:
 * should such a pod get an address of the other family, by a router's advertisement or from its
 * network's plugin, nothing isolates that one.
 */

enum { BOTH = 3 };

/* Bit 0: an IPv4 address; bit 1: an IPv6 address. */
static unsigned int families_of(const struct pod *pod)
{
	unsigned int families = 0;

	for (size_t i = 0; i < pod->ip_count; i++)
		families |= pod->ips[i].family == IP_FAMILY_V4 ? 1U : 2U;
	return families;
}

static const struct pod *find_dual(const struct cluster *cluster)
{
	for (size_t i = 0; i < cluster->pod_count; i++)
		if (linter_pod_counts(cluster->pods[i]) && families_of(cluster->pods[i]) == BOTH)
			return cluster->pods[i];
	return NULL;
}

static bool is_at_risk(const struct linter *linter, const struct pod *pod)
{
	const unsigned int families = linter_pod_counts(pod) ? families_of(pod) : 0;
	bool isolated = false;

	for (size_t i = 0; i < pod->ip_count; i++)
		isolated = isolated || snapshot_isolates(linter->snapshot, &pod->ips[i]);
	return isolated && families != 0 && families != BOTH;
}

/* One for all of a namespace: they mostly come from the same place. */
static void warn(
	struct linter *linter, const struct pod *first, size_t more, const struct pod *dual)
{
	const bool v4 = families_of(first) == 1;
	char others[64] = "";

	if (more > 0)
		snprintf(others, sizeof(others), " (and %zu more of its namespace)", more);
	diag_add(linter->findings, DIAG_WARNING, first->pos, "one-family",
		"name both addresses, or see to it that such pods have none of the other family: "
		"net.ipv6.conf.all.disable_ipv6=1 in the pod, for one",
		"pod %s/%s%s has no %s address in its manifest, while pod %s/%s has: if it gets "
		"one, no policy is enforced for it",
		first->namespace_name, first->name, others, v4 ? "IPv6" : "IPv4",
		dual->namespace_name, dual->name);
}

int lint_check_families(struct linter *linter)
{
	const struct cluster *cluster = linter->cluster;
	const struct pod *dual = find_dual(cluster), *first = NULL;
	size_t more = 0;

	for (size_t i = 0; dual != NULL && i < cluster->pod_count; i++) {
		const struct pod *pod = cluster->pods[i];

		if (!is_at_risk(linter, pod))
			continue;
		if (first != NULL && strcmp(first->namespace_name, pod->namespace_name) == 0) {
			more++;
			continue;
		}
		if (first != NULL)
			warn(linter, first, more, dual);
		first = pod;
		more = 0;
	}
	if (first != NULL)
		warn(linter, first, more, dual);
	return 0;
}
