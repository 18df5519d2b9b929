/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef POLICY_VALUES_GROWN_LIST_H
#define POLICY_VALUES_GROWN_LIST_H

/*
 * A range list that only grows at its end, as numbers are given out. Most are one range for good,
 * which needs no memory of its own. Zeroed memory is an empty list. What it outgrows stays in the
 * arena: all together no more than it has in the end.
 */

#include "policy/values/range_list.h"

struct grown_list {
	uint32_t count, capacity; /* ranges; capacity 0: the one there may be is `one` */
	union {
		struct range one;
		struct range *items;
	} ranges;
};

/* Adds numbers that are all above those it has. Returns 0; or -ENOMEM, the list a list still. */
int grown_list_append(struct grown_list *list, struct range_list more, struct arena *arena);

/* The list as it is now: good until it grows or moves. */
static inline struct range_list grown_list_view(const struct grown_list *list)
{
	return (struct range_list){
		list->capacity == 0 ? &list->ranges.one : list->ranges.items, list->count};
}

#endif
