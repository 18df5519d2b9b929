/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CONFIG_STORE_STORE_H
#define CONFIG_STORE_STORE_H

/*
 * The manifests that a source holds now, file by file, and the objects in force because of them.
 * When a new version of a file is broken anywhere, the objects of its previous version that the new
 * one does not replace stay in force: a broken document never removes a policy. Nor does a file
 * that turns empty, which is what a failed or unfinished export leaves (kubectl prints a valid List
 * of nothing when its token has expired): its objects stay until the file is removed, or says that
 * it is meant by a line "# podgate: empty". One thread at a time; the clusters it gives out are
 * independent of it.
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
 * Gives file `name` a new content. Returns 0, also when the content is broken (store_diags()
 * tells); or -ENOMEM, the store unchanged. `limits` may be NULL. The content that the file has
 * already changes nothing.
 */
int store_put(struct store *store, const char *name, const char *bytes, size_t length,
	const struct document_limits *limits);
/* The same, of what need not be in memory. */
int store_put_source(struct store *store, const char *name, const struct byte_source *source,
	const struct document_limits *limits);
/*
 * Has `progress` called as files are read, every few milliseconds at least while a large one is: it
 * takes a thread some seconds, which may have to say that it lives.
 */
void store_set_progress(struct store *store, void (*progress)(void *context), void *context);
/*
 * File `name` could not be read: its objects stay in force, and `reason` becomes its error. 0 or
 * -ENOMEM.
 */
int store_put_unreadable(struct store *store, const char *name, const char *reason);
/*
 * File `name` is being written: its objects stay in force, which is a warning of it. 0 or -ENOMEM.
 */
int store_put_being_written(struct store *store, const char *name);
/* Believes files that turned empty `seconds` ago or earlier: their objects go. */
void store_believe_empty(struct store *store, uint32_t seconds);
/* and its objects with it; unknown names are fine */
void store_remove(struct store *store, const char *name);

/*
 * Of versions that are known from before this store was made, and of what is to be known of this
 * one afterwards. Objects of a file's past stay in force exactly as those of its last version do:
 * where the first version of it that is put here is broken, empty, can't be read, or is being
 * written. A file that is not met any more has no past.
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
	/* NULL: nothing is known of the file */
	const struct store_mark *(*find)(void *context, const char *name);
	/* 0; -ENOENT; -ENOMEM */
	int (*recall)(void *context, const char *name, struct store_recalled *out);
	int (*each)(void *context, int (*visit)(void *visitor, const char *name), void *visitor);
	void *context;
};
void store_set_past(struct store *store, const struct store_past *past);
/*
 * A folder or file of that path can't be read: of what is below it the past stays in force. 0 or
 * -ENOMEM.
 */
int store_recall_below(struct store *store, const char *path);

/* A file whose objects are others than those that its past has. */
struct store_unsaved {
	char *name;
	struct store_mark mark;
	/* those that are sound, now or before; alive until they are freed here */
	struct kube_object *objects;
	struct arena **arenas;
	size_t count, arena_count;
	int err; /* for whoever saves it */
};
/* one with objects, and not only a past */
bool store_has_version(const struct store *store, const char *name);
/* They count as saved from now on. 0 or -ENOMEM. */
int store_take_unsaved(struct store *store, struct store_unsaved **out, size_t *count);
void store_unsaved_free(struct store_unsaved *unsaved, size_t count);
void store_mark_unsaved(struct store *store, const char *name);

/*
 * What tells one version of a file on disk from the next, for a reader that wants to read only what
 * changed. A file whose stamp was never set has an all-zero one.
 */
struct file_stamp {
	uint64_t device, inode;
	int64_t size;
	struct timespec modified, changed;
};
void store_set_stamp(struct store *store, const char *name, const struct file_stamp *stamp);
bool store_has_stamp(const struct store *store, const char *name, const struct file_stamp *stamp);
/* Whether the file is known, and is now another one (device, inode) than when its stamp was set. */
bool store_has_other_inode(
	const struct store *store, const char *name, const struct file_stamp *stamp);
/* Whether this is the content that the file has, or that its past is of. */
bool store_has_content(
	const struct store *store, const char *name, const struct byte_source *source);
bool store_has_file(const struct store *store, const char *name);
/* whether any is in force because of the file, or was in its past */
bool store_has_objects(const struct store *store, const char *name);

/*
 * A number that grows whenever something in the store changes: an object, a finding, the list of
 * files.
 */
uint64_t store_revision(const struct store *store);

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

/* The policies of kinds that are not enforced, of all files. Positions point into the store. */
void store_other_policies(const struct store *store, struct other_policies *out);
/*
 * The other objects that were passed over, because their kinds are not podgate's: Deployments,
 * Services and so on.
 */
void store_passed_over(const struct store *store, struct other_policies *out);

/* Calls `visit` for every file name, in order. */
void store_files(
	const struct store *store, void (*visit)(const char *name, void *context), void *context);

#endif
