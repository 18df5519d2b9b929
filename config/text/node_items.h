/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CONFIG_TEXT_NODE_ITEMS_H
#define CONFIG_TEXT_NODE_ITEMS_H

/*
 * The items of a document's list, each visited and freed when it is complete: the part of
 * node_builder that makes a large List cost the memory of one item. Internal to
 * config/text/node_builder.
 */

#include "config/text/node_builder.h"

/* A mapping or sequence whose end has not been met. */
struct builder_frame {
	struct node *node;
	/* of the mapping entry whose value comes next; NULL: a key comes next */
	const struct node *key;
	size_t first;	     /* index of its first entry in pending */
	size_t nodes_before; /* builder->nodes when it was opened: what it costs to alias */
	unsigned int height; /* of the tallest child */
	struct anchor *anchor;
};

/*
 * `node` is NULL while the collection that bears the name is open: an alias to it would be a tree
 * within itself.
 */
struct anchor {
	const struct node *node;
	size_t nodes;
	unsigned int height;
};

/* The collection that is being filled, has a mistake of its own. */
void node_builder_spoil_open(struct node_builder *builder);

/* The tree of what was visited is not needed again: frees it when it has grown. 0 or -ENOMEM. */
int node_items_recycle(struct node_builder *builder, struct arena **arena);
/*
 * Whether the collection that was opened last is the root's list of items, and those are to be
 * visited.
 */
bool node_items_begin(const struct node_builder *builder);
/*
 * Gives a complete item to the visitor. Returns 1 when it is dealt with; 0 when it stays; or an
 * error.
 */
int node_items_visit(struct node_builder *builder, const struct node *item);
/* A key of the root was met, which may be a second list of items. */
void node_items_note_key(struct node_builder *builder, const struct node *key);

#endif
