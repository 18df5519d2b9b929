/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef TESTS_SUPPORT_TEMPORARY_H
#define TESTS_SUPPORT_TEMPORARY_H

/* A folder for one test, and files in it. Whatever fails aborts. */

enum { TEMPORARY_PATH = 256 };

struct temporary {
	char path[TEMPORARY_PATH];
};

void temporary_create(struct temporary *folder);
void temporary_remove(struct temporary *folder); /* with all that is in it */

/* folder/name, in a ring of a few buffers. */
const char *temporary_path(const struct temporary *folder, const char *name);
/* in place */
void temporary_write(const struct temporary *folder, const char *name, const char *text);
/* by rename */
void temporary_replace(const struct temporary *folder, const char *name, const char *text);

/* The manifest of a policy, ending in ---; in a ring, too. */
const char *temporary_policy(const char *name);

#endif
