/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef POLICY_SELECTION_H
#define POLICY_SELECTION_H

/*
 * Which policies isolate which pods in one direction. Pods that the same policies isolate are one class, found
 * without comparing lists: every policy has a random 128-bit number, and a pod's signature is the sum of the
 * numbers of its policies. A policy is added at the first pod of each range it selects and taken off behind the
 * last, so one that selects a whole namespace costs two additions, however many pods there are.
 */

#include "policy/cluster.h"
#include "policy/range_list.h"

/* The pods a policy selects: `ranges` as far as they are within [first, end), its namespace. */
struct policy_scope {
	struct range_list ranges;
	uint32_t first, end;
	uint32_t group;			/* policies of one group have one scope; groups are numbered from 0 */
};

/* Whether it is all pods of the namespace. */
bool policy_scope_is_whole(const struct policy_scope *scope);

struct selection_class {
	const uint32_t *policies;	/* numbers in the cluster, rising */
	uint32_t count;
};

struct selection {
	uint32_t *class_of;		/* by pod; 0: no policy isolates it */
	struct selection_class *classes;	/* by number; classes[0] is empty */
	uint32_t class_count;
};

struct selection_input {
	const struct cluster *cluster;
	const struct policy_scope *scopes;	/* by policy */
	uint32_t group_count;
	const bool *judged;			/* by pod: local, and owns an address. Others are in class 0 */
};

/* Fills *out; it lives in `arena`, as does what is needed meanwhile. Returns 0; -ENOMEM or -E2BIG. */
int selection_make(struct selection *out, const struct selection_input *input, enum direction direction,
	struct arena *arena);

#endif
