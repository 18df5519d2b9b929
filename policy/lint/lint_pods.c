/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/lint/lint_checks.h"

#include "policy/lint/odd_claims.h"

static void warn_without_address(struct linter *linter, const struct pod *pod)
{
	diag_add(linter->findings, DIAG_WARNING, pod->pos, "pod-without-address",
		"write the annotation podgate.io/ip: ADDRESS under its metadata; what kubectl get "
		"pods -A -o yaml prints has it in status.podIPs",
		"pod %s/%s has no address: nothing can be judged for it", pod->namespace_name,
		pod->name);
}

int lint_check_pods(struct linter *linter)
{
	const struct cluster *cluster = linter->cluster;

	for (size_t i = 0; i < cluster->pod_count; i++)
		if (linter_pod_counts(cluster->pods[i]) && cluster->pods[i]->ip_count == 0)
			warn_without_address(linter, cluster->pods[i]);
	odd_claims_report(linter->snapshot, true, linter->findings);
	return 0;
}
