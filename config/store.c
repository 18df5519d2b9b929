/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config/store.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "config/version.h"

struct store_file {
	char *name;
	struct version version;		/* arena NULL: never read */
	char *unreadable;		/* why the newest version could not be read; NULL: it was */
	bool was_whole;			/* some version was read without an error that drops an object */
	struct file_stamp stamp;
};

struct store {
	struct store_file **files;	/* sorted by name */
	size_t count, capacity;
	uint64_t revision;
};

int store_create(struct store **out)
{
	struct store *store = calloc(1, sizeof(*store));

	if (store == NULL)
		return -ENOMEM;
	*out = store;
	return 0;
}

static void file_free(struct store_file *file)
{
	version_release(&file->version);
	free(file->unreadable);
	free(file->name);
	free(file);
}

void store_free(struct store *store)
{
	if (store == NULL)
		return;
	for (size_t i = 0; i < store->count; i++)
		file_free(store->files[i]);
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

static struct store_file *find_file(const struct store *store, const char *name)
{
	const size_t at = lower_bound(store, name);

	return at < store->count && strcmp(store->files[at]->name, name) == 0 ? store->files[at] : NULL;
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
static struct store_file *get_file(struct store *store, const char *name)
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
	memmove(&store->files[at + 1], &store->files[at], (store->count - at) * sizeof(*store->files));
	store->files[at] = file;
	store->count++;
	return file;
}

static void clear_unreadable(struct store *store, struct store_file *file)
{
	if (file->unreadable == NULL)
		return;
	free(file->unreadable);
	file->unreadable = NULL;
	store->revision++;
}

int store_put(struct store *store, const char *name, const char *bytes, size_t length,
	const struct document_limits *limits)
{
	static const struct version none;
	struct store_file *file = find_file(store, name);
	struct version version;
	int err;

	if (file != NULL && version_is_of(&file->version, bytes, length)) {
		clear_unreadable(store, file);
		return 0;
	}
	err = version_read(&version, name, bytes, length, limits, file != NULL ? &file->version : &none);
	if (err != 0)
		return err;
	file = get_file(store, name);
	if (file == NULL) {
		version_release(&version);
		return -ENOMEM;
	}
	version_release(&file->version);
	file->version = version;
	file->was_whole = file->was_whole || !version.broken;
	clear_unreadable(store, file);
	store->revision++;
	return 0;
}

int store_put_unreadable(struct store *store, const char *name, const char *reason)
{
	struct store_file *file = get_file(store, name);
	char *copy;

	if (file == NULL)
		return -ENOMEM;
	file->stamp = (struct file_stamp){ 0 };
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

void store_remove(struct store *store, const char *name)
{
	const size_t at = lower_bound(store, name);

	if (at == store->count || strcmp(store->files[at]->name, name) != 0)
		return;
	file_free(store->files[at]);
	store->count--;
	memmove(&store->files[at], &store->files[at + 1], (store->count - at) * sizeof(*store->files));
	store->revision++;
}

void store_set_stamp(struct store *store, const char *name, const struct file_stamp *stamp)
{
	struct store_file *file = find_file(store, name);

	if (file != NULL)
		file->stamp = *stamp;
}

static bool same_time(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

bool store_has_stamp(const struct store *store, const char *name, const struct file_stamp *stamp)
{
	const struct store_file *file = find_file(store, name);

	return file != NULL && file->unreadable == NULL && file->stamp.device == stamp->device &&
	       file->stamp.inode == stamp->inode && file->stamp.size == stamp->size &&
	       same_time(&file->stamp.modified, &stamp->modified) && same_time(&file->stamp.changed, &stamp->changed);
}

bool store_has_file(const struct store *store, const char *name)
{
	return find_file(store, name) != NULL;
}

uint64_t store_revision(const struct store *store)
{
	return store->revision;
}

/* Calls `visit` for all objects: kept ones first, so that of two with one key the one that is not kept comes last. */
static void visit_objects(const struct store *store, void (*visit)(const struct stored_object *stored, void *context),
	void *context)
{
	for (int kept = 1; kept >= 0; kept--)
		for (size_t i = 0; i < store->count; i++)
			for (size_t j = 0; j < store->files[i]->version.count; j++)
				if (store->files[i]->version.objects[j].kept == (kept == 1))
					visit(&store->files[i]->version.objects[j], context);
}

/* The lists that a cluster is made of. Each has room for all objects there are. */
struct gathering {
	const struct namespace_object **namespaces;
	const struct pod **pods;
	const struct network_policy **policies;
	struct arena **arenas;
	size_t namespace_count, pod_count, policy_count, arena_count;
};

static void gather(const struct stored_object *stored, void *context)
{
	struct gathering *lists = context;

	switch (stored->object.kind) {
	case KUBE_NAMESPACE:
		lists->namespaces[lists->namespace_count++] = stored->object.namespace_object;
		break;
	case KUBE_POD:
		lists->pods[lists->pod_count++] = stored->object.pod;
		break;
	case KUBE_POLICY:
		lists->policies[lists->policy_count++] = stored->object.policy;
		break;
	}
	/* Objects of one parse come one after the other: their arena need be named but once. */
	if (lists->arena_count == 0 || lists->arenas[lists->arena_count - 1] != stored->arena)
		lists->arenas[lists->arena_count++] = stored->arena;
}

static size_t count_objects(const struct store *store)
{
	size_t count = 0;

	for (size_t i = 0; i < store->count; i++)
		count += store->files[i]->version.count;
	return count;
}

int store_cluster(struct store *store, struct cluster **out)
{
	const size_t room = count_objects(store) + 1;
	struct gathering lists = {
		.namespaces = calloc(room, sizeof(const struct namespace_object *)),
		.pods = calloc(room, sizeof(const struct pod *)),
		.policies = calloc(room, sizeof(const struct network_policy *)),
		.arenas = calloc(room, sizeof(struct arena *)),
	};
	int err = -ENOMEM;

	if (lists.namespaces != NULL && lists.pods != NULL && lists.policies != NULL && lists.arenas != NULL) {
		visit_objects(store, gather, &lists);
		err = cluster_create(out, &(struct cluster_objects){
			.namespaces = lists.namespaces, .namespace_count = lists.namespace_count,
			.pods = lists.pods, .pod_count = lists.pod_count,
			.policies = lists.policies, .policy_count = lists.policy_count,
			.arenas = lists.arenas, .arena_count = lists.arena_count });
	}
	free(lists.namespaces);
	free(lists.pods);
	free(lists.policies);
	free(lists.arenas);
	return err;
}

static int copy_file_diags(const struct store_file *file, struct arena *arena, struct diag_list *out)
{
	const char *name = arena_strdup(arena, file->name);

	if (name == NULL)
		return -ENOMEM;
	if (file->unreadable != NULL)
		diag_add(out, DIAG_ERROR, (struct source_pos){ .file = name }, "unreadable", NULL, "%s",
			file->unreadable);
	for (size_t i = 0; i < file->version.diag_count; i++) {
		const struct diag *diag = &file->version.diags[i];

		diag_add(out, diag->severity, (struct source_pos){ name, diag->pos.line, diag->pos.column }, diag->code,
			diag->hint, "%s", diag->text);
	}
	out->dropped += file->version.diag_dropped;
	out->errors += file->version.diag_dropped;
	return 0;
}

struct duplicates {
	const struct kube_object **objects;
	size_t count;
};

static void collect(const struct stored_object *stored, void *context)
{
	struct duplicates *list = context;

	if (!stored->kept)
		list->objects[list->count++] = &stored->object;
}

static int object_order_cmp(const void *pa, const void *pb)
{
	const struct kube_object *const *a = pa, *const *b = pb;
	const struct source_pos x = object_key(*a).pos, y = object_key(*b).pos;
	int order = object_key_cmp(*a, *b);

	if (order == 0)
		order = strcmp(x.file, y.file);
	if (order == 0)
		order = x.line < y.line ? -1 : x.line > y.line;
	if (order == 0)
		order = x.column < y.column ? -1 : x.column > y.column;
	return order;
}

static int report_duplicate(const struct kube_object *first, const struct kube_object *second, struct arena *arena,
	struct diag_list *out)
{
	static const char *const kind_names[] = { "Namespace", "Pod", "NetworkPolicy" };
	const struct object_key a = object_key(first), b = object_key(second);
	const struct source_pos pos = { arena_strdup(arena, b.pos.file), b.pos.line, b.pos.column };

	if (pos.file == NULL)
		return -ENOMEM;
	diag_add(out, DIAG_ERROR, pos, "duplicate-object", "remove or rename one of them; this one, the later, is used",
		"%s %s%s%s is there already, at %s:%u:%u", kind_names[b.kind], b.namespace_name,
		b.kind == KUBE_NAMESPACE ? "" : "/", b.name, a.pos.file, a.pos.line, a.pos.column);
	return 0;
}

static int find_duplicates(const struct store *store, struct arena *arena, struct diag_list *out)
{
	struct duplicates list = { .objects = calloc(count_objects(store) + 1, sizeof(const struct kube_object *)) };
	int err = list.objects == NULL ? -ENOMEM : 0;

	if (err == 0)
		visit_objects(store, collect, &list);
	qsort(list.objects, list.count, sizeof(const struct kube_object *), object_order_cmp);
	for (size_t i = 1; err == 0 && i < list.count; i++)
		if (object_key_cmp(list.objects[i - 1], list.objects[i]) == 0)
			err = report_duplicate(list.objects[i - 1], list.objects[i], arena, out);
	free(list.objects);
	return err;
}

int store_diags(const struct store *store, struct arena *arena, struct diag_list *out)
{
	struct diag_list list;
	int err = 0;

	diag_list_init(&list, arena);
	for (size_t i = 0; err == 0 && i < store->count; i++)
		err = copy_file_diags(store->files[i], arena, &list);
	if (err == 0)
		err = find_duplicates(store, arena, &list);
	if (err != 0)
		return err;
	diag_sort(&list);
	*out = list;
	return 0;
}

struct store_stats store_stats(const struct store *store)
{
	struct store_stats stats = { .files = store->count };

	for (size_t i = 0; i < store->count; i++) {
		const struct store_file *file = store->files[i];
		const bool unreadable = file->unreadable != NULL;
		const bool broken = unreadable || file->version.broken;

		stats.broken_files += broken;
		stats.never_whole += broken && !file->was_whole;
		for (size_t j = 0; j < file->version.count; j++)
			stats.kept_objects += unreadable || file->version.objects[j].kept;
	}
	return stats;
}

void store_files(const struct store *store, void (*visit)(const char *name, void *context), void *context)
{
	for (size_t i = 0; i < store->count; i++)
		visit(store->files[i]->name, context);
}
