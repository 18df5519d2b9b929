/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * bench_policy [--json]: what judging a flow and compiling a cluster cost. Evaluation is timed over
 * the same flows, warm, as the best of several rounds; beside it, from the same run, one lookup of
 * an address in the snapshot's table and the tests' naive walk over the objects, so that ratios
 * hold on any machine. A pod that comes or goes is timed from the lists of objects on, as the
 * median of many.
 */
#include <malloc.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bench/bench_clusters.h"
#include "policy/compile/compiler.h"
#include "tests/support/naive.h"

enum {
	FLOWS = 4096,
	ROUNDS = 60,
	NAIVE_FLOWS = 24,
	COMPILE_ROUNDS = 5,
	EVALUATION_PODS = 1000,
	BIG = 10000,
	POD_CHANGES = 51
};

struct evaluation {
	uint32_t policies;
	size_t isolated;	     /* endpoints */
	double judge, lookup, naive; /* nanoseconds each */
	double denied;		     /* share of the flows */
};

struct compilation {
	const char *shape;
	uint32_t pods, policies;
	double milliseconds;
	double judge;		  /* nanoseconds */
	size_t objects, snapshot; /* bytes: the cluster with all its objects; the compiled form */
};

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec * 1e9 + (double)time.tv_nsec;
}

static size_t heap_in_use(void)
{
	const struct mallinfo2 info = mallinfo2();

	return info.uordblks + info.hblkhd;
}

static struct snapshot *compile(struct cluster *cluster)
{
	struct snapshot *snapshot;

	if (snapshot_compile(&snapshot, cluster, &(struct snapshot_options){.revision = 1}) != 0)
		abort();
	return snapshot;
}

static struct ip_addr random_pod_addr(const struct cluster *cluster, uint64_t *random)
{
	return cluster->pods[bench_random(random, (uint32_t)cluster->pod_count)]->ips[0];
}

/* An address that policies isolate; any pod's when there is none. */
static struct ip_addr isolated_addr(const struct snapshot *snapshot, uint64_t *random)
{
	size_t count;
	const struct ip_addr *isolated = snapshot_isolated(snapshot, &count);

	return count > 0 ? isolated[bench_random(random, (uint32_t)count)]
			 : random_pod_addr(snapshot_cluster(snapshot), random);
}

static struct ip_addr outside_addr(uint64_t *random)
{
	const uint8_t bytes[4] = {(uint8_t)(11 + bench_random(random, 200)),
		(uint8_t)bench_random(random, 256), (uint8_t)bench_random(random, 256),
		(uint8_t)bench_random(random, 256)};

	return ip_addr_v4(bytes);
}

/*
 * What reaches the judge: one end at least is isolated, or the kernel's set would have let the
 * packet by.
 */
static void make_flows(const struct snapshot *snapshot, struct flow flows[FLOWS])
{
	static const uint16_t ports[] = {53, 80, 443, 5432, 6379, 8080, 8081, 9090, 22, 30120};
	uint64_t random = 7;

	for (int i = 0; i < FLOWS; i++) {
		const uint32_t kind = bench_random(&random, 10);
		struct flow flow = {
			.src_port = 40000, .protocol = kind == 0 ? IPPROTO_ICMP : IPPROTO_TCP};

		flow.dst_port = kind == 0 ? 0 : ports[bench_random(&random, 10)];
		flow.dst = isolated_addr(snapshot, &random);
		flow.src = kind < 7 ? random_pod_addr(snapshot_cluster(snapshot), &random)
				    : outside_addr(&random);
		flows[i] = bench_random(&random, 3) == 0
			? (struct flow){flow.dst, flow.src, 40000, flow.dst_port, flow.protocol}
			: flow;
	}
}

static double time_judge(
	const struct snapshot *snapshot, const struct flow flows[FLOWS], double *denied)
{
	double best = 1e18;
	size_t count = 0;

	for (int round = 0; round < ROUNDS; round++) {
		const double begin = now();
		double took;

		count = 0;
		for (int i = 0; i < FLOWS; i++)
			count += snapshot_judge(snapshot, &flows[i]).verdict == VERDICT_DENY;
		took = (now() - begin) / FLOWS;
		best = took < best ? took : best;
	}
	*denied = (double)count / FLOWS;
	return best;
}

static double time_lookup(const struct snapshot *snapshot, const struct flow flows[FLOWS])
{
	double best = 1e18;
	size_t found = 0;

	for (int round = 0; round < ROUNDS; round++) {
		const double begin = now();
		double took;

		for (int i = 0; i < FLOWS; i++)
			found += snapshot_pod_at(snapshot, &flows[i].src) != NULL;
		took = (now() - begin) / FLOWS;
		best = took < best ? took : best;
	}
	return found > 0 ? best : 0;
}

