/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef POLICY_COMPILE_CLAIMS_H
#define POLICY_COMPILE_CLAIMS_H

/*
 * Which pod an address belongs to, where more than one claims it. Internal to the making of a
 * snapshot.
 *
 * A status goes before an annotation, then a pod that is not terminating before one that is. Where
 * that leaves more than one, the address is contested: all of them are held to be there, and the
 * one that was created last, or comes first in the cluster, leads: it is named where one pod must
 * be.
 */

#include "policy/compile/compiled.h"

/*
 * Enters the addresses of the pods that own any into the endpoints, and lists the odd claims. 0;
 * -ENOMEM or -E2BIG.
 */
int claims_enter(struct snapshot *snapshot, const struct snapshot_input *input);

/* The claims of a contested address, the leading one first. For an endpoint that is contested. */
const struct contested_address *claims_of(
	const struct snapshot *snapshot, const struct endpoint *endpoint);

#endif
