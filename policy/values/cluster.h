/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef POLICY_VALUES_CLUSTER_H
#define POLICY_VALUES_CLUSTER_H

/*
 * All objects in force at one moment: what a snapshot is compiled from and what
 * explain, lint and reachability read names and rules from. Immutable and
 * counted; it holds references on the arenas in which its objects live. Any
 * thread may read it and take or drop references.
 */

#include <stddef.h>

#include "policy/values/arena.h"
#include "policy/values/model.h"

struct cluster {
	/* Sorted by namespace, then name (strcmp); no two with the same of both. */
	const struct namespace_object *const *namespaces;
	size_t namespace_count;
	const struct pod *const *pods;
	size_t pod_count;
	const struct network_policy *const *policies;
	size_t policy_count;
};

/*
 * Makes a cluster of these objects, with one reference. The lists are copied and sorted
 * (of two objects with one key the later in the list is taken); `arenas` are referenced, and
 * must be all those the objects live in. A namespace that pods or policies are in but that has
 * no object is added with only its kubernetes.io/metadata.name label, as the API would have it.
 * Returns 0, or -ENOMEM with *out untouched.
 */
struct cluster_objects {
	const struct namespace_object *const *namespaces;
	size_t namespace_count;
	const struct pod *const *pods;
	size_t pod_count;
	const struct network_policy *const *policies;
	size_t policy_count;
	struct arena *const *arenas;
	size_t arena_count;
};
int cluster_create(struct cluster **out, const struct cluster_objects *objects);
/*
 * The same of lists that are in the order of a cluster's already, with no two objects of one key.
 */
int cluster_create_sorted(struct cluster **out, const struct cluster_objects *objects);
struct cluster *cluster_ref(struct cluster *cluster);
void cluster_unref(struct cluster *cluster); /* NULL is allowed */

/* By binary search; NULL when there is none. */
const struct namespace_object *cluster_namespace(const struct cluster *cluster, const char *name);
const struct pod *cluster_pod(
	const struct cluster *cluster, const char *namespace_name, const char *name);
const struct network_policy *cluster_policy(
	const struct cluster *cluster, const char *namespace_name, const char *name);

#endif
