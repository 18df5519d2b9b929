/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CONFIG_TEXT_MAPPING_KEYS_H
#define CONFIG_TEXT_MAPPING_KEYS_H

/*
 * The entries of a mapping with repeated keys or merge keys, as kubectl reads it (the mapping
 * decoder of Go's yaml.v2). Entries are assigned in the order written, so of two with one key the
 * later counts. `<<` assigns the entries of the mappings that follow it, at its own place: they
 * replace entries above it and yield to entries below. Internal to config/text/document.
 */

#include <stdbool.h>
#include <stddef.h>

#include "config/text/document.h"

bool mapping_is_merge_key(const struct node *key);

/* How many entries the merge keys among `entries` would assign. */
size_t mapping_merge_cost(const struct node_entry *entries, size_t count);

struct mapping_entries {
	struct node_entry *items; /* for free() */
	size_t count;
	bool bad_merge; /* something that is no mapping follows a '<<': in diags */
};

/* Returns 0; or -ENOMEM, *out untouched. A replaced key is a warning in `diags`. */
int mapping_assign(struct mapping_entries *out, const struct node_entry *entries, size_t count,
	struct diag_list *diags);

#endif
