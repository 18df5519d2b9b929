/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/compile/endpoint_table.h"

#include <errno.h>

_Static_assert(sizeof(struct endpoint) == 32, "two endpoints a cache line");

enum { SLOTS_MIN = 8 };

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
	/*
	 * Arena memory is aligned to 16: one slot more than needed lets the pairs begin on a line.
	 */
	bytes += -(uintptr_t)bytes % sizeof(struct endpoint);
	*table = (struct endpoint_table){.slots = (struct endpoint *)bytes,
		.pods = pods,
		.mask = (uint32_t)(slot_count - 1)};
	return 0;
}

struct endpoint *endpoint_table_add(
	struct endpoint_table *table, const struct ip_addr *addr, uint32_t pod)
{
	uint32_t slot = endpoint_hash(addr) & table->mask;

	while (table->slots[slot].addr.family != 0) {
		if (endpoint_has(&table->slots[slot], addr))
			return &table->slots[slot];
		slot = (slot + 1) & table->mask;
	}
	table->slots[slot].addr = *addr;
	table->pods[slot] = pod;
	table->count++;
	return &table->slots[slot];
}
