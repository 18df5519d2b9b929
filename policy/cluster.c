/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/cluster.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* The public part comes first, so that a pointer to either is a pointer to both. */
struct owned_cluster {
	struct cluster cluster;
	atomic_uint references;
	struct arena *arena;		/* the lists, and the namespaces that were added */
	struct arena **arenas;		/* where the objects live */
	size_t arena_count;
};

/* One object under its key, while the lists are put in order. */
struct entry {
	const char *namespace_name, *name;
	const void *object;
	size_t order;			/* its place in the list it came from */
};

struct entry_list {
	struct entry *items;
	size_t count;
};

static int key_cmp(const char *a_namespace, const char *a_name, const char *b_namespace, const char *b_name)
{
	const int order = strcmp(a_namespace, b_namespace);

	return order != 0 ? order : strcmp(a_name, b_name);
}

static int entry_cmp(const void *pa, const void *pb)
{
	const struct entry *a = pa, *b = pb;
	const int order = key_cmp(a->namespace_name, a->name, b->namespace_name, b->name);

	return order != 0 ? order : (a->order > b->order) - (a->order < b->order);
}

static bool same_key(const struct entry *a, const struct entry *b)
{
	return key_cmp(a->namespace_name, a->name, b->namespace_name, b->name) == 0;
}

/* Sorts and keeps, of the entries with one key, the last. */
static void list_settle(struct entry_list *list)
{
	size_t kept = 0;

	if (list->count > 0)
		qsort(list->items, list->count, sizeof(list->items[0]), entry_cmp);
	for (size_t i = 0; i < list->count; i++) {
		if (kept > 0 && same_key(&list->items[kept - 1], &list->items[i]))
			kept--;
		list->items[kept++] = list->items[i];
	}
	list->count = kept;
}

static int list_init(struct entry_list *list, struct arena *scratch, size_t count)
{
	list->items = arena_calloc(scratch, count, sizeof(list->items[0]));
	list->count = 0;
	return list->items != NULL ? 0 : -ENOMEM;
}

static void list_add(struct entry_list *list, const char *namespace_name, const char *name, const void *object)
{
	list->items[list->count] = (struct entry){namespace_name, name, object, list->count};
	list->count++;
}

/* The objects of a settled list, or NULL when memory is short. */
static const void **list_objects(const struct entry_list *list, struct arena *arena)
{
	const void **objects = arena_calloc(arena, list->count, sizeof(*objects));

	for (size_t i = 0; objects != NULL && i < list->count; i++)
		objects[i] = list->items[i].object;
	return objects;
}

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

/* Adds the namespaces that the settled list `members` speaks of and the settled list `namespaces` lacks. */
static int add_missing(struct entry_list *namespaces, const struct entry_list *members, struct arena *arena)
{
	const size_t known = namespaces->count;
	size_t at = 0;

	for (size_t i = 0; i < members->count; i++) {
		const char *name = members->items[i].namespace_name;
		const struct namespace_object *made;

		if (i > 0 && strcmp(members->items[i - 1].namespace_name, name) == 0)
			continue;
		while (at < known && strcmp(namespaces->items[at].name, name) < 0)
			at++;
		if (at < known && strcmp(namespaces->items[at].name, name) == 0)
			continue;
		made = namespace_make(arena, name);
		if (made == NULL)
			return -ENOMEM;
		list_add(namespaces, "", name, made);
	}
	list_settle(namespaces);
	return 0;
}

static int cluster_fill(struct owned_cluster *owned, const struct cluster_objects *objects, struct arena *scratch)
{
	struct entry_list namespaces, pods, policies;
	struct cluster *cluster = &owned->cluster;

	if (list_init(&pods, scratch, objects->pod_count) != 0 ||
	    list_init(&policies, scratch, objects->policy_count) != 0 ||
	    list_init(&namespaces, scratch,
		    objects->namespace_count + objects->pod_count + objects->policy_count) != 0)
		return -ENOMEM;
	for (size_t i = 0; i < objects->namespace_count; i++)
		list_add(&namespaces, "", objects->namespaces[i]->name, objects->namespaces[i]);
	for (size_t i = 0; i < objects->pod_count; i++)
		list_add(&pods, objects->pods[i]->namespace_name, objects->pods[i]->name, objects->pods[i]);
	for (size_t i = 0; i < objects->policy_count; i++)
		list_add(&policies, objects->policies[i]->namespace_name, objects->policies[i]->name,
			objects->policies[i]);
	list_settle(&namespaces);
	list_settle(&pods);
	list_settle(&policies);
	if (add_missing(&namespaces, &pods, owned->arena) != 0 ||
	    add_missing(&namespaces, &policies, owned->arena) != 0)
		return -ENOMEM;

	cluster->namespaces = (const struct namespace_object *const *)list_objects(&namespaces, owned->arena);
	cluster->pods = (const struct pod *const *)list_objects(&pods, owned->arena);
	cluster->policies = (const struct network_policy *const *)list_objects(&policies, owned->arena);
	if (cluster->namespaces == NULL || cluster->pods == NULL || cluster->policies == NULL)
		return -ENOMEM;
	cluster->namespace_count = namespaces.count;
	cluster->pod_count = pods.count;
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

int cluster_create(struct cluster **out, const struct cluster_objects *objects)
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
	err = cluster_fill(owned, objects, scratch);
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

struct cluster *cluster_ref(struct cluster *cluster)
{
	atomic_fetch_add_explicit(&((struct owned_cluster *)cluster)->references, 1, memory_order_relaxed);
	return cluster;
}

void cluster_unref(struct cluster *cluster)
{
	struct owned_cluster *owned = (struct owned_cluster *)cluster;

	if (owned == NULL || atomic_fetch_sub_explicit(&owned->references, 1, memory_order_acq_rel) != 1)
		return;
	for (size_t i = 0; i < owned->arena_count; i++)
		arena_unref(owned->arenas[i]);
	arena_unref(owned->arena);	/* the cluster itself lives there */
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

const struct pod *cluster_pod(const struct cluster *cluster, const char *namespace_name, const char *name)
{
	size_t low = 0, high = cluster->pod_count;

	while (low < high) {
		const size_t middle = low + (high - low) / 2;
		const struct pod *pod = cluster->pods[middle];
		const int order = key_cmp(pod->namespace_name, pod->name, namespace_name, name);

		if (order == 0)
			return pod;
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

const struct network_policy *cluster_policy(const struct cluster *cluster, const char *namespace_name,
	const char *name)
{
	size_t low = 0, high = cluster->policy_count;

	while (low < high) {
		const size_t middle = low + (high - low) / 2;
		const struct network_policy *policy = cluster->policies[middle];
		const int order = key_cmp(policy->namespace_name, policy->name, namespace_name, name);

		if (order == 0)
			return policy;
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}
