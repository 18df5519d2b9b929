/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config/store/version.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void object_list_free(struct object_list *list)
{
	if (list == NULL)
		return;
	for (size_t i = 0; i < list->count; i++)
		arena_unref(list->items[i].arena);
	free(list);
}

void version_release(struct version *version)
{
	object_list_free(version->objects);
	arena_unref(version->arena);
	*version = (struct version){0};
}

struct object_list *version_take_objects(struct version *version)
{
	struct object_list *objects = version->objects;

	version->objects = NULL;
	return objects;
}

static int object_cmp(const void *pa, const void *pb)
{
	const struct kube_object *const *a = pa, *const *b = pb;

	return object_key_cmp(*a, *b);
}

/* The objects by their keys. NULL when out of memory. */
static const struct kube_object **sort_objects(const struct kube_object *items, size_t count)
{
	const struct kube_object **sorted = calloc(count + 1, sizeof(const struct kube_object *));

	for (size_t i = 0; sorted != NULL && i < count; i++)
		sorted[i] = &items[i];
	if (sorted != NULL)
		qsort(sorted, count, sizeof(*sorted), object_cmp);
	return sorted;
}

static bool has_key(
	const struct kube_object *const *sorted, size_t count, const struct kube_object *wanted)
{
	return bsearch(&wanted, sorted, count, sizeof(*sorted), object_cmp) != NULL;
}

/*
 * Objects of `old` that `decoded` has not, put behind those that it has; the list has room for all.
 * The part of an object that could be read before yields to the part that can be read now.
 */
static int keep_missing(
	struct object_list *list, const struct kube_objects *decoded, const struct object_list *old)
{
	const struct kube_object **sorted = sort_objects(decoded->items, decoded->count);
	const struct kube_object **parts = sort_objects(decoded->parts, decoded->part_count);

	for (size_t i = 0; sorted != NULL && parts != NULL && i < old->count; i++) {
		const struct stored_object *stored = &old->items[i];
		struct kube_object wanted = stored->object;

		/* A policy that isolates an unreadable pod goes with the pod. */
		if (wanted.of_pod != NULL)
			wanted = (struct kube_object){
				.kind = KUBE_POD, .pod = stored->object.of_pod};
		if (has_key(sorted, decoded->count, &wanted) ||
			(stored->in_part && has_key(parts, decoded->part_count, &wanted)))
			continue;
		list->items[list->count++] = (struct stored_object){.object = stored->object,
			.arena = arena_ref(stored->arena),
			.in_part = stored->in_part,
			.kept = true};
	}
	free(parts);
	free(sorted);
	return sorted == NULL || parts == NULL ? -ENOMEM : 0;
}

/* Whether some object of the list is, or may be, the version of `part` that was sound. */
static bool has_sound(const struct object_list *list, const struct kube_object *part)
{
	for (size_t i = 0; i < list->count; i++) {
		const struct stored_object *stored = &list->items[i];

		if (!stored->in_part && stored->object.kind == part->kind &&
			(object_key_cmp(&stored->object, part) == 0 ||
				(part->unnamed && stored->kept)))
			return true;
	}
	return false;
}

static void add_parts(struct version *version, const struct kube_objects *decoded)
{
	struct object_list *list = version->objects;
	bool wanted = false;

	for (size_t i = 0; i < decoded->part_count; i++) {
		/* A policy of ours goes where its pod goes. */
		wanted = decoded->parts[i].of_pod != NULL ? wanted
							  : !has_sound(list, &decoded->parts[i]);
		if (wanted)
			list->items[list->count++] = (struct stored_object){
				.object = decoded->parts[i],
				.arena = arena_ref(version->arena),
				.in_part = true};
	}
}

/* A list of the objects, which live in `arena`, with room for `more`. NULL: -ENOMEM. */
static struct object_list *list_create(const struct kube_object *objects, size_t count,
	struct arena *arena, size_t more, uint8_t source)
{
	struct object_list *list = calloc(
		1, sizeof(*list) + (count + more) * sizeof(list->items[0]));

	if (list == NULL)
		return NULL;
	list->users = 1;
	list->source = source;
	for (size_t i = 0; i < count; i++)
		list->items[list->count++] = (struct stored_object){
			.object = objects[i], .arena = arena_ref(arena)};
	return list;
}

