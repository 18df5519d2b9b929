/* SPDX-License-Identifier: GPL-2.0-or-later */

/* A source's draft: its files as it has them now. Any thread, one at a time a source. */

#include "config/store/store_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int read_version(struct store_source *source, struct version *version, const char *name,
	const struct byte_source *bytes, const struct document_limits *limits)
{
	static const struct version none;
	const struct version_options options = {.limits = limits,
		.trust = source->store->trust,
		.with_parts = !source->store->opens_broken,
		.source = source->place};
	const struct store_file *file = store_find_file(&source->draft, name);
	int err = version_read(
		version, name, bytes, &options, file != NULL ? &file->version : &none);

	if (err != 0 || (!version->broken && version->objects->count > 0) ||
		!store_file_has_past(source, name))
		return err;
	/* It would have followed another one, had we been there all the time. */
	version_release(version);
	err = store_recall(source, name);
	file = store_find_file(&source->draft, name);
	return err != 0 ? err
			: version_read(version, name, bytes, &options,
				  file != NULL ? &file->version : &none);
}

/* The file has a new version. */
static void note_version(const struct store *store, struct store_file *file)
{
	const struct version *version = &file->version;
	struct timespec now;
	size_t own = 0;

	for (size_t i = 0; i < version->objects->count; i++)
		own += !version->objects->items[i].kept && !version->objects->items[i].in_part;
	if (!version->broken && !version->emptied) {
		clock_gettime(CLOCK_REALTIME, &now);
		file->was_whole = true;
		file->recalled = false;
		file->whole_at = now.tv_sec;
	}
	if (version->emptied)
		clock_gettime(CLOCK_MONOTONIC, &file->emptied);
	/* The past has kept objects already. */
	if (own > 0 || (!version->broken && !version->emptied))
		file->saves = SAVED_NO;
	if (!version->broken && !version->emptied)
		store_compare_past(store, file);
}

int store_put(struct store_source *source, const char *name, const char *bytes, size_t length,
	const struct document_limits *limits)
{
	const struct byte_source text = byte_source_of_text(bytes, length);

	return store_put_source(source, name, &text, limits);
}

/*
 * The newest version of the file could be read: it is this one, or (NULL) the one that it has. 0 or
 * -ENOMEM; takes the version.
 */
static int put_version(struct store_source *source, const char *name, struct version *version)
{
	struct store_file *file = store_edit_file(source, name);

	if (file == NULL) {
		if (version != NULL)
			version_release(version);
		return -ENOMEM;
	}
	if (version != NULL) {
		store_release_version(source->store, file);
		file->version = *version;
		note_version(source->store, file);
	}
	free(file->unreadable);
	file->unreadable = NULL;
	file->being_written = false;
	source->changed = true;
	return 0;
}

int store_put_source(struct store_source *source, const char *name, const struct byte_source *bytes,
	const struct document_limits *limits)
{
	const struct store *store = source->store;
	const struct store_file *file = store_find_file(&source->draft, name);
	struct byte_source told = *bytes;
	struct version version;
	bool same;
	int err;

	told.progress = store->progress;
	told.context = store->progress_context;
	if (told.progress != NULL)
		told.progress(told.context);
	same = file != NULL && version_is_of(&file->version, &told);
	if (same && file->unreadable == NULL && !file->being_written)
		return 0;
	err = same ? 0 : read_version(source, &version, name, &told, limits);
	return err != 0 ? err : put_version(source, name, same ? NULL : &version);
}

int store_put_objects(struct store_source *source, const char *name,
	const struct kube_object *objects, size_t count, struct arena *arena)
{
	struct version version;
	const int err = version_of_objects(&version, objects, count, arena, source->place);

	return err != 0 ? err : put_version(source, name, &version);
}

