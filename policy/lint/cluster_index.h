/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef POLICY_LINT_CLUSTER_INDEX_H
#define POLICY_LINT_CLUSTER_INDEX_H

/*
 * Selectors to pods, for those who look at a cluster object by object. Pods are known by their
 * number in the cluster, in whose order a namespace is a range of them.
 */

#include "policy/compile/label_index.h"
#include "policy/values/cluster.h"

struct cluster_index {
	const struct cluster *cluster;
	/* they learn; the labels of namespaces are their own */
	struct label_index pods, namespaces;
	uint32_t *first_pods;	     /* by namespace, and one past the last: where its pods begin */
	uint32_t *policy_namespaces; /* by policy */
};

/*
 * deinit is right after a failed init too. Returns 0; -ENOMEM, or -E2BIG for more than 2^30 pods or
 * policies.
 */
int cluster_index_init(
	struct cluster_index *index, const struct cluster *cluster, struct arena *arena);
void cluster_index_deinit(struct cluster_index *index);

/*
 * Each stores pods: that the policy of that number selects, or a peer by selectors means in it. 0;
 * -ENOMEM or -E2BIG.
 */
int cluster_index_scope(struct cluster_index *index, uint32_t policy, struct range_list *out);
int cluster_index_peer(struct cluster_index *index, const struct policy_peer *peer, uint32_t policy,
	struct range_list *out);
/* Pods, or namespaces, by their labels alone. */
int cluster_index_pods(
	struct cluster_index *index, const struct selector *selector, struct range_list *out);
int cluster_index_namespaces(
	struct cluster_index *index, const struct selector *selector, struct range_list *out);

#endif
