/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config/text/node_items.h"

#include <errno.h>
#include <string.h>

#include "config/text/mapping_keys.h"

enum {
	ROOT_KEYS = 64,	       /* that are looked at for each item: no list has more than five */
	TREE_KEPT = 256 * 1024 /* bytes of visited trees, before they are freed */
};

int node_items_recycle(struct node_builder *builder, struct arena **arena)
{
	const bool current = builder->arena == *arena;
	struct arena *fresh;

	if (arena_size(*arena) < TREE_KEPT)
		return 0;
	fresh = arena_create();
	if (fresh == NULL)
		return -ENOMEM;
	arena_unref(*arena);
	*arena = fresh;
	if (current)
		builder->arena = fresh;
	string_map_clear(&builder->strings);
	return 0;
}

static const char *text_of(const struct node_builder *builder, const char *key)
{
	const struct node_entry *entries = builder->pending + builder->frames[0].first;
	const size_t count = builder->frames[1].first - builder->frames[0].first;

	for (size_t i = 0; i < count && i < ROOT_KEYS; i++)
		if (entries[i].value->kind == NODE_SCALAR && strcmp(entries[i].key->text, key) == 0)
			return entries[i].value->text;
	return NULL;
}

static bool has_items(const struct node_builder *builder)
{
	for (size_t i = builder->frames[0].first; i < builder->pending_count; i++)
		if (strcmp(builder->pending[i].key->text, "items") == 0)
			return true;
	return false;
}

bool node_items_begin(const struct node_builder *builder)
{
	const struct builder_frame *root = &builder->frames[0], *list = &builder->frames[1];

	return builder->visitor != NULL && !builder->items_kept && !builder->has_anchor &&
		builder->depth == 2 && root->node->kind == NODE_MAPPING &&
		list->node->kind == NODE_SEQUENCE && list->anchor == NULL && root->key != NULL &&
		strcmp(root->key->text, "items") == 0;
}

int node_items_visit(struct node_builder *builder, const struct node *item)
{
	const struct document_list_head head = {
		.kind = text_of(builder, "kind"), .api_version = text_of(builder, "apiVersion")};
	int err = builder->visitor->item(item, &head, builder->visitor->context);

	if (err == 0) {
		builder->in_items = false;
		builder->items_kept = true;
	}
	if (err != 1)
		return err;
	builder->items_visited = true;
	if (builder->has_anchor)
		return 1;
	builder->objects++;
	builder->nodes = builder->item_nodes;
	err = node_items_recycle(builder, &builder->item_arena);
	return err != 0 ? err : 1;
}

/*
 * The root has a second list of items: of two keys the later counts, so what was visited does not.
 * A merge key would replace a list above it, too: nobody writes that.
 */
void node_items_note_key(struct node_builder *builder, const struct node *key)
{
	if (mapping_is_merge_key(key) && has_items(builder)) {
		diag_add(builder->diags, DIAG_ERROR, key->pos, "bad-merge",
			"write it above 'items:'",
			"'<<' stands below a list of items, which it may replace");
		node_builder_spoil_open(builder);
	}
	if (!builder->items_visited || strcmp(key->text, "items") != 0)
		return;
	builder->visitor->drop_document(builder->visitor->context);
	builder->items_visited = false;
	builder->items_kept = true; /* what stands between may use strings of the first list's */
}