/*
 * Also holds the two evaluators against each other: a benchmark of wrong answers is worth nothing.
 */
static double time_naive(const struct snapshot *snapshot, const struct flow flows[FLOWS])
{
	const struct naive_world world = {.cluster = snapshot_cluster(snapshot)};
	const double begin = now();

	for (int i = 0; i < NAIVE_FLOWS; i++)
		if (naive_judge(&world, &flows[i]).verdict !=
			snapshot_judge(snapshot, &flows[i]).verdict)
			abort();
	return (now() - begin) / NAIVE_FLOWS;
}

static struct evaluation evaluate(uint32_t policies)
{
	static struct flow flows[FLOWS];
	struct evaluation evaluation = {.policies = policies};
	struct cluster *cluster = bench_cluster(BENCH_REALISTIC, EVALUATION_PODS, policies);
	struct snapshot *snapshot = compile(cluster);

	snapshot_isolated(snapshot, &evaluation.isolated);
	make_flows(snapshot, flows);
	evaluation.judge = time_judge(snapshot, flows, &evaluation.denied);
	evaluation.lookup = time_lookup(snapshot, flows);
	evaluation.naive = time_naive(snapshot, flows);
	snapshot_free(snapshot);
	cluster_unref(cluster);
	return evaluation;
}

static struct compilation time_compile(enum bench_shape shape, uint32_t pods, uint32_t policies)
{
	static struct flow flows[FLOWS];
	struct compilation compilation = {
		bench_shape_name(shape), pods, policies, .milliseconds = 1e18};
	const size_t before = heap_in_use();
	struct cluster *cluster = bench_cluster(shape, pods, policies);
	struct snapshot *snapshot;
	double denied;

	compilation.objects = heap_in_use() - before;
	for (int i = 0; i < COMPILE_ROUNDS; i++) {
		const double begin = now();
		double took;

		snapshot = compile(cluster);
		took = (now() - begin) / 1e6;
		compilation.milliseconds = took < compilation.milliseconds
			? took
			: compilation.milliseconds;
		compilation.snapshot = snapshot_memory(snapshot);
		if (i + 1 < COMPILE_ROUNDS)
			snapshot_free(snapshot);
	}
	make_flows(snapshot, flows);
	compilation.judge = time_judge(snapshot, flows, &denied);
	snapshot_free(snapshot);
	cluster_unref(cluster);
	return compilation;
}

/* The lists of `cluster` with one pod more, at its place; `pods` has room for it. */
static struct cluster_objects with_pod(
	const struct cluster *cluster, const struct pod *added, const struct pod **pods)
{
	size_t count = 0;

	for (size_t i = 0; i < cluster->pod_count; i++) {
		pods[count++] = cluster->pods[i];
		if (i == cluster->pod_count / 2)
			pods[count++] = added;
	}
	return (struct cluster_objects){
		.namespaces = cluster->namespaces,
		.namespace_count = cluster->namespace_count,
		.pods = pods,
		.pod_count = count,
		.policies = cluster->policies,
		.policy_count = cluster->policy_count,
	};
}

static int number_cmp(const void *pa, const void *pb)
{
	const double *a = pa, *b = pb;

	return (*a > *b) - (*a < *b);
}

/*
 * From the lists of objects to the snapshot, as a pod comes and goes: the median, in milliseconds.
 */
static double time_pod_changes(uint32_t pods, uint32_t policies)
{
	struct cluster *without = bench_cluster(BENCH_REALISTIC, pods, policies);
	const struct snapshot_options options = {.revision = 1, .node_name = ""};
	const struct pod **list = malloc((without->pod_count + 1) * sizeof(*list));
	/* a replica, which sorts right behind it */
	struct pod added = *without->pods[without->pod_count / 2];
	const struct ip_addr addr = ip_addr_v4((const uint8_t[]){192, 0, 2, 1});
	char name[256];
	struct cluster_objects objects;
	struct compiler *compiler;
	double took[POD_CHANGES];

	if (list == NULL || compiler_create(&compiler) != 0)
		abort();
	snprintf(name, sizeof(name), "%s-added", added.name);
	added.name = name;
	added.ips = &addr;
	added.ip_count = 1;
	objects = with_pod(without, &added, list);
	for (int i = -1; i < POD_CHANGES; i++) { /* the first one is the whole */
		const double begin = now();
		struct cluster *cluster = cluster_ref(without);
		struct snapshot *snapshot;

		if (i % 2 == 0) {
			cluster_unref(cluster);
			if (cluster_create_sorted(&cluster, &objects) != 0)
				abort();
		}
		if (compiler_compile(compiler, cluster, &options, &snapshot) != 0 ||
			(snapshot_pod_at(snapshot, &addr) == &added) != (i % 2 == 0))
			abort();
		if (i >= 0)
			took[i] = (now() - begin) / 1e6;
		cluster_unref(cluster);
		snapshot_free(snapshot);
	}
	compiler_free(compiler);
	cluster_unref(without);
	free(list);
	qsort(took, POD_CHANGES, sizeof(took[0]), number_cmp);
	return took[POD_CHANGES / 2];
}

