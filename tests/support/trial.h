/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef TESTS_SUPPORT_TRIAL_H
#define TESTS_SUPPORT_TRIAL_H

/*
 * A snapshot held against the naive evaluator: what it says of flows, addresses and policies. A
 * failure prints the cluster as manifests, the flow, and the seed, and fails the cmocka test.
 */

#include "policy/compile/snapshot.h"
#include "tests/support/generator.h"
#include "tests/support/naive.h"

struct trial {
	uint64_t seed;		    /* that made it all */
	struct generator generator; /* of flows */
	struct cluster *cluster;
	struct snapshot *snapshot; /* of the cluster */
	struct naive_world world;  /* the same cluster and options */
};

/* How often each answer came: a generator that only ever makes one kind proves nothing. */
struct trial_counts {
	size_t verdicts[3], sides[DIRECTION_COUNT][4], isolated, policies, contested;
};
extern struct trial_counts trial_counts;

void trial_fail(const struct trial *trial, const char *what) __attribute__((noreturn));

void trial_check_flow(const struct trial *trial, const struct flow *flow);
/* of all pods, and the list of isolated ones */
void trial_check_addresses(const struct trial *trial);

#endif
