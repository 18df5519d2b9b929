/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One compiler over a cluster that changes step by step, against a compilation from nothing and the
 * naive evaluator. PODGATE_SEED sets the seed, PODGATE_ROUNDS how many clusters change; each
 * changes STEPS times.
 */
#include "policy/compile/compiler.h"

#include <inttypes.h>
#include <malloc.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "policy/explain/explain.h"
#include "tests/between.h"
#include "tests/support/manifest_print.h"
#include "tests/support/trial.h"

enum { ROUNDS = 60, STEPS = 60, FLOWS = 40, OBJECTS_MOST = 64 };

/* An object and the arena that it, and nothing else, lives in: as from a file of its own. */
struct holder {
	const void *object;
	struct arena *arena;
};

struct list {
	struct holder items[OBJECTS_MOST];
	size_t count;
};

struct world {
	struct generator generator;
	struct list namespaces, pods, policies;
	uint32_t namespaces_used, numbered;
};

static struct holder make(struct world *world, const struct list *list)
{
	struct holder made = {.arena = arena_create()};

	world->numbered++;
	if (list == &world->namespaces)
		made.object = generator_namespace(&world->generator, made.arena, world->numbered);
	else if (list == &world->pods)
		made.object = generator_pod(
			&world->generator, made.arena, world->namespaces_used, world->numbered);
	else
		made.object = generator_policy(
			&world->generator, made.arena, world->namespaces_used, world->numbered);
	return made;
}

static void add(struct world *world, struct list *list)
{
	if (list->count < OBJECTS_MOST)
		list->items[list->count++] = make(world, list);
}

static void drop(struct list *list, size_t at)
{
	arena_unref(list->items[at].arena);
	list->items[at] = list->items[--list->count];
}

/*
 * Gives a pod another's everything but its name: relabelled, moved to another address, finished,
 * audited...
 */
static void change_pod(struct world *world)
{
	struct list *pods = &world->pods;
	struct holder
		*holder = &pods->items[generator_below(&world->generator, (uint32_t)pods->count)];
	const struct pod *old = holder->object;
	struct holder made = make(world, pods);
	struct pod *pod = (struct pod *)made.object;

	pod->namespace_name = arena_strdup(made.arena, old->namespace_name);
	pod->name = arena_strdup(made.arena, old->name);
	if (generator_chance(&world->generator, 50)) {
		pod->ips = arena_memdup(made.arena, old->ips, old->ip_count * sizeof(*old->ips));
		pod->ip_count = old->ip_count;
	}
	arena_unref(holder->arena);
	*holder = made;
}

static void change(struct world *world)
{
	struct list *const lists[] = {
		&world->pods, &world->pods, &world->pods, &world->namespaces, &world->policies};
	/* policies are seldom touched */
	const uint32_t most = generator_chance(&world->generator, 20) ? 5 : 4;
	struct list *list = lists[generator_below(&world->generator, most)];

	if (list == &world->pods && list->count > 0 && generator_chance(&world->generator, 40))
		change_pod(world);
	else if (list->count > 0 && generator_chance(&world->generator, 45))
		drop(list, generator_below(&world->generator, (uint32_t)list->count));
	else
		add(world, list);
}

static void begin(struct world *world, uint64_t seed, uint32_t pods, uint32_t policies)
{
	*world = (struct world){.generator = {seed}};
	world->namespaces_used = 1 + generator_below(&world->generator, 6);
	for (uint32_t i = generator_below(&world->generator, pods + 1); i > 0; i--)
		add(world, &world->pods);
	for (uint32_t i = generator_below(&world->generator, policies + 1); i > 0; i--)
		add(world, &world->policies);
	for (uint32_t i = generator_below(&world->generator, 4); i > 0; i--)
		add(world, &world->namespaces);
}

static void end(struct world *world)
{
	struct list *const lists[] = {&world->namespaces, &world->pods, &world->policies};

	for (int i = 0; i < 3; i++)
		while (lists[i]->count > 0)
			drop(lists[i], 0);
}

static size_t gather(const struct list *list, const void **objects, struct arena **arenas)
{
	for (size_t i = 0; i < list->count; i++) {
		objects[i] = list->items[i].object;
		arenas[i] = list->items[i].arena;
	}
	return list->count;
}

static struct cluster *cluster_of(const struct world *world)
{
	const void *namespaces[OBJECTS_MOST], *pods[OBJECTS_MOST], *policies[OBJECTS_MOST];
	struct arena *arenas[3 * OBJECTS_MOST];
	struct cluster_objects objects = {
		.namespaces = (const struct namespace_object *const *)namespaces,
		.pods = (const struct pod *const *)pods,
		.policies = (const struct network_policy *const *)policies,
		.arenas = arenas,
	};
	struct cluster *cluster;

