/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef POLICY_COMPILE_KIND_TABLE_H
#define POLICY_COMPILE_KIND_TABLE_H

/*
 * Kinds of pods. Two pods are of one kind when nothing that any policy could ask of them, and
 * nothing else that judging depends on, tells them apart but their addresses. Replicas of a
 * workload are: labels that no policy names, such as a pod's own name or a hash, make no
 * difference. So policies are compiled for kinds, of which there are few and to which a further pod
 * mostly adds none.
 */

#include "policy/compile/label_index.h"
#include "policy/compile/piece_table.h"

/* What a kind is known by, and so all there is to know of it. */
struct kind {
	uint32_t judged;   /* its pods are local and own addresses */
	uint32_t audits;   /* denials at them are only logged */
	uint32_t declared; /* piece: struct named_ports; PIECE_NONE: no port that a policy names */
	uint32_t codes[];  /* for struct label_codes */
};

struct kind_table {
	struct label_index *labels;	  /* borrowed, as are the two below */
	const struct intern_table *names; /* of ports, see rule_table_name_key() */
	struct piece_table *pieces;
	struct intern_table kinds;
	struct vector codes; /* of uint32_t: those of the namespace chosen, then those of a pod */
	size_t namespace_codes;
	struct vector content; /* of uint32_t: the kind being looked up */
};

/* Kinds live in `arena`. */
void kind_table_init(struct kind_table *table, struct label_index *labels,
	const struct intern_table *names, struct piece_table *pieces, struct arena *arena);
void kind_table_deinit(struct kind_table *table);

/* Chooses the namespace that the pods asked about next are in. 0 or -ENOMEM. */
int kind_table_choose_namespace(
	struct kind_table *table, const struct namespace_object *namespace_object);
/*
 * Stores the number of a pod's kind, a new one when it is; the namespace's audit mode is in
 * `audits`. 0; -ENOMEM or -E2BIG.
 */
int kind_table_add(struct kind_table *table, const struct pod *pod, bool judged, bool audits,
	uint32_t *number);

const struct kind *kind_table_get(const struct kind_table *table, uint32_t number);
struct label_codes kind_table_codes(const struct kind_table *table, uint32_t number);

#endif
