/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config/kube/kube_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "policy/values/suggest.h"

static const char *const meta_names[] = {"name", "namespace", "labels", "annotations",
	"generateName", "uid", "resourceVersion", "generation", "creationTimestamp",
	"deletionTimestamp", "deletionGracePeriodSeconds", "ownerReferences", "finalizers",
	"managedFields", "selfLink", "clusterName", "initializers", NULL};
static const struct field_set meta_fields = {.owner = "metadata", .names = meta_names};

static int label_cmp(const void *pa, const void *pb)
{
	const struct label *a = pa, *b = pb;

	return strcmp(a->key, b->key);
}

/* False when the label is not valid, which is reported. */
static bool read_label(struct decoder *decoder, const struct node_entry *entry, struct label *out)
{
	const char *problem = label_key_problem(entry->key->text);
	const char *value;

	if (problem != NULL)
		decode_error(decoder, entry->key->pos, "bad-label", NULL, "label key '%s': %s",
			entry->key->text, problem);
	value = decode_is_absent(entry->value)
		? ""
		: decode_string(decoder, entry->value, "a label's value");
	if (value == NULL)
		return false;
	if (problem == NULL && (problem = label_value_problem(value)) != NULL)
		decode_error(decoder, entry->value->pos, "bad-label", NULL, "label value '%s': %s",
			value, problem);
	if (problem != NULL)
		return false;
	*out = (struct label){
		decode_intern(decoder, entry->key->text), decode_intern(decoder, value)};
	return true;
}

static const struct field_set label_fields = {
	.owner = "labels", .names = (const char *const[]){NULL}};

static void read_labels(struct decoder *decoder, const struct node *node, struct label_set *out)
{
	struct label *items;
	size_t count = 0;

	if (decode_is_absent(node))
		return;
	if (node->kind != NODE_MAPPING) {
		fields_check(decoder, node, &label_fields, FIELDS_LENIENT);
		return;
	}
	items = decode_alloc(decoder, node->count, sizeof(*items));
	if (items == NULL)
		return;
	for (size_t i = 0; i < node->count; i++)
		if (read_label(decoder, &node->entries[i], &items[count]))
			count++;
	qsort(items, count, sizeof(*items), label_cmp);
	*out = (struct label_set){.items = items, .count = count};
}

/*
 * Whether `key` is "NAME/CONTAINER": so `podman kube generate` writes NAME, which a container has
 * from its pod.
 */
static bool is_of_container(const char *key, const char *name)
{
	const size_t length = strlen(name);

	return strncmp(key, name, length) == 0 && key[length] == '/' && key[length + 1] != '\0';
}

const char *kube_annotation(const struct kube_meta *meta, const char *name, struct source_pos *pos)
{
	const struct node *all = meta->annotations, *value = node_get(all, name);

	for (size_t i = 0; value == NULL && all != NULL && i < all->count; i++)
		if (is_of_container(all->entries[i].key->text, name))
			value = all->entries[i].value;
	if (value == NULL || value->kind != NODE_SCALAR)
		return NULL;
	*pos = value->pos;
	return value->text;
}

/* podgate has few annotations: another name in its domain is a misspelling. */
static void check_own_annotation(struct decoder *decoder, const struct node *key)
{
	static const char *const own[] = {
		"podgate.io/audit", "podgate.io/ip", "podgate.io/ips", NULL};
	const char *nearest = suggestion_among(own, key->text);
	char hint[128] = "there are podgate.io/ip, podgate.io/ips and podgate.io/audit";

	for (size_t i = 0; own[i] != NULL; i++)
		if (strcmp(key->text, own[i]) == 0 || is_of_container(key->text, own[i]))
			return;
	if (strstr(key->text, "/ad") != NULL) /* address, adress, addr */
		nearest = own[1];
	if (nearest != NULL)
		snprintf(hint, sizeof(hint), "did you mean '%s'?", nearest);
	decode_warning(decoder, key->pos, "unknown-annotation", hint,
		"podgate knows no annotation '%s'", key->text);
}

static void read_annotations(
	struct decoder *decoder, const struct node *node, struct kube_meta *out)
{
	const char *audit, *problem;
	const struct node *key;
	struct source_pos pos;

