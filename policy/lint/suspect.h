/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef POLICY_LINT_SUSPECT_H
#define POLICY_LINT_SUSPECT_H

/*
 * A selector that matches nothing: which of its requirements is at fault, and what was probably
 * meant. Part of lint.
 */

#include "policy/lint/linter.h"

struct suspect {
	struct linter *linter;
	const struct selector *selector;
	enum label_space space;	   /* of the selector: the objects are pods, or namespaces */
	struct range_list area;	   /* the objects that were eligible, not empty */
	struct label_table labels; /* theirs, or of more than them */
	const char *noun;	   /* "pod", "namespace" */
	const char *where;	   /* " in namespace shop"; "" */
	struct phrase text, hint;  /* suspect_tell()'s own */
};

/*
 * Warns under `code`; the sentence ends with the consequence, "the peer is nobody". 0 or -ENOMEM.
 */
int suspect_tell(struct suspect *suspect, const char *code, const char *consequence);

#endif
