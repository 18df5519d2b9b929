/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/explain/relabel.h"

#include <errno.h>
#include <string.h>

/* Every namespace has this label, set by the API server: a change of it is no fix. */
static const char namespace_label[] = "kubernetes.io/metadata.name";

/* The value that meets the requirement; NULL when only the lack of the label does. */
static const char *value_for(const struct requirement *requirement)
{
	if (requirement->op == REQUIREMENT_EXISTS)
		return "true";
	if (requirement->op == REQUIREMENT_IN && requirement->value_count > 0)
		return requirement->values[0];
	return NULL;
}

/* Sets a label in `items`, which has room for one more and stays sorted. */
static void set_label(struct label *items, size_t *count, const struct relabel *added)
{
	size_t at = 0;

	while (at < *count && strcmp(items[at].key, added->key) < 0)
		at++;
	if (at == *count || strcmp(items[at].key, added->key) != 0) {
		memmove(&items[at + 1], &items[at], (*count - at) * sizeof(items[0]));
		(*count)++;
	}
	items[at] = (struct label){added->key, added->value};
}

/* Of several values for one label (it exists; it is in a, b) only the last is told. */
static void note_added(struct relabel *list, int *count, const struct relabel *added)
{
	int at = 0;

	while (at < *count && strcmp(list[at].key, added->key) != 0)
		at++;
	list[at] = *added;
	if (at == *count)
		(*count)++;
}

/*
 * Requirements may contradict each other (role in (a), no label role): so the outcome is tried, not
 * trusted.
 */
int relabel_find(const struct selector *selector, const struct label_set *labels,
	struct arena *arena, struct relabel **out)
{
	struct label *items = arena_calloc(
		arena, labels->count + selector->count + 1, sizeof(*items));
	struct relabel *list = arena_calloc(arena, selector->count, sizeof(*list));
	struct label_set after = {.items = items, .count = labels->count};
	int count = 0;

	if (items == NULL || list == NULL)
		return -ENOMEM;
	if (labels->count > 0)
		memcpy(items, labels->items, labels->count * sizeof(*items));
	for (size_t i = 0; i < selector->count; i++) {
		const struct requirement *requirement = &selector->requirements[i];
		const struct relabel added = {requirement->key, value_for(requirement)};

		if (requirement_matches(requirement, &after))
			continue;
		if (added.value == NULL || label_set_get(labels, added.key) != NULL ||
			strcmp(added.key, namespace_label) == 0)
			return -EINVAL;
		set_label(items, &after.count, &added);
		note_added(list, &count, &added);
	}
	if (!selector_matches(selector, &after))
		return -EINVAL;
	*out = list;
	return count;
}

void relabel_add_phrase(struct phrase *text, const struct relabel *added, int count)
{
	for (int i = 0; i < count; i++)
		phrase_add(text, "%s%s=%s", i == 0 ? "with label " : ", ", added[i].key,
			added[i].value);
}