	if (decode_is_absent(node))
		return;
	if (node->kind != NODE_MAPPING) {
		decode_error(decoder, node->pos, "wrong-type", NULL,
			"annotations must be a mapping, and this is %s", decode_kind_name(node));
		return;
	}
	for (size_t i = 0; i < node->count; i++) {
		if (!decode_is_absent(node->entries[i].value))
			decode_string(decoder, node->entries[i].value, "an annotation's value");
		key = node->entries[i].key;
		problem = label_key_problem(key->text);
		if (strncmp(key->text, "podgate.io/", strlen("podgate.io/")) == 0)
			check_own_annotation(decoder, key);
		else if (problem != NULL)
			decode_warning(decoder, key->pos, "bad-annotation", NULL,
				"the API server refuses the annotation '%.100s': %s", key->text,
				problem);
	}
	out->annotations = node;
	audit = kube_annotation(out, "podgate.io/audit", &pos);
	if (audit == NULL)
		return;
	out->audit = strcmp(audit, "true") == 0;
	/*
	 * What is enforced by mistake is seen; a pod or policy that is left out by mistake is a
	 * hole.
	 */
	if (!out->audit && strcmp(audit, "false") != 0)
		decode_warning(decoder, pos, "bad-audit", "write \"true\" or \"false\"",
			"annotation podgate.io/audit is neither true nor false, so this is "
			"enforced: '%s'",
			audit);
	if (out->audit && decoder->trust.audit == AUDIT_ANNOTATIONS_OFF) {
		out->audit = false;
		decode_warning(decoder, pos, "ignored-audit",
			"take the annotation away, or set audit_annotations: on",
			"annotation podgate.io/audit counts for nothing (audit_annotations: off), "
			"so this is enforced");
	}
}

/*
 * RFC 3339 to seconds since the epoch; *odd: the API server, whose reader is stricter, refuses it.
 * False: no time.
 */
static bool parse_time(const char *text, int64_t *out, bool *odd)
{
	struct tm tm = {0};
	int length = 0, hours = 0, minutes = 0;
	char separator;
	const char *rest;
	int64_t day;

	if (sscanf(text, "%4d-%2d-%2d%1[Tt ]%2d:%2d:%2d%n", &tm.tm_year, &tm.tm_mon, &tm.tm_mday,
		    (char[2]){0}, &tm.tm_hour, &tm.tm_min, &tm.tm_sec, &length) != 7 ||
		length == 0)
		return false;
	separator = text[strspn(text, "0123456789-")];
	rest = text + length;
	if (*rest == '.')
		rest += 1 + strspn(rest + 1, "0123456789");
	if (strcmp(rest, "Z") != 0 && strcmp(rest, "z") != 0 &&
		(sscanf(rest, "%3d:%2d%n", &hours, &minutes, &length) != 2 || rest[length] != '\0'))
		return false;
	if (tm.tm_mon < 1 || tm.tm_mon > 12 || tm.tm_mday < 1 || tm.tm_mday > 31)
		return false;
	tm.tm_year -= 1900;
	tm.tm_mon -= 1;
	day = tm.tm_mday;
	*out = timegm(&tm) - (hours * 60 + (*rest == '-' ? -minutes : minutes)) * 60;
	/* timegm() makes the 30th of February the 1st of March. */
	*odd = separator != 'T' || *rest == 'z' || tm.tm_mday != day;
	return true;
}

static int64_t read_time(struct decoder *decoder, const struct node *node)
{
	int64_t seconds = 0;
	bool odd = false;

	if (!decode_is_absent(node) &&
		(node->kind != NODE_SCALAR || !parse_time(node->text, &seconds, &odd)))
		decode_error(decoder, node->pos, "bad-time", "write it as 2024-01-31T12:00:00Z",
			"this is no time of RFC 3339");
	if (odd)
		decode_warning(decoder, node->pos, "odd-time", "write it as 2024-01-31T12:00:00Z",
			"the API server refuses the time '%.40s'", node->text);
	return seconds;
}

/* Letters, digits and -._ : what can be told apart in namespace/name, logs and on command lines. */
static bool is_usable_name(const char *name)
{
	return name[0] != '\0' &&
		name[strspn(name,
			"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._")] ==
		'\0';
}

/*
 * "" when there is none that can be used. The name of a pod or policy that only breaks the API
 * server's rules (an upper case letter) does no harm here: a policy of that name is better in force
 * than not. That of a namespace must keep them, for it is a label's value, too.
 */
static const char *read_name(struct decoder *decoder, const struct node *node, const char *what,
	const char *(*problem_of)(const char *))
{
	const char *name = decode_string(decoder, node, what);
	const char *problem = name == NULL ? NULL : problem_of(name);

	if (name == NULL)
		return "";
	if (problem != NULL && problem_of == object_name_problem && is_usable_name(name))
		decode_warning(decoder, node->pos, "bad-name", NULL,
			"%s '%s' is no name that Kubernetes accepts: %s", what, name, problem);
	else if (problem != NULL)
		decode_error(
			decoder, node->pos, "bad-name", NULL, "%s '%s': %s", what, name, problem);
	return decode_intern(decoder, name);
}

