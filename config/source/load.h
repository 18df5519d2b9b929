/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CONFIG_SOURCE_LOAD_H
#define CONFIG_SOURCE_LOAD_H

/*
 * Files and folders read once into a store: for the offline commands, and what the directory source
 * calls on each change. Folders give their *.yaml, *.yml and *.json files in name order, subfolders
 * included, hidden ones not (Kubernetes' own ..data among them); "-" is standard input, read once
 * and called "<stdin>". What cannot be read is an error in the store under its name. Blocks on the
 * disk, but on nothing else: only regular files are opened.
 */

#include <sys/stat.h>

#include "config/source/writing.h"
#include "config/store/store.h"

/* The name of the source that they are of. */
#define LOAD_SOURCE "manifests"

/*
 * Brings `store` to what `paths` hold now: changed files put, vanished ones removed. Files below a
 * path that is gone or unreadable itself stay: that is a mistake, not a wish to remove all
 * policies. Returns 0 or -ENOMEM. `limits` may be NULL.
 */
int load_paths(struct store *store, const char *const *paths, size_t count,
	const struct document_limits *limits);

/* For a reader that watches the files and reads them again. */
struct load_watched {
	/* What is known of the file until now. */
	enum writing_state (*state)(void *context, const char *path);
	/* Before a folder is listed, and before a file is looked at. */
	void (*folder)(void *context, const char *path, const struct stat *info);
	void (*file)(void *context, const char *path);
	void *context;
	uint32_t empty_after_s; /* store_believe_empty() */
	/* set when a file was written to so lately that it may still be: come in LOAD_SETTLE_S */
	bool look_again;
};
enum { LOAD_SETTLE_S = 2 };

/*
 * The same, but files that have objects in force and are being written are left alone, which
 * store_diags() tells: their last version stays in force until the writer closes them. A file of
 * which nobody can say whether it is being written is read when its last write is LOAD_SETTLE_S
 * ago, or when it is another file (inode) than before.
 */
int load_paths_watched(struct store_source *source, const char *const *paths, size_t count,
	struct load_watched *watched);

#endif
