/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config/source/writing.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

/* Few files are being written at one time: a list will do. */
struct entry {
	struct entry *next;
	enum writing_state state;
	bool looked_at; /* WRITING_DONE before the look that is under way */
	char path[];
};

struct writing {
	struct entry *entries;
};

int writing_create(struct writing **out)
{
	*out = calloc(1, sizeof(**out));
	return *out == NULL ? -ENOMEM : 0;
}

/* Drops the entries that were looked at, or all. */
static void drop(struct writing *writing, bool all)
{
	struct entry **link = &writing->entries;

	while (*link != NULL) {
		struct entry *entry = *link;

		if (!all && !entry->looked_at) {
			link = &entry->next;
			continue;
		}
		*link = entry->next;
		free(entry);
	}
}

void writing_free(struct writing *writing)
{
	if (writing == NULL)
		return;
	drop(writing, true);
	free(writing);
}

static struct entry *find(const struct writing *writing, const char *path)
{
	struct entry *entry = writing->entries;

	while (entry != NULL && strcmp(entry->path, path) != 0)
		entry = entry->next;
	return entry;
}

/* Without memory the file is one of which nothing is known. */
static void set(struct writing *writing, const char *path, enum writing_state state)
{
	struct entry *entry = find(writing, path);

	if (entry == NULL) {
		entry = calloc(1, sizeof(*entry) + strlen(path) + 1);
		if (entry == NULL)
			return;
		strcpy(entry->path, path);
		entry->next = writing->entries;
		writing->entries = entry;
	}
	entry->state = state;
	entry->looked_at = false;
}

void writing_note(struct writing *writing, enum watch_sign sign, const char *path)
{
	switch (sign) {
	case WATCH_WRITTEN:
		set(writing, path, WRITING_OPEN);
		break;
	case WATCH_CLOSED:
	case WATCH_REPLACED:
		set(writing, path, WRITING_DONE);
		break;
	case WATCH_LOST:
		drop(writing, true);
		break;
	case WATCH_OTHER:
		break;
	}
}

enum writing_state writing_of(const struct writing *writing, const char *path)
{
	const struct entry *entry = find(writing, path);

	return entry == NULL ? WRITING_UNKNOWN : entry->state;
}

void writing_begin_look(struct writing *writing)
{
	for (struct entry *entry = writing->entries; entry != NULL; entry = entry->next)
		entry->looked_at = entry->state == WRITING_DONE;
}

void writing_end_look(struct writing *writing)
{
	drop(writing, false);
}

/*
 * A lease for reading is refused while the file is open for writing (fs/locks.c,
 * check_conflicting_open()). A process that opens it for writing while we have the lease waits
 * until we give it back, and we get a signal: one that is ignored by default.
 */
enum writing_state writing_ask_kernel(int fd)
{
	int err;

	if (fcntl(fd, F_SETSIG, SIGURG) != 0)
		return WRITING_UNKNOWN;
	err = fcntl(fd, F_SETLEASE, F_RDLCK) == 0 ? 0 : errno;
	if (err == 0)
		fcntl(fd, F_SETLEASE, F_UNLCK);
	return err == 0 ? WRITING_DONE : err == EAGAIN ? WRITING_OPEN : WRITING_UNKNOWN;
}
