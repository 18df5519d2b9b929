/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config/store/store_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void store_set_past(struct store *store, const struct store_past *past)
{
	store->past = *past;
}

static bool find_past(const struct store *store, const char *name, struct store_mark *out)
{
	return store->past.find != NULL && store->past.find(store->past.context, name, out);
}

bool store_file_has_past(const struct store_source *source, const char *name)
{
	const struct store_file *file = store_find_file(&source->draft, name);
	struct store_mark mark;

	return (file == NULL || file->version.arena == NULL) &&
		find_past(source->store, name, &mark);
}

bool store_has_content(
	const struct store_source *source, const char *name, const struct byte_source *bytes)
{
	const struct store_file *file = store_find_file(&source->draft, name);
	struct store_mark mark;
	uint64_t hash;

	if (file != NULL && version_is_of(&file->version, bytes))
		return true;
	return find_past(source->store, name, &mark) && mark.length == bytes->length &&
		byte_source_hash(bytes, &hash) == 0 && mark.hash == hash;
}

void store_compare_past(const struct store *store, struct store_file *file)
{
	struct store_mark mark;

	if (file->version.length == VERSION_NO_CONTENT || !find_past(store, file->name, &mark) ||
		mark.hash != file->version.hash || mark.length != file->version.length ||
		!mark.whole)
		return;
	file->saves = SAVED_YES;
	file->whole_at = mark.at;
}

/*
 * The record's objects are read by the readers of manifests. Their findings are no longer of
 * interest, and their text is not the file's content.
 */
int store_recall(struct store_source *source, const char *name)
{
	static const struct version none;
	const struct store *store = source->store;
	const struct version_options options = {
		.trust = {ADDRESS_ANNOTATIONS_ON, store->trust.audit}, .source = source->place};
	struct store_recalled *recalled;
	struct store_file *file;
	struct version version;
	struct byte_source text;
	int err;

	if (!store_file_has_past(source, name))
		return 0;
	recalled = malloc(sizeof(*recalled));
	err = recalled == NULL ? -ENOMEM : store->past.recall(store->past.context, name, recalled);
	if (err != 0) {
		free(recalled);
		return err == -ENOENT ? 0 : err;
	}
	text = byte_source_of_text(recalled->bytes, recalled->length);
	err = version_read(&version, recalled->label, &text, &options, &none);
	file = err == 0 ? store_edit_file(source, name) : NULL;
	if (file != NULL) {
		for (size_t i = 0; i < version.objects->count; i++)
			version.objects->items[i].kept = true;
		version.diag_count = version.diag_dropped = 0;
		version.length = VERSION_NO_CONTENT;
		file->version = version;
		file->was_whole = recalled->mark.whole;
		file->whole_at = recalled->mark.at;
		file->recalled = true;
		file->saves = SAVED_YES;
		source->changed = true;
	} else if (err == 0) {
		version_release(&version);
		err = -ENOMEM;
	}
	free(recalled->bytes);
	free(recalled);
	return err;
}

struct below {
	struct store_source *source;
	const char *path;
};

static int recall_if_below(void *visitor, const char *name)
{
	const struct below *below = visitor;
	const size_t length = strlen(below->path);

	if (strncmp(name, below->path, length) != 0 ||
		(length > 0 && below->path[length - 1] != '/' && name[length] != '/'))
		return 0;
	return store_recall(below->source, name);
}

int store_recall_below(struct store_source *source, const char *path)
{
	const struct store_past *past = &source->store->past;
	struct below below = {source, path};

	return past->each == NULL ? 0 : past->each(past->context, recall_if_below, &below);
}

/* ---- what is to be saved ---- */

void store_unsaved_free(struct store_unsaved *unsaved, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		for (size_t j = 0; j < unsaved[i].arena_count; j++)
			arena_unref(unsaved[i].arenas[j]);
		free(unsaved[i].arenas);
		free(unsaved[i].objects);
		free(unsaved[i].name);
	}
	free(unsaved);
}

bool store_has_version(const struct store *store, const char *name)
{
	const struct store_file *file = store_find_file(&store->in_force, name);

	return file != NULL && file->version.objects != NULL && file->version.objects->count > 0;
}

static bool is_unsaved(const struct store_file *file)
{
	return !file->saved && file->version.objects != NULL && file->version.objects->count > 0;
}

static int take_file(const struct store_file *file, struct store_unsaved *out)
{
	const struct object_list *list = file->version.objects;

	*out = (struct store_unsaved){.name = strdup(file->name),
		.mark = {
			file->version.hash, file->version.length, file->was_whole, file->whole_at}};
	out->objects = calloc(list->count, sizeof(*out->objects));
	out->arenas = calloc(list->count, sizeof(struct arena *));
	if (out->name == NULL || out->objects == NULL || out->arenas == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < list->count; i++) {
		const struct stored_object *stored = &list->items[i];

		if (stored->in_part)
			continue;
		out->objects[out->count++] = stored->object;
		/* Objects of one parse come one after the other. */
		if (out->arena_count == 0 || out->arenas[out->arena_count - 1] != stored->arena)
			out->arenas[out->arena_count++] = arena_ref(stored->arena);
	}
	return 0;
}

int store_take_unsaved(struct store *store, struct store_unsaved **out, size_t *count)
{
	const struct file_list *files = &store->in_force;
	struct store_unsaved *unsaved;
	size_t most = 0, taken = 0;
	int err = 0;

	for (size_t i = 0; i < files->count; i++)
		most += is_unsaved(files->files[i]);
	unsaved = calloc(most + 1, sizeof(*unsaved));
	if (unsaved == NULL)
		return -ENOMEM;
	for (size_t i = 0; err == 0 && i < files->count; i++)
		if (is_unsaved(files->files[i]))
			err = take_file(files->files[i], &unsaved[taken++]);
	if (err != 0) {
		store_unsaved_free(unsaved, taken);
		return err;
	}
	for (size_t i = 0; i < files->count; i++)
		files->files[i]->saved = files->files[i]->saved || is_unsaved(files->files[i]);
	*out = unsaved;
	*count = taken;
	return 0;
}

void store_mark_unsaved(struct store *store, const char *name)
{
	struct store_file *file = store_find_file(&store->in_force, name);

	if (file != NULL)
		file->saved = false;
}
