/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/compile/piece_table.h"

#include <errno.h>
#include <string.h>

enum { LINE_UNITS = PIECE_LINE / PIECE_UNIT };

void piece_table_init(struct piece_table *table, struct arena *arena)
{
	*table = (struct piece_table){.end = 1}; /* the first unit is no piece's: PIECE_NONE */
	intern_table_init(&table->pieces, arena);
}

void piece_table_deinit(struct piece_table *table)
{
	intern_table_deinit(&table->pieces);
	vector_deinit(&table->offsets);
}

/* Where a piece of that many units goes when `end` is where the others end. */
static uint64_t place(uint64_t end, size_t units)
{
	const uint64_t left = LINE_UNITS - end % LINE_UNITS;

	return units <= LINE_UNITS && units > left ? end + left : end;
}

int piece_table_add(struct piece_table *table, const void *bytes, size_t length, uint32_t *offset)
{
	const size_t units = (length + PIECE_UNIT - 1) / PIECE_UNIT;
	uint32_t number, *slot;
	uint64_t at;
	int err = intern_table_add(&table->pieces, bytes, length, &number);

	if (err != 0)
		return err;
	if (number == table->offsets.count) {
		at = place(table->end, units);
		if (at + units > UINT32_MAX)
			return -E2BIG;
		slot = vector_push(&table->offsets, sizeof(*slot));
		if (slot == NULL)
			return -ENOMEM;
		*slot = (uint32_t)at;
		table->end = at + units;
	}
	*offset = ((const uint32_t *)table->offsets.items)[number];
	return 0;
}

const void *piece_table_copy(const struct piece_table *table, struct arena *arena)
{
	const uint64_t size = table->end * PIECE_UNIT + PIECE_LINE;
	char *copy = size > SIZE_MAX ? NULL : arena_alloc(arena, (size_t)size);

	if (copy == NULL)
		return NULL;
	copy += -(uintptr_t)copy % PIECE_LINE;
	for (uint32_t i = 0; i < table->pieces.count; i++) {
		const struct intern_entry *piece = &table->pieces.entries[i];
		const uint32_t offset = ((const uint32_t *)table->offsets.items)[i];

		memcpy(copy + (size_t)offset * PIECE_UNIT, piece->bytes, piece->length);
	}
	return copy;
}
