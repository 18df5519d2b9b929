/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config/store/store.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "config/store/store_internal.h"

int store_create(struct store **out)
{
	struct store *store = calloc(1, sizeof(*store));

	if (store == NULL)
		return -ENOMEM;
	*out = store;
	return 0;
}

void store_set_annotation_trust(struct store *store, struct annotation_trust trust)
{
	store->trust = trust;
}

void store_open_broken(struct store *store)
{
	store->opens_broken = true;
}

void store_release_version(struct store *store, struct store_file *file)
{
	object_table_remove(&store->objects, version_take_objects(&file->version));
	version_release(&file->version);
}

void store_drop_file(struct store *store, struct store_file *file)
{
	if (--file->users > 0)
		return;
	store_release_version(store, file);
	free(file->unreadable);
	free(file->name);
	free(file);
}

static void drop_files(struct store *store, struct file_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		store_drop_file(store, list->files[i]);
	free(list->files);
}

void store_free(struct store *store)
{
	if (store == NULL)
		return;
	drop_files(store, &store->in_force);
	for (size_t i = 0; i < store->source_count; i++) {
		drop_files(store, &store->sources[i]->draft);
		free(store->sources[i]->name);
		free(store->sources[i]);
	}
	object_table_deinit(&store->objects);
	free(store);
}

struct store_source *store_source(struct store *store, const char *name)
{
	struct store_source *source;

	for (size_t i = 0; i < store->source_count; i++)
		if (strcmp(store->sources[i]->name, name) == 0)
			return store->sources[i];
	if (store->source_count == STORE_SOURCES)
		return NULL;
	source = calloc(1, sizeof(*source));
	if (source == NULL)
		return NULL;
	source->store = store;
	source->place = (uint8_t)store->source_count;
	source->name = strdup(name);
	if (source->name == NULL) {
		free(source);
		return NULL;
	}
	store->sources[store->source_count++] = source;
	return source;
}

const char *store_source_name(const struct store_source *source)
{
	return source->name;
}

