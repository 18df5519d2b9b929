/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CONFIG_TEXT_DUPLICATE_KEYS_H
#define CONFIG_TEXT_DUPLICATE_KEYS_H

/*
 * Keys that a mapping has twice. In the mapping that is a whole document they mostly tell of
 * objects pasted one below the other: then the line between them is what is missing, and one word
 * for each object says it. Internal to config/text/document.
 */

#include <stdbool.h>
#include <stddef.h>

#include "config/text/document.h"

enum { DUPLICATE_KEYS = 1U << 0, DUPLICATE_OBJECTS = 1U << 1 };

/*
 * Returns what was found and reported, or -ENOMEM. Keys that are there twice are reported with
 * `severity`; a missing separator is an error. `root`: the mapping is a whole document. Merge keys
 * may repeat.
 */
int duplicate_keys_find(struct diag_list *diags, enum diag_severity severity,
	const struct node_entry *entries, size_t count, bool root);

#endif
