/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/lint/lint_checks.h"

#include "policy/lint/odd_claims.h"

int lint_check_pods(struct linter *linter)
{
	for (size_t i = 0; i < linter->cluster->pod_count; i++) {
		const struct pod *pod = linter->cluster->pods[i];

		if (linter_pod_counts(pod) && pod->ip_count == 0)
			diag_add(linter->findings, DIAG_WARNING, pod->pos, "pod-without-address",
				"write the annotation podgate.io/ip: ADDRESS under its metadata; "
				"what "
				"kubectl get pods -A -o yaml prints has it in status.podIPs",
				"pod %s/%s has no address: nothing can be judged for it",
				pod->namespace_name, pod->name);
	}
	odd_claims_report(linter->snapshot, true, linter->findings);
	return 0;
}
