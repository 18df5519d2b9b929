/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef POLICY_VALUES_RANGE_LIST_H
#define POLICY_VALUES_RANGE_LIST_H

/*
 * Sets of 32-bit numbers as sorted, disjoint ranges that do not touch either: so there is one form
 * for one set, and equal sets have equal bytes. Pods are numbered by namespace and name, so that a
 * namespace is one range and the replicas of one workload mostly are; IPv4 addresses are numbers as
 * they stand.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "policy/values/arena.h"
#include "policy/values/vector.h"

struct range {
	uint32_t first, last; /* both within */
};

struct range_list {
	const struct range *items;
	size_t count;
};

/*
 * Adds a range to a vector of struct range, in any order and overlapping at will. Returns 0, or
 * -ENOMEM.
 */
int range_vector_add(struct vector *ranges, uint32_t first, uint32_t last);
/*
 * Brings a vector of struct range into the form of a range list. The list is a view of the vector.
 */
struct range_list range_vector_settle(struct vector *ranges);

/*
 * Each stores a list that lives in `arena`, or is the first one given. They return 0; or -ENOMEM,
 * *out untouched.
 */
int range_list_copy(struct range_list *out, struct range_list list, struct arena *arena);
/*
 * What is in `from` and not in `taken`. The time taken is that of the first, times the logarithm of
 * the second.
 */
int range_list_subtract(struct range_list *out, struct range_list from, struct range_list taken,
	struct arena *arena);
/*
 * What both have. The time taken is that of the shorter list, times the logarithm of the longer,
 * plus the result.
 */
int range_list_intersect(
	struct range_list *out, struct range_list a, struct range_list b, struct arena *arena);

/* The index of the first range that ends at or after `number`, or the count. */
size_t range_list_find(struct range_list list, uint32_t number);
bool range_list_contains(struct range_list list, uint32_t number);

#endif
