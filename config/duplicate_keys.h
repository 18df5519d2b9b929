/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CONFIG_DUPLICATE_KEYS_H
#define CONFIG_DUPLICATE_KEYS_H

/*
 * Keys that a mapping has twice. In the mapping that is a whole document they mostly tell of objects pasted one below
 * the other: then the line between them is what is missing, and one word for each object says it. Internal to
 * config/document.
 */

#include <stdbool.h>
#include <stddef.h>

#include "config/document.h"

/* Returns whether any was found and reported, or -ENOMEM. `root`: the mapping is a whole document. */
int duplicate_keys_find(struct diag_list *diags, const struct node_entry *entries, size_t count, bool root);

#endif
