/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef POLICY_VALUES_DIAG_H
#define POLICY_VALUES_DIAG_H

/*
 * What is wrong with an input, said as a compiler says it: where, what, and what
 * would mend it. Finders add to a list; only the top (cli, enforcer) prints or logs.
 * A list and what it holds belong to one thread at a time.
 */

#include <stddef.h>
#include <stdint.h>

#include "policy/values/arena.h"

/* A place in an input. Lines and columns count from 1; line 0 is the file as a whole. */
struct source_pos {
	const char *file; /* lives as long as the arena of the object that has this position */
	uint32_t line, column;
};

enum diag_severity { DIAG_ERROR, DIAG_WARNING };

struct diag {
	enum diag_severity severity;
	struct source_pos pos;
	const char *code; /* a stable slug for machines, "except-swallows-block"; static */
	const char *text; /* one sentence without a final full stop: what is wrong */
	const char *hint; /* one sentence: what would mend it; NULL when there is nothing to say */
};

struct diag_list {
	struct arena *arena; /* where texts and items live; borrowed */
	struct diag *items;
	size_t count, capacity;
	size_t errors;	/* how many of count are DIAG_ERROR */
	size_t dropped; /* found after DIAG_LIST_MOST was reached: counted, not kept */
};

enum { DIAG_LIST_MOST = 1000 }; /* a 100 MB file of mistakes is told, not repeated */

void diag_list_init(struct diag_list *list, struct arena *arena);

/*
 * Adds one finding. `hint` and the text are copied into the list's arena, pos.file
 * is not. When memory is short the finding is counted in dropped (and errors).
 */
void diag_add(struct diag_list *list, enum diag_severity severity, struct source_pos pos,
	const char *code, const char *hint, const char *format, ...)
	__attribute__((format(printf, 6, 7)));
void diag_sort(struct diag_list *list); /* by file, line, column; stable */

const char *diag_severity_name(enum diag_severity severity); /* "error", "warning" */

#endif
