/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config/text/node_builder.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/text/duplicate_keys.h"
#include "config/text/mapping_keys.h"
#include "config/text/node_items.h"
#include "config/text/scalar.h"

enum { BYTES_MOST = 64 << 20, NODES_MOST = 4000000, DEPTH_MOST = 64 };

int node_builder_init(struct node_builder *builder, const char *file,
	const struct document_limits *limits, struct arena *arena, struct diag_list *diags,
	const struct document_visitor *visitor)
{
	*builder = (struct node_builder){
		.document_arena = arena, .diags = diags, .file = file, .visitor = visitor};
	if (limits != NULL)
		builder->limits = *limits;
	if (builder->limits.file_bytes == 0)
		builder->limits.file_bytes = DOCUMENT_FILE_BYTES;
	if (builder->limits.bytes == 0)
		builder->limits.bytes = BYTES_MOST;
	if (builder->limits.nodes == 0)
		builder->limits.nodes = NODES_MOST;
	if (builder->limits.depth == 0)
		builder->limits.depth = DEPTH_MOST;
	if (visitor != NULL) {
		builder->document_arena = arena_create();
		builder->item_arena = arena_create();
		if (builder->document_arena == NULL || builder->item_arena == NULL) {
			node_builder_deinit(builder);
			return -ENOMEM;
		}
	}
	builder->arena = builder->document_arena;
	return 0;
}

void node_builder_deinit(struct node_builder *builder)
{
	string_map_deinit(&builder->strings);
	string_map_deinit(&builder->anchors);
	free(builder->frames);
	free(builder->pending);
	free(builder->roots);
	if (builder->visitor != NULL) {
		arena_unref(builder->document_arena);
		arena_unref(builder->item_arena);
	}
}

/* Makes room for one more element in a growing array. */
static int reserve(void **items, size_t *capacity, size_t count, size_t size)
{
	const size_t wanted = *capacity == 0 ? 64 : *capacity * 2;
	void *larger;

	if (count < *capacity)
		return 0;
	larger = reallocarray(*items, wanted, size);
	if (larger == NULL)
		return -ENOMEM;
	*items = larger;
	*capacity = wanted;
	return 0;
}

static int reserve_pending(struct node_builder *builder)
{
	return reserve((void **)&builder->pending, &builder->pending_capacity,
		builder->pending_count, sizeof(*builder->pending));
}

static int count_nodes(struct node_builder *builder, size_t nodes, struct source_pos pos)
{
	if (nodes <= builder->limits.nodes - builder->nodes) {
		builder->nodes += nodes;
		return 0;
	}
	diag_add(builder->diags, DIAG_ERROR, pos, "too-many-nodes",
		"split the input, or look for aliases of aliases, which multiply",
		"more than %zu values, aliases expanded, are too many to read",
		builder->limits.nodes);
	return -E2BIG;
}

static int check_depth(struct node_builder *builder, size_t depth, struct source_pos pos)
{
	if (depth <= builder->limits.depth)
		return 0;
	diag_add(builder->diags, DIAG_ERROR, pos, "too-deep",
		"no Kubernetes object nests as deep as this", "nested deeper than %u levels",
		builder->limits.depth);
	return -EOVERFLOW;
}

static struct builder_frame *top(struct node_builder *builder)
{
	return builder->depth == 0 ? NULL : &builder->frames[builder->depth - 1];
}

void node_builder_spoil_next(struct node_builder *builder)
{
	builder->next_is_broken = true;
}

static enum node_health take_health(struct node_builder *builder)
{
	const bool broken = builder->next_is_broken;

	builder->next_is_broken = false;
	return broken ? NODE_BROKEN : NODE_SOUND;
}

void node_builder_spoil_open(struct node_builder *builder)
{
	top(builder)->node->health = NODE_BROKEN;
}

/* The mapping gets a stand-in for a key that can't be one, so that reading goes on. */
static const struct node *refuse_key(struct node_builder *builder, const struct node *key)
{
	static const struct node stand_in = {.kind = NODE_SCALAR, .quoted = true, .text = ""};

	if (key->kind == NODE_NULL)
		diag_add(builder->diags, DIAG_ERROR, key->pos, "bad-key",
			"write a name before the colon", "a mapping has a value without a key");
	else
		diag_add(builder->diags, DIAG_ERROR, key->pos, "bad-key",
			"templates such as {{ ... }} must be rendered first", "a %s can't be a key",
			key->kind == NODE_MAPPING ? "mapping" : "list");
	node_builder_spoil_open(builder);
	return &stand_in;
}

