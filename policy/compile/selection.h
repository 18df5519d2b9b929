/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef POLICY_COMPILE_SELECTION_H
#define POLICY_COMPILE_SELECTION_H

/*
 * Which groups of policies isolate which kinds of pods in one direction. Kinds that the same groups
 * isolate are one class, found without comparing lists: every group has a random 128-bit number,
 * and a kind's signature is the sum of the numbers of its groups. A group is added at the first
 * kind of each range it selects and taken off behind the last, so one that selects all kinds there
 * are costs two additions.
 */

#include "policy/compile/policy_groups.h"

struct selection_class {
	const uint32_t *groups; /* rising */
	uint32_t count;
};

struct selection {
	const struct policy_groups *groups; /* borrowed, as is the next */
	const struct label_index *labels;
	enum direction direction;
	struct intern_table signatures; /* a class's is number class - 1 */
	/* of uint32_t, by class, and one more: where in members its groups begin */
	struct vector starts;
	struct vector members; /* of uint32_t */
};

/* Returns 0 or -ENOMEM; deinit is right after both. */
int selection_init(struct selection *selection, const struct policy_groups *groups,
	const struct label_index *labels, enum direction direction, struct arena *arena);
void selection_deinit(struct selection *selection);

uint32_t selection_class_count(const struct selection *selection);
/* Class 0 has no groups. Good until there are more classes. */
struct selection_class selection_get(const struct selection *selection, uint32_t class);

/*
 * Stores the class of each kind of the labels' last batch, which are `count`: 0 when no policy
 * isolates it, or when it is not judged here. Returns 0; -ENOMEM or -E2BIG. What is only needed
 * meanwhile goes to `scratch`.
 */
int selection_extend(struct selection *selection, const bool *judged, uint32_t count,
	uint32_t *class_of, struct arena *scratch);

#endif
