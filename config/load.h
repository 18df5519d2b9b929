/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CONFIG_LOAD_H
#define CONFIG_LOAD_H

/*
 * Files and folders read once into a store: for the offline commands, and what the
 * directory source calls on each change. Folders give their *.yaml, *.yml and *.json files in name order, subfolders
 * included, hidden ones not (Kubernetes' own ..data among them); "-" is standard input, read once and called "<stdin>".
 * What cannot be read is an error in the store under its name. Blocks on the disk, but on nothing else: only
 * regular files are opened.
 */

#include "config/store.h"

/*
 * Brings `store` to what `paths` hold now: changed files put, vanished ones removed. Files below a path that is
 * gone or unreadable itself stay: that is a mistake, not a wish to remove all policies. Returns 0 or -ENOMEM.
 * `limits` may be NULL.
 */
int load_paths(struct store *store, const char *const *paths, size_t count, const struct document_limits *limits);

#endif
