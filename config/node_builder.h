/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CONFIG_NODE_BUILDER_H
#define CONFIG_NODE_BUILDER_H

/*
 * Puts trees of nodes together from what a YAML or JSON reader meets in order, and holds the
 * limits: everything a hostile document can make large is counted here. Internal to config/document.
 */

#include "config/document.h"
#include "config/string_map.h"

struct builder_frame;

struct node_builder {
	struct arena *arena;		/* borrowed; with `visit` it is ours, and another one once it has grown */
	document_visitor *visit;	/* takes each document when it ends; NULL: they become roots */
	void *context;
	struct diag_list *diags;
	struct document_limits limits;	/* none is 0 */
	const char *file;

	struct string_map strings;	/* of keys, which repeat */
	struct string_map anchors;	/* of this document: name to struct anchor */
	struct builder_frame *frames;	/* the collections that are open, outermost first */
	size_t depth, frame_capacity;
	struct node_entry *pending;	/* the entries of all open collections, one after the other */
	size_t pending_count, pending_capacity;
	size_t nodes;			/* made so far, aliases expanded */
	bool next_is_broken;

	const struct node **roots;
	size_t root_count, root_capacity;
	size_t first_root;		/* of the document begun last */
};

/* `limits` may be NULL or have zeros. */
void node_builder_init(struct node_builder *builder, const char *file, const struct document_limits *limits,
	struct arena *arena, struct diag_list *diags);
void node_builder_deinit(struct node_builder *builder);

/*
 * One call a thing met. `anchor` is its name or NULL. Each returns 0; -ENOMEM; -EOVERFLOW
 * when the document nests too deep, or -E2BIG when there are too many nodes (both are in diags).
 * Duplicate keys and the like are in diags and in the nodes' health, and not failures.
 */
int node_builder_open(struct node_builder *builder, enum node_kind kind, struct source_pos pos, const char *anchor);
int node_builder_close(struct node_builder *builder);
int node_builder_scalar(struct node_builder *builder, const char *text, size_t length, bool quoted,
	struct source_pos pos, const char *anchor);
int node_builder_null(struct node_builder *builder, struct source_pos pos, const char *anchor);
int node_builder_alias(struct node_builder *builder, const char *name, struct source_pos pos);

/* The node made next is not well-formed; the reader has said why. */
void node_builder_spoil_next(struct node_builder *builder);

void node_builder_begin_document(struct node_builder *builder);
int node_builder_end_document(struct node_builder *builder);	/* 0, -ENOMEM, or what `visit` returned */
void node_builder_drop_document(struct node_builder *builder);	/* what was begun last: it turned out broken */

/* The finished documents, copied into the arena. 0 or -ENOMEM. */
int node_builder_finish(struct node_builder *builder, struct document_list *out);

#endif
