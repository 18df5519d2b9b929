/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ENFORCER_LEARN_PAST_CHANGES_H
#define ENFORCER_LEARN_PAST_CHANGES_H

/*
 * The last changes of policies, and what each touched: whether a verdict of an older snapshot still
 * holds. One thread at a time. All zero: none holds.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "policy/compile/touched.h"
#include "policy/values/flow.h"

/* A change that touches more addresses is remembered as one that touches everything. */
enum { PAST_CHANGES = 64, PAST_ADDRS = 8 };

struct past_change {
	uint64_t revision; /* that it led to; 0: none */
	size_t count;
	struct ip_addr addrs[PAST_ADDRS];
};

struct past_changes {
	struct past_change items[PAST_CHANGES];
	size_t next;
	uint64_t oldest, latest; /* revisions whose verdicts can be told about: all in between */
};

/* Only verdicts of this revision hold. */
void past_changes_begin(struct past_changes *past, uint64_t revision);
/* A change led from the latest revision to this one, which is higher. */
void past_changes_add(struct past_changes *past, const struct touched *touched, uint64_t revision);
/* Whether no change since that revision touched an end of the flow, as far as is remembered. */
bool past_changes_spare(
	const struct past_changes *past, uint64_t revision, const struct flow *flow);

#endif
