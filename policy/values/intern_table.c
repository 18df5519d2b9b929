/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/values/intern_table.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { SLOTS_MIN = 64 };

void intern_table_init(struct intern_table *table, struct arena *arena)
{
	*table = (struct intern_table){.arena = arena};
}

void intern_table_deinit(struct intern_table *table)
{
	free(table->entries);
	free(table->slots);
	*table = (struct intern_table){0};
}

static uint64_t mix(uint64_t hash, uint64_t word)
{
	hash = (hash ^ word) * 0x9e3779b97f4a7c15U;
	return hash ^ hash >> 29;
}

/*
 * Eight bytes a step: what is hashed is short, and a multiplication a word spreads it well enough.
 */
static uint64_t hash_bytes(const void *bytes, size_t length)
{
	const unsigned char *at = bytes;
	uint64_t hash = length, word;

	for (; length >= sizeof(word); length -= sizeof(word), at += sizeof(word)) {
		memcpy(&word, at, sizeof(word));
		hash = mix(hash, word);
	}
	word = 0;
	if (length > 0)
		memcpy(&word, at, length);
	return mix(mix(hash, word), 0xd6e8feb86659fd93U);
}

/*
 * The slot that holds these bytes, or the free one where they belong. There is always a free slot.
 */
static uint32_t find_slot(
	const struct intern_table *table, const void *bytes, size_t length, uint64_t hash)
{
	const uint32_t mask = table->slot_count - 1;
	uint32_t slot = (uint32_t)hash & mask;

	for (; table->slots[slot] != 0; slot = (slot + 1) & mask) {
		const struct intern_entry *entry = &table->entries[table->slots[slot] - 1];

		if (entry->hash == hash && entry->length == length &&
			(length == 0 || memcmp(entry->bytes, bytes, length) == 0))
			break;
	}
	return slot;
}

/* Doubles both arrays. The entries stay valid when only one of them could be had. */
static int grow(struct intern_table *table)
{
	const uint32_t slot_count = table->slot_count == 0 ? SLOTS_MIN : table->slot_count * 2;
	struct intern_entry *entries = reallocarray(
		table->entries, slot_count / 2, sizeof(*entries));
	uint32_t *slots;

	if (entries == NULL)
		return -ENOMEM;
	table->entries = entries;
	slots = calloc(slot_count, sizeof(*slots));
	if (slots == NULL)
		return -ENOMEM;
	for (uint32_t i = 0; i < table->count; i++) {
		uint32_t slot = (uint32_t)entries[i].hash & (slot_count - 1);

		while (slots[slot] != 0)
			slot = (slot + 1) & (slot_count - 1);
		slots[slot] = i + 1;
	}
	free(table->slots);
	table->slots = slots;
	table->slot_count = slot_count;
	return 0;
}

int intern_table_add(struct intern_table *table, const void *bytes, size_t length, uint32_t *number)
{
	const uint64_t hash = hash_bytes(bytes, length);
	uint32_t slot;
	void *copy;

	if (table->count >= INTERN_MOST)
		return -E2BIG;
	if (table->count >= table->slot_count / 2 && grow(table) != 0)
		return -ENOMEM;
	slot = find_slot(table, bytes, length, hash);
	if (table->slots[slot] == 0) {
		copy = arena_memdup(table->arena, bytes, length);
		if (copy == NULL)
			return -ENOMEM;
		table->entries[table->count++] = (struct intern_entry){copy, length, hash};
		table->slots[slot] = table->count;
	}
	*number = table->slots[slot] - 1;
	return 0;
}

bool intern_table_find(
	const struct intern_table *table, const void *bytes, size_t length, uint32_t *number)
{
	uint32_t slot;

	if (table->count == 0)
		return false;
	slot = find_slot(table, bytes, length, hash_bytes(bytes, length));
	if (table->slots[slot] == 0)
		return false;
	*number = table->slots[slot] - 1;
	return true;
}
