/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/values/cluster.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* The public part comes first, so that a pointer to either is a pointer to both. */
struct owned_cluster {
	struct cluster cluster;
	atomic_uint references;
	struct arena *arena;   /* the lists, and the namespaces that were added */
	struct arena **arenas; /* where the objects live */
	size_t arena_count;
};

/* One object under its key, while a list is put in order. */
struct entry {
	const char *namespace_name, *name;
	const void *object;
	size_t order; /* its place in the list it came from */
};

/* What an object is known by; the namespace of a namespace is "". */
typedef struct entry entry_maker(const void *object);

static int entry_cmp(const void *pa, const void *pb)
{
	const struct entry *a = pa, *b = pb;
	const int order = object_name_cmp(a->namespace_name, a->name, b->namespace_name, b->name);

	return order != 0 ? order : (a->order > b->order) - (a->order < b->order);
}

static bool same_key(const struct entry *a, const struct entry *b)
{
	return object_name_cmp(a->namespace_name, a->name, b->namespace_name, b->name) == 0;
}

static struct entry namespace_entry(const void *object)
{
	return (struct entry){"", ((const struct namespace_object *)object)->name, object, 0};
}

static struct entry pod_entry(const void *object)
{
	const struct pod *pod = object;

	return (struct entry){pod->namespace_name, pod->name, object, 0};
}

static struct entry policy_entry(const void *object)
{
	const struct network_policy *policy = object;

	return (struct entry){policy->namespace_name, policy->name, object, 0};
}

/* ---- the lists ---- */

struct list {
	const void **objects;
	size_t count;
};

/* Sorts the list and keeps, of the objects with one key, the last. 0 or -ENOMEM. */
static int list_settle(struct list *list, entry_maker *make, struct arena *scratch)
{
	struct entry *entries = arena_calloc(scratch, list->count, sizeof(*entries));
	size_t kept = 0;

	if (entries == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < list->count; i++) {
		entries[i] = make(list->objects[i]);
		entries[i].order = i;
	}
	if (list->count > 0)
		qsort(entries, list->count, sizeof(*entries), entry_cmp);
	for (size_t i = 0; i < list->count; i++) {
		if (kept > 0 && same_key(&entries[i - 1], &entries[i]))
			kept--;
		list->objects[kept++] = entries[i].object;
	}
	list->count = kept;
	return 0;
}

/* A copy of the objects in `arena`, in order. 0 or -ENOMEM. */
static int list_copy(struct list *list, const void *objects, size_t count, bool sorted,
	entry_maker *make, struct arena *arena, struct arena *scratch)
{
	list->objects = arena_memdup(arena, objects, count * sizeof(*list->objects));
	list->count = count;
	if (list->objects == NULL)
		return -ENOMEM;
	return sorted ? 0 : list_settle(list, make, scratch);
}

/* ---- namespaces that nobody described ---- */

static const struct namespace_object *namespace_make(struct arena *arena, const char *name)
{
	struct namespace_object *made = arena_alloc(arena, sizeof(*made));
	struct label *label = arena_alloc(arena, sizeof(*label));

	if (made == NULL || label == NULL)
		return NULL;
	*label = (struct label){.key = "kubernetes.io/metadata.name", .value = name};
	*made = (struct namespace_object){.name = name, .labels = {label, 1}, .pos = {.file = ""}};
	return made;
}

/* A list of pods or policies, gone through namespace by namespace. */
struct walk {
	const struct list *list;
	entry_maker *make;
	size_t at;
};

static const char *namespace_at(const struct walk *walk, size_t at)
{
	return walk->make(walk->list->objects[at]).namespace_name;
}

/* The namespace that the walk has come to; NULL: it is over. */
static const char *walk_namespace(const struct walk *walk)
{
	return walk->at < walk->list->count ? namespace_at(walk, walk->at) : NULL;
}

/*
 * Goes past the objects of a namespace, looking at few of them: by ever longer steps, then by
 * bisection.
 */
static void walk_past(struct walk *walk, const char *name)
{
	size_t step = 1, low = walk->at, high;

	while (low + step < walk->list->count &&
		strcmp(namespace_at(walk, low + step), name) == 0) {
		low += step;
		step *= 2;
	}
	high = low + step < walk->list->count ? low + step : walk->list->count;
	while (low + 1 < high) { /* what is at low is of the namespace, what is at high is not */
		const size_t middle = low + (high - low) / 2;

		if (strcmp(namespace_at(walk, middle), name) == 0)
			low = middle;
		else
			high = middle;
	}
	walk->at = high;
}

/* The lesser name; NULL is greater than any. */
static const char *lesser(const char *a, const char *b)
{
	if (a == NULL || b == NULL)
		return a != NULL ? a : b;
	return strcmp(a, b) <= 0 ? a : b;
}

/*
 * Stores the namespaces that are described or spoken of, in order. Each of `walks` is gone through
 * once. Only counts when `out` is NULL. 0 or -ENOMEM.
 */
static int merge_namespaces(const struct list *described, struct walk walks[2],
	const struct namespace_object **out, size_t *count, struct arena *arena)
{
	size_t at = 0;

	for (*count = 0;; ++*count) {
		const struct namespace_object *next = at < described->count ? described->objects[at]
									    : NULL;
		const char *spoken = lesser(walk_namespace(&walks[0]), walk_namespace(&walks[1]));
		const char *name = lesser(next != NULL ? next->name : NULL, spoken);
		const bool is_described = next != NULL && strcmp(next->name, name) == 0;

		if (name == NULL)
			return 0;
		if (out != NULL) {
			out[*count] = is_described ? next : namespace_make(arena, name);
			if (out[*count] == NULL)
				return -ENOMEM;
		}
		at += is_described;
		for (int i = 0; i < 2; i++)
			if (walk_namespace(&walks[i]) != NULL &&
				strcmp(walk_namespace(&walks[i]), name) == 0)
				walk_past(&walks[i], name);
	}
}

