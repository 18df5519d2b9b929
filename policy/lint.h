/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef POLICY_LINT_H
#define POLICY_LINT_H

/*
 * What is valid, and yet hardly what its author meant: found by looking at all objects
 * together. What a single document shows by itself (syntax, unknown fields, bad CIDRs,
 * excepts that swallow their block) is found where it is read, in config/.
 */

#include "policy/diag.h"
#include "policy/snapshot.h"

/*
 * Adds warnings to `findings`: a selector that no pod matches (naming the nearest label that exists),
 * a named port that no selected pod has, pods without an address, two pods with one address,
 * namespaces that are selected but do not exist, a policy whose ports can never match, and the like.
 */
void lint_snapshot(const struct snapshot *snapshot, struct diag_list *findings);

#endif