/* Puts a complete node where it belongs: as root, as key, as value or as list item. */
static int attach(struct node_builder *builder, const struct node *node, unsigned int height)
{
	struct builder_frame *frame = top(builder);

	if (frame == NULL) {
		if (reserve((void **)&builder->roots, &builder->root_capacity, builder->root_count,
			    sizeof(const struct node *)) != 0)
			return -ENOMEM;
		builder->roots[builder->root_count++] = node;
		return 0;
	}
	if (height > frame->height)
		frame->height = height;
	if (node->health != NODE_SOUND && frame->node->health == NODE_SOUND)
		frame->node->health = NODE_BROKEN_BELOW;
	if (frame->node->kind == NODE_MAPPING && frame->key == NULL) {
		frame->key = node->kind == NODE_SCALAR ? node : refuse_key(builder, node);
		if (builder->depth == 1)
			node_items_note_key(builder, frame->key);
		return 0;
	}
	if (builder->in_items && builder->depth == 2) {
		const int dealt_with = node_items_visit(builder, node);

		builder->arena = builder->in_items ? builder->item_arena : builder->document_arena;
		if (dealt_with != 0)
			return dealt_with < 0 ? dealt_with : 0;
	}
	if (reserve_pending(builder) != 0)
		return -ENOMEM;
	builder->pending[builder->pending_count++] = (struct node_entry){
		.key = frame->key, .value = node};
	frame->key = NULL;
	return 0;
}

static int add_anchor(struct node_builder *builder, const char *name, struct anchor **out)
{
	struct anchor *anchor = arena_alloc(builder->arena, sizeof(*anchor));
	const char *key = arena_strdup(builder->arena, name);

	if (anchor == NULL || key == NULL)
		return -ENOMEM;
	*out = anchor;
	builder->has_anchor = true;
	return string_map_put(&builder->anchors, key, anchor);
}

int node_builder_open(struct node_builder *builder, enum node_kind kind, struct source_pos pos,
	const char *anchor)
{
	struct builder_frame frame = {
		.first = builder->pending_count, .nodes_before = builder->nodes};
	int err = check_depth(builder, builder->depth + 1, pos);

	if (err == 0)
		err = count_nodes(builder, 1, pos);
	if (err == 0)
		err = reserve((void **)&builder->frames, &builder->frame_capacity, builder->depth,
			sizeof(frame));
	if (err == 0)
		err = reserve_pending(builder);
	if (err == 0 && anchor != NULL)
		err = add_anchor(builder, anchor, &frame.anchor);
	if (err != 0)
		return err;
	frame.node = arena_alloc(builder->arena, sizeof(*frame.node));
	if (frame.node == NULL)
		return -ENOMEM;
	*frame.node = (struct node){
		.kind = kind, .health = take_health(builder), .pos = pos, .text = ""};
	builder->frames[builder->depth++] = frame;
	if (node_items_begin(builder)) {
		builder->in_items = true;
		builder->item_nodes = builder->nodes;
		builder->arena = builder->item_arena;
	}
	return 0;
}

/* Replaces the entries from `first` on by the ones that their keys assign. */
static int resolve_keys(struct node_builder *builder, size_t first)
{
	const struct node_entry *entries = builder->pending + first;
	const size_t count = builder->pending_count - first;
	struct mapping_entries resolved;
	int err = count_nodes(builder, mapping_merge_cost(entries, count), top(builder)->node->pos);

	if (err == 0)
		err = mapping_assign(&resolved, entries, count, builder->diags);
	if (err != 0)
		return err;
	if (resolved.bad_merge)
		node_builder_spoil_open(builder);
	builder->pending_count = first;
	for (size_t i = 0; err == 0 && i < resolved.count; i++) {
		err = reserve_pending(builder);
		if (err == 0)
			builder->pending[builder->pending_count++] = resolved.items[i];
	}
	free(resolved.items);
	return err;
}