static int list_namespaces(struct cluster *cluster, const struct list *described,
	const struct list *pods, const struct list *policies, struct arena *arena)
{
	const struct walk begin[2] = {{pods, pod_entry, 0}, {policies, policy_entry, 0}};
	const struct namespace_object **out = NULL;
	int err = 0;

	for (int round = 0; err == 0 && round < 2; round++) {
		struct walk walks[2] = {begin[0], begin[1]};

		err = merge_namespaces(described, walks, out, &cluster->namespace_count, arena);
		if (out == NULL)
			out = arena_calloc(arena, cluster->namespace_count, sizeof(*out));
		if (out == NULL)
			err = -ENOMEM;
	}
	cluster->namespaces = out;
	return err;
}

static int cluster_fill(struct owned_cluster *owned, const struct cluster_objects *objects,
	bool sorted, struct arena *scratch)
{
	struct list namespaces, pods, policies;
	struct cluster *cluster = &owned->cluster;

	if (list_copy(&namespaces, objects->namespaces, objects->namespace_count, sorted,
		    namespace_entry, scratch, scratch) != 0 ||
		list_copy(&pods, objects->pods, objects->pod_count, sorted, pod_entry, owned->arena,
			scratch) != 0 ||
		list_copy(&policies, objects->policies, objects->policy_count, sorted, policy_entry,
			owned->arena, scratch) != 0 ||
		list_namespaces(cluster, &namespaces, &pods, &policies, owned->arena) != 0)
		return -ENOMEM;
	cluster->pods = (const struct pod *const *)pods.objects;
	cluster->pod_count = pods.count;
	cluster->policies = (const struct network_policy *const *)policies.objects;
	cluster->policy_count = policies.count;
	return 0;
}

static int cluster_hold_arenas(struct owned_cluster *owned, const struct cluster_objects *objects)
{
	owned->arenas = arena_calloc(owned->arena, objects->arena_count, sizeof(struct arena *));
	if (owned->arenas == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < objects->arena_count; i++)
		owned->arenas[owned->arena_count++] = arena_ref(objects->arenas[i]);
	return 0;
}

static int create(struct cluster **out, const struct cluster_objects *objects, bool sorted)
{
	struct arena *arena = arena_create(), *scratch = arena_create();
	struct owned_cluster *owned = NULL;
	int err = -ENOMEM;

	if (arena != NULL && scratch != NULL)
		owned = arena_alloc(arena, sizeof(*owned));
	if (owned == NULL)
		goto out;
	atomic_init(&owned->references, 1);
	owned->arena = arena;
	err = cluster_fill(owned, objects, sorted, scratch);
	if (err == 0)
		err = cluster_hold_arenas(owned, objects);
	if (err != 0)
		goto out;
	*out = &owned->cluster;
	arena = NULL;
out:
	arena_unref(scratch);
	arena_unref(arena);
	return err;
}

int cluster_create(struct cluster **out, const struct cluster_objects *objects)
{
	return create(out, objects, false);
}

int cluster_create_sorted(struct cluster **out, const struct cluster_objects *objects)
{
	return create(out, objects, true);
}

struct cluster *cluster_ref(struct cluster *cluster)
{
	atomic_fetch_add_explicit(
		&((struct owned_cluster *)cluster)->references, 1, memory_order_relaxed);
	return cluster;
}

void cluster_unref(struct cluster *cluster)
{
	struct owned_cluster *owned = (struct owned_cluster *)cluster;

	if (owned == NULL ||
		atomic_fetch_sub_explicit(&owned->references, 1, memory_order_acq_rel) != 1)
		return;
	for (size_t i = 0; i < owned->arena_count; i++)
		arena_unref(owned->arenas[i]);
	arena_unref(owned->arena); /* the cluster itself lives there */
}

const struct namespace_object *cluster_namespace(const struct cluster *cluster, const char *name)
{
	size_t low = 0, high = cluster->namespace_count;

	while (low < high) {
		const size_t middle = low + (high - low) / 2;
		const int order = strcmp(cluster->namespaces[middle]->name, name);

		if (order == 0)
			return cluster->namespaces[middle];
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

const struct pod *cluster_pod(
	const struct cluster *cluster, const char *namespace_name, const char *name)
{
	size_t low = 0, high = cluster->pod_count;

	while (low < high) {
		const size_t middle = low + (high - low) / 2;
		const struct pod *pod = cluster->pods[middle];
		const int order = object_name_cmp(
			pod->namespace_name, pod->name, namespace_name, name);

		if (order == 0)
			return pod;
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

const struct network_policy *cluster_policy(
	const struct cluster *cluster, const char *namespace_name, const char *name)
{
	size_t low = 0, high = cluster->policy_count;

	while (low < high) {
		const size_t middle = low + (high - low) / 2;
		const struct network_policy *policy = cluster->policies[middle];
		const int order = object_name_cmp(
			policy->namespace_name, policy->name, namespace_name, name);

		if (order == 0)
			return policy;
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}
