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

/* Forgets the version of the file; the table may still speak of its objects. */
static void release_version(struct store *store, struct store_file *file)
{
	object_table_remove(&store->objects, version_take_objects(&file->version));
	version_release(&file->version);
}

static void drop_file(struct store *store, struct store_file *file)
{
	if (--file->users > 0)
		return;
	release_version(store, file);
	free(file->unreadable);
	free(file->name);
	free(file);
}

static void drop_files(struct store *store, struct file_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		drop_file(store, list->files[i]);
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

/* The index of the first file whose name is not before `name`. */
static size_t lower_bound(const struct file_list *list, const char *name)
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
	const size_t at = lower_bound(list, name);

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
	const size_t at = lower_bound(draft, name);
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
			drop_file(store, before);
	}
	free(store->in_force.files);
	store->in_force = fresh;
	store->revision += source->changed;
	source->changed = false;
	return 0;
}

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
	/* What is only kept is there already. */
	if (own > 0 || (!version->broken && !version->emptied))
		file->saves = SAVED_NO;
	if (!version->broken && !version->emptied)
		store_compare_past(store, file);
}

void store_set_progress(struct store *store, void (*progress)(void *context), void *context)
{
	store->progress = progress;
	store->progress_context = context;
}

int store_put(struct store_source *source, const char *name, const char *bytes, size_t length,
	const struct document_limits *limits)
{
	const struct byte_source text = byte_source_of_text(bytes, length);

	return store_put_source(source, name, &text, limits);
}

/* The newest version of the file could be read: it is this one. 0; or -ENOMEM, it is the caller's.
 */
static int put_version(struct store_source *source, const char *name, struct version *version)
{
	struct store_file *file = store_edit_file(source, name);

	if (file == NULL)
		return -ENOMEM;
	release_version(source->store, file);
	file->version = *version;
	note_version(source->store, file);
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
	int err;

	told.progress = store->progress;
	told.context = store->progress_context;
	if (told.progress != NULL)
		told.progress(told.context);
	if (file != NULL && version_is_of(&file->version, &told)) {
		struct store_file *same;

		if (file->unreadable == NULL && !file->being_written)
			return 0;
		same = store_edit_file(source, name);
		if (same == NULL)
			return -ENOMEM;
		free(same->unreadable);
		same->unreadable = NULL;
		same->being_written = false;
		source->changed = true;
		return 0;
	}
	err = read_version(source, &version, name, &told, limits);
	if (err == 0) {
		err = put_version(source, name, &version);
		if (err != 0)
			version_release(&version);
	}
	return err;
}

int store_put_objects(struct store_source *source, const char *name,
	const struct kube_object *objects, size_t count, struct arena *arena)
{
	struct version version;
	int err = version_of_objects(&version, objects, count, arena, source->place);

	if (err == 0) {
		err = put_version(source, name, &version);
		if (err != 0)
			version_release(&version);
	}
	return err;
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
	const size_t at = lower_bound(draft, name);

	if (store_find_file(draft, name) == NULL)
		return;
	drop_file(source->store, draft->files[at]);
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

uint64_t store_revision(const struct store *store)
{
	return store->revision;
}

bool store_has_file(const struct store_source *source, const char *name)
{
	return store_find_file(&source->draft, name) != NULL;
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

/*
 * Writes down the objects of a kind that are in force, in order; returns how many. `out` has room
 * for all.
 */
static size_t list_objects(const struct object_table *table, enum kube_kind kind, const void **out)
{
	size_t count = 0;

	for (size_t i = kind > 0 ? table->ends[kind - 1] : 0; i < table->ends[kind]; i++)
		if (!table->entries[i].shadowed)
			out[count++] = table->entries[i].object;
	return count;
}

/*
 * The arenas that hold any of the files' objects, an arena perhaps more than once. `out` has room
 * for one an object.
 */
static size_t list_arenas(const struct store *store, struct arena **out)
{
	size_t count = 0;

	for (size_t i = 0; i < store->in_force.count; i++) {
		const struct object_list *list = store->in_force.files[i]->version.objects;

		/* Objects of one parse come one after the other. */
		for (size_t j = 0; list != NULL && j < list->count; j++)
			if (j == 0 || list->items[j].arena != list->items[j - 1].arena)
				out[count++] = list->items[j].arena;
	}
	return count;
}

int store_cluster(struct store *store, struct cluster **out)
{
	const void **objects[KUBE_KINDS + 1] = {NULL};
	size_t counts[KUBE_KINDS];
	struct cluster_objects lists = {0};
	struct arena **arenas = NULL;
	int err = store_update_objects(store);
	const size_t room = store->objects.count + 1;

	if (err != 0)
		return err;
	objects[0] = calloc(room, sizeof(const void *));
	arenas = calloc(room, sizeof(struct arena *));
	if (objects[0] != NULL && arenas != NULL) {
		for (int kind = 0; kind < KUBE_KINDS; kind++) {
			counts[kind] = list_objects(
				&store->objects, (enum kube_kind)kind, objects[kind]);
			objects[kind + 1] = objects[kind] + counts[kind];
		}
		lists.namespaces = (const struct namespace_object *const *)objects[KUBE_NAMESPACE];
		lists.namespace_count = counts[KUBE_NAMESPACE];
		lists.pods = (const struct pod *const *)objects[KUBE_POD];
		lists.pod_count = counts[KUBE_POD];
		lists.policies = (const struct network_policy *const *)objects[KUBE_POLICY];
		lists.policy_count = counts[KUBE_POLICY];
		lists.arenas = arenas;
		lists.arena_count = list_arenas(store, arenas);
		err = cluster_create_sorted(out, &lists);
	} else {
		err = -ENOMEM;
	}
	free(objects[0]);
	free(arenas);
	return err;
}

size_t store_file_count(const struct store_source *source)
{
	return source->draft.count;
}

void store_files(const struct store_source *source, void (*visit)(const char *name, void *context),
	void *context)
{
	for (size_t i = 0; i < source->draft.count; i++)
		visit(source->draft.files[i]->name, context);
}
