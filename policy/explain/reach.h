/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef POLICY_EXPLAIN_REACH_H
#define POLICY_EXPLAIN_REACH_H

/*
 * Who reaches whom: every pod that has an address of its own against every other, on one port or on
 * each port that the destination's containers declare. The judgements are snapshot_judge()'s.
 */

#include <stddef.h>

#include "policy/compile/snapshot.h"
#include "policy/values/arena.h"

struct reach_question {
	enum ip_family family;	    /* which of a dual-stack pod's addresses */
	const char *namespace_name; /* only the pods of this namespace; NULL: all */
	uint8_t protocol;
	uint16_t port; /* 0: each port that the destination declares for the protocol, or 80 */
};

/* One cell a pair, row-major: cells[source * count + destination]. */
struct reach_cell {
	/* UNKNOWN: an end has no address of that family. */
	enum { REACH_NONE, REACH_SOME, REACH_ALL, REACH_UNKNOWN } reach;
	uint16_t allowed, asked; /* ports */
	bool audited;		 /* some of what passes would be denied if enforced */
};

struct reach_matrix {
	const struct pod *const *pods; /* those with an address, sorted by namespace and name */
	size_t count;
	const struct reach_cell *cells;
};

/* Fills *out in `arena`. Returns 0; -ENOMEM, or -E2BIG for more than 2^26 pairs, *out untouched. */
int reach_compute(const struct snapshot *snapshot, const struct reach_question *question,
	struct arena *arena, struct reach_matrix *out);

#endif