static int finish_mapping(struct node_builder *builder, size_t first)
{
	const enum diag_severity severity = builder->limits.unique_keys ? DIAG_ERROR : DIAG_WARNING;
	const size_t count = builder->pending_count - first;
	const int found = duplicate_keys_find(
		builder->diags, severity, builder->pending + first, count, builder->depth == 1);
	bool resolves = found != 0;

	if (found < 0)
		return found;
	if ((found & DUPLICATE_OBJECTS) != 0 || (found != 0 && severity == DIAG_ERROR))
		node_builder_spoil_open(builder);
	for (size_t i = 0; !resolves && i < count; i++)
		resolves = mapping_is_merge_key(builder->pending[first + i].key);
	return resolves ? resolve_keys(builder, first) : 0;
}

int node_builder_close(struct node_builder *builder)
{
	struct builder_frame *frame = top(builder);
	struct node *node = frame->node;
	const size_t first = frame->first;
	int err;

	if (builder->in_items && builder->depth == 2) {
		builder->in_items = false;
		builder->arena = builder->document_arena;
	}
	err = node->kind == NODE_MAPPING ? finish_mapping(builder, first) : 0;
	if (err != 0)
		return err;
	node->count = builder->pending_count - first;
	node->entries = arena_memdup(
		builder->arena, builder->pending + first, node->count * sizeof(*node->entries));
	if (node->entries == NULL)
		return -ENOMEM;
	builder->pending_count = first;
	if (frame->anchor != NULL)
		*frame->anchor = (struct anchor){.node = node,
			.nodes = builder->nodes - frame->nodes_before,
			.height = frame->height + 1};
	builder->depth--;
	return attach(builder, node, frame->height + 1);
}

static int add_leaf(struct node_builder *builder, const struct node *leaf, const char *anchor)
{
	int err = count_nodes(builder, 1, leaf->pos);
	struct anchor *mark = NULL;
	struct node *node;

	if (err == 0 && anchor != NULL)
		err = add_anchor(builder, anchor, &mark);
	if (err != 0)
		return err;
	node = arena_memdup(builder->arena, leaf, sizeof(*leaf));
	if (node == NULL)
		return -ENOMEM;
	node->health = take_health(builder);
	if (mark != NULL)
		*mark = (struct anchor){.node = node, .nodes = 1};
	return attach(builder, node, 0);
}

/* Go keeps a NUL in a text. The readers of nodes end there, so it becomes U+FFFD. */
static const char *replace_nuls(
	struct node_builder *builder, const char *text, size_t length, struct source_pos pos)
{
	char *replaced = arena_alloc(builder->arena, length * 3 + 1), *at = replaced;

	diag_add(builder->diags, DIAG_WARNING, pos, "nul-character", NULL,
		"a text has a NUL character in it, which is read as U+FFFD");
	for (size_t i = 0; replaced != NULL && i < length; i++) {
		if (text[i] != '\0') {
			*at++ = text[i];
			continue;
		}
		memcpy(at, "\xEF\xBF\xBD", 3);
		at += 3;
	}
	return replaced;
}

/*
 * The text of an unquoted key as kubectl reads it, which turns a number or boolean into a text.
 */
static const char *resolve_key(struct node_builder *builder, const char *text,
	struct source_pos pos, char out[SCALAR_KEY_TEXT])
{
	const char *key = scalar_key(text, out);
	char hint[96];

	if (key == text)
		return text;
	snprintf(hint, sizeof(hint), "put it in quotes if the text is meant: \"%.40s\"", text);
	if (key == NULL)
		diag_add(builder->diags, DIAG_WARNING, pos, "odd-key", hint,
			"kubectl refuses the key %s, as it is a number larger than any of 63 bits",
			text);
	else
		diag_add(builder->diags, DIAG_WARNING, pos, "odd-key", hint,
			"the key %.40s is read as '%s', as kubectl reads it", text, key);
	return key != NULL ? key : text;
}

int node_builder_scalar(struct node_builder *builder, const char *text, size_t length, bool quoted,
	struct source_pos pos, const char *anchor)
{
	const struct builder_frame *frame = top(builder);
	const bool is_key = frame != NULL && frame->node->kind == NODE_MAPPING &&
		frame->key == NULL;
	struct node leaf = {.kind = NODE_SCALAR, .quoted = quoted, .pos = pos};
	char key[SCALAR_KEY_TEXT];

