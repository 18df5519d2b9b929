/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef POLICY_EXPLAIN_RELABEL_H
#define POLICY_EXPLAIN_RELABEL_H

/*
 * The labels that make an object match a selector which it does not match. Labels are only ever
 * added: one that is there may be what other policies go by, and a pod that changes it could lose
 * what isolates it. Pure; any thread.
 */

#include "policy/values/model.h"
#include "policy/values/phrase.h"

/* A label to add. */
struct relabel {
	const char *key, *value;
};

/*
 * Finds the labels with which `labels` match `selector`, into `arena`. Returns how many; or -EINVAL
 * when added labels can't do it, or -ENOMEM, *out untouched.
 */
int relabel_find(const struct selector *selector, const struct label_set *labels,
	struct arena *arena, struct relabel **out);

/* "with label role=web, tier=front" */
void relabel_add_phrase(struct phrase *phrase, const struct relabel *added, int count);

#endif
