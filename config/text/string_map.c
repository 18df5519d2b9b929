/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config/text/string_map.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "policy/values/hash.h"

enum { CAPACITY_LEAST = 64 };

/* Folded so that the low bits, which choose the slot, depend on all. */
static uint64_t hash_key(const char *text, size_t length)
{
	const uint64_t hash = hash_bytes(HASH_START, text, length);

	return hash ^ hash >> 32;
}

/* The slot that holds the key or, when none does, the free one where it belongs. */
static struct string_map_slot *find(
	const struct string_map *map, uint64_t hash, const char *key, size_t length)
{
	const size_t mask = map->capacity - 1;
	size_t i = (size_t)hash & mask;

	for (;; i = (i + 1) & mask) {
		struct string_map_slot *slot = &map->slots[i];

		if (slot->key == NULL ||
			(slot->hash == hash && strncmp(slot->key, key, length) == 0 &&
				slot->key[length] == '\0'))
			return slot;
	}
}

static int grow(struct string_map *map)
{
	struct string_map larger = {
		.capacity = map->capacity == 0 ? CAPACITY_LEAST : map->capacity * 2};

	larger.slots = calloc(larger.capacity, sizeof(*larger.slots));
	if (larger.slots == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < map->capacity; i++) {
		const struct string_map_slot *old = &map->slots[i];

		if (old->key != NULL)
			*find(&larger, old->hash, old->key, strlen(old->key)) = *old;
	}
	free(map->slots);
	map->slots = larger.slots;
	map->capacity = larger.capacity;
	return 0;
}

void string_map_deinit(struct string_map *map)
{
	free(map->slots);
	*map = (struct string_map){0};
}

void string_map_clear(struct string_map *map)
{
	if (map->count > 0)
		memset(map->slots, 0, map->capacity * sizeof(*map->slots));
	map->count = 0;
}

void *string_map_get(const struct string_map *map, const char *key, size_t length)
{
	return map->count == 0 ? NULL : find(map, hash_key(key, length), key, length)->value;
}

static int put_hashed(
	struct string_map *map, uint64_t hash, const char *key, size_t length, void *value)
{
	struct string_map_slot *slot;

	if (map->count >= map->capacity / 2 && grow(map) != 0)
		return -ENOMEM;
	slot = find(map, hash, key, length);
	if (slot->key == NULL)
		map->count++;
	*slot = (struct string_map_slot){.key = key, .value = value, .hash = hash};
	return 0;
}

int string_map_put(struct string_map *map, const char *key, void *value)
{
	const size_t length = strlen(key);

	return put_hashed(map, hash_key(key, length), key, length, value);
}

const char *string_map_intern(
	struct string_map *map, struct arena *arena, const char *text, size_t length)
{
	const uint64_t hash = hash_key(text, length);
	char *copy = map->count == 0 ? NULL : find(map, hash, text, length)->value;

	if (copy != NULL)
		return copy;
	copy = arena_strndup(arena, text, length);
	if (copy == NULL || put_hashed(map, hash, copy, length, copy) != 0)
		return NULL;
	return copy;
}
