/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/support/changing_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void make_object(struct changing_world *world, struct generator *generator, uint32_t i)
{
	if (i < CHANGING_NAMESPACES)
		world->objects[i] = generator_namespace(generator, world->arena, i);
	else if (i < CHANGING_NAMESPACES + CHANGING_PODS)
		world->objects[i] = generator_pod(generator, world->arena, CHANGING_NAMESPACES, i);
	else
		world->objects[i] = generator_policy(
			generator, world->arena, CHANGING_NAMESPACES, i);
}

void changing_world_init(struct changing_world *world, struct generator *generator)
{
	*world = (struct changing_world){.arena = arena_create()};
	assert_non_null(world->arena);
	for (uint32_t i = 0; i < CHANGING_OBJECTS; i++)
		if (generator_chance(generator, 80))
			make_object(world, generator, i);
}

void changing_world_deinit(struct changing_world *world)
{
	arena_unref(world->arena);
}

/* An object that says the same, elsewhere in memory, as when its file is read again. */
static void copy_object(struct changing_world *world, uint32_t i)
{
	const size_t size = i < CHANGING_NAMESPACES	  ? sizeof(struct namespace_object)
		: i < CHANGING_NAMESPACES + CHANGING_PODS ? sizeof(struct pod)
							  : sizeof(struct network_policy);

	if (world->objects[i] != NULL)
		world->objects[i] = arena_memdup(world->arena, world->objects[i], size);
}

void changing_world_change(struct changing_world *world, struct generator *generator, uint32_t most)
{
	for (uint32_t changes = generator_below(generator, most + 1); changes > 0; changes--) {
		const uint32_t object = generator_below(generator, CHANGING_OBJECTS);

		if (generator_chance(generator, 30))
			world->objects[object] = NULL;
		else
			make_object(world, generator, object);
	}
	for (uint32_t i = 0; i < CHANGING_OBJECTS; i++)
		if (generator_chance(generator, 20))
			copy_object(world, i);
}

struct cluster *changing_world_cluster(const struct changing_world *world)
{
	const void *lists[3][CHANGING_OBJECTS];
	size_t counts[3] = {0};
	struct cluster *cluster;

	for (uint32_t i = 0; i < CHANGING_OBJECTS; i++) {
		const int list = i < CHANGING_NAMESPACES	  ? 0
			: i < CHANGING_NAMESPACES + CHANGING_PODS ? 1
								  : 2;

		if (world->objects[i] != NULL)
			lists[list][counts[list]++] = world->objects[i];
	}
	const struct cluster_objects objects = {
		.namespaces = (const struct namespace_object *const *)lists[0],
		.namespace_count = counts[0],
		.pods = (const struct pod *const *)lists[1],
		.pod_count = counts[1],
		.policies = (const struct network_policy *const *)lists[2],
		.policy_count = counts[2],
		.arenas = &world->arena,
		.arena_count = 1,
	};

	assert_int_equal(cluster_create(&cluster, &objects), 0);
	return cluster;
}
