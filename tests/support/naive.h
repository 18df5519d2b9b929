/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef TESTS_SUPPORT_NAIVE_H
#define TESTS_SUPPORT_NAIVE_H

/*
 * Policies judged by walking the objects, tier by tier and sentence by sentence as the API's text
 * has it. Slow
 * on purpose, and sharing no matching code with policy/: selectors, blocks and ports are read anew
 * here, so that a mistake would have to be made twice to go unseen.
 */

#include <stdbool.h>
#include <stddef.h>

#include "policy/compile/snapshot.h"
#include "policy/values/cluster.h"

struct naive_world {
	const struct cluster *cluster;
	const char *node_name; /* as in struct snapshot_options */
	bool audit;
};

/* Whether the pod is one of those that may be at that address. */
bool naive_may_be(
	const struct naive_world *world, const struct ip_addr *addr, const struct pod *pod);
const struct pod *naive_pod_at(const struct naive_world *world, const struct ip_addr *addr);
/*
 * Whether `policy` selects a pod that may be at `addr`, that pod is local, and the policy isolates
 * in `direction`.
 */
bool naive_policy_applies(const struct naive_world *world, const struct network_policy *policy,
	const struct ip_addr *addr, enum direction direction);
bool naive_isolates(const struct naive_world *world, const struct ip_addr *addr);
bool naive_audits(const struct naive_world *world, const struct pod *pod);
struct judgement naive_judge(const struct naive_world *world, const struct flow *flow);

#endif
