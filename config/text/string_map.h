/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CONFIG_TEXT_STRING_MAP_H
#define CONFIG_TEXT_STRING_MAP_H

/*
 * A hash map from strings to pointers, made for one parse: entries are never removed. Keys are
 * borrowed. One thread at a time. An all-zero map is an empty one.
 */

#include <stddef.h>
#include <stdint.h>

#include "policy/values/arena.h"

struct string_map_slot {
	const char *key; /* NULL: free */
	void *value;
	uint64_t hash;
};

struct string_map {
	struct string_map_slot *slots; /* open addressing, at most half full */
	size_t count, capacity;	       /* capacity is 0 or a power of two */
};

void string_map_deinit(struct string_map *map);
void string_map_clear(struct string_map *map);

/* The value put under the `length` bytes of `key`, or NULL. */
void *string_map_get(const struct string_map *map, const char *key, size_t length);
/* Puts or replaces. Returns 0 or -ENOMEM. */
int string_map_put(struct string_map *map, const char *key, void *value);

/*
 * The one copy in `arena` of these bytes (without NULs), made when this is the first time they are
 * asked for; or NULL when out of memory. A map used so is used for nothing else.
 */
const char *string_map_intern(
	struct string_map *map, struct arena *arena, const char *text, size_t length);

#endif
