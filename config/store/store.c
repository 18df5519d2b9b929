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

static void file_free(struct store *store, struct store_file *file)
{
	release_version(store, file);
	free(file->unreadable);
	free(file->name);
	free(file);
}

void store_free(struct store *store)
{
	if (store == NULL)
		return;
	for (size_t i = 0; i < store->count; i++)
		file_free(store, store->files[i]);
	object_table_deinit(&store->objects);
	free(store->files);
	free(store);
}

/* The index of the first file whose name is not before `name`. */
static size_t lower_bound(const struct store *store, const char *name)
{
	size_t lo = 0, hi = store->count;

	while (lo < hi) {
		const size_t mid = lo + (hi - lo) / 2;

		if (strcmp(store->files[mid]->name, name) < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

struct store_file *store_find_file(const struct store *store, const char *name)
{
	const size_t at = lower_bound(store, name);

	return at < store->count && strcmp(store->files[at]->name, name) == 0 ? store->files[at]
									      : NULL;
}

static int grow(struct store *store)
{
	const size_t capacity = store->capacity == 0 ? 16 : store->capacity * 2;
	struct store_file **files;

	if (store->count < store->capacity)
		return 0;
	files = reallocarray(store->files, capacity, sizeof(*files));
	if (files == NULL)
		return -ENOMEM;
	store->files = files;
	store->capacity = capacity;
	return 0;
}

/* The file of that name, made when there is none. NULL when out of memory. */
struct store_file *store_get_file(struct store *store, const char *name)
{
	const size_t at = lower_bound(store, name);
	struct store_file *file;

	if (at < store->count && strcmp(store->files[at]->name, name) == 0)
		return store->files[at];
	if (grow(store) != 0)
		return NULL;
	file = calloc(1, sizeof(*file));
	if (file == NULL)
		return NULL;
	file->name = strdup(name);
	if (file->name == NULL) {
		free(file);
		return NULL;
	}
	memmove(&store->files[at + 1], &store->files[at],
		(store->count - at) * sizeof(*store->files));
	store->files[at] = file;
	store->count++;
	return file;
}

/* The newest version of the file could be read. */
static void clear_problems(struct store *store, struct store_file *file)
{
	if (file->unreadable == NULL && !file->being_written)
		return;
	free(file->unreadable);
	file->unreadable = NULL;
	file->being_written = false;
	store->revision++;
}

static int read_version(struct store *store, struct version *version, const char *name,
	const struct byte_source *source, const struct document_limits *limits)
{
	static const struct version none;
	const struct version_options options = {
		.limits = limits, .trust = store->trust, .with_parts = !store->opens_broken};
	const struct store_file *file = store_find_file(store, name);
	int err = version_read(
		version, name, source, &options, file != NULL ? &file->version : &none);

	if (err != 0 || (!version->broken && version->objects->count > 0) ||
		!store_file_has_past(store, name))
		return err;
	/* It would have followed another one, had we been there all the time. */
	version_release(version);
	err = store_recall(store, name);
	file = store_find_file(store, name);
	return err != 0 ? err
			: version_read(version, name, source, &options,
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
	file->saved = file->saved && own == 0 && (version->broken || version->emptied);
	if (!version->broken && !version->emptied)
		store_compare_past(store, file);
}

void store_set_progress(struct store *store, void (*progress)(void *context), void *context)
{
	store->progress = progress;
	store->progress_context = context;
}

int store_put(struct store *store, const char *name, const char *bytes, size_t length,
	const struct document_limits *limits)
{
	const struct byte_source source = byte_source_of_text(bytes, length);

	return store_put_source(store, name, &source, limits);
}

int store_put_source(struct store *store, const char *name, const struct byte_source *source,
	const struct document_limits *limits)
{
	struct store_file *file = store_find_file(store, name);
	struct byte_source told = *source;
	struct version version;
	int err;

	told.progress = store->progress;
	told.context = store->progress_context;
	if (told.progress != NULL)
		told.progress(told.context);
	if (file != NULL && version_is_of(&file->version, &told)) {
		clear_problems(store, file);
		return 0;
	}
	err = read_version(store, &version, name, &told, limits);
	if (err != 0)
		return err;
	file = store_get_file(store, name);
	if (file == NULL) {
		version_release(&version);
		return -ENOMEM;
	}
	release_version(store, file);
	file->version = version;
	note_version(store, file);
	clear_problems(store, file);
	store->revision++;
	return 0;
}

int store_put_unreadable(struct store *store, const char *name, const char *reason)
{
	const int err = store_recall(store, name);
	struct store_file *file = err == 0 ? store_get_file(store, name) : NULL;
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
	store->revision++;
	return 0;
}

int store_put_being_written(struct store *store, const char *name)
{
	const int err = store_recall(store, name);
	struct store_file *file = err == 0 ? store_get_file(store, name) : NULL;

	if (file == NULL)
		return -ENOMEM;
	if (!file->being_written) {
		file->being_written = true;
		store->revision++;
	}
	return 0;
}

void store_believe_empty(struct store *store, uint32_t seconds)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	for (size_t i = 0; i < store->count; i++) {
		struct store_file *file = store->files[i];

		if (!file->version.emptied || now.tv_sec - file->emptied.tv_sec < (time_t)seconds)
			continue;
		file->version.emptied = file->recalled = file->saved = false;
		object_table_remove(&store->objects, version_take_objects(&file->version));
		store->revision++;
	}
}

void store_remove(struct store *store, const char *name)
{
	const size_t at = lower_bound(store, name);

	if (at == store->count || strcmp(store->files[at]->name, name) != 0)
		return;
	file_free(store, store->files[at]);
	store->count--;
	memmove(&store->files[at], &store->files[at + 1],
		(store->count - at) * sizeof(*store->files));
	store->revision++;
}

void store_set_stamp(struct store *store, const char *name, const struct file_stamp *stamp)
{
	struct store_file *file = store_find_file(store, name);

	if (file != NULL)
		file->stamp = *stamp;
}

static bool same_time(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

bool store_has_stamp(const struct store *store, const char *name, const struct file_stamp *stamp)
{
	const struct store_file *file = store_find_file(store, name);

	return file != NULL && file->unreadable == NULL && file->stamp.device == stamp->device &&
		file->stamp.inode == stamp->inode && file->stamp.size == stamp->size &&
		same_time(&file->stamp.modified, &stamp->modified) &&
		same_time(&file->stamp.changed, &stamp->changed);
}

bool store_has_other_inode(
	const struct store *store, const char *name, const struct file_stamp *stamp)
{
	const struct store_file *file = store_find_file(store, name);

	return file != NULL && file->stamp.inode != 0 &&
		(file->stamp.device != stamp->device || file->stamp.inode != stamp->inode);
}

bool store_has_objects(const struct store *store, const char *name)
{
	return store_has_version(store, name) || store_file_has_past(store, name);
}

bool store_has_file(const struct store *store, const char *name)
{
	return store_find_file(store, name) != NULL;
}

uint64_t store_revision(const struct store *store)
{
	return store->revision;
}

int store_update_objects(struct store *store)
{
	struct object_list **fresh = calloc(store->count + 1, sizeof(*fresh));
	size_t count = 0;
	int err;

	if (fresh == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < store->count; i++) {
		struct object_list *list = store->files[i]->version.objects;

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

	for (size_t i = 0; i < store->count; i++) {
		const struct object_list *list = store->files[i]->version.objects;

		/* Objects of one parse come one after the other. */
		for (size_t j = 0; list != NULL && j < list->count; j++)
			if (j == 0 || list->items[j].arena != list->items[j - 1].arena)
				out[count++] = list->items[j].arena;
	}
	return count;
}

int store_cluster(struct store *store, struct cluster **out)
{
	const void **objects[KUBE_KINDS] = {NULL};
	struct cluster_objects lists = {0};
	struct arena **arenas = NULL;
	int err = store_update_objects(store);
	const size_t room = store->objects.count + 1;

	if (err != 0)
		return err;
	objects[0] = calloc(room, sizeof(const void *));
	arenas = calloc(room, sizeof(struct arena *));
	if (objects[0] != NULL && arenas != NULL) {
		lists.namespaces = (const struct namespace_object *const *)objects[0];
		lists.namespace_count = list_objects(&store->objects, KUBE_NAMESPACE, objects[0]);
		objects[KUBE_POD] = objects[0] + lists.namespace_count;
		lists.pods = (const struct pod *const *)objects[KUBE_POD];
		lists.pod_count = list_objects(&store->objects, KUBE_POD, objects[KUBE_POD]);
		objects[KUBE_POLICY] = objects[KUBE_POD] + lists.pod_count;
		lists.policies = (const struct network_policy *const *)objects[KUBE_POLICY];
		lists.policy_count = list_objects(
			&store->objects, KUBE_POLICY, objects[KUBE_POLICY]);
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

void store_files(
	const struct store *store, void (*visit)(const char *name, void *context), void *context)
{
	for (size_t i = 0; i < store->count; i++)
		visit(store->files[i]->name, context);
}
