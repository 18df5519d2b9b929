/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config/node_builder.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/duplicate_keys.h"

enum { BYTES_MOST = 64 << 20, NODES_MOST = 4000000, DEPTH_MOST = 64 };
enum { TREE_KEPT = 256 * 1024 };	/* bytes of visited trees, before they are freed */
enum { MERGE_MOST = 256 };	/* keys of either mapping: merging compares each with each */

/* A mapping or sequence whose end has not been met. */
struct builder_frame {
	struct node *node;
	const struct node *key;		/* of the mapping entry whose value comes next; NULL: a key comes next */
	size_t first;			/* index of its first entry in pending */
	size_t nodes_before;		/* builder->nodes when it was opened: what it costs to alias */
	unsigned int height;		/* of the tallest child */
	struct anchor *anchor;
};

/* `node` is NULL while the collection that bears the name is open: an alias to it would be a tree within itself. */
struct anchor {
	const struct node *node;
	size_t nodes;
	unsigned int height;
};

void node_builder_init(struct node_builder *builder, const char *file, const struct document_limits *limits,
	struct arena *arena, struct diag_list *diags)
{
	*builder = (struct node_builder){ .arena = arena, .diags = diags, .file = file };
	if (limits != NULL)
		builder->limits = *limits;
	if (builder->limits.bytes == 0)
		builder->limits.bytes = BYTES_MOST;
	if (builder->limits.nodes == 0)
		builder->limits.nodes = NODES_MOST;
	if (builder->limits.depth == 0)
		builder->limits.depth = DEPTH_MOST;
}

void node_builder_deinit(struct node_builder *builder)
{
	string_map_deinit(&builder->strings);
	string_map_deinit(&builder->anchors);
	free(builder->frames);
	free(builder->pending);
	free(builder->roots);
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
	return reserve((void **)&builder->pending, &builder->pending_capacity, builder->pending_count,
		sizeof(*builder->pending));
}

static int count_nodes(struct node_builder *builder, size_t nodes, struct source_pos pos)
{
	if (nodes <= builder->limits.nodes - builder->nodes) {
		builder->nodes += nodes;
		return 0;
	}
	diag_add(builder->diags, DIAG_ERROR, pos, "too-many-nodes",
		"split the input, or look for aliases of aliases, which multiply",
		"more than %zu values, aliases expanded, are too many to read", builder->limits.nodes);
	return -E2BIG;
}

static int check_depth(struct node_builder *builder, size_t depth, struct source_pos pos)
{
	if (depth <= builder->limits.depth)
		return 0;
	diag_add(builder->diags, DIAG_ERROR, pos, "too-deep", "no Kubernetes object nests as deep as this",
		"nested deeper than %u levels", builder->limits.depth);
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

/* The collection that is being filled, has a mistake of its own. */
static void spoil_open(struct node_builder *builder)
{
	top(builder)->node->health = NODE_BROKEN;
}

/* The mapping gets a stand-in for a key that can't be one, so that reading goes on. */
static const struct node *refuse_key(struct node_builder *builder, const struct node *key)
{
	static const struct node stand_in = { .kind = NODE_SCALAR, .quoted = true, .text = "" };

	if (key->kind == NODE_NULL)
		diag_add(builder->diags, DIAG_ERROR, key->pos, "bad-key", "write a name before the colon",
			"a mapping has a value without a key");
	else
		diag_add(builder->diags, DIAG_ERROR, key->pos, "bad-key",
			"templates such as {{ ... }} must be rendered first",
			"a %s can't be a key", key->kind == NODE_MAPPING ? "mapping" : "list");
	spoil_open(builder);
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
		return 0;
	}
	if (reserve_pending(builder) != 0)
		return -ENOMEM;
	builder->pending[builder->pending_count++] = (struct node_entry){ .key = frame->key, .value = node };
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
	return string_map_put(&builder->anchors, key, anchor);
}

