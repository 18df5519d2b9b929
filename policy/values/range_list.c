/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/values/range_list.h"

#include <errno.h>
#include <stdlib.h>

int range_vector_add(struct vector *ranges, uint32_t first, uint32_t last)
{
	struct range *added = vector_push(ranges, sizeof(*added));

	if (added == NULL)
		return -ENOMEM;
	*added = (struct range){first, last};
	return 0;
}

static int range_cmp(const void *pa, const void *pb)
{
	const struct range *a = pa, *b = pb;

	return (a->first > b->first) - (a->first < b->first);
}

static bool is_sorted(const struct range *items, size_t count)
{
	for (size_t i = 1; i < count; i++)
		if (items[i].first < items[i - 1].first)
			return false;
	return true;
}

struct range_list range_vector_settle(struct vector *ranges)
{
	struct range *items = ranges->items;
	size_t kept = 0;

	if (!is_sorted(items, ranges->count))
		qsort(items, ranges->count, sizeof(*items), range_cmp);
	for (size_t i = 0; i < ranges->count; i++) {
		/*
		 * Overlapping or next to the one before? Written so that a range ending at the last
		 * number is safe.
		 */
		if (kept > 0 &&
			(items[i].first <= items[kept - 1].last ||
				items[i].first - 1 == items[kept - 1].last)) {
			if (items[i].last > items[kept - 1].last)
				items[kept - 1].last = items[i].last;
			continue;
		}
		items[kept++] = items[i];
	}
	ranges->count = kept;
	return (struct range_list){items, kept};
}

int range_list_copy(struct range_list *out, struct range_list list, struct arena *arena)
{
	const struct range *items = arena_memdup(
		arena, list.items, list.count * sizeof(*list.items));

	if (items == NULL)
		return -ENOMEM;
	*out = (struct range_list){items, list.count};
	return 0;
}

/* What is left of `range` when `taken` is taken out, appended to `left`. */
static int subtract_from(struct vector *left, struct range range, struct range_list taken)
{
	for (size_t i = range_list_find(taken, range.first); i < taken.count; i++) {
		const struct range *hole = &taken.items[i];

		if (hole->first > range.last)
			break;
		if (hole->first > range.first &&
			range_vector_add(left, range.first, hole->first - 1) != 0)
			return -ENOMEM;
		if (hole->last >= range.last)
			return 0;
		range.first = hole->last + 1;
	}
	return range_vector_add(left, range.first, range.last);
}

int range_list_subtract(struct range_list *out, struct range_list from, struct range_list taken,
	struct arena *arena)
{
	struct vector left = {0};
	int err = 0;

	if (taken.count == 0) {
		*out = from;
		return 0;
	}
	for (size_t i = 0; err == 0 && i < from.count; i++)
		err = subtract_from(&left, from.items[i], taken);
	if (err == 0)
		err = range_list_copy(out, (struct range_list){left.items, left.count}, arena);
	vector_deinit(&left);
	return err;
}

/* What `range` shares with `list`, appended to `found`. */
static int intersect_range(struct vector *found, const struct range *range, struct range_list list)
{
	for (size_t i = range_list_find(list, range->first); i < list.count; i++) {
		const struct range *other = &list.items[i];
		int err;

		if (other->first > range->last)
			break;
		err = range_vector_add(found,
			other->first > range->first ? other->first : range->first,
			other->last < range->last ? other->last : range->last);
		if (err != 0)
			return err;
	}
	return 0;
}

int range_list_intersect(
	struct range_list *out, struct range_list a, struct range_list b, struct arena *arena)
{
	const struct range_list few = a.count <= b.count ? a : b, many = a.count <= b.count ? b : a;
	struct vector found = {0};
	int err = 0;

	for (size_t i = 0; err == 0 && i < few.count; i++)
		err = intersect_range(&found, &few.items[i], many);
	/*
	 * In order already, and two ranges that touch would have touched in one of the lists:
	 * nothing to settle.
	 */
	if (err == 0)
		err = range_list_copy(out, (struct range_list){found.items, found.count}, arena);
	vector_deinit(&found);
	return err;
}

size_t range_list_find(struct range_list list, uint32_t number)
{
	size_t low = 0, high = list.count; /* ranges before low end below number */

	while (low < high) {
		const size_t middle = low + (high - low) / 2;

		if (list.items[middle].last < number)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

bool range_list_contains(struct range_list list, uint32_t number)
{
	const size_t at = range_list_find(list, number);

	return at < list.count && list.items[at].first <= number;
}
