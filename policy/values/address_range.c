/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/values/address_range.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* Stores the address after `addr`. Returns false for the last of its family. */
static bool successor(struct ip_addr *out, const struct ip_addr *addr)
{
	struct ip_addr after = *addr;

	for (int i = ip_addr_bits(addr) / 8 - 1; i >= 0; i--) {
		after.bytes[i]++;
		if (after.bytes[i] != 0) {
			*out = after;
			return true;
		}
	}
	return false;
}

/* The address before `addr`, which is not the first of its family. */
static struct ip_addr predecessor(const struct ip_addr *addr)
{
	struct ip_addr before = *addr;

	for (int i = ip_addr_bits(addr) / 8 - 1; i >= 0; i--)
		if (before.bytes[i]-- != 0)
			break;
	return before;
}

static int range_cmp(const void *pa, const void *pb)
{
	const struct address_range *a = pa, *b = pb;

	return ip_addr_cmp(&a->first, &b->first);
}

static int add(struct vector *ranges, const struct ip_addr *first, const struct ip_addr *last)
{
	struct address_range *added = vector_push(ranges, sizeof(*added));

	if (added == NULL)
		return -ENOMEM;
	*added = (struct address_range){*first, *last};
	return 0;
}

/* Adds what lies in `block` between the sorted `holes`. */
static int add_between(struct vector *ranges, const struct cidr *block,
	const struct address_range *holes, size_t count)
{
	const struct ip_addr last = cidr_last(block);
	struct ip_addr next = cidr_first(block); /* the lowest address not yet decided on */

	for (size_t i = 0; i < count; i++) {
		if (ip_addr_cmp(&holes[i].last, &next) < 0)
			continue;
		if (ip_addr_cmp(&holes[i].first, &last) > 0)
			break;
		if (ip_addr_cmp(&holes[i].first, &next) > 0) {
			const struct ip_addr before = predecessor(&holes[i].first);

			if (add(ranges, &next, &before) != 0)
				return -ENOMEM;
		}
		if (ip_addr_cmp(&holes[i].last, &last) >= 0 || !successor(&next, &holes[i].last))
			return 0;
	}
	return add(ranges, &next, &last);
}

int address_range_add_block(struct vector *ranges, const struct ip_block *block)
{
	struct vector holes = {0};
	int err = 0;

	for (size_t i = 0; err == 0 && i < block->except_count; i++) {
		const struct ip_addr first = cidr_first(&block->excepts[i]),
				     last = cidr_last(&block->excepts[i]);

		if (first.family == block->cidr.addr.family)
			err = add(&holes, &first, &last);
	}
	if (err == 0) {
		address_range_settle(&holes);
		err = add_between(ranges, &block->cidr, holes.items, holes.count);
	}
	vector_deinit(&holes);
	return err;
}

/* Whether `b`, which starts no earlier than `a`, overlaps it or begins where it ends. */
static bool joins(const struct address_range *a, const struct address_range *b)
{
	struct ip_addr after;

	if (a->first.family != b->first.family)
		return false;
	return ip_addr_cmp(&b->first, &a->last) <= 0 ||
		(successor(&after, &a->last) && ip_addr_equal(&after, &b->first));
}

void address_range_settle(struct vector *ranges)
{
	struct address_range *items = ranges->items;
	size_t kept = 0;

	if (ranges->count > 1)
		qsort(items, ranges->count, sizeof(*items), range_cmp);
	for (size_t i = 0; i < ranges->count; i++) {
		if (kept > 0 && joins(&items[kept - 1], &items[i])) {
			if (ip_addr_cmp(&items[i].last, &items[kept - 1].last) > 0)
				items[kept - 1].last = items[i].last;
			continue;
		}
		items[kept++] = items[i];
	}
	ranges->count = kept;
}
