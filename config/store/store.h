/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CONFIG_STORE_STORE_H
#define CONFIG_STORE_STORE_H

/*
 * All objects, by the source and the file that they came from, and which of them are in force. A
 * file is a manifest, or whatever a source calls a unit that comes and goes as one.
 *
 * When a new version of a file is broken anywhere, the objects of its previous version that the new
 * one does not replace stay in force: a broken document never removes a policy. An empty file
 * removes none either. A failed or unfinished export leaves such a file: kubectl prints a valid
 * List of nothing when its token has expired. Its objects stay until the file is removed, or says
 * by a line "# podgate: empty" that it is meant.
 *
 * A source changes its own draft: a list of its files that begins as what is in force.
 * store_commit() puts the draft in force as a whole. So a source can remove no other's objects, and
 * nobody sees half of a change. The functions on a struct store_source are for one thread at a
 * time, which may be another one than the store's. All others, store_commit() among them, are for
 * the store's thread. The clusters that the store gives out are independent of it.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "config/kube/kube.h"
#include "config/kube/other_policies.h"
#include "policy/values/cluster.h"
#include "policy/values/diag.h"

struct store;
struct store_source;

int store_create(struct store **out); /* 0 or -ENOMEM */
void store_free(struct store *store); /* NULL is allowed */
/* For files that are put from now on; ADDRESS_ANNOTATIONS_AUTO until then. */
void store_set_annotation_trust(struct store *store, struct annotation_trust trust);

/*
 * Of objects with errors that were never sound nothing is enforced from now on (`broken_objects:
 * open`).
 */
void store_open_broken(struct store *store);

/*
 * The source of that name, which is added to the end of the list when it is not there. When two
 * sources bring an object of one key, that of the first in the list is in force; the other is a
 * finding. NULL when out of memory, or when there are STORE_SOURCES already.
 */
enum { STORE_SOURCES = 8 };
struct store_source *store_source(struct store *store, const char *name);
const char *store_source_name(const struct store_source *source);

/* Puts the source's draft in force. 0; or -ENOMEM, all as it was. */
int store_commit(struct store_source *source);
/*
 * A number that grows when a commit changes something: an object, a finding, the list of files.
 */
uint64_t store_revision(const struct store *store);

/* ---- the draft of a source ---- */

/*
 * Gives file `name` a new content. Returns 0, also when the content is broken (store_diags()
 * tells); or -ENOMEM, the draft unchanged. `limits` may be NULL. The content that the file has
 * already changes nothing.
 */
int store_put(struct store_source *source, const char *name, const char *bytes, size_t length,
	const struct document_limits *limits);
/* The same, of bytes that need not be in memory. */
int store_put_source(struct store_source *source, const char *name, const struct byte_source *bytes,
	const struct document_limits *limits);
/*
 * Gives file `name` just these objects, which were read elsewhere. They and their positions (which
 * name a file) live in `arena`, of which a reference is taken. 0; or -ENOMEM, the draft unchanged.
 */
int store_put_objects(struct store_source *source, const char *name,
	const struct kube_object *objects, size_t count, struct arena *arena);
/*
 * Has `progress` called as files are read, every few milliseconds at least while a large one is: it
 * takes a thread some seconds, which may have to say that it lives.
 */
void store_set_progress(struct store *store, void (*progress)(void *context), void *context);
/*
 * File `name` could not be read: its objects stay in force, and `reason` becomes its error. 0 or
 * -ENOMEM.
 */
int store_put_unreadable(struct store_source *source, const char *name, const char *reason);
/*
 * File `name` is being written: its objects stay in force, which is a warning of it. 0 or -ENOMEM.
 */
int store_put_being_written(struct store_source *source, const char *name);
/* Believes files that turned empty `seconds` ago or earlier: their objects go. */
void store_believe_empty(struct store_source *source, uint32_t seconds);
/* and its objects with it; unknown names are fine */
void store_remove(struct store_source *source, const char *name);

/*
 * The past of files: their versions before this store was made. Objects of a file's past stay in
 * force exactly as those of its last version do: when the first version that is put here is broken,
 * empty, unreadable or being written. A file that is gone has no past.
 */