	objects.namespace_count = gather(&world->namespaces, namespaces, arenas);
	objects.pod_count = gather(&world->pods, pods, arenas + objects.namespace_count);
	objects.policy_count = gather(
		&world->policies, policies, arenas + objects.namespace_count + objects.pod_count);
	objects.arena_count = objects.namespace_count + objects.pod_count + objects.policy_count;
	assert_int_equal(cluster_create(&cluster, &objects), 0);
	return cluster;
}

static void check_same_side(
	const struct trial *trial, const struct explain_side *a, const struct explain_side *b)
{
	if (a->side != b->side || a->pod != b->pod || a->enforced != b->enforced || a->disagrees ||
		b->disagrees || a->policy != b->policy || a->rule != b->rule ||
		a->peer != b->peer || a->port != b->port || a->miss != b->miss ||
		a->isolating_count != b->isolating_count || strcmp(a->fix, b->fix) != 0)
		trial_fail(trial, "what went on explains otherwise than what began anew");
}

/*
 * The snapshot that went on from others, and one of the same cluster that began anew, explain
 * alike.
 */
static void check_same(
	const struct trial *trial, const struct snapshot *anew, const struct flow *flow)
{
	struct arena *arena = arena_create();
	struct explanation a, b;

	assert_int_equal(explain_flow(trial->snapshot, flow, arena, &a), 0);
	assert_int_equal(explain_flow(anew, flow, arena, &b), 0);
	for (int d = 0; d < DIRECTION_COUNT; d++)
		check_same_side(trial, &a.sides[d], &b.sides[d]);
	if (a.judgement.verdict != b.judgement.verdict || a.link_local != b.link_local)
		trial_fail(trial, "what went on judges otherwise than what began anew");
	arena_unref(arena);
}

static void check_same_isolated(const struct trial *trial, const struct snapshot *anew)
{
	size_t count_a, count_b;
	const struct ip_addr *a = snapshot_isolated(trial->snapshot, &count_a);
	const struct ip_addr *b = snapshot_isolated(anew, &count_b);

	if (count_a != count_b || memcmp(a, b, count_a * sizeof(*a)) != 0)
		trial_fail(trial, "what went on isolates otherwise than what began anew");
}

static void run_step(
	struct trial *trial, struct compiler *compiler, const struct snapshot_options *options)
{
	struct snapshot *anew;

	assert_int_equal(compiler_compile(compiler, trial->cluster, options, &trial->snapshot), 0);
	assert_int_equal(snapshot_compile(&anew, trial->cluster, options), 0);
	assert_int_equal(snapshot_revision(trial->snapshot), options->revision);
	trial_check_addresses(trial);
	check_same_isolated(trial, anew);
	for (int i = 0; i < FLOWS; i++) {
		const struct flow flow = generator_flow(&trial->generator, trial->cluster);

		trial_check_flow(trial, &flow);
		check_same(trial, anew, &flow);
	}
	snapshot_free(anew);
}

/*
 * Old snapshots must go on judging as they did; the one before is kept and asked after each step.
 */
static void check_old(const struct trial *old)
{
	struct trial again = *old;

	if (old->snapshot == NULL)
		return;
	for (int i = 0; i < FLOWS / 4; i++) {
		const struct flow flow = generator_flow(&again.generator, again.cluster);

		trial_check_flow(&again, &flow);
	}
	snapshot_free(again.snapshot);
	cluster_unref(again.cluster);
}

static void run_world(uint64_t seed, uint32_t pods, uint32_t policies)
{
	struct trial trial = {.seed = seed, .generator = {seed + 1}}, old = {0};
	struct snapshot_options options = {.node_name = ""};
	struct compiler *compiler;
	struct world world;

	begin(&world, seed, pods, policies);
	options.audit = generator_chance(&world.generator, 5);
	options.node_name = generator_node(&world.generator);
	assert_int_equal(compiler_create(&compiler), 0);
	for (int step = 0; step < STEPS; step++) {
		options.revision++;
		if (generator_chance(&world.generator, 2))
			options.audit = !options.audit;
		trial.cluster = cluster_of(&world);
		trial.world = (struct naive_world){trial.cluster, options.node_name, options.audit};
		run_step(&trial, compiler, &options);
		check_old(&old);
		old = trial;
		do
			change(&world);
		while (generator_chance(&world.generator, 30));
	}
	check_old(&old);
	compiler_free(compiler);
	end(&world);
}

static uint64_t rounds(void)
{
	const char *text = getenv("PODGATE_ROUNDS");

	return text != NULL ? strtoull(text, NULL, 10) : ROUNDS;
}

static void test_changing_clusters(void **state)
{
	const uint64_t first = generator_seed(20261124);

	(void)state;
	printf("seeds from %" PRIu64 ", %" PRIu64 " clusters of %d changes\n", first, rounds(),
		STEPS);
	for (uint64_t i = 0; i < rounds(); i++)
		run_world(first + i, i % 3 == 0 ? 60 : 12, i % 3 == 1 ? 60 : 6);
	if (rounds() < ROUNDS)
		return;
	for (int d = 0; d < DIRECTION_COUNT; d++)
		for (int i = 0; i < 4; i++)
			assert_true(trial_counts.sides[d][i] > rounds());
}

