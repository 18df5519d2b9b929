/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CONFIG_SOURCE_WRITING_H
#define CONFIG_SOURCE_WRITING_H

/*
 * Which files somebody is writing to at this moment. A file that is read in the middle of being
 * written is often well-formed and yet not what its writer means: an empty file, the first
 * documents of a stream. inotify(7) tells when a file is written to and when a writer closes it; of
 * files that it tells nothing of, a lease (fcntl(2), F_SETLEASE) may tell. For one thread at a
 * time. Internal to config/.
 */

#include <stdbool.h>

#include "config/source/watch.h"

struct writing;

int writing_create(struct writing **out);   /* 0 or -ENOMEM */
void writing_free(struct writing *writing); /* NULL is allowed */

/* Takes note of what a watched folder told: a watch_event, but for the context. */
void writing_note(struct writing *writing, enum watch_sign sign, const char *path);

enum writing_state {
	WRITING_UNKNOWN, /* nothing was told of the file since it was looked at */
	WRITING_OPEN,	 /* written to, and not closed since */
	WRITING_DONE,	 /* its writer closed it, or it was put in place whole, by a rename */
};
enum writing_state writing_of(const struct writing *writing, const char *path);
/*
 * Around a look at all files: those that were WRITING_DONE when it began are WRITING_UNKNOWN after
 * it.
 */
void writing_begin_look(struct writing *writing);
void writing_end_look(struct writing *writing);

/*
 * What the kernel says of writers of the open file `fd`: WRITING_OPEN when somebody has it open for
 * writing, WRITING_DONE when nobody has. WRITING_UNKNOWN where it does not tell us: it does so only
 * to the file's owner (or CAP_LEASE), and not on every file system. `fd` must be open for reading
 * only.
 */
enum writing_state writing_ask_kernel(int fd);

#endif
