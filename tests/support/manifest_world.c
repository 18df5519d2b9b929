/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/support/manifest_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "tests/support/one_file.h"

static void open_world(
	struct manifest_world *world, const char *yaml, const struct snapshot_options *options)
{
	*world = (struct manifest_world){.arena = arena_create()};
	assert_non_null(world->arena);
	assert_int_equal(store_create(&world->store), 0);
	assert_int_equal(one_file_put(world->store, "world.yaml", yaml, strlen(yaml)), 0);
	assert_int_equal(store_diags(world->store, world->arena, &world->found), 0);
	for (size_t i = 0; i < world->found.count; i++)
		if (world->found.items[i].severity == DIAG_ERROR)
			fail_msg("world.yaml:%u: %s", world->found.items[i].pos.line,
				world->found.items[i].text);
	assert_int_equal(store_cluster(world->store, &world->cluster), 0);
	assert_int_equal(snapshot_compile(&world->snapshot, world->cluster, options), 0);
}

void manifest_world_init(struct manifest_world *world, const char *yaml)
{
	open_world(world, yaml, &(const struct snapshot_options){.revision = 7});
}

void manifest_world_rank(struct manifest_world *world, const char *name, enum policy_tier tier,
	int priority, enum rule_action action)
{
	struct network_policy *policy = (struct network_policy *)cluster_policy(
		world->cluster, "shop", name);

	assert_non_null(policy);
	policy->tier = (int8_t)tier;
	policy->priority = priority;
	for (int d = 0; d < DIRECTION_COUNT; d++)
		for (size_t i = 0; i < policy->rule_count[d]; i++)
			((struct policy_rule *)policy->rules[d])[i].action = action;
	snapshot_free(world->snapshot);
	world->snapshot = NULL;
	assert_int_equal(snapshot_compile(&world->snapshot, world->cluster,
				 &(const struct snapshot_options){.revision = 7}),
		0);
}

struct snapshot *manifest_world_compile(const char *yaml, const struct snapshot_options *options)
{
	struct manifest_world world;
	struct snapshot *snapshot;

	open_world(&world, yaml, options);
	snapshot = world.snapshot;
	world.snapshot = NULL;
	manifest_world_deinit(&world);
	return snapshot;
}

void manifest_world_deinit(struct manifest_world *world)
{
	snapshot_free(world->snapshot);
	cluster_unref(world->cluster);
	store_free(world->store);
	arena_unref(world->arena);
}