static int fill_version(struct version *version, const struct kube_objects *decoded,
	const struct object_list *old, const struct version_options *options)
{
	const bool keeps = (version->broken || version->emptied) && old != NULL;
	int err = 0;

	version->objects = list_create(decoded->items, decoded->count, version->arena,
		decoded->part_count + (keeps ? old->count : 0), options->source);
	if (version->objects == NULL)
		return -ENOMEM;
	if (keeps)
		err = keep_missing(version->objects, decoded, old);
	if (err == 0 && options->with_parts)
		add_parts(version, decoded);
	return err;
}

int version_of_objects(struct version *out, const struct kube_object *objects, size_t count,
	struct arena *arena, uint8_t source)
{
	struct object_list *list = list_create(objects, count, arena, 0, source);

	if (list == NULL)
		return -ENOMEM;
	*out = (struct version){
		.arena = arena_ref(arena), .objects = list, .length = VERSION_NO_CONTENT};
	return 0;
}

struct version version_share(const struct version *version)
{
	if (version->arena != NULL)
		arena_ref(version->arena);
	if (version->objects != NULL)
		version->objects->users++;
	return *version;
}

enum { EMPTY_MOST = 64 * 1024 }; /* bytes that are looked at, of a file that holds no object */

/* Whether some line is the comment that says that the file is meant to hold nothing. */
static bool says_empty(const struct byte_source *source)
{
	static const char mark[] = "# podgate: empty";
	const size_t size = sizeof(mark) - 1;
	char bytes[EMPTY_MOST];
	const ssize_t length = byte_source_read(source, 0, bytes, sizeof(bytes));
	const char *end = bytes + (length > 0 ? length : 0);

	for (const char *at = bytes; (size_t)(end - at) >= size; at++) {
		at = memmem(at, (size_t)(end - at), mark, size);
		if (at == NULL)
			return false;
		if ((at == bytes || at[-1] == '\n') &&
			(at + size == end || at[size] == '\n' ||
				(at[size] == '\r' && at + size + 1 < end && at[size + 1] == '\n')))
			return true;
	}
	return false;
}

/* *out stays as it is when there are none. 0 or -ENOMEM. */
static int keep_counts(
	struct arena *arena, const struct other_policies *counts, const struct other_policies **out)
{
	if (other_policies_total(counts) == 0)
		return 0;
	*out = arena_memdup(arena, counts, sizeof(*counts));
	return *out == NULL ? -ENOMEM : 0;
}

static int parse(struct version *version, const char *name, const struct byte_source *source,
	const struct version_options *options, struct kube_objects *decoded)
{
	const char *file = arena_strdup(version->arena, name);
	struct diag_list diags;
	bool truncated;
	int err;

	if (file == NULL)
		return -ENOMEM;
	diag_list_init(&diags, version->arena);
	err = kube_read(decoded, &truncated, file, source, options->limits, options->trust,
		version->arena, &diags);
	if (err != 0)
		return err;
	err = keep_counts(version->arena, &decoded->others, &version->others);
	if (err == 0)
		err = keep_counts(version->arena, &decoded->no_policies, &version->no_policies);
	if (err != 0)
		return err;
	version->broken = decoded->broken > 0 || truncated;
	version->diags = diags.items;
	version->diag_count = diags.count;
	version->diag_dropped = diags.dropped;
	return 0;
}

int version_read(struct version *out, const char *name, const struct byte_source *source,
	const struct version_options *options, const struct version *old)
{
	struct version version = {.arena = arena_create(), .length = source->length};
	struct kube_objects decoded;
	int err;

	if (version.arena == NULL)
		return -ENOMEM;
	/* A source that can't be read is reported where it is read. */
	byte_source_hash(source, &version.hash);
	err = parse(&version, name, source, options, &decoded);
	if (err == 0) {
		/*
		 * Objects of other kinds are a content, too; a Status, or a List of nothing, is
		 * what a request that failed may print.
		 */
		version.emptied = !version.broken && decoded.count == 0 &&
			decoded.passed_over == 0 && old->objects != NULL &&
			old->objects->count > 0 && !says_empty(source);
	}
	if (err == 0)
		err = fill_version(&version, &decoded, old->objects, options);
	if (err != 0) {
		version_release(&version);
		return err;
	}
	*out = version;
	return 0;
}

bool version_is_of(const struct version *version, const struct byte_source *source)
{
	uint64_t hash;

	return version->arena != NULL && version->length == source->length &&
		byte_source_hash(source, &hash) == 0 && version->hash == hash;
}
