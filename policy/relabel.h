/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef POLICY_RELABEL_H
#define POLICY_RELABEL_H

/* The label changes that make an object match a selector which it does not match. Pure; any thread. */

#include "policy/model.h"
#include "policy/phrase.h"

/* A label to set, or (value NULL) to take off. */
struct relabel {
	const char *key, *value;
};

/*
 * Finds the changes after which `labels` match `selector`, at most one for each label, into `arena`. Returns how many; or -EINVAL when
 * labels can't do it, or -ENOMEM, *out untouched.
 */
int relabel_find(const struct selector *selector, const struct label_set *labels, struct arena *arena,
	struct relabel **out);

/* "with label role=web, tier=front and without label legacy" */
void relabel_add_phrase(struct phrase *phrase, const struct relabel *changes, int count);

#endif
