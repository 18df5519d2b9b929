/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CONFIG_STORE_STORE_INTERNAL_H
#define CONFIG_STORE_STORE_INTERNAL_H

/*
 * The parts of a store. Internal to config/store: the files in force (store.c), the drafts of
 * the sources (draft.c), the past of files (store_past.c), findings (store_report.c).
 */

#include "config/store/object_table.h"
#include "config/store/store.h"
#include "config/store/version.h"

struct store_file {
	char *name;
	struct store_source *source;
	unsigned int users;	/* lists that it is in: the draft of its source, those in force */
	struct version version; /* arena NULL: never read */
	char *unreadable;	/* why the newest version could not be read; NULL: it was */
	bool was_whole;		/* some version was read without an error that drops an object */
	bool being_written;	/* there is a newer version, which is not read yet */
	bool recalled;		/* what it has of an earlier version is of its past */
	bool saved; /* the past has all that it could be asked for; the store's thread's */
	/* what `saved` will be when the draft is put in force */
	enum { SAVED_AS_BEFORE, SAVED_YES, SAVED_NO } saves;
	int64_t whole_at; /* when the last version without such an error was read; 0: never */
	struct timespec emptied; /* when version.emptied was seen, of CLOCK_MONOTONIC */
	struct file_stamp stamp;
};

/* A file in force is not changed: the draft gets a copy of it before (store_edit_file()). */
struct file_list {
	struct store_file **files; /* sorted by name, then by source */
	size_t count, capacity;
};

struct store_source {
	struct store *store;
	char *name;
	uint8_t place; /* in the list of sources */
	struct file_list draft;
	bool changed; /* the draft, in a way that others are to see, since the last commit */
};

struct store {
	struct store_source *sources[STORE_SOURCES];
	size_t source_count;
	struct file_list in_force; /* of all sources */
	uint64_t revision;
	struct annotation_trust trust;
	void (*progress)(void *context); /* NULL: nobody wants to know */
	void *progress_context;
	bool opens_broken;	     /* objects with errors count for nothing */
	struct store_past past;	     /* .find is NULL: there is none */
	struct object_table objects; /* of all files in force, as of the last update */
};

/* The index of the first file whose name is not before `name`. */
size_t store_find_place(const struct file_list *list, const char *name);
/* The first file of that name, or NULL. */
struct store_file *store_find_file(const struct file_list *list, const char *name);
/* The draft's file, for a change; made when there is none. NULL: -ENOMEM. */
struct store_file *store_edit_file(struct store_source *source, const char *name);
/* The file has no version any more; the object table may still list the objects of the last. */
void store_release_version(struct store *store, struct store_file *file);
void store_drop_file(
	struct store *store, struct store_file *file); /* a user less; the last frees */
/* lists what came and went since the last time; 0 or -ENOMEM */
int store_update_objects(struct store *store);

/* Whether the file was not read yet, and its past could be asked for. */
bool store_file_has_past(const struct store_source *source, const char *name);
/*
 * A file was read whole: if that is just the content that its past is of, nothing has to be saved.
 */
void store_compare_past(const struct store *store, struct store_file *file);
/*
 * Gives such a file the objects of its past, as those of an earlier version. 0, also without a
 * past, or -ENOMEM.
 */
int store_recall(struct store_source *source, const char *name);

#endif
