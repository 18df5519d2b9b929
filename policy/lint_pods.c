/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/lint_checks.h"

#include <errno.h>
#include <stdlib.h>

/* One address of one pod. */
struct claim {
	struct ip_addr addr;
	const struct pod *pod;
};

static int claim_cmp(const void *pa, const void *pb)
{
	const struct claim *a = pa, *b = pb;
	const int order = ip_addr_cmp(&a->addr, &b->addr);

	return order != 0 ? order : (a->pod > b->pod) - (a->pod < b->pod);
}

static void warn_without_address(struct linter *linter, const struct pod *pod)
{
	diag_add(linter->findings, DIAG_WARNING, pod->pos, "pod-without-address",
		"write the annotation podgate.io/ip: ADDRESS under its metadata; what kubectl get pods -A -o yaml "
		"prints has it in status.podIPs",
		"pod %s/%s has no address: nothing can be judged for it", pod->namespace_name, pod->name);
}

/* Told at the pod that does not get the address; the snapshot knows who does. */
static void warn_shared(struct linter *linter, const struct claim *claim, const struct pod *owner)
{
	char text[IP_ADDR_TEXT];

	diag_add(linter->findings, DIAG_WARNING, claim->pod->pos, "duplicate-address",
		"a pod that has ended keeps no address: remove it, or give it its phase Succeeded or Failed",
		"pod %s/%s has the address %s of pod %s/%s, which is taken for its owner",
		claim->pod->namespace_name, claim->pod->name, ip_addr_format(&claim->addr, text),
		owner->namespace_name, owner->name);
}

static size_t count_addresses(const struct cluster *cluster)
{
	size_t count = 0;

	for (size_t i = 0; i < cluster->pod_count; i++)
		count += cluster->pods[i]->ip_count;
	return count;
}

static void check_shared(struct linter *linter, struct claim *claims, size_t count)
{
	qsort(claims, count, sizeof(*claims), claim_cmp);
	for (size_t i = 0; i < count; i++) {
		const bool shared = (i > 0 && ip_addr_equal(&claims[i - 1].addr, &claims[i].addr)) ||
				    (i + 1 < count && ip_addr_equal(&claims[i + 1].addr, &claims[i].addr));
		const struct pod *owner = shared ? snapshot_pod_at(linter->snapshot, &claims[i].addr) : NULL;

		/* The same address twice in one pod is no quarrel. */
		if (owner != NULL && owner != claims[i].pod)
			warn_shared(linter, &claims[i], owner);
	}
}

int lint_check_pods(struct linter *linter)
{
	const struct cluster *cluster = linter->cluster;
	struct claim *claims = arena_calloc(linter->scratch, count_addresses(cluster), sizeof(*claims));
	size_t count = 0;

	if (claims == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < cluster->pod_count; i++) {
		const struct pod *pod = cluster->pods[i];

		if (!linter_pod_counts(pod))
			continue;
		if (pod->ip_count == 0)
			warn_without_address(linter, pod);
		for (size_t j = 0; j < pod->ip_count; j++)
			claims[count++] = (struct claim){pod->ips[j], pod};
	}
	check_shared(linter, claims, count);
	return 0;
}