/*
 * The API server makes a name of generateName and five characters. Here it is made of the place, so
 * that it is the same at each reading; ".", which may not follow a "-" in a name of the server's,
 * keeps it apart from those.
 */
static void generate_name(struct decoder *decoder, const struct node *prefix, struct kube_meta *out)
{
	const char *start = decode_string(decoder, prefix, "metadata.generateName");
	uint32_t hash = 2166136261; /* FNV-1a, of the file's name */
	char name[320];

	if (start == NULL)
		return;
	if (!is_usable_name(start) || strlen(start) > 253) {
		decode_error(decoder, prefix->pos, "bad-name", NULL,
			"metadata.generateName '%.100s' begins no name", start);
		return;
	}
	for (const char *at = prefix->pos.file; *at != '\0'; at++)
		hash = (hash ^ (unsigned char)*at) * 16777619;
	snprintf(name, sizeof(name), "%s.%u-%04x", start, prefix->pos.line, hash & 0xFFFF);
	decode_warning(decoder, prefix->pos, "generated-name", "write 'name: ...'",
		"the API server makes a name of generateName; here it is called '%s'", name);
	out->name = decode_intern(decoder, name);
	out->pos = prefix->pos;
}

static void read_identity(struct decoder *decoder, const struct node *meta, enum kube_kind kind,
	struct kube_meta *out)
{
	const struct node *name = node_get(meta, "name"),
			  *namespace_name = node_get(meta, "namespace");

	if (decode_is_absent(name) && kind != KUBE_NAMESPACE &&
		!decode_is_absent(node_get(meta, "generateName"))) {
		generate_name(decoder, node_get(meta, "generateName"), out);
	} else if (decode_is_absent(name)) {
		decode_error(decoder, meta->pos, "missing-name", "write 'name: ...' under metadata",
			"metadata has no name");
	} else {
		out->pos = name->pos;
		out->name = read_name(decoder, name, "metadata.name",
			kind == KUBE_NAMESPACE ? namespace_name_problem : object_name_problem);
	}
	if (kind != KUBE_NAMESPACE && !decode_is_absent(namespace_name) &&
		(namespace_name->kind != NODE_SCALAR || namespace_name->text[0] != '\0'))
		out->namespace_name = read_name(
			decoder, namespace_name, "metadata.namespace", namespace_name_problem);
}

void kube_read_meta(struct decoder *decoder, const struct node *object, enum kube_kind kind,
	struct kube_meta *out)
{
	const struct node *meta = node_get(object, "metadata");

	*out = (struct kube_meta){.name = "", .namespace_name = "default", .pos = object->pos};
	if (decode_is_absent(meta)) {
		decode_error(decoder, object->pos, "missing-metadata",
			"write 'metadata:' and below it 'name: ...'", "the object has no metadata");
		return;
	}
	if (!fields_check(decoder, meta, &meta_fields,
		    kind == KUBE_POLICY ? FIELDS_STRICT : FIELDS_LENIENT))
		return;
	read_identity(decoder, meta, kind, out);
	read_labels(decoder, node_get(meta, "labels"), &out->labels);
	read_annotations(decoder, node_get(meta, "annotations"), out);
	out->created = read_time(decoder, node_get(meta, "creationTimestamp"));
	out->terminating = !decode_is_absent(node_get(meta, "deletionTimestamp"));
}

void kube_add_label(
	struct decoder *decoder, struct label_set *labels, const char *key, const char *value)
{
	struct label *items = decode_alloc(decoder, labels->count + 1, sizeof(*items));
	size_t count = 0;

	if (items == NULL)
		return;
	for (size_t i = 0; i < labels->count; i++)
		if (strcmp(labels->items[i].key, key) != 0)
			items[count++] = labels->items[i];
	items[count++] = (struct label){.key = key, .value = value};
	qsort(items, count, sizeof(*items), label_cmp);
	*labels = (struct label_set){.items = items, .count = count};
}

void kube_read_namespace(struct decoder *decoder, const struct node *object, void *out)
{
	struct namespace_object *made = out;
	struct kube_meta meta;

	kube_read_meta(decoder, object, KUBE_NAMESPACE, &meta);
	/* The API server keeps this label on every namespace, whatever its manifest says. */
	kube_add_label(decoder, &meta.labels, "kubernetes.io/metadata.name", meta.name);
	*made = (struct namespace_object){
		.name = meta.name, .labels = meta.labels, .audit = meta.audit, .pos = meta.pos};
}
