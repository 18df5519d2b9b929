/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CONFIG_SOURCE_WATCH_H
#define CONFIG_SOURCE_WATCH_H

/*
 * A set of watched folders that is brought up to date in rounds: begin, add all that are wanted,
 * end; those that were not added again are dropped. An inotify watch stays with the folder it was
 * put on when another takes its name, so folders are told apart by inode. For one thread at a time.
 * Internal to config/source/directory.
 *
 * It reads inotify itself: libuv's uv_fs_event does not report IN_CLOSE_WRITE, by which a writer is
 * known to be done.
 */

#include <sys/stat.h>
#include <uv.h>

struct watch_set;

/* An event of inotify(7) about a name in a folder. */
enum watch_sign {
	WATCH_WRITTEN, /* IN_MODIFY: written to or truncated, by a writer that has it open still */
	WATCH_CLOSED,  /* IN_CLOSE_WRITE: a writer has closed it */
	/*
	 * IN_MOVED_TO, IN_MOVED_FROM, IN_DELETE: the name stands for another file now, or for none
	 */
	WATCH_REPLACED,
	WATCH_OTHER, /* IN_CREATE, IN_ATTRIB, and events of the folder itself */
	WATCH_LOST,  /* events were lost: nothing is known of any file */
};
/* `path` is what watch_set_add() had as prefix, and the name behind it; NULL with WATCH_LOST. */
typedef void watch_event(void *context, enum watch_sign sign, const char *path);

/* A paused set. 0; -EMFILE at the kernel's limit of inotify instances; or another -errno. */
int watch_set_create(struct watch_set **out, uv_loop_t *loop, watch_event *event, void *context);
void watch_set_begin(struct watch_set *set);
/*
 * Wants events about the folder `path`, which are reported with `prefix` before their names; with
 * `only` not NULL, just those about that name in it. With `link` not NULL the events are reported
 * for that path instead: a link elsewhere that leads to the name. Returns 0, -ENOSPC when the
 * kernel's limit of watches is reached, or another negative errno.
 */
int watch_set_add(struct watch_set *set, const char *path, const struct stat *info,
	const char *prefix, const char *only, const char *link);
void watch_set_end(struct watch_set *set);
void watch_set_drain(
	struct watch_set *set); /* reports now the events that the loop would report later */
/* The loop leaves the set alone from here on: until it resumes, another thread may use it. */
void watch_set_pause(struct watch_set *set);
void watch_set_resume(struct watch_set *set);
/* Closes everything; `closed` is called when the loop has done so and the set is gone. */
void watch_set_close(struct watch_set *set, void (*closed)(void *context));

#endif
