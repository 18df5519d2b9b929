/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef POLICY_COMPILE_LABEL_INDEX_H
#define POLICY_COMPILE_LABEL_INDEX_H

/*
 * Selectors answered for numbered objects, which may come later than the selectors and in any
 * number of batches. A batch is answered by an inverted index of its labels and set algebra on the
 * lists in it, without looking at an object, and for each selector once: equal ones share a number.
 *
 * For the compiler, whose objects are kinds of pods (kind_table.h), all selectors come first: so it
 * is known which labels anybody asks about, and an object is described by those of its labels only.
 * For the linter, whose objects are pods, a single batch comes first: such an index learns all
 * labels, and answers each selector when it comes.
 */

#include "policy/values/grown_list.h"
#include "policy/values/intern_table.h"
#include "policy/values/model.h"
#include "policy/values/vector.h"

/* Whose labels: the objects' own, or those of the namespace that they are in. */
enum label_space { LABELS_OF_POD, LABELS_OF_NAMESPACE };

/* What is asked of an object. NULL asks nothing. */
struct label_query {
	const char *namespace_name;	   /* which it must be in */
	const struct selector *namespaces; /* of the labels of its namespace */
	const struct selector *pods;	   /* of its own */
};

/*
 * What a peer by selectors asks in a policy of namespace `own`: without a namespace selector, to be
 * there.
 */
static inline struct label_query label_query_of_peer(
	const struct policy_peer *peer, const char *own)
{
	return (struct label_query){
		.namespace_name = peer->has_namespace_selector ? NULL : own,
		.namespaces = peer->has_namespace_selector ? &peer->namespace_selector : NULL,
		.pods = peer->has_pod_selector ? &peer->pod_selector : NULL,
	};
}

struct label_codes {
	const uint32_t *items; /* no label twice */
	uint32_t count;
};

/* The objects of a batch that bear one label. */
struct posting {
	struct range *items;
	uint32_t count, last; /* ranges; the object noted last */
};

/* The last batch of objects. */
struct label_batch {
	const struct label_codes *objects;
	struct range all;      /* their numbers */
	struct arena *scratch; /* borrowed: where all about the batch goes */
	struct posting *by_key, *by_pair;
	uint32_t key_count, pair_count; /* labels that came later than the batch are nobody's */
};

struct label_index {
	struct arena *arena; /* borrowed */
	bool learns;
	struct intern_table keys;      /* a space, and the text of a key */
	struct intern_table pairs;     /* the number of a key, and the text of a value */
	struct intern_table selectors; /* encoded; see label_index.c */
	struct vector answers;	       /* of struct grown_list, by selector */
	struct vector tails;	       /* of struct range_list, by selector */
	uint32_t object_count;
	struct label_batch batch;
	struct vector encoding; /* of uint32_t: the selector being looked up */
	char *text;		/* what is being looked up in keys and pairs */
	size_t text_capacity;
};

/*
 * What lives longer than a call lives in `arena` but for what deinit frees, which is right after a
 * failed init too.
 */
int label_index_init(struct label_index *index, bool learns, struct arena *arena);
void label_index_deinit(struct label_index *index);

/*
 * Stores the selector's number. An index that learns nothing takes them only before objects. 0;
 * -ENOMEM or -E2BIG.
 */
int label_index_select(
	struct label_index *index, const struct label_query *query, uint32_t *number);

/*
 * Adds to `codes`, a vector of uint32_t, what any selector could want to know of these labels, or
 * of being in that namespace: what an object is described by. Objects of equal codes are equal to
 * all selectors. 0; -ENOMEM or -E2BIG.
 */
int label_index_describe(struct label_index *index, enum label_space space,
	const struct label_set *labels, struct vector *codes);
int label_index_describe_namespace(
	struct label_index *index, const char *name, struct vector *codes);

/*
 * Adds the objects, one at least, numbered on from those that are there, and answers all selectors
 * for them. What is only of use until the next batch lives in `scratch`; an index that learns takes
 * one batch, and needs it. Returns 0; or -ENOMEM, and then the index is good for nothing but
 * deinit.
 */
int label_index_extend(struct label_index *index, const struct label_codes *objects, uint32_t count,
	struct arena *scratch);

/* The objects that a selector matches: all, or those of the last batch. */
struct range_list label_index_answer(const struct label_index *index, uint32_t selector);
struct range_list label_index_tail(const struct label_index *index, uint32_t selector);

#endif
