/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/endpoint_table.h"

#include <errno.h>
#include <string.h>

_Static_assert(sizeof(struct endpoint) == 32, "two endpoints a cache line");

enum { SLOTS_MIN = 8 };

/*
 * Two rounds of multiply and fold: pod addresses differ in few and low bits, and neighbours must not
 * become neighbours in the table, or runs of them would grow together into long probes.
 */
static uint32_t hash(const struct ip_addr *addr)
{
	uint64_t high, low, mixed;

	memcpy(&high, addr->bytes, sizeof(high));
	memcpy(&low, addr->bytes + sizeof(high), sizeof(low));
	mixed = (high ^ addr->family) * 0x9e3779b97f4a7c15U;
	mixed = (mixed ^ mixed >> 32 ^ low) * 0xd6e8feb86659fd93U;
	return (uint32_t)(mixed >> 32);
}

/* By words: memcmp() of so few bytes is mostly the call. */
static bool holds(const struct endpoint *slot, const struct ip_addr *addr)
{
	uint64_t a[2], b[2];

	memcpy(a, slot->addr.bytes, sizeof(a));
	memcpy(b, addr->bytes, sizeof(b));
	return ((a[0] ^ b[0]) | (a[1] ^ b[1]) | (uint64_t)(slot->addr.family ^ addr->family)) == 0;
}

int endpoint_table_init(struct endpoint_table *table, size_t most, struct arena *arena)
{
	size_t slot_count = SLOTS_MIN;
	uint32_t *pods;
	char *bytes;

	if (most > (size_t)1 << 30)
		return -E2BIG;
	while (slot_count / 2 < most)
		slot_count *= 2;
	bytes = arena_calloc(arena, slot_count + 1, sizeof(struct endpoint));
	pods = arena_calloc(arena, slot_count, sizeof(*pods));
	if (bytes == NULL || pods == NULL)
		return -ENOMEM;
	/* Arena memory is aligned to 16: one slot more than needed lets the pairs begin on a line. */
	bytes += -(uintptr_t)bytes % sizeof(struct endpoint);
	*table = (struct endpoint_table){
		.slots = (struct endpoint *)bytes, .pods = pods, .mask = (uint32_t)(slot_count - 1)};
	return 0;
}

struct endpoint *endpoint_table_add(struct endpoint_table *table, const struct ip_addr *addr, uint32_t pod)
{
	uint32_t slot = hash(addr) & table->mask;

	while (table->slots[slot].addr.family != 0) {
		if (holds(&table->slots[slot], addr))
			return &table->slots[slot];
		slot = (slot + 1) & table->mask;
	}
	table->slots[slot].addr = *addr;
	table->pods[slot] = pod;
	table->count++;
	return &table->slots[slot];
}

const struct endpoint *endpoint_table_find(const struct endpoint_table *table, const struct ip_addr *addr)
{
	uint32_t slot = hash(addr) & table->mask;

	for (; table->slots[slot].addr.family != 0; slot = (slot + 1) & table->mask)
		if (holds(&table->slots[slot], addr))
			return &table->slots[slot];
	return NULL;
}

void endpoint_table_prefetch(const struct endpoint_table *table, const struct ip_addr *addr)
{
	__builtin_prefetch(&table->slots[hash(addr) & table->mask]);
}
