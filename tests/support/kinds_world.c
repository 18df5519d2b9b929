/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/support/kinds_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

void kinds_world_begin(struct kinds_world *world)
{
	*world = (struct kinds_world){.arena = arena_create(), .scratch = arena_create()};
	assert_int_equal(label_index_init(&world->labels, false, world->arena), 0);
	piece_table_init(&world->pieces, world->arena);
	assert_int_equal(
		peer_pool_init(&world->pool, &world->labels, &world->pieces, world->arena), 0);
}

void kinds_world_end(struct kinds_world *world)
{
	peer_pool_deinit(&world->pool);
	piece_table_deinit(&world->pieces);
	label_index_deinit(&world->labels);
	arena_unref(world->arena);
	arena_unref(world->scratch);
}

/* A kind called X has the label X. */
uint32_t kinds_world_selector(struct kinds_world *world, const char *name)
{
	const struct requirement exists = {.key = name, .op = REQUIREMENT_EXISTS};
	const struct selector selector = {.requirements = &exists, .count = 1};
	uint32_t number;

	assert_int_equal(label_index_select(
				 &world->labels, &(struct label_query){.pods = &selector}, &number),
		0);
	return number;
}

static void describe(struct kinds_world *world, const char *const *names, uint32_t kind,
	bool (*called)(const char *name, uint32_t kind), struct label_codes *out)
{
	struct vector codes = {0};

	for (size_t i = 0; names[i] != NULL; i++) {
		const struct label label = {names[i], ""};

		if (called(names[i], kind))
			assert_int_equal(label_index_describe(&world->labels, LABELS_OF_POD,
						 &(struct label_set){&label, 1}, &codes),
				0);
	}
	out->items = arena_memdup(world->scratch, codes.items, codes.count * sizeof(uint32_t));
	out->count = (uint32_t)codes.count;
	assert_non_null(out->items);
	vector_deinit(&codes);
}

void kinds_world_extend(struct kinds_world *world, uint32_t count, const char *const *names,
	bool (*called)(const char *name, uint32_t kind))
{
	const uint32_t first = world->labels.object_count;
	struct label_codes *codes;

	arena_unref(world->scratch);
	world->scratch = arena_create();
	codes = arena_calloc(world->scratch, count, sizeof(*codes));
	for (uint32_t i = 0; i < count; i++)
		describe(world, names, first + i, called, &codes[i]);
	assert_int_equal(label_index_extend(&world->labels, codes, count, world->scratch), 0);
	assert_int_equal(peer_pool_extend(&world->pool), 0);
}

void kinds_world_finish(struct kinds_world *world)
{
	assert_int_equal(peer_pool_copy(&world->pool, world->arena, &world->sets), 0);
	world->sets.pieces = piece_table_copy(&world->pieces, world->arena);
	assert_non_null(world->sets.pieces);
}