int node_builder_open(struct node_builder *builder, enum node_kind kind, struct source_pos pos, const char *anchor)
{
	struct builder_frame frame = { .first = builder->pending_count, .nodes_before = builder->nodes };
	int err = check_depth(builder, builder->depth + 1, pos);

	if (err == 0)
		err = count_nodes(builder, 1, pos);
	if (err == 0)
		err = reserve((void **)&builder->frames, &builder->frame_capacity, builder->depth, sizeof(frame));
	if (err == 0)
		err = reserve_pending(builder);
	if (err == 0 && anchor != NULL)
		err = add_anchor(builder, anchor, &frame.anchor);
	if (err != 0)
		return err;
	frame.node = arena_alloc(builder->arena, sizeof(*frame.node));
	if (frame.node == NULL)
		return -ENOMEM;
	*frame.node = (struct node){ .kind = kind, .health = take_health(builder), .pos = pos, .text = "" };
	builder->frames[builder->depth++] = frame;
	return 0;
}

static bool is_merge_key(const struct node *key)
{
	return !key->quoted && strcmp(key->text, "<<") == 0;
}

static bool has_key(const struct node_entry *entries, size_t count, const char *key)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(entries[i].key->text, key) == 0)
			return true;
	return false;
}

/* Appends to pending what `source` has and the mapping, which begins at `first`, has not. */
static int merge_mapping(struct node_builder *builder, size_t first, const struct node *key, const struct node *source)
{
	int err = count_nodes(builder, source->count, key->pos);

	if (err == 0 && (source->count > MERGE_MOST || builder->pending_count - first > MERGE_MOST)) {
		diag_add(builder->diags, DIAG_ERROR, key->pos, "bad-merge", "write the keys out",
			"'<<' merges mappings of at most %d keys", MERGE_MOST);
		spoil_open(builder);
		return 0;
	}
	for (size_t i = 0; err == 0 && i < source->count; i++) {
		if (has_key(builder->pending + first, builder->pending_count - first, source->entries[i].key->text))
			continue;
		err = reserve_pending(builder);
		if (err == 0)
			builder->pending[builder->pending_count++] = source->entries[i];
	}
	return err;
}

/* What follows << is a mapping, or a list of mappings of which the earlier win. */
static int merge_value(struct node_builder *builder, size_t first, const struct node *key, const struct node *value)
{
	int err = 0;

	if (value->kind == NODE_MAPPING)
		return merge_mapping(builder, first, key, value);
	for (size_t i = 0; err == 0 && value->kind == NODE_SEQUENCE && i < value->count; i++) {
		if (value->entries[i].value->kind != NODE_MAPPING)
			goto refused;
		err = merge_mapping(builder, first, key, value->entries[i].value);
	}
	if (value->kind == NODE_SEQUENCE)
		return err;
refused:
	diag_add(builder->diags, DIAG_ERROR, key->pos, "bad-merge", "write <<: *name, where &name marks a mapping",
		"'<<' takes over the keys of a mapping, and what follows it is none");
	spoil_open(builder);
	return 0;
}

static int merge_keys(struct node_builder *builder, size_t first)
{
	for (size_t i = first; i < builder->pending_count; i++) {
		const struct node_entry entry = builder->pending[i];

		if (!is_merge_key(entry.key))
			continue;
		memmove(&builder->pending[i], &builder->pending[i + 1],
			(builder->pending_count - i - 1) * sizeof(*builder->pending));
		builder->pending_count--;
		return merge_value(builder, first, entry.key, entry.value);
	}
	return 0;
}

static int finish_mapping(struct node_builder *builder, size_t first)
{
	const int duplicates = duplicate_keys_find(builder->diags, builder->pending + first,
		builder->pending_count - first, builder->depth == 1);

	if (duplicates < 0)
		return duplicates;
	if (duplicates > 0)
		spoil_open(builder);
	/* A merge key in what was merged is gone: it was resolved when that mapping was closed. */
	return merge_keys(builder, first);
}

