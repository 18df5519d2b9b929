/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CONFIG_STORE_OBJECT_TABLE_H
#define CONFIG_STORE_OBJECT_TABLE_H

/*
 * All objects that a store's files hold, in the order in which a cluster lists them. The order is
 * kept from one change to the next: a change costs a walk over a list of pointers, and looks only
 * at objects that came, and at their neighbours. Internal to config/store/store.
 */

#include <stdint.h>

#include "config/store/version.h"

/*
 * One object. Of those with one key the last is in force. Objects of the first source come last; of
 * one source those of a lower rank do; of one rank it is the order of files.
 */
struct object_entry {
	const struct stored_object *stored;
	const void *object; /* what stored->object points to */
	bool shadowed;	    /* the next entry has the same key */
	uint8_t source;	    /* the place of its source in the list of sources */
	uint8_t rank; /* of those with one key the lowest is in force: 0; 1: kept; 2: in part */
};

struct object_table {
	struct object_entry *entries; /* by kind, namespace, name */
	size_t count;
	size_t ends[KUBE_KINDS]; /* by kind: where its entries end; those of the first begin at 0 */
	struct object_list *gone; /* listed here, and owned, until the next update */
};

void object_table_deinit(struct object_table *table);

/*
 * Drops a reference to a list of objects whose file holds others now, or is no more. NULL is
 * allowed. A list that was never listed is freed without a look at the table: any thread may do so.
 */
void object_table_remove(struct object_table *table, struct object_list *list);

/*
 * Brings the table up to date: `fresh` are those lists of the files' that are not listed in it,
 * which they are afterwards. Returns 0; or -ENOMEM, the table and the lists as they were.
 */
int object_table_update(
	struct object_table *table, struct object_list *const *fresh, size_t fresh_count);

#endif
