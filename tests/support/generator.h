/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef TESTS_SUPPORT_GENERATOR_H
#define TESTS_SUPPORT_GENERATOR_H

/*
 * Random clusters and flows for tests, the same for the same seed on every machine. Names, labels,
 * addresses and ports come from pools so small that things collide: two pods with one address,
 * rules that nearly match, ranges that touch. Objects are as config/ would make them: sorted,
 * validated, defaulted. Out of memory aborts.
 */

#include <stdbool.h>
#include <stdint.h>

#include "policy/values/cluster.h"
#include "policy/values/flow.h"

struct generator {
	uint64_t state; /* the seed, to begin with */
};

/* How many there are at most; each cluster has a random number from none up. */
struct generator_limits {
	uint32_t namespaces, pods, policies;
	bool tiers; /* some policies are of tiers beside NetworkPolicy's, with rules that deny or
		       pass */
};

/* 0 to bound - 1; bound is not 0 */
uint32_t generator_below(struct generator *generator, uint32_t bound);
int generator_chance(struct generator *generator, uint32_t percent);

/* A cluster for cluster_unref() to free. */
struct cluster *generator_cluster(
	struct generator *generator, const struct generator_limits *limits);
/*
 * Single objects, for clusters that change; they live in `arena`. `number` goes into the names of
 * pods and policies, and chooses a namespace's. `namespaces`, one at least, is how many namespaces
 * there may be.
 */
const struct namespace_object *generator_namespace(
	struct generator *generator, struct arena *arena, uint32_t number);
const struct pod *generator_pod(
	struct generator *generator, struct arena *arena, uint32_t namespaces, uint32_t number);
const struct network_policy *generator_policy(
	struct generator *generator, struct arena *arena, uint32_t namespaces, uint32_t number);

/* A flow that mostly runs between pods of `cluster`, at ports its policies speak of. */
struct flow generator_flow(struct generator *generator, const struct cluster *cluster);
/* "", or the name of a node that some of a generated cluster's pods are on. */
const char *generator_node(struct generator *generator);

/* The seed to start from: the environment's PODGATE_SEED (decimal), or `usual`. */
uint64_t generator_seed(uint64_t usual);

#endif
