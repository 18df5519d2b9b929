/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CONFIG_DOCUMENT_H
#define CONFIG_DOCUMENT_H

/*
 * A stream of YAML or JSON documents as trees of nodes, each of which knows its
 * place. JSON is read as the YAML 1.2 it is, so that both have lines and columns.
 * Trees live in the arena they were read into and are immutable; one thread at a time.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "policy/arena.h"
#include "policy/diag.h"

enum node_kind { NODE_NULL, NODE_SCALAR, NODE_SEQUENCE, NODE_MAPPING };

struct node_entry;

struct node {
	enum node_kind kind;
	bool quoted;			/* SCALAR: in quotes or a block, so never a number, boolean or null */
	struct source_pos pos;
	const char *text;		/* SCALAR: UTF-8 without NUL bytes; "" otherwise */
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
};

struct document_list {
	const struct node *const *roots;	/* one for each document that could be read, in order; empty ones are left out */
	size_t count;
	bool truncated;		/* a syntax error or a limit ended the reading: later documents are unknown */
};

/*
 * Reads `length` bytes; `file` names them in positions and is copied into `arena`. Whatever is wrong is
 * added to `diags` (syntax errors say what is missing, duplicate keys, limits, invalid UTF-8) and
 * the documents before it are still returned. Returns 0, or -ENOMEM with *out untouched.
 */
int document_read(struct document_list *out, const char *file, const char *bytes, size_t length,
	const struct document_limits *limits, struct arena *arena, struct diag_list *diags);

/* The value under `key`, or NULL when `mapping` has no such key or is no mapping. */
const struct node *node_get(const struct node *mapping, const char *key);

#endif
