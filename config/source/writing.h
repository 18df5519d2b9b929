/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CONFIG_SOURCE_WRITING_H
#define CONFIG_SOURCE_WRITING_H

/*
 * The files that are being written now. A file that is read in the middle of a write is often
 * well-formed, and yet not complete: an empty file, the first documents of a stream. inotify(7)
 * reports writes, and the close of a writer. For files without such an event a lease (fcntl(2),
 * F_SETLEASE) may show a writer. For one thread at a time. Internal to config/.
 */

#include <stdbool.h>

#include "config/source/watch.h"

struct writing;

int writing_create(struct writing **out);   /* 0 or -ENOMEM */
void writing_free(struct writing *writing); /* NULL is allowed */

/* Takes note of an event of a watched folder: a watch_event, but for the context. */
void writing_note(struct writing *writing, enum watch_sign sign, const char *path);

enum writing_state {
	WRITING_UNKNOWN, /* the file had no event since it was looked at */
	WRITING_OPEN,	 /* written to, and not closed since */
	WRITING_DONE,	 /* its writer closed it, or it was put in place whole, by a rename */
};
enum writing_state writing_of(const struct writing *writing, const char *path);
/*
 * Around a look at all files: a file that was WRITING_DONE when it began is WRITING_UNKNOWN after
 * it.
 */
void writing_begin_look(struct writing *writing);
void writing_end_look(struct writing *writing);

/*
 * Asks the kernel for writers of the open file `fd`: WRITING_OPEN when a process has it open for
 * writing, WRITING_DONE when none has. WRITING_UNKNOWN when the kernel does not answer: it does so
 * only for the file's owner (or CAP_LEASE), and not on every file system. `fd` must be open for
 * reading only.
 */
enum writing_state writing_ask_kernel(int fd);

#endif
