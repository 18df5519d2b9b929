/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef POLICY_CLUSTER_INDEX_H
#define POLICY_CLUSTER_INDEX_H

/*
 * Selectors to pods, for one compilation. Pods are known by their number in the cluster; its order makes a
 * namespace a range of them, so "in this namespace" and "in those namespaces" are set algebra as well.
 */

#include "policy/cluster.h"
#include "policy/label_index.h"
#include "policy/selection.h"

struct cluster_index {
	struct arena *arena;		/* borrowed */
	const struct cluster *cluster;
	struct label_index pods, namespaces;
	uint32_t *first_pods;		/* by namespace, and one past the last: where its pods begin */
	uint32_t *policy_namespaces;	/* by policy */
	struct intern_table peers;	/* struct peer_key: what was asked before */
	struct vector peer_answers;	/* of struct range_list, by number in peers */
	struct intern_table groups;	/* { namespace, selector of pods } of policies */
};

/* deinit is right after a failed init too. Returns 0; -ENOMEM, or -E2BIG for more than 2^30 pods or policies. */
int cluster_index_init(struct cluster_index *index, const struct cluster *cluster, struct arena *arena);
void cluster_index_deinit(struct cluster_index *index);

/* Fills *out with the pods that the policy of that number selects. Returns 0; -ENOMEM or -E2BIG. */
int cluster_index_scope(struct cluster_index *index, uint32_t policy, struct policy_scope *out);

/* Stores the pods that a peer by selectors means in a policy of namespace `own`. Returns 0; -ENOMEM or -E2BIG. */
int cluster_index_peer(struct cluster_index *index, const struct policy_peer *peer, uint32_t own,
	struct range_list *out);

#endif
