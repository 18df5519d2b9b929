/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CONFIG_SOURCE_DIRECTORY_H
#define CONFIG_SOURCE_DIRECTORY_H

/*
 * The directory source: files and folders of manifests, watched through libuv (inotify). A burst of
 * changes is reported once, `debounce_ms` after its last event (and at most ten times that after
 * its first). Understands files replaced by rename, folders that come and go, and ConfigMap volumes
 * (the ..data symlink swap). What inotify may miss (network file systems, queue overflow) a slow
 * rescan finds. A file that is being written is read when its writer closes it
 * (load_paths_watched()). Runs on the loop's thread.
 */

#include <stdint.h>

#include <uv.h>

#include "config/store/store.h"

struct directory;

/*
 * Called after the store was brought up to date and something in it changed. `since_ns`, of
 * CLOCK_MONOTONIC: when the first sign of that was seen, which is when a file was written, or of a
 * change without a sign when it was looked for.
 */
typedef void directory_changed(void *context, uint64_t since_ns);

struct directory_options {
	unsigned int debounce_ms;
	/* when a file that turned empty is believed; 0: never, store_believe_empty() */
	uint32_t empty_after_s;
	directory_changed *changed;
	void *context;
};

/*
 * Loads `paths` into `store` (borrowed) and begins to watch. Paths are copied. Returns 0; -ENOENT,
 * -EACCES... when a path can't be watched, its index in *failed; -ENOSPC at the kernel's limit of
 * inotify watches; or -ENOMEM. On failure nothing is left behind, once the loop has run the close
 * callbacks.
 */
/*
 * What directory_start() refuses: a path that is no file or folder, or can't be read, as whoever we
 * are now. 0; or -errno and the number of the first such path.
 */
int directory_check(const char *const *paths, size_t count, size_t *failed);
int directory_start(struct directory **out, uv_loop_t *loop, struct store *store,
	const char *const *paths, size_t count, const struct directory_options *options,
	size_t *failed);
/* Reads everything again now (SIGHUP, `podgate reload`), calling `changed` if something did. */
void directory_rescan(struct directory *directory);
/*
 * Closes the handles; the memory goes when the loop has run their close callbacks. NULL is allowed.
 */
void directory_stop(struct directory *directory);

#endif