int node_builder_close(struct node_builder *builder)
{
	struct builder_frame *frame = top(builder);
	struct node *node = frame->node;
	const size_t first = frame->first;
	int err = node->kind == NODE_MAPPING ? finish_mapping(builder, first) : 0;

	if (err != 0)
		return err;
	node->count = builder->pending_count - first;
	node->entries = arena_memdup(builder->arena, builder->pending + first, node->count * sizeof(*node->entries));
	if (node->entries == NULL)
		return -ENOMEM;
	builder->pending_count = first;
	if (frame->anchor != NULL)
		*frame->anchor = (struct anchor){ .node = node, .nodes = builder->nodes - frame->nodes_before,
			.height = frame->height + 1 };
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
	if (take_health(builder) != NODE_SOUND)
		node->health = NODE_BROKEN;
	if (mark != NULL)
		*mark = (struct anchor){ .node = node, .nodes = 1 };
	return attach(builder, node, 0);
}

int node_builder_scalar(struct node_builder *builder, const char *text, size_t length, bool quoted,
	struct source_pos pos, const char *anchor)
{
	const struct builder_frame *frame = top(builder);
	const bool is_key = frame != NULL && frame->node->kind == NODE_MAPPING && frame->key == NULL;
	struct node leaf = { .kind = NODE_SCALAR, .quoted = quoted, .pos = pos };

	if (memchr(text, '\0', length) != NULL) {
		diag_add(builder->diags, DIAG_ERROR, pos, "nul-character", NULL, "a text has a NUL character in it");
		leaf.health = NODE_BROKEN;
	}
	leaf.text = is_key ? string_map_intern(&builder->strings, builder->arena, text, strnlen(text, length)) :
			     arena_strndup(builder->arena, text, length);
	return leaf.text == NULL ? -ENOMEM : add_leaf(builder, &leaf, anchor);
}

int node_builder_null(struct node_builder *builder, struct source_pos pos, const char *anchor)
{
	const struct node leaf = { .kind = NODE_NULL, .pos = pos, .text = "" };

	return add_leaf(builder, &leaf, anchor);
}

/* A document's own text would be its alias: stands in for what can't be, so that reading goes on. */
static int add_broken(struct node_builder *builder, struct source_pos pos)
{
	const struct node leaf = { .kind = NODE_NULL, .health = NODE_BROKEN, .pos = pos, .text = "" };

	return add_leaf(builder, &leaf, NULL);
}

int node_builder_alias(struct node_builder *builder, const char *name, struct source_pos pos)
{
	const struct anchor *anchor = string_map_get(&builder->anchors, name, strlen(name));
	int err;

	if (anchor == NULL || anchor->node == NULL) {
		diag_add(builder->diags, DIAG_ERROR, pos, "bad-alias",
			anchor == NULL ? "put quotes around it if it is no alias" : NULL,
			anchor == NULL ? "nothing in this document is marked &%s" : "&%s would contain itself", name);
		return add_broken(builder, pos);
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
}

/* The tree of what was visited is not needed again: frees it when it has grown. Anchors end with their document. */
static int recycle(struct node_builder *builder)
{
	struct arena *fresh;

	if (arena_size(builder->arena) < TREE_KEPT)
		return 0;
	fresh = arena_create();
	if (fresh == NULL)
		return -ENOMEM;
	arena_unref(builder->arena);
	builder->arena = fresh;
	string_map_clear(&builder->strings);
	string_map_clear(&builder->anchors);
	return 0;
}

/* An empty document (only comments between two ---) is a null root: not worth keeping. */
int node_builder_end_document(struct node_builder *builder)
{
	const struct node *root = builder->root_count > 0 ? builder->roots[builder->root_count - 1] : NULL;
	int err = 0;

	if (root != NULL && root->kind == NODE_NULL && root->health == NODE_SOUND)
		builder->root_count--;
	if (builder->visit != NULL && builder->root_count > 0) {
		builder->root_count = 0;
		err = builder->visit(root, builder->context);
		if (err == 0)
			err = recycle(builder);
	}
	builder->first_root = builder->root_count;
	return err;
}

void node_builder_drop_document(struct node_builder *builder)
{
	builder->depth = 0;
	builder->pending_count = 0;
	builder->next_is_broken = false;
	builder->root_count = builder->first_root;
}

int node_builder_finish(struct node_builder *builder, struct document_list *out)
{
	const struct node *const *roots =
		arena_memdup(builder->arena, builder->roots, builder->root_count * sizeof(const struct node *));

	if (roots == NULL)
		return -ENOMEM;
	out->roots = roots;
	out->count = builder->root_count;
	return 0;
}
