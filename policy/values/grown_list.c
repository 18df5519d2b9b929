/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/values/grown_list.h"

#include <errno.h>
#include <string.h>

enum { CAPACITY_MIN = 4 };

/* Makes room for `more` further ranges. */
static int reserve(struct grown_list *list, size_t more, struct arena *arena)
{
	const size_t wanted = list->count + more;
	size_t capacity = list->capacity == 0 ? CAPACITY_MIN : list->capacity;
	struct range *items;

	if (wanted <= list->capacity || (list->capacity == 0 && wanted <= 1))
		return 0;
	while (capacity < wanted)
		capacity *= 2;
	items = capacity <= UINT32_MAX ? arena_calloc(arena, capacity, sizeof(*items)) : NULL;
	if (items == NULL)
		return -ENOMEM;
	memcpy(items, grown_list_view(list).items, list->count * sizeof(*items));
	list->ranges.items = items;
	list->capacity = (uint32_t)capacity;
	return 0;
}

int grown_list_append(struct grown_list *list, struct range_list more, struct arena *arena)
{
	struct range *items;
	size_t from = 0;

	if (more.count == 0)
		return 0;
	items = list->capacity == 0 ? &list->ranges.one : list->ranges.items;
	/* Lists have no two ranges that touch. */
	if (list->count > 0 && items[list->count - 1].last + 1 == more.items[0].first) {
		items[list->count - 1].last = more.items[0].last;
		from = 1;
	}
	if (reserve(list, more.count - from, arena) != 0)
		return -ENOMEM;
	items = list->capacity == 0 ? &list->ranges.one : list->ranges.items;
	for (; from < more.count; from++)
		items[list->count++] = more.items[from];
	return 0;
}
