/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CONFIG_STORE_VERSION_H
#define CONFIG_STORE_VERSION_H

/*
 * One version of a file's content, read: its objects, its findings, and the objects of the version
 * before it that stay in force because this one is broken. Of an object with errors what the
 * version before had counts, or if that had none, what can be read of it. Internal to
 * config/store/store.
 */

#include "config/kube/object_kind.h"

/* An object and what keeps it alive: the arena of the parse that it came from. */
struct stored_object {
	struct kube_object object;
	struct arena *arena;
	bool in_part; /* it has errors, and this is what could be read of it */
	bool kept;    /* of an earlier version: this one is broken or empty and does not have it */
};

/* The objects of one version. */
struct object_list {
	struct object_list *next; /* for the object table that takes it over */
	unsigned int users;	  /* versions that share it */
	uint8_t source;		  /* the place of its source in the list of sources */
	bool listed; /* in an object table, which then takes it over when the version goes */
	size_t count;
	struct stored_object items[]; /* in the order written, kept ones last */
};
void object_list_free(struct object_list *list); /* NULL is allowed */

#define VERSION_NO_CONTENT UINT64_MAX

/* All zero: a file that was never read. */
struct version {
	struct arena *arena; /* of its own objects and findings */
	struct object_list *objects;
	const struct diag *diags;
	size_t diag_count, diag_dropped;
	/* objects that were passed over; NULL: none */
	const struct other_policies *others, *no_policies;
	bool broken;
	/* it holds nothing, the version before did, and nothing says that this is meant */
	bool emptied;
	uint64_t hash;	 /* of the content, and its length */
	uint64_t length; /* VERSION_NO_CONTENT: its objects are of no content of the file's */
};

struct version_options {
	const struct document_limits *limits; /* NULL: the defaults */
	struct annotation_trust trust;
	bool with_parts; /* with what can be read of objects with errors */
	uint8_t source;	 /* for struct object_list */
};
/*
 * Reads a content that follows `old` in the file `name`. Returns 0, broken or not; or -ENOMEM, *out
 * untouched.
 */
int version_read(struct version *out, const char *name, const struct byte_source *source,
	const struct version_options *options, const struct version *old);
/* A version of objects that were read elsewhere; they live in `arena`. 0 or -ENOMEM. */
int version_of_objects(struct version *out, const struct kube_object *objects, size_t count,
	struct arena *arena, uint8_t source);
/* Another reference to the same objects and findings. */
struct version version_share(const struct version *version);
/* Drops a version whose objects no other version shares and no object table lists. */
void version_release(struct version *version);
/* they are the caller's; NULL: it had none */
struct object_list *version_take_objects(struct version *version);
/* made of just this content */
bool version_is_of(const struct version *version, const struct byte_source *source);

#endif
