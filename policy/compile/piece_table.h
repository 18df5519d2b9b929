/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef POLICY_COMPILE_PIECE_TABLE_H
#define POLICY_COMPILE_PIECE_TABLE_H

/*
 * Where what is found out once and never changes (profiles, blocks of addresses, lists of ports)
 * gets its place in every snapshot to come: pieces of bytes, equal ones once, at offsets that do
 * not depend on what is added later. A snapshot takes a copy of all pieces and then needs nothing
 * of the table.
 */

#include "policy/values/intern_table.h"
#include "policy/values/vector.h"

struct piece_table {
	struct intern_table pieces;
	struct vector offsets; /* of uint32_t, by number in pieces */
	uint64_t end;	       /* in units */
};

enum {
	PIECE_NONE = 0, /* the offset of no piece */
	PIECE_UNIT = 8, /* bytes: what offsets count, and what pieces are aligned to */
	PIECE_LINE = 64 /* bytes: a piece no longer than this lies in one cache line */
};

void piece_table_init(struct piece_table *table, struct arena *arena);
void piece_table_deinit(struct piece_table *table);

/* Stores the offset of these bytes. Returns 0; -ENOMEM or -E2BIG. */
int piece_table_add(struct piece_table *table, const void *bytes, size_t length, uint32_t *offset);

/* All pieces, for piece_at(), in `arena`; or NULL when out of memory. */
const void *piece_table_copy(const struct piece_table *table, struct arena *arena);

static inline const void *piece_at(const void *pieces, uint32_t offset)
{
	return (const char *)pieces + (size_t)offset * PIECE_UNIT;
}

#endif
