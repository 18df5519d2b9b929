/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/lint/lint.h"

#include <errno.h>

#include "policy/lint/lint_checks.h"

enum { PATIENCE = 2000000 };

static int check_rule(struct linter *linter, uint32_t policy, enum direction direction,
	const struct policy_rule *rule)
{
	int err = 0;

	for (size_t i = 0; err == 0 && i < rule->peer_count; i++)
		err = lint_check_peer(linter, policy, &rule->peers[i]);
	return err != 0 ? err : lint_check_ports(linter, policy, direction, rule);
}

static int check_policy(struct linter *linter, uint32_t number)
{
	const struct network_policy *policy = linter->cluster->policies[number];
	int err = lint_check_scope(linter, number);

	for (int d = 0; d < DIRECTION_COUNT; d++)
		for (size_t i = 0; err == 0 && i < policy->rule_count[d]; i++)
			err = check_rule(linter, number, (enum direction)d, &policy->rules[d][i]);
	return err;
}

static int prepare(struct linter *linter)
{
	int err = cluster_index_init(&linter->index, linter->cluster, linter->scratch);

	if (err == 0)
		err = label_table_of_pods(&linter->pod_labels, linter->cluster, linter->scratch);
	if (err == 0)
		err = label_table_of_namespaces(
			&linter->namespace_labels, linter->cluster, linter->scratch);
	return err;
}

/*
 * A folder of policies alone says nothing about selectors: without a single pod, only the policies
 * are compared.
 */
static int check_all(struct linter *linter)
{
	int err = lint_check_pods(linter);

	if (err == 0)
		err = lint_check_families(linter);
	for (uint32_t i = 0;
		err == 0 && linter->cluster->pod_count > 0 && i < linter->cluster->policy_count;
		i++)
		err = check_policy(linter, i);
	return err != 0 ? err : lint_check_twins(linter);
}

void lint_snapshot(const struct snapshot *snapshot, struct diag_list *findings)
{
	struct linter linter = {
		.snapshot = snapshot,
		.cluster = snapshot_cluster(snapshot),
		.findings = findings,
		.scratch = arena_create(),
		.patience = PATIENCE,
	};
	int err = -ENOMEM;

	if (linter.scratch != NULL) {
		err = prepare(&linter);
		if (err == 0)
			err = check_all(&linter);
		cluster_index_deinit(&linter.index);
	}
	if (err != 0)
		diag_add(findings, DIAG_ERROR, (struct source_pos){.file = ""}, "out-of-memory",
			NULL, "not everything was looked at: %s",
			err == -ENOMEM ? "out of memory" : "too many objects");
	arena_unref(linter.scratch);
}
