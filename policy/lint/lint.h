/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef POLICY_LINT_LINT_H
#define POLICY_LINT_LINT_H

/*
 * What is valid, and yet hardly what its author meant: found by looking at all objects
 * together. What a single document shows by itself (syntax, unknown fields, bad CIDRs,
 * excepts that swallow their block) is found where it is read, in config/.
 */

#include "policy/compile/snapshot.h"
#include "policy/values/diag.h"

/*
 * Adds warnings to `findings`, by these codes:
 *   selector-matches-no-pod        a podSelector, with the nearest label that exists
 *   selector-matches-no-namespace  a namespaceSelector, likewise
 *   namespace-without-pods         the policy's namespace is empty, or misspelt
 *   selects-host-network, peer-is-host-network    only pods where no policy applies, or that no
 *   selector finds
 *   named-port-undeclared          a port name that none of the pods in question has
 *   port-undeclared                a number that none has, where all of them declare ports: the
 *   Service's port, mostly
 *   port-repeated                  a port that another of the same rule includes
 *   pod-without-address, policy-repeated
 *   one-family    an isolated pod with addresses of one family, where other pods have both
 *   contested-address, outranked-address, duplicate-address    see odd_claims.h
 * Without a single pod among the objects, selectors and ports are not judged. Memory that runs
 * short becomes an error among the findings. Any thread.
 */
void lint_snapshot(const struct snapshot *snapshot, struct diag_list *findings);

#endif
