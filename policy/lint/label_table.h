/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef POLICY_LINT_LABEL_TABLE_H
#define POLICY_LINT_LABEL_TABLE_H

/*
 * Which labels exist, and how many objects of a namespace bear each: for telling people what they
 * could have meant. Immutable once made; borrows the cluster's texts.
 */

#include <stddef.h>

#include "policy/values/cluster.h"

struct label_use {
	const char *namespace_name; /* of the pods; "" for labels of namespaces */
	const char *key, *value;
	size_t count; /* objects that bear it */
};

struct label_table {
	const struct label_use *items; /* sorted by namespace, key and value */
	size_t count;
};

/* Each fills *out in `arena`. 0 or -ENOMEM. */
int label_table_of_pods(
	struct label_table *out, const struct cluster *cluster, struct arena *arena);
int label_table_of_namespaces(
	struct label_table *out, const struct cluster *cluster, struct arena *arena);

/* The part that is about one namespace. */
struct label_table label_table_within(const struct label_table *table, const char *namespace_name);

#endif
