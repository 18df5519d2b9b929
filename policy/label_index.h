/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef POLICY_LABEL_INDEX_H
#define POLICY_LABEL_INDEX_H

/*
 * An inverted index of labels over numbered objects (pods or namespaces): for each key, and each key with its
 * value, the objects that bear it. A selector is answered by set algebra on those lists, without looking at an
 * object, and once: equal selectors, and those that differ only in labels nobody bears, share a number and an
 * answer.
 */

#include "policy/intern_table.h"
#include "policy/model.h"
#include "policy/range_list.h"

/* The objects that bear one label. */
struct posting {
	struct range *items;
	uint32_t count, last;		/* ranges; the object noted last */
};

struct label_index {
	struct arena *arena;		/* borrowed */
	uint32_t object_count;
	struct intern_table texts;	/* keys and values */
	struct intern_table pairs;	/* { number of the key, number of the value } */
	struct posting *by_text;	/* objects with that key, by the number of its text */
	struct posting *by_pair;
	struct intern_table selectors;	/* encoded; see label_index.c */
	struct vector answers;		/* of struct range_list, by selector number */
	struct vector encoding;		/* of uint32_t: the selector being looked up */
};

/*
 * Object i bears labels[i]. All but a little lives in `arena`; deinit frees the rest, also after a failed
 * init. Returns 0, or -ENOMEM.
 */
int label_index_init(struct label_index *index, const struct label_set *const *labels, uint32_t count,
	struct arena *arena);
void label_index_deinit(struct label_index *index);

/* Stores the selector's number. Returns 0; or -ENOMEM, *number untouched. */
int label_index_select(struct label_index *index, const struct selector *selector, uint32_t *number);
/* The objects that the selector of that number matches. */
struct range_list label_index_answer(const struct label_index *index, uint32_t number);

#endif
