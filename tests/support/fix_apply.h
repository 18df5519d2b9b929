/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef TESTS_SUPPORT_FIX_APPLY_H
#define TESTS_SUPPORT_FIX_APPLY_H

/*
 * Does what explain's fix says, read from its words: a fix is right when this, done to the cluster,
 * admits the flow. What is to be pasted into a policy is read by config/, as a user's would be.
 * Words that are not understood fail the test.
 */

#include "policy/values/cluster.h"

struct fixed {
	struct cluster *cluster;
	struct cluster *snippets[4]; /* hold what was read from the fix */
	size_t snippet_count;
};

/* Changed objects live in `arena`, the others in `cluster`: both must outlive *out. */
void fix_apply(
	struct fixed *out, const struct cluster *cluster, const char *fix, struct arena *arena);
void fix_deinit(struct fixed *fixed);

#endif
