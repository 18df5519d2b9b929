/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CONFIG_TEXT_DOCUMENT_H
#define CONFIG_TEXT_DOCUMENT_H

/*
 * A stream of YAML or JSON documents as trees of nodes, each of which knows its place. Input that
 * begins with a brace or bracket is read as JSON, whatever that cannot read as YAML. Trees live in
 * the arena they were read into and are immutable; one thread at a time.
 *
 * YAML as kubectl reads it: 1.1 with its booleans, anchors, aliases (one shared node, at the
 * anchor's position), merge keys and the standard tags; keys that are no strings become texts, `on`
 * "true" and `012` "10". Where other readers would understand something else, that is a warning. A
 * mistake in one document does not spoil its neighbours: reading goes on at the next line that
 * begins with ---.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/text/byte_source.h"
#include "policy/values/arena.h"
#include "policy/values/diag.h"

enum node_kind { NODE_NULL, NODE_SCALAR, NODE_SEQUENCE, NODE_MAPPING };

struct node_entry;

/*
 * Whether a node's text was well-formed. It was not with an alias of nothing, a key that is no
 * scalar, or objects that run into each other. The finding is there already; a reader needs the
 * flag to pass over just the object that has it.
 */
enum node_health { NODE_SOUND, NODE_BROKEN_BELOW, NODE_BROKEN };

struct node {
	enum node_kind kind;
	enum node_health health;
	bool quoted; /* SCALAR: in quotes or a block, so never a number, boolean or null */
	struct source_pos pos;
	const char *text; /* SCALAR: UTF-8 without NUL bytes (they become U+FFFD); "" otherwise */
	/* MAPPING: in the order written; SEQUENCE: keys are NULL */
	const struct node_entry *entries;
	size_t count;
};

struct node_entry {
	const struct node *key; /* a SCALAR */
	const struct node *value;
};

#define DOCUMENT_FILE_BYTES (UINT64_C(16) << 30)

/*
 * Limits of the cost of a hostile input. 0 anywhere takes that field's default. An object is a
 * document, or an item of a list that is visited by itself.
 */
struct document_limits {
	uint64_t file_bytes; /* of input; default DOCUMENT_FILE_BYTES, 16 GiB */
	size_t bytes;	     /* of one object; default 64 MiB */
	size_t nodes;	     /* of one object's tree, aliases expanded; default 4 000 000 */
	unsigned int depth;  /* of nesting; default 64 */
	/* a key twice in one mapping is an error, and not a warning: of two the later counts */
	bool unique_keys;
};

struct document_list {
	/* of the documents that could be read and are not empty, in order */
	const struct node *const *roots;
	size_t count;
	size_t broken; /* documents lost to a syntax error */
	/* a limit or an impossible byte ended the reading: later documents are unknown */
	bool truncated;
};

/*
 * Reads `source`; `file` names it in positions, is not copied, and must live as long as anything
 * that has one of them. Findings are added to `diags` (syntax errors say what is missing,
 * duplicate keys, limits, invalid UTF-8) and the other documents are still returned. Returns 0, or
 * -ENOMEM with *out untouched. `limits` may be NULL.
 */
int document_read(struct document_list *out, const char *file, const struct byte_source *source,
	const struct document_limits *limits, struct arena *arena, struct diag_list *diags);

/* The head of the list that an item is of. */
struct document_list_head {
	const char *kind, *api_version; /* NULL: not met yet; they may stand behind the items */
};

struct document_visitor {
	/*
	 * A complete document; its tree is gone when this returns. 0; anything else ends the
	 * reading and is returned.
	 */
	int (*document)(const struct node *root, void *context);
	/*
	 * An item of the root's list `items`, before the rest of the document is known;
	 * `drop_document` takes it back. Returns 1: the item is dealt with, is left out of the
	 * document's tree, and is gone when this returns; 0: it stays in the tree, and so do all
	 * items behind it; or what ends the reading.
	 */
	int (*item)(const struct node *item, const struct document_list_head *head, void *context);
	void (*begin_document)(void *context);
	void (*drop_document)(void *context); /* the items since begin_document() do not count */
	/* nothing that was visited counts: the file is read again, otherwise */
	void (*drop_all)(void *context);
	void *context;
};

/*
 * As document_read(), but gives what it reads to the visitor: a file of many documents, or of one
 * list, costs the memory of one object, and stays within the CPU's caches. (A document with an
 * anchor is kept until its end.) out->roots is left empty.
 */
int document_visit(struct document_list *out, const char *file, const struct byte_source *source,
	const struct document_limits *limits, struct diag_list *diags,
	const struct document_visitor *visitor);

/* The value under `key`, or NULL when `mapping` has no such key or is no mapping. */
const struct node *node_get(const struct node *mapping, const char *key);

#endif