int store_put_unreadable(struct store_source *source, const char *name, const char *reason)
{
	const int err = store_recall(source, name);
	struct store_file *file = err == 0 ? store_edit_file(source, name) : NULL;
	char *copy;

	if (file == NULL)
		return -ENOMEM;
	file->stamp = (struct file_stamp){0};
	if (file->unreadable != NULL && strcmp(file->unreadable, reason) == 0)
		return 0;
	copy = strdup(reason);
	if (copy == NULL)
		return -ENOMEM;
	free(file->unreadable);
	file->unreadable = copy;
	source->changed = true;
	return 0;
}

int store_put_being_written(struct store_source *source, const char *name)
{
	const int err = store_recall(source, name);
	struct store_file *file = err == 0 ? store_edit_file(source, name) : NULL;

	if (file == NULL)
		return -ENOMEM;
	if (!file->being_written) {
		file->being_written = true;
		source->changed = true;
	}
	return 0;
}

void store_believe_empty(struct store_source *source, uint32_t seconds)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	for (size_t i = 0; i < source->draft.count; i++) {
		const struct store_file *old = source->draft.files[i];
		struct store_file *file;

		if (!old->version.emptied || now.tv_sec - old->emptied.tv_sec < (time_t)seconds)
			continue;
		file = store_edit_file(source, old->name);
		if (file == NULL)
			continue; /* the next time, then */
		file->version.emptied = file->recalled = false;
		file->saves = SAVED_NO;
		object_table_remove(&source->store->objects, version_take_objects(&file->version));
		source->changed = true;
	}
}

void store_remove(struct store_source *source, const char *name)
{
	struct file_list *draft = &source->draft;
	const size_t at = store_find_place(draft, name);

	if (store_find_file(draft, name) == NULL)
		return;
	store_drop_file(source->store, draft->files[at]);
	draft->count--;
	memmove(&draft->files[at], &draft->files[at + 1],
		(draft->count - at) * sizeof(*draft->files));
	source->changed = true;
}

int store_set_stamp(struct store_source *source, const char *name, const struct file_stamp *stamp)
{
	struct store_file *file = store_find_file(&source->draft, name);

	if (file == NULL)
		return 0;
	file = store_edit_file(source, name);
	if (file == NULL)
		return -ENOMEM;
	file->stamp = *stamp;
	return 0;
}

static bool same_time(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

bool store_has_stamp(
	const struct store_source *source, const char *name, const struct file_stamp *stamp)
{
	const struct store_file *file = store_find_file(&source->draft, name);

	return file != NULL && file->unreadable == NULL && file->stamp.device == stamp->device &&
		file->stamp.inode == stamp->inode && file->stamp.size == stamp->size &&
		same_time(&file->stamp.modified, &stamp->modified) &&
		same_time(&file->stamp.changed, &stamp->changed);
}

bool store_has_other_inode(
	const struct store_source *source, const char *name, const struct file_stamp *stamp)
{
	const struct store_file *file = store_find_file(&source->draft, name);

	return file != NULL && file->stamp.inode != 0 &&
		(file->stamp.device != stamp->device || file->stamp.inode != stamp->inode);
}

bool store_has_objects(const struct store_source *source, const char *name)
{
	const struct store_file *file = store_find_file(&source->draft, name);

	return (file != NULL && file->version.objects != NULL &&
		       file->version.objects->count > 0) ||
		store_file_has_past(source, name);
}

bool store_has_file(const struct store_source *source, const char *name)
{
	return store_find_file(&source->draft, name) != NULL;
}

void store_keep_files(
	struct store_source *source, bool (*stays)(void *context, const char *name), void *context)
{
	struct file_list *draft = &source->draft;
	size_t kept = 0;

	for (size_t i = 0; i < draft->count; i++) {
		if (stays(context, draft->files[i]->name))
			draft->files[kept++] = draft->files[i];
		else
			store_drop_file(source->store, draft->files[i]);
	}
	source->changed |= kept < draft->count;
	draft->count = kept;
}
