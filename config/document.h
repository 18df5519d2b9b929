/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CONFIG_DOCUMENT_H
#define CONFIG_DOCUMENT_H

/*
 * A stream of YAML or JSON documents as trees of nodes, each of which knows its
 * place. Input that begins with a brace or bracket is read as JSON, whatever that cannot read as YAML.
 * Trees live in the arena they were read into and are immutable; one thread at a time.
 *
 * YAML as kubectl reads it: 1.1 with its booleans, anchors, aliases (one shared node, at the anchor's position),
 * merge keys and the standard tags; keys that are no strings become texts, `on` "true" and `012` "10". Where other
 * readers would understand something else, that is a warning. A mistake in one document does not spoil its neighbours: reading goes on
 * at the next line that begins with ---.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "policy/arena.h"
#include "policy/diag.h"

enum node_kind { NODE_NULL, NODE_SCALAR, NODE_SEQUENCE, NODE_MAPPING };

struct node_entry;

/*
 * Whether what a node was made of was well-formed: aliases of nothing, keys that are no scalars, objects that run
 * into each other.
 * The error is in the list already; a reader needs the flag to pass over just the object that has it.
 */
enum node_health { NODE_SOUND, NODE_BROKEN_BELOW, NODE_BROKEN };

struct node {
	enum node_kind kind;
	enum node_health health;
	bool quoted;			/* SCALAR: in quotes or a block, so never a number, boolean or null */
	struct source_pos pos;
	const char *text;		/* SCALAR: UTF-8 without NUL bytes (they become U+FFFD); "" otherwise */
	const struct node_entry *entries;	/* MAPPING: in the order written; SEQUENCE: keys are NULL */
	size_t count;
};

struct node_entry {
	const struct node *key;		/* a SCALAR */
	const struct node *value;
};

/* What a hostile input may cost at most. 0 anywhere takes that field's default. */
struct document_limits {
	size_t bytes;		/* of input; default 64 MiB */
	size_t nodes;		/* of all trees, aliases expanded; default 4 000 000 */
	unsigned int depth;	/* of nesting; default 64 */
	bool unique_keys;	/* a key twice in one mapping is an error, and not a warning: of two the later counts */
};

struct document_list {
	const struct node *const *roots;	/* of the documents that could be read and are not empty, in order */
	size_t count;
	size_t broken;		/* documents lost to a syntax error */
	bool truncated;		/* a limit or an impossible byte ended the reading: later documents are unknown */
};

/*
 * Reads `length` bytes; `file` names them in positions, is not copied, and must live as long as anything that has one
 * of them. Whatever is wrong is added to `diags` (syntax errors say what is missing, duplicate keys, limits,
 * invalid UTF-8) and the other documents are still returned. Returns 0, or -ENOMEM with *out untouched.
 * `limits` may be NULL.
 */
int document_read(struct document_list *out, const char *file, const char *bytes, size_t length,
	const struct document_limits *limits, struct arena *arena, struct diag_list *diags);

/*
 * As document_read(), but gives each document to `visit` when it is complete, and its tree is gone when that
 * returns: reading a file of many documents costs the memory of one, and stays within the CPU's caches. (JSON is
 * read whole first: it may yet turn out to be YAML.) What `visit` returns, when it is not 0, ends the reading and
 * is returned. out->roots is left empty.
 */
typedef int document_visitor(const struct node *root, void *context);
int document_visit(struct document_list *out, const char *file, const char *bytes, size_t length,
	const struct document_limits *limits, struct diag_list *diags, document_visitor *visit, void *context);

/* The value under `key`, or NULL when `mapping` has no such key or is no mapping. */
const struct node *node_get(const struct node *mapping, const char *key);

#endif
