/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef POLICY_LINT_LINT_CHECKS_H
#define POLICY_LINT_LINT_CHECKS_H

/*
 * What lint_snapshot() looks for, a file for each kind. Findings go to the linter; each check
 * returns 0, or -ENOMEM.
 */

#include "policy/lint/linter.h"

/* lint_selectors.c: selectors that match nothing, or nothing that a policy can hold. */
int lint_check_scope(struct linter *linter, uint32_t policy);
int lint_check_peer(struct linter *linter, uint32_t policy, const struct policy_peer *peer);
/* lint_ports.c: ports that the pods in question do not have. */
int lint_check_ports(struct linter *linter, uint32_t policy, enum direction direction,
	const struct policy_rule *rule);
/* lint_pods.c: addresses that are missing, or owned twice. */
int lint_check_pods(struct linter *linter);
/* lint_families.c: pods with addresses of one family, where others have both. */
int lint_check_families(struct linter *linter);
/* lint_twins.c: policies that say the same. */
int lint_check_twins(struct linter *linter);

#endif
