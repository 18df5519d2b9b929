/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config/kube/object_kind.h"

#include <string.h>

#include "config/kube/kube_internal.h"
#include "policy/values/suggest.h"

const struct object_kind object_kinds[KUBE_KINDS] = {
	[KUBE_NAMESPACE] = {.name = "Namespace",
		.api_version = "v1",
		.size = sizeof(struct namespace_object),
		.name_at = offsetof(struct namespace_object, name),
		.pos_at = offsetof(struct namespace_object, pos),
		.read = kube_read_namespace},
	[KUBE_POD] = {.name = "Pod",
		.api_version = "v1",
		.namespaced = true,
		.size = sizeof(struct pod),
		.name_at = offsetof(struct pod, name),
		.namespace_at = offsetof(struct pod, namespace_name),
		.pos_at = offsetof(struct pod, pos),
		.read = kube_read_pod,
		.read_parts = kube_close_pod},
	[KUBE_POLICY] = {.name = "NetworkPolicy",
		.api_version = "networking.k8s.io/v1",
		.namespaced = true,
		.size = sizeof(struct network_policy),
		.name_at = offsetof(struct network_policy, name),
		.namespace_at = offsetof(struct network_policy, namespace_name),
		.pos_at = offsetof(struct network_policy, pos),
		.read = kube_read_policy,
		.read_parts = kube_close_policy},
};

static const char list_suffix[] = "List";

/* ---- keys ---- */

static const char *text_at(const struct kube_object *object, size_t at)
{
	return *(const char *const *)(const void *)((const char *)object->value + at);
}

struct object_key object_key(const struct kube_object *object)
{
	const struct object_kind *kind = &object_kinds[object->kind];

	return (struct object_key){.kind = object->kind,
		.namespace_name = kind->namespaced ? text_at(object, kind->namespace_at) : "",
		.name = text_at(object, kind->name_at),
		.pos = *(const struct source_pos *)(const void *)((const char *)object->value +
			kind->pos_at)};
}

int object_key_cmp(const struct kube_object *a, const struct kube_object *b)
{
	const struct object_kind *kind = &object_kinds[a->kind];
	int order;

	if (a->kind != b->kind)
		return a->kind < b->kind ? -1 : 1;
	order = kind->namespaced
		? strcmp(text_at(a, kind->namespace_at), text_at(b, kind->namespace_at))
		: 0;
	return order != 0 ? order : strcmp(text_at(a, kind->name_at), text_at(b, kind->name_at));
}

/* ---- words ---- */

struct kind_word kind_word_find(const char *text)
{
	for (size_t i = 0; i < KUBE_KINDS; i++) {
		const size_t length = strlen(object_kinds[i].name);
		const bool list = strncmp(text, object_kinds[i].name, length) == 0 &&
			strcmp(text + length, list_suffix) == 0;

		if (list || strcmp(text, object_kinds[i].name) == 0)
			return (struct kind_word){
				.known = true, .list = list, .kind = &object_kinds[i]};
	}
	return (struct kind_word){.known = strcmp(text, list_suffix) == 0, .list = true};
}

const char *kind_word_api_version(const struct kind_word *word)
{
	return word->kind == NULL ? "v1" : word->kind->api_version;
}

const char *kind_word_nearest(const char *text, bool *list)
{
	const char *names[KUBE_KINDS + 2];
	const size_t length = strlen(text), stem = length - strlen(list_suffix);
	char item[32];

	for (size_t i = 0; i < KUBE_KINDS; i++)
		names[i] = object_kinds[i].name;
	names[KUBE_KINDS] = list_suffix;
	names[KUBE_KINDS + 1] = NULL;
	*list = length > strlen(list_suffix) && strcmp(text + stem, list_suffix) == 0;
	if (!*list)
		return suggestion_among(names, text);
	if (stem >= sizeof(item))
		return NULL;
	memcpy(item, text, stem);
	item[stem] = '\0';
	return suggestion_among(names, item);
}
