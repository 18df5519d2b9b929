/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/values/diag.h"

#include <stdarg.h>
#include <string.h>

void diag_list_init(struct diag_list *list, struct arena *arena)
{
	*list = (struct diag_list){.arena = arena};
}

/* Room for one more item, or NULL at the limit or when memory is short. */
static struct diag *list_next(struct diag_list *list)
{
	if (list->count == DIAG_LIST_MOST)
		return NULL;
	if (list->count == list->capacity) {
		const size_t capacity = list->capacity == 0 ? 8 : list->capacity * 2;
		struct diag *items = arena_calloc(list->arena, capacity, sizeof(*items));

		if (items == NULL)
			return NULL;
		if (list->count > 0)
			memcpy(items, list->items, list->count * sizeof(*items));
		list->items = items;
		list->capacity = capacity;
	}
	return &list->items[list->count];
}

void diag_add(struct diag_list *list, enum diag_severity severity, struct source_pos pos,
	const char *code, const char *hint, const char *format, ...)
{
	struct diag *item = list_next(list);
	va_list args;

	if (severity == DIAG_ERROR)
		list->errors++;
	if (item == NULL) {
		list->dropped++;
		return;
	}
	*item = (struct diag){.severity = severity, .pos = pos, .code = code};
	va_start(args, format);
	item->text = arena_vprintf(list->arena, format, args);
	va_end(args);
	if (item->text == NULL)
		item->text = "out of memory while describing this";
	if (hint != NULL)
		item->hint = arena_strdup(list->arena, hint);
	list->count++;
}

/* Negative when a stands before b. */
static int pos_cmp(const struct source_pos *a, const struct source_pos *b)
{
	const int by_file = strcmp(a->file != NULL ? a->file : "", b->file != NULL ? b->file : "");

	if (by_file != 0)
		return by_file;
	if (a->line != b->line)
		return a->line < b->line ? -1 : 1;
	return a->column < b->column ? -1 : a->column > b->column;
}

void diag_sort(struct diag_list *list)
{
	/* Insertion: stable, at most DIAG_LIST_MOST items, and mostly in order already. */
	for (size_t i = 1; i < list->count; i++) {
		const struct diag moving = list->items[i];
		size_t at = i;

		for (; at > 0 && pos_cmp(&list->items[at - 1].pos, &moving.pos) > 0; at--)
			list->items[at] = list->items[at - 1];
		list->items[at] = moving;
	}
}

const char *diag_severity_name(enum diag_severity severity)
{
	return severity == DIAG_ERROR ? "error" : "warning";
}
