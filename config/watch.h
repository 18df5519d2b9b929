/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CONFIG_WATCH_H
#define CONFIG_WATCH_H

/*
 * A set of watched folders that is brought up to date in rounds: begin, add all that are wanted, end; those that were
 * not added again are dropped. An inotify watch stays with the folder it was put on when another takes its
 * name, so folders are told apart by inode. Runs on the loop's thread. Internal to config/directory.
 */

#include <sys/stat.h>
#include <uv.h>

struct watch_set;

int watch_set_create(struct watch_set **out, uv_loop_t *loop, void (*event)(void *context), void *context);
void watch_set_begin(struct watch_set *set);
/*
 * Wants events about the folder `path`; with `only` not NULL, just those about that name in it. Returns 0,
 * -ENOSPC when the kernel's limit of watches is reached, or another negative errno.
 */
int watch_set_add(struct watch_set *set, const char *path, const struct stat *info, const char *only);
void watch_set_end(struct watch_set *set);
/* Closes everything; `closed` is called when the loop has done so and the set is gone. */
void watch_set_close(struct watch_set *set, void (*closed)(void *context));

#endif