static void print_json(const struct evaluation *evaluations, size_t evaluation_count,
	const struct compilation *compilations, size_t compilation_count, double pod_change)
{
	printf("{\"evaluation\":[");
	for (size_t i = 0; i < evaluation_count; i++)
		printf("%s{\"policies\":%u,\"pods\":%d,\"isolated\":%zu,\"judge_ns\":%.1f,\"lookup_"
		       "ns\":%.1f,\"naive_ns\":%.0f,\"denied\":%.3f}",
			i > 0 ? "," : "", evaluations[i].policies, EVALUATION_PODS,
			evaluations[i].isolated, evaluations[i].judge, evaluations[i].lookup,
			evaluations[i].naive, evaluations[i].denied);
	printf("],\"compilation\":[");
	for (size_t i = 0; i < compilation_count; i++)
		printf("%s{\"shape\":\"%s\",\"pods\":%u,\"policies\":%u,\"compile_ms\":%.2f,"
		       "\"judge_ns\":%.1f,\"objects_bytes\":%zu,\"snapshot_bytes\":%zu}",
			i > 0 ? "," : "", compilations[i].shape, compilations[i].pods,
			compilations[i].policies, compilations[i].milliseconds,
			compilations[i].judge, compilations[i].objects, compilations[i].snapshot);
	printf("],\"pod_add_ms\":%.3f}\n", pod_change);
}

static void print_tables(const struct evaluation *evaluations, size_t evaluation_count,
	const struct compilation *compilations, size_t compilation_count, double pod_change)
{
	printf("Judging, %d pods, %d flows with an isolated end:\n", EVALUATION_PODS, FLOWS);
	printf("%9s %9s %8s %10s %10s %12s %10s\n", "policies", "isolated", "denied", "judge ns",
		"lookup ns", "naive ns", "naive/ours");
	for (size_t i = 0; i < evaluation_count; i++) {
		const struct evaluation *e = &evaluations[i];

		printf("%9u %9zu %7.0f%% %10.1f %10.1f %12.0f %10.0f\n", e->policies, e->isolated,
			e->denied * 100, e->judge, e->lookup, e->naive, e->naive / e->judge);
	}
	printf("\nCompiling:\n%-16s %7s %9s %11s %10s %13s %13s\n", "shape", "pods", "policies",
		"compile ms", "judge ns", "objects KiB", "snapshot KiB");
	for (size_t i = 0; i < compilation_count; i++) {
		const struct compilation *c = &compilations[i];

		printf("%-16s %7u %9u %11.1f %10.1f %13zu %13zu\n", c->shape, c->pods, c->policies,
			c->milliseconds, c->judge, c->objects / 1024, c->snapshot / 1024);
	}
	printf("\nOne pod more or less among %d, under as many policies: %.2f ms\n", BIG,
		pod_change);
}

int main(int argc, char **argv)
{
	static const uint32_t policy_counts[] = {10, 100, 1000, 10000};
	struct evaluation evaluations[4];
	struct compilation compilations[BENCH_SHAPES + 2];
	size_t count = 0;

	if (argc > 2 || (argc == 2 && strcmp(argv[1], "--json") != 0)) {
		fprintf(stderr, "usage: bench_policy [--json]\n");
		return 2;
	}
	for (size_t i = 0; i < 4; i++)
		evaluations[i] = evaluate(policy_counts[i]);
	compilations[count++] = time_compile(BENCH_REALISTIC, 100, 100);
	compilations[count++] = time_compile(BENCH_REALISTIC, 15000, 10000);
	for (int shape = 0; shape < BENCH_SHAPES; shape++)
		compilations[count++] = time_compile((enum bench_shape)shape, BIG, BIG);
	(argc == 2 ? print_json : print_tables)(
		evaluations, 4, compilations, count, time_pod_changes(BIG, BIG));
	return 0;
}
