/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef POLICY_LINT_LINTER_H
#define POLICY_LINT_LINTER_H

/*
 * What the checks behind lint_snapshot() share: the objects, an index of who bears which label, and
 * where findings go. One thread; lives for one lint.
 */

#include "policy/compile/snapshot.h"
#include "policy/lint/cluster_index.h"
#include "policy/lint/label_table.h"
#include "policy/values/diag.h"
#include "policy/values/phrase.h"
#include "policy/values/suggest.h"

struct linter {
	const struct snapshot *snapshot;
	const struct cluster *cluster;
	struct diag_list *findings;
	struct arena *scratch; /* goes when the lint is done */
	struct cluster_index index;
	struct label_table pod_labels, namespace_labels;
	/* words that may still be compared: a large cluster full of mistakes ends, too */
	size_t patience;
};

/*
 * Pods that a policy can be about: those of the host network and finished ones have no address of
 * their own.
 */
bool linter_pod_counts(const struct pod *pod);
/* The nearest word to suggestion->wanted, within the patience left. */
void linter_offer(struct linter *linter, struct suggestion *suggestion, const char *candidate);
/* Adds a warning whose text and hint are phrases ("" is no hint). 0 or -ENOMEM. */
int linter_warn(struct linter *linter, struct source_pos pos, const char *code, struct phrase *text,
	struct phrase *hint);

#endif