struct store_mark {    /* of a version */
	uint64_t hash; /* of its content */
	uint64_t length;
	bool whole; /* some version of the file, up to this one, had no object with an error */
	int64_t at; /* when the last such was read, in seconds since the epoch; 0: none was */
};
struct store_recalled {
	char *bytes; /* the objects as manifests; from malloc() */
	size_t length;
	struct store_mark mark;
	char label[4200]; /* the file that the bytes are in */
};
struct store_past {
	/* false: nothing is known of the file */
	bool (*find)(void *context, const char *name, struct store_mark *out);
	/* 0; -ENOENT; -ENOMEM */
	int (*recall)(void *context, const char *name, struct store_recalled *out);
	int (*each)(void *context, int (*visit)(void *visitor, const char *name), void *visitor);
	void *context;
};
/* Its functions are called on the threads of the sources. */
void store_set_past(struct store *store, const struct store_past *past);
/*
 * A folder or file of that path can't be read: of what is below it the past stays in force. 0 or
 * -ENOMEM.
 */
int store_recall_below(struct store_source *source, const char *path);

/* A file whose objects are others than those that its past has. */
struct store_unsaved {
	char *name;
	struct store_mark mark;
	/* those that are sound, now or before; alive until they are freed here */
	struct kube_object *objects;
	struct arena **arenas;
	size_t count, arena_count;
	int err; /* for the caller's use */
};
/* one with objects, and not only a past */
bool store_has_version(const struct store *store, const char *name);
/* They count as saved from now on. 0 or -ENOMEM. */
int store_take_unsaved(struct store *store, struct store_unsaved **out, size_t *count);
void store_unsaved_free(struct store_unsaved *unsaved, size_t count);
void store_mark_unsaved(struct store *store, const char *name);

/*
 * Tells one version of a file on disk from the next, for a reader that reads only changed files. A
 * file whose stamp was never set has an all-zero one.
 */
struct file_stamp {
	uint64_t device, inode;
	int64_t size;
	struct timespec modified, changed;
};
int store_set_stamp(struct store_source *source, const char *name, const struct file_stamp *stamp);
bool store_has_stamp(
	const struct store_source *source, const char *name, const struct file_stamp *stamp);
/* Whether the file is known, and is now another one (device, inode) than when its stamp was set. */
bool store_has_other_inode(
	const struct store_source *source, const char *name, const struct file_stamp *stamp);
/* Whether this is the content that the file has, or that its past is of. */
bool store_has_content(
	const struct store_source *source, const char *name, const struct byte_source *bytes);
bool store_has_file(const struct store_source *source, const char *name);
/* whether any is in force because of the file, or was in its past */
bool store_has_objects(const struct store_source *source, const char *name);

/* Removes the files of the draft that are not to stay. */
void store_keep_files(
	struct store_source *source, bool (*stays)(void *context, const char *name), void *context);

/* ---- what is in force ---- */

/*
 * The objects in force. An object with errors that was never sound is among them as far as it can
 * be read (in_part), and yields to any that is sound. Of two with one key that of the file later in
 * name order (an error in diags), but one that is only kept yields to one that its file really has.
 * 0 or -ENOMEM.
 */
int store_cluster(struct store *store, struct cluster **out);

/*
 * All findings of all files, sorted, into a list on `arena` (deep copies: independent of the
 * store). 0 or -ENOMEM.
 */
int store_diags(struct store *store, struct arena *arena, struct diag_list *out);

struct store_stats {
	size_t files, broken_files;
	size_t objects;	 /* of all kinds, those that another of the same key outdoes included */
	size_t findings; /* of the files; not those about objects of several files */
	/* of those: no version was ever in force, so what is broken in them never was */
	size_t never_whole;
	size_t emptied_files; /* that turned empty, which is not believed */
	/* files whose last version stays in force until their writer is done */
	size_t being_written;
	/* in force only because the new version of their file is broken or empty */
	size_t kept_objects;
	size_t recalled_objects; /* of those: of a file's past */
	/* that have errors, were never sound, and are enforced as far as they can be read */
	size_t partial_objects;
};
struct store_stats store_stats(const struct store *store);
struct store_stats store_source_stats(const struct store_source *source);

/* The policies of kinds that are not enforced, of all files. Positions point into the store. */
void store_other_policies(const struct store *store, struct other_policies *out);
/*
 * The other objects that were passed over, because their kinds are not podgate's: Deployments,
 * Services and so on.
 */
void store_passed_over(const struct store *store, struct other_policies *out);

#endif