size_t store_find_place(const struct file_list *list, const char *name)
{
	size_t lo = 0, hi = list->count;

	while (lo < hi) {
		const size_t mid = lo + (hi - lo) / 2;

		if (strcmp(list->files[mid]->name, name) < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

struct store_file *store_find_file(const struct file_list *list, const char *name)
{
	const size_t at = store_find_place(list, name);

	return at < list->count && strcmp(list->files[at]->name, name) == 0 ? list->files[at]
									    : NULL;
}

/* A file of the source that has no user yet: empty, or as `old`. NULL when out of memory. */
static struct store_file *file_create(
	struct store_source *source, const char *name, const struct store_file *old)
{
	struct store_file *file = calloc(1, sizeof(*file));

	if (file == NULL)
		return NULL;
	file->source = source;
	file->name = strdup(name);
	if (old != NULL && old->unreadable != NULL)
		file->unreadable = strdup(old->unreadable);
	if (file->name == NULL || (old != NULL && old->unreadable != NULL && !file->unreadable)) {
		free(file->unreadable);
		free(file->name);
		free(file);
		return NULL;
	}
	if (old == NULL)
		return file;
	file->version = version_share(&old->version);
	file->was_whole = old->was_whole;
	file->being_written = old->being_written;
	file->recalled = old->recalled;
	file->whole_at = old->whole_at;
	file->emptied = old->emptied;
	file->stamp = old->stamp;
	return file;
}

struct store_file *store_edit_file(struct store_source *source, const char *name)
{
	struct file_list *draft = &source->draft;
	const size_t at = store_find_place(draft, name);
	struct store_file *old = store_find_file(draft, name), *file;

	if (old != NULL && old->users == 1)
		return old;
	if (old == NULL && draft->count == draft->capacity) {
		const size_t capacity = draft->capacity == 0 ? 16 : draft->capacity * 2;
		struct store_file **files = reallocarray(draft->files, capacity, sizeof(*files));

		if (files == NULL)
			return NULL;
		draft->files = files;
		draft->capacity = capacity;
	}
	file = file_create(source, name, old);
	if (file == NULL)
		return NULL;
	if (old != NULL) {
		old->users--;
	} else {
		memmove(&draft->files[at + 1], &draft->files[at],
			(draft->count - at) * sizeof(*draft->files));
		draft->count++;
	}
	file->users = 1;
	draft->files[at] = file;
	return file;
}

static int file_cmp(const struct store_file *a, const struct store_file *b)
{
	const int order = strcmp(a->name, b->name);

	return order != 0 ? order : (int)a->source->place - (int)b->source->place;
}

int store_commit(struct store_source *source)
{
	struct store *store = source->store;
	const struct file_list *old = &store->in_force, *draft = &source->draft;
	struct file_list fresh = {.capacity = old->count + draft->count + 1};

	fresh.files = calloc(fresh.capacity, sizeof(*fresh.files));
	if (fresh.files == NULL)
		return -ENOMEM;
	for (size_t i = 0, j = 0; i < old->count || j < draft->count;) {
		const int order = i == old->count ? 1
			: j == draft->count	  ? -1
						  : file_cmp(old->files[i], draft->files[j]);
		struct store_file *before = order <= 0 ? old->files[i++] : NULL;
		struct store_file *file = order >= 0 ? draft->files[j++] : NULL;

		if (before != NULL && before->source != source)
			file = before; /* not this source's to change */
		if (file != NULL)
			fresh.files[fresh.count++] = file;
		if (file == before)
			continue;
		if (file != NULL) {
			file->users++;
			file->saved = file->saves == SAVED_YES ||
				(file->saves == SAVED_AS_BEFORE && before != NULL && before->saved);
		}
		if (before != NULL)
			store_drop_file(store, before);
	}
	free(store->in_force.files);
	store->in_force = fresh;
	store->revision += source->changed;
	source->changed = false;
	return 0;
}

void store_set_progress(struct store *store, void (*progress)(void *context), void *context)
{
	store->progress = progress;
	store->progress_context = context;
}

uint64_t store_revision(const struct store *store)
{
	return store->revision;
}

int store_update_objects(struct store *store)
{
	const struct file_list *files = &store->in_force;
	struct object_list **fresh = calloc(files->count + 1, sizeof(*fresh));
	size_t count = 0;
	int err;

	if (fresh == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < files->count; i++) {
		struct object_list *list = files->files[i]->version.objects;

		if (list != NULL && !list->listed)
			fresh[count++] = list;
	}
	err = object_table_update(&store->objects, fresh, count);
	free(fresh);
	return err;
}

int store_cluster(struct store *store, struct cluster **out)
{
	int err = store_update_objects(store);
	const struct object_table *table = &store->objects;
	const struct file_list *files = &store->in_force;
	size_t firsts[KUBE_KINDS + 1] = {0}, arena_count = 0;
	const void **objects;
	struct arena **arenas;

	if (err != 0)
		return err;
	objects = calloc(table->count + 1, sizeof(const void *));
	arenas = calloc(table->count + 1, sizeof(struct arena *));
	for (size_t kind = 0, i = 0; objects != NULL && kind < KUBE_KINDS; kind++) {
		firsts[kind + 1] = firsts[kind];
		for (; i < table->ends[kind]; i++)
			if (!table->entries[i].shadowed)
				objects[firsts[kind + 1]++] = table->entries[i].object;
	}
	/* Objects of one parse come one after the other; an arena may be there more than once. */
	for (size_t i = 0; arenas != NULL && i < files->count; i++) {
		const struct object_list *list = files->files[i]->version.objects;

		for (size_t j = 0; list != NULL && j < list->count; j++)
			if (j == 0 || list->items[j].arena != list->items[j - 1].arena)
				arenas[arena_count++] = list->items[j].arena;
	}
	if (objects != NULL && arenas != NULL) {
		const struct cluster_objects lists = {
			.namespaces = (const struct namespace_object *const *)objects +
				firsts[KUBE_NAMESPACE],
			.namespace_count = firsts[KUBE_NAMESPACE + 1] - firsts[KUBE_NAMESPACE],
			.pods = (const struct pod *const *)objects + firsts[KUBE_POD],
			.pod_count = firsts[KUBE_POD + 1] - firsts[KUBE_POD],
			.policies = (const struct network_policy *const *)objects +
				firsts[KUBE_POLICY],
			.policy_count = firsts[KUBE_POLICY + 1] - firsts[KUBE_POLICY],
			.arenas = arenas,
			.arena_count = arena_count};

		err = cluster_create_sorted(out, &lists);
	} else {
		err = -ENOMEM;
	}
	free(objects);
	free(arenas);
	return err;
}
