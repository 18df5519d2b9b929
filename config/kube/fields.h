/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CONFIG_KUBE_FIELDS_H
#define CONFIG_KUBE_FIELDS_H

/*
 * The fields that a mapping may have. An unknown one is answered with the one that was meant, or
 * with the place where it belongs. Internal to config/.
 */

#include "config/kube/decode.h"

struct field_elsewhere {
	const char *name, *hint; /* "ipBlock", "it belongs in the list under 'from'" */
};

struct field_set {
	const char *owner;			 /* in a sentence: "a rule" */
	const char *const *names;		 /* NULL-terminated */
	const struct field_elsewhere *elsewhere; /* ends with a NULL name; NULL: none */
	const char *scalar_hint; /* for unknown fields with a plain value; NULL: none */
};

enum field_mode {
	/* unknown fields are errors: a rule that is not understood must not pass for one that is */
	FIELDS_STRICT,
	/* warnings, and only for those near a field of the set: most fields do not matter here */
	FIELDS_LENIENT,
};

/*
 * Checks the keys of `node`. False when it is no mapping, which is an error (said as a missing
 * colon where it is the text of one of the fields). Of a mapping with very many unknown fields only
 * the first are told.
 */
bool fields_check(struct decoder *decoder, const struct node *node, const struct field_set *set,
	enum field_mode mode);

#endif
