/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CONFIG_SOURCE_DIRECTORY_H
#define CONFIG_SOURCE_DIRECTORY_H

/*
 * The source "manifests": files and folders of manifests, watched by inotify(7). A file that is put
 * in place whole, by a rename or by the close of its writer, is read at once; while such events
 * keep coming, a reading of T is followed by T without one, or by `debounce_ms` if that is less.
 * Any other burst of changes, such as a removal, is read once, `debounce_ms` after its last event
 * (and at most ten times that after its first): a removed file may be about to be replaced.
 * Understands files that are replaced by rename, folders that come and go, and ConfigMap volumes
 * (the ..data symlink swap). A slow rescan finds changes that inotify may miss (network file
 * systems, queue overflow). A file that is being written is read when its writer closes it
 * (load_paths_watched()).
 */

#include <stddef.h>
#include <stdint.h>

#include "config/source/source.h"

struct directory_options {
	unsigned int debounce_ms;
	/* when a file that turned empty is believed; 0: never, store_believe_empty() */
	uint32_t empty_after_s;
};

/*
 * Finds the first path that directory_create() refuses: it is no file or folder, or the effective
 * user can't read it. 0; or -errno and the number of the path.
 */
int directory_check(const char *const *paths, size_t count, size_t *failed);
/*
 * The source of `paths`, which are copied, for source_start(). That fails with -ENOSPC at the
 * kernel's limit of inotify watches, and with -EMFILE at that of inotify instances. Returns 0;
 * -ENOENT, -EACCES... and in *failed the number of the path that can't be read; or -ENOMEM.
 */
int directory_create(struct source **out, struct store *store, const char *const *paths,
	size_t count, const struct directory_options *options, size_t *failed);

#endif
