/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CONFIG_TEXT_NODE_BUILDER_H
#define CONFIG_TEXT_NODE_BUILDER_H

/*
 * Puts trees of nodes together from what a YAML or JSON reader meets in order, and holds the
 * limits: everything a hostile document can make large is counted here. Internal to
 * config/text/document.
 */

#include "config/text/document.h"
#include "config/text/string_map.h"

struct builder_frame;

struct node_builder {
	struct arena *arena; /* of what is made now: of the document or of its items */
	/* borrowed; with a visitor it is ours, and another one once it has grown */
	struct arena *document_arena;
	/* ours, of items that are visited by themselves; NULL without a visitor */
	struct arena *item_arena;
	const struct document_visitor *visitor; /* NULL: documents become roots */
	struct diag_list *diags;
	struct document_limits limits; /* none is 0 */
	const char *file;

	struct string_map strings;    /* of keys, which repeat */
	struct string_map anchors;    /* of this document: name to struct anchor */
	struct builder_frame *frames; /* the collections that are open, outermost first */
	size_t depth, frame_capacity;
	struct node_entry *pending; /* the entries of all open collections, one after the other */
	size_t pending_count, pending_capacity;
	size_t nodes;	    /* of this object, aliases expanded */
	size_t item_nodes;  /* nodes, when the item that is read began */
	size_t objects;	    /* ended so far: documents and visited items */
	bool in_items;	    /* the list of the root's items is open, and they are visited */
	bool items_kept;    /* an item of this document has to stay: no further one is visited */
	bool has_anchor;    /* this document has one: its trees stay until its end */
	bool items_visited; /* of this document, some were */
	bool next_is_broken;

	const struct node **roots;
	size_t root_count, root_capacity;
	size_t first_root; /* of the document begun last */
};

/*
 * `limits` may be NULL or have zeros. With a `visitor`, which is borrowed, `arena` is NULL, and
 * trees are gone when they were visited; without one they are made in `arena`. 0 or -ENOMEM.
 */
int node_builder_init(struct node_builder *builder, const char *file,
	const struct document_limits *limits, struct arena *arena, struct diag_list *diags,
	const struct document_visitor *visitor);
void node_builder_deinit(struct node_builder *builder);

/*
 * One call a thing met. `anchor` is its name or NULL. Each returns 0; -ENOMEM; -EOVERFLOW
 * when the document nests too deep, or -E2BIG when there are too many nodes (both are in diags).
 * Duplicate keys and the like are in diags and in the nodes' health, and not failures.
 */
int node_builder_open(struct node_builder *builder, enum node_kind kind, struct source_pos pos,
	const char *anchor);
int node_builder_close(struct node_builder *builder);
int node_builder_scalar(struct node_builder *builder, const char *text, size_t length, bool quoted,
	struct source_pos pos, const char *anchor);
int node_builder_null(struct node_builder *builder, struct source_pos pos, const char *anchor);
int node_builder_alias(struct node_builder *builder, const char *name, struct source_pos pos);

/* The node made next is not well-formed; the reader has said why. */
void node_builder_spoil_next(struct node_builder *builder);

void node_builder_begin_document(struct node_builder *builder);
/* 0, -ENOMEM, or what the visitor returned */
int node_builder_end_document(struct node_builder *builder);
/* what was begun last: it turned out broken */
void node_builder_drop_document(struct node_builder *builder);

/* Forgets all documents: the text is read again, otherwise. */
void node_builder_drop_all(struct node_builder *builder);

/* The finished documents, copied into the arena. 0 or -ENOMEM. */
int node_builder_finish(struct node_builder *builder, struct document_list *out);

#endif
