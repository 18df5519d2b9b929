/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BENCH_BENCH_CLUSTERS_H
#define BENCH_BENCH_CLUSTERS_H

/*
 * Clusters for benchmarks, the same on every machine: a realistic one of any size, and the shapes
 * that a compiler of policies could choke on. Out of memory aborts.
 */

#include <stdint.h>

#include "policy/values/cluster.h"

enum bench_shape {
	/* namespaces of 50 pods, workloads of 10; the usual policies in usual shares */
	BENCH_REALISTIC,
	/* one namespace; every policy selects every pod and admits another workload */
	BENCH_ALL_SELECT_ALL,
	/* as that, but selecting every second pod by a label that replicas do not share */
	BENCH_EVERY_OTHER,
	/* one namespace; half the policies select all, the others one workload each */
	BENCH_LAYERED,
	/* one policy with as many rules as there were to be policies, a port each */
	BENCH_DISTINCT_PORTS,
	BENCH_NESTED_PORTS, /* as that, with a port range each, nested in the one before */
	BENCH_MANY_BLOCKS,  /* ten policies of 5 000 ipBlocks */
	BENCH_NAMED_EGRESS, /* every policy lets every pod out to a named port of all pods */
	BENCH_SHAPES
};

const char *bench_shape_name(enum bench_shape shape);

/* A cluster for cluster_unref() to free. */
struct cluster *bench_cluster(enum bench_shape shape, uint32_t pods, uint32_t policies);

/* A random number below `bound`, by splitmix64 over *state. */
uint32_t bench_random(uint64_t *state, uint32_t bound);

#endif
