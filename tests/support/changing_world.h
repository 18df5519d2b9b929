/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef TESTS_SUPPORT_CHANGING_WORLD_H
#define TESTS_SUPPORT_CHANGING_WORLD_H

/*
 * Random objects that change a few at a time: some go, some come, some say something else, and some
 * are read again and say the same. Failures fail the cmocka test.
 */

#include "tests/support/generator.h"

enum {
	CHANGING_NAMESPACES = 3,
	CHANGING_PODS = 12,
	CHANGING_POLICIES = 6,
	CHANGING_OBJECTS = CHANGING_NAMESPACES + CHANGING_PODS + CHANGING_POLICIES,
};

struct changing_world {
	struct arena *arena;
	const void *objects[CHANGING_OBJECTS]; /* NULL: it is not there */
};

void changing_world_init(struct changing_world *world, struct generator *generator);
void changing_world_deinit(struct changing_world *world);
/* Changes `most` objects at most, or none. */
void changing_world_change(
	struct changing_world *world, struct generator *generator, uint32_t most);
/* As it is now; for cluster_unref(). */
struct cluster *changing_world_cluster(const struct changing_world *world);

#endif
