/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef POLICY_VALUES_INTERN_TABLE_H
#define POLICY_VALUES_INTERN_TABLE_H

/*
 * Numbers for byte strings: equal bytes get the same number, the first 0, the next 1, and so on
 * without gaps. All sharing in the compiler is done with it: labels, selectors, peer sets, port
 * trees and profiles are each made once and then known by number. The bytes are copied into the
 * table's arena and stay there, aligned for any type.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "policy/values/arena.h"

struct intern_entry {
	const void *bytes;
	size_t length;
	uint64_t hash;
};

struct intern_table {
	struct arena *arena;	      /* borrowed: where the bytes go */
	struct intern_entry *entries; /* by number */
	uint32_t *slots; /* number + 1, or 0 when free; open addressing, at most half full */
	uint32_t count, slot_count;
};

enum { INTERN_MOST = 1 << 30 };

void intern_table_init(struct intern_table *table, struct arena *arena);
void intern_table_deinit(struct intern_table *table); /* the bytes stay in the arena */

/*
 * Stores the number of these bytes, a new one when they are. Returns 0; -ENOMEM or -E2BIG, *number
 * untouched.
 */
int intern_table_add(
	struct intern_table *table, const void *bytes, size_t length, uint32_t *number);
/* Whether the bytes are known, and as which number. */
bool intern_table_find(
	const struct intern_table *table, const void *bytes, size_t length, uint32_t *number);

#endif