	if (memchr(text, '\0', length) != NULL) {
		text = replace_nuls(builder, text, length, pos);
		if (text == NULL)
			return -ENOMEM;
		length = strlen(text);
	}
	if (is_key && !quoted) {
		text = resolve_key(builder, text, pos, key);
		length = strlen(text);
	}
	/* The root's keys outlive the items, whose strings go with them. */
	leaf.text = is_key && builder->depth > 1
		? string_map_intern(&builder->strings, builder->arena, text, length)
		: arena_strndup(builder->arena, text, length);
	return leaf.text == NULL ? -ENOMEM : add_leaf(builder, &leaf, anchor);
}

int node_builder_null(struct node_builder *builder, struct source_pos pos, const char *anchor)
{
	const struct node leaf = {.kind = NODE_NULL, .pos = pos, .text = ""};

	return add_leaf(builder, &leaf, anchor);
}

int node_builder_alias(struct node_builder *builder, const char *name, struct source_pos pos)
{
	const struct anchor *anchor = string_map_get(&builder->anchors, name, strlen(name));
	int err;

	if (anchor == NULL || anchor->node == NULL) {
		diag_add(builder->diags, DIAG_ERROR, pos, "bad-alias",
			anchor == NULL ? "put quotes around it if it is no alias" : NULL,
			anchor == NULL ? "nothing in this document is marked &%s"
				       : "&%s would contain itself",
			name);
		/* A null stands in for the text that can't be, so that reading goes on. */
		node_builder_spoil_next(builder);
		return node_builder_null(builder, pos, NULL);
	}
	err = check_depth(builder, builder->depth + anchor->height, pos);
	if (err == 0)
		err = count_nodes(builder, anchor->nodes, pos);
	return err != 0 ? err : attach(builder, anchor->node, anchor->height);
}

void node_builder_begin_document(struct node_builder *builder)
{
	string_map_clear(&builder->anchors);
	builder->first_root = builder->root_count;
	builder->has_anchor = false;
	builder->items_kept = false;
	builder->items_visited = false;
	builder->nodes = 0;
	if (builder->visitor != NULL)
		builder->visitor->begin_document(builder->visitor->context);
}

/*
 * An empty document (only comments between two ---) is a null root: not worth keeping. Without a
 * visitor documents stay; with one, the trees of a document are freed.
 */
int node_builder_end_document(struct node_builder *builder)
{
	const struct node *root = builder->root_count > 0 ? builder->roots[builder->root_count - 1]
							  : NULL;
	int err;

	if (root != NULL && root->kind == NODE_NULL && root->health == NODE_SOUND)
		builder->root_count--;
	builder->objects++;
	builder->first_root = builder->visitor == NULL ? builder->root_count : 0;
	if (builder->visitor == NULL || builder->root_count == 0)
		return 0;
	builder->root_count = 0;
	err = builder->visitor->document(root, builder->visitor->context);
	if (err != 0)
		return err;
	/* The next one may fail before it is a document: this one stays all the same. */
	builder->visitor->begin_document(builder->visitor->context);
	builder->items_visited = false;
	string_map_clear(&builder->anchors);
	err = node_items_recycle(builder, &builder->document_arena);
	return err != 0 ? err : node_items_recycle(builder, &builder->item_arena);
}

void node_builder_drop_document(struct node_builder *builder)
{
	builder->depth = 0;
	builder->pending_count = 0;
	builder->next_is_broken = false;
	builder->root_count = builder->first_root;
	builder->in_items = false;
	builder->arena = builder->document_arena;
	if (builder->visitor != NULL)
		builder->visitor->drop_document(builder->visitor->context);
	builder->items_visited = false;
}

void node_builder_drop_all(struct node_builder *builder)
{
	builder->first_root = 0;
	node_builder_drop_document(builder);
	builder->nodes = 0;
	if (builder->visitor != NULL)
		builder->visitor->drop_all(builder->visitor->context);
}

int node_builder_finish(struct node_builder *builder, struct document_list *out)
{
	const struct node *const *roots = arena_memdup(
		builder->arena, builder->roots, builder->root_count * sizeof(const struct node *));

	if (roots == NULL)
		return -ENOMEM;
	out->roots = roots;
	out->count = builder->root_count;
	return 0;
}
