/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef POLICY_VALUES_ADDRESS_RANGE_H
#define POLICY_VALUES_ADDRESS_RANGE_H

/*
 * Ranges of addresses of both families: what an ipBlock is once its excepts are cut out, and what
 * many of them are together. Gathered in vectors of struct address_range while compiling; no other
 * state.
 */

#include <stddef.h>

#include "policy/values/model.h"
#include "policy/values/vector.h"

struct address_range {
	struct ip_addr first, last; /* of one family, both within */
};

/*
 * Adds the block without its excepts: at most one range more than it has excepts, sorted and
 * disjoint among themselves. Excepts may overlap, repeat, or lie outside the block. Returns 0, or
 * -ENOMEM.
 */
int address_range_add_block(struct vector *ranges, const struct ip_block *block);
/* Sorts the vector, IPv4 first, and unites what overlaps or touches. */
void address_range_settle(struct vector *ranges);

#endif
