/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/relabel.h"

#include <errno.h>
#include <string.h>

/* Every namespace has this label, set by the API server: a change of it is no fix. */
static const char namespace_label[] = "kubernetes.io/metadata.name";

/* What makes `labels` meet a requirement that they fail: the smallest change. */
static struct relabel relabel_for(const struct requirement *requirement)
{
	switch (requirement->op) {
	case REQUIREMENT_IN:
		return (struct relabel){
			requirement->key, requirement->value_count > 0 ? requirement->values[0] : NULL};
	case REQUIREMENT_EXISTS:
		return (struct relabel){requirement->key, "true"};
	case REQUIREMENT_NOT_IN:
	case REQUIREMENT_DOES_NOT_EXIST:
		break;
	}
	return (struct relabel){requirement->key, NULL};
}

/* `items` has room for one more and stays sorted. */
static void apply_relabel(struct label *items, size_t *count, const struct relabel *change)
{
	size_t at = 0;

	while (at < *count && strcmp(items[at].key, change->key) < 0)
		at++;
	if (at < *count && strcmp(items[at].key, change->key) == 0) {
		memmove(&items[at], &items[at + 1], (*count - at - 1) * sizeof(items[0]));
		(*count)--;
	}
	if (change->value == NULL)
		return;
	memmove(&items[at + 1], &items[at], (*count - at) * sizeof(items[0]));
	items[at] = (struct label){change->key, change->value};
	(*count)++;
}

/* Of several changes to one label (not a; in b) only the last is told. */
static void note_relabel(struct relabel *changes, int *count, const struct relabel *change)
{
	int at = 0;

	while (at < *count && strcmp(changes[at].key, change->key) != 0)
		at++;
	changes[at] = *change;
	if (at == *count)
		(*count)++;
}

/* Requirements may contradict each other (role in (a), no label role), which is why the outcome is tried and not trusted. */
int relabel_find(const struct selector *selector, const struct label_set *labels, struct arena *arena,
	struct relabel **out)
{
	struct label *items = arena_calloc(arena, labels->count + selector->count + 1, sizeof(*items));
	struct relabel *changes = arena_calloc(arena, selector->count, sizeof(*changes));
	struct label_set after = {.items = items, .count = labels->count};
	struct relabel change;
	int count = 0;

	if (items == NULL || changes == NULL)
		return -ENOMEM;
	if (labels->count > 0)
		memcpy(items, labels->items, labels->count * sizeof(*items));
	for (size_t i = 0; i < selector->count; i++) {
		if (requirement_matches(&selector->requirements[i], &after))
			continue;
		change = relabel_for(&selector->requirements[i]);
		if (strcmp(change.key, namespace_label) == 0)
			return -EINVAL;
		apply_relabel(items, &after.count, &change);
		note_relabel(changes, &count, &change);
	}
	if (!selector_matches(selector, &after))
		return -EINVAL;
	*out = changes;
	return count;
}

static void add_relabels(struct phrase *text, const struct relabel *changes, int count, bool setting)
{
	bool any = false;

	for (int i = 0; i < count; i++) {
		if ((changes[i].value != NULL) != setting)
			continue;
		if (!any)
			phrase_add(text, setting ? "with label " : "without label ");
		phrase_add(text, "%s%s", any ? ", " : "", changes[i].key);
		if (setting)
			phrase_add(text, "=%s", changes[i].value);
		any = true;
	}
}

static bool has_kind(const struct relabel *changes, int count, bool setting)
{
	for (int i = 0; i < count; i++)
		if ((changes[i].value != NULL) == setting)
			return true;
	return false;
}

void relabel_add_phrase(struct phrase *text, const struct relabel *changes, int count)
{
	const bool sets = has_kind(changes, count, true), takes = has_kind(changes, count, false);

	add_relabels(text, changes, count, true);
	if (sets && takes)
		phrase_add(text, " and ");
	add_relabels(text, changes, count, false);
}
