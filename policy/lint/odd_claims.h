/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef POLICY_LINT_ODD_CLAIMS_H
#define POLICY_LINT_ODD_CLAIMS_H

/*
 * The claims of addresses that somebody should know of (snapshot_odd_claims()), as findings. Any
 * thread.
 */

#include "policy/compile/snapshot.h"
#include "policy/values/diag.h"

/*
 * Adds warnings by these codes, each at one pod and naming the other with its place:
 *   contested-address   several pods have the address, and the policies of all hold for it
 *   outranked-address   an annotation claims an address that the status of another pod gives
 *   duplicate-address   a pod that is terminating has it, too; common while an address goes to
 *   the next pod, and so
 *                       only if `all`
 *   gateway-address     the gateway has the address itself
 */
void odd_claims_report(const struct snapshot *snapshot, bool all, struct diag_list *findings);

#endif