/* ---- what stays and what does not ---- */

enum { KEYS = 24, CHURNS = 10000, PODS = 200 };

/* A policy of namespace "a" that asks about one of KEYS labels: so pods may be of 2^KEYS kinds. */
static const struct network_policy *policy_on(struct arena *arena, const char *key)
{
	struct network_policy *policy = arena_alloc(arena, sizeof(*policy));
	struct requirement *requirement = arena_alloc(arena, sizeof(*requirement));

	*requirement = (struct requirement){.key = key, .op = REQUIREMENT_EXISTS};
	*policy = (struct network_policy){.namespace_name = "a",
		.name = key,
		.pod_selector = {.requirements = requirement, .count = 1}};
	policy->isolates[DIRECTION_INGRESS] = true;
	return policy;
}

struct churn {
	struct arena *policies;
	const struct network_policy *policy[KEYS];
	char keys[KEYS][8];
	struct holder pods[PODS];
	struct compiler *compiler;
	struct generator generator;
};

/* A pod with a random choice of the labels. */
static struct holder churn_pod(struct churn *churn, uint32_t number)
{
	struct holder made = {.arena = arena_create()};
	struct pod *pod = arena_alloc(made.arena, sizeof(*pod));
	struct ip_addr *ip = arena_alloc(made.arena, sizeof(*ip));
	struct label *labels = arena_calloc(made.arena, KEYS, sizeof(*labels));

	*ip = ip_addr_v4((const uint8_t[]){10, 0, (uint8_t)(number / 256), (uint8_t)number});
	*pod = (struct pod){.namespace_name = "a",
		.node_name = "",
		.ips = ip,
		.ip_count = 1,
		.labels = {labels, 0}};
	pod->name = arena_printf(made.arena, "pod-%u", number);
	for (int i = 0; i < KEYS; i++)
		if (generator_chance(&churn->generator, 50))
			labels[pod->labels.count++] = (struct label){churn->keys[i], ""};
	made.object = pod;
	return made;
}

static void churn_compile(struct churn *churn)
{
	const struct pod *pods[PODS];
	struct arena *arenas[PODS + 1];
	struct cluster_objects objects = {.pods = pods,
		.pod_count = PODS,
		.policies = churn->policy,
		.policy_count = KEYS,
		.arenas = arenas,
		.arena_count = PODS + 1};
	struct snapshot *snapshot;
	struct cluster *cluster;
	size_t isolated;

	for (int i = 0; i < PODS; i++) {
		pods[i] = churn->pods[i].object;
		arenas[i] = churn->pods[i].arena;
	}
	arenas[PODS] = churn->policies;
	assert_int_equal(cluster_create(&cluster, &objects), 0);
	assert_int_equal(compiler_compile(churn->compiler, cluster,
				 &(struct snapshot_options){.revision = 1}, &snapshot),
		0);
	snapshot_isolated(snapshot, &isolated);
	assert_between(isolated, PODS - 10, PODS); /* but for those that drew no label */
	snapshot_free(snapshot);
	cluster_unref(cluster);
}

static size_t heap_in_use(void)
{
	const struct mallinfo2 info = mallinfo2();

	return info.uordblks + info.hblkhd;
}

/*
 * Each pod is replaced again and again by one of a kind never met before: what is dead must go,
 * too.
 */
static void test_memory_does_not_grow(void **state)
{
	struct churn churn = {.policies = arena_create(), .generator = {generator_seed(9)}};
	size_t most_early = 0, most_late = 0;

	(void)state;
	for (int i = 0; i < KEYS; i++) {
		snprintf(churn.keys[i], sizeof(churn.keys[i]), "key-%02d", i);
		churn.policy[i] = policy_on(churn.policies, churn.keys[i]);
	}
	for (uint32_t i = 0; i < PODS; i++)
		churn.pods[i] = churn_pod(&churn, i);
	assert_int_equal(compiler_create(&churn.compiler), 0);
	for (uint32_t i = 0; i < CHURNS; i++) {
		size_t used;

		arena_unref(churn.pods[i % PODS].arena);
		churn.pods[i % PODS] = churn_pod(&churn, i % PODS);
		churn_compile(&churn);
		used = heap_in_use();
		if (i < CHURNS / 2)
			most_early = used > most_early ? used : most_early;
		else
			most_late = used > most_late ? used : most_late;
	}
	printf("at most %zu KiB in the first %d compilations, %zu KiB in the last\n",
		most_early / 1024, CHURNS / 2, most_late / 1024);
	if (most_early == 0)
		printf("NOT CHECKED: a sanitizer's heap does not tell its size; the other builds "
		       "check it\n");
	else
		assert_true(most_late < most_early + most_early / 10);
	compiler_free(churn.compiler);
	for (int i = 0; i < PODS; i++)
		arena_unref(churn.pods[i].arena);
	arena_unref(churn.policies);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_changing_clusters),
		cmocka_unit_test(test_memory_does_not_grow),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
