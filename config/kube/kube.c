/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config/kube/kube.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "config/kube/kube_internal.h"
#include "config/kube/object_kind.h"

struct reading {
	struct decoder decoder;
	struct kube_object *items;
	size_t capacity;
	struct kube_object *parts;
	size_t part_capacity;
	struct kube_objects objects;
	/* objects, when the document began: what to go back to */
	struct kube_objects document_start;
	bool list_unknown;  /* items were read before the kind of their list was */
	unsigned int lists; /* that are open */
};

/* One more at the end of a list that grows. */
static void add_to(struct reading *reading, struct kube_object **items, size_t *count,
	size_t *capacity, const struct kube_object *object)
{
	if (*count == *capacity) {
		const size_t larger = *capacity == 0 ? 16 : *capacity * 2;
		struct kube_object *copy = decode_alloc(&reading->decoder, larger, sizeof(*copy));

		if (copy == NULL)
			return;
		if (*count > 0)
			memcpy(copy, *items, *count * sizeof(*copy));
		*items = copy;
		*capacity = larger;
	}
	(*items)[(*count)++] = *object;
}

/*
 * Whether a kind of ours with this apiVersion is another thing of the same name: some third
 * party's, such as Calico's NetworkPolicy. Groups of the Kubernetes project, old ones included, are
 * meant to be ours.
 */
static bool is_foreign(const char *api_version)
{
	const char *slash = strchr(api_version, '/');
	const size_t group = slash == NULL ? 0 : (size_t)(slash - api_version);
	static const char own[] = ".k8s.io";

	if (memchr(api_version, '.', group) == NULL)
		return false;
	return group < strlen(own) || memcmp(slash - strlen(own), own, strlen(own)) != 0;
}

static void pass_over_foreign(
	struct reading *reading, const struct node *object, const char *kind, const char *version)
{
	reading->objects.passed_over++;
	other_policies_count(other_policies_has_kind(kind, version) ? &reading->objects.others
								    : &reading->objects.no_policies,
		kind, version, object->pos);
}

/*
 * Whether the object is of the apiVersion of its kind, `name`, which is `word`; if not, that is
 * reported, and it is counted.
 */
static bool check_version(struct reading *reading, const struct node *object,
	const struct kind_word *word, const char *name, bool implied)
{
	const struct node *version = node_get(object, "apiVersion");
	char hint[96];

	if (decode_is_absent(version) && implied)
		return true;
	if (version != NULL && version->kind == NODE_SCALAR) {
		if (strcmp(version->text, kind_word_api_version(word)) == 0)
			return true;
		if (is_foreign(version->text)) {
			if (!other_policies_has_kind(name, version->text))
				decode_warning(&reading->decoder, version->pos, "foreign-kind",
					NULL,
					"a %s of %s is not the Kubernetes object of that name: it "
					"is passed over",
					name, version->text);
			pass_over_foreign(reading, object, name, version->text);
			return false;
		}
	}
	snprintf(hint, sizeof(hint), "write 'apiVersion: %s'", kind_word_api_version(word));
	if (decode_is_absent(version))
		decode_error(&reading->decoder, object->pos, "missing-api-version", hint,
			"the %s has no apiVersion", name);
	else
		decode_error(&reading->decoder, version->pos, "wrong-api-version", hint,
			"a %s is not of apiVersion '%s'", name, version->text);
	reading->objects.broken++;
	return false;
}

/*
 * A list of policies that are not enforced, whose items need not say their kind. False when it is
 * another list.
 */
static bool count_other_list(
	struct reading *reading, const struct node *list, const char *kind, const char *api_version)
{
	const struct node *items = node_get(list, "items");
	char item[OTHER_POLICY_KIND_TEXT];

	snprintf(item, sizeof(item), "%.*s", (int)(strlen(kind) - strlen("List")), kind);
	if (!other_policies_has_kind(item, api_version))
		return false;
	for (size_t i = 0; items != NULL && items->kind == NODE_SEQUENCE && i < items->count; i++)
		pass_over_foreign(reading, items->entries[i].value, item, api_version);
	return true;
}

/* A kind that podgate does not read: another object, or a misspelling. */
static void pass_over(struct reading *reading, const struct node *object, const struct node *kind)
{
	bool list;
	const char *nearest = kind_word_nearest(kind->text, &list);
	const struct node *version = node_get(object, "apiVersion");
	const char *api_version = version != NULL ? version->text : "";
	char hint[64];

	/* kubectl prints a Status for a request that failed: it is no object. */
	if (strcmp(kind->text, "Status") == 0)
		return;
	if (list && count_other_list(reading, object, kind->text, api_version))
		return;
	if (other_policies_has_kind(kind->text, api_version) || nearest == NULL ||
		(version != NULL && is_foreign(version->text))) {
		pass_over_foreign(reading, object, kind->text, api_version);
		return;
	}
	snprintf(hint, sizeof(hint), "did you mean '%s%s'?", nearest, list ? "List" : "");
	decode_error(&reading->decoder, kind->pos, "unknown-kind", hint, "there is no kind '%s'",
		kind->text);
	reading->objects.broken++;
}

/*
 * The kind that the object says it is of, when it is one that is read, and of the right version.
 * `implied` is the kind of an object that does not name it; NULL: none.
 */
static struct kind_word identify(
	struct reading *reading, const struct node *object, const struct object_kind *implied)
{
	const struct node *kind = node_get(object, "kind");
	const bool absent = decode_is_absent(kind);
	struct kind_word word = {.known = absent, .kind = implied};
	const char *name = absent ? (implied != NULL ? implied->name : "") : kind->text;

	if (absent ? implied == NULL : kind->kind != NODE_SCALAR || kind->text[0] == '\0') {
		decode_error(&reading->decoder, object->pos, "missing-kind",
			"write 'kind: NetworkPolicy', Pod or Namespace", "the object has no kind");
		reading->objects.broken++;
		return (struct kind_word){.known = false};
	}
	if (!absent)
		word = kind_word_find(name);
	if (!word.known)
		pass_over(reading, object, kind);
	else
		word.known = check_version(reading, object, &word, name, implied != NULL);
	return word;
}

static void read_object(
	struct reading *reading, const struct node *object, const struct object_kind *implied);

static void read_list(
	struct reading *reading, const struct node *list, const struct object_kind *item)
{
	const struct node *items = node_get(list, "items");
	const size_t errors = reading->decoder.diags->errors;
	const size_t count = decode_list(&reading->decoder, items, "'items'");

	reading->objects.broken += reading->decoder.diags->errors - errors;
	if (items != NULL && items->kind == NODE_NULL)
		decode_warning(&reading->decoder, items->pos, "null-items", "write 'items: []'",
			"kubectl refuses a list whose items are null");
	if (reading->lists++ > 0)
		decode_warning(&reading->decoder, list->pos, "nested-list",
			"move its items into the list around it",
			"kubectl refuses a list within a list");
	for (size_t i = 0; i < count; i++)
		read_object(reading, items->entries[i].value, item);
	reading->lists--;
}

static void understand(
	struct reading *reading, const struct node *object, const struct object_kind *implied)
{
	struct kind_word word = {.known = false};
	struct kube_object made = {.value = NULL};
	size_t errors;

	if (object->kind != NODE_MAPPING) {
		decode_error(&reading->decoder, object->pos, "not-an-object", NULL,
			"this is %s, and no Kubernetes object", decode_kind_name(object));
		reading->objects.broken++;
		return;
	}
	if (object->health != NODE_BROKEN)
		word = identify(reading, object, implied);
	/* An item that is broken counts by itself; its list is no less sound. */
	if (object->health == NODE_BROKEN ||
		(word.known && !word.list && object->health != NODE_SOUND)) {
		reading->objects.broken++;
		return;
	}
	if (!word.known)
		return;
	if (word.list) {
		read_list(reading, object, word.kind);
		return;
	}
	errors = reading->decoder.diags->errors;
	made.kind = (enum kube_kind)(word.kind - object_kinds);
	made.value = decode_alloc(&reading->decoder, 1, word.kind->size);
	if (made.value == NULL)
		return;
	word.kind->read(&reading->decoder, object, (void *)made.value);
	if (reading->decoder.diags->errors == errors)
		add_to(reading, &reading->items, &reading->objects.count, &reading->capacity,
			&made);
	else
		reading->objects.broken++;
}

/* Adds the readable parts of an object with errors: they are better in force than nothing of it. */
static void read_parts(
	struct reading *reading, const struct node *object, const struct object_kind *implied)
{
	const struct node *kind = node_get(object, "kind"),
			  *version = node_get(object, "apiVersion");
	const char *name = !decode_is_absent(kind) ? kind->text
		: implied != NULL		   ? implied->name
						   : NULL;
	struct kube_object parts[OBJECT_PARTS];
	struct kind_word word;
	size_t count = 0;
	bool list;

	if (name == NULL ||
		(version != NULL && version->kind == NODE_SCALAR && is_foreign(version->text)))
		return;
	word = kind_word_find(name);
	if (!word.known) {
		name = kind_word_nearest(name, &list);
		if (name == NULL || list)
			return;
		word = kind_word_find(name);
	}
	if (!word.list && word.kind->read_parts != NULL)
		count = word.kind->read_parts(&reading->decoder, object, parts);
	for (size_t i = 0; i < count; i++)
		add_to(reading, &reading->parts, &reading->objects.part_count,
			&reading->part_capacity, &parts[i]);
}

static void read_object(
	struct reading *reading, const struct node *object, const struct object_kind *implied)
{
	const size_t broken = reading->objects.broken;

	understand(reading, object, implied);
	/* A List's items have been here themselves. */
	if (reading->objects.broken > broken && object->kind == NODE_MAPPING)
		read_parts(reading, object, implied);
}

static void warn_of_others(struct reading *reading)
{
	const struct other_policies *others = &reading->objects.others;

	for (size_t i = 0; i < others->count; i++) {
		const struct other_policy *item = &others->items[i];
		const bool one = item->count == 1;

		decode_warning(&reading->decoder, item->first, "other-policy-kind",
			"podgate enforces NetworkPolicy of networking.k8s.io alone",
			"%zu object%s of kind %s (%s) %s not enforced: what %s here%s", item->count,
			one ? "" : "s", item->kind, item->group, one ? "is" : "are",
			one ? "it denies passes" : "they deny passes",
			one ? "" : "; this is the first");
	}
}

/* Gives back what is not the result, and the result to *out unless memory ran out. */
static int finish(struct reading *reading, size_t broken_documents, struct kube_objects *out)
{
	bool out_of_memory;

	warn_of_others(reading);
	out_of_memory = reading->decoder.out_of_memory;
	decoder_deinit(&reading->decoder);
	if (out_of_memory)
		return -ENOMEM;
	reading->objects.items = reading->items;
	reading->objects.parts = reading->parts;
	reading->objects.broken += broken_documents;
	*out = reading->objects;
	return 0;
}

int kube_decode(struct kube_objects *out, const struct document_list *documents,
	struct arena *arena, struct diag_list *diags)
{
	struct reading reading = {0};

	decoder_init(&reading.decoder, arena, diags);
	for (size_t i = 0; i < documents->count; i++)
		read_object(&reading, documents->roots[i], NULL);
	return finish(&reading, documents->broken, out);
}

static void begin_document(void *context)
{
	struct reading *reading = context;

	reading->document_start = reading->objects;
	reading->list_unknown = false;
}

static void drop_document(void *context)
{
	struct reading *reading = context;

	reading->objects = reading->document_start;
}

static void drop_all(void *context)
{
	struct reading *reading = context;

	reading->objects = (struct kube_objects){.count = 0};
	begin_document(reading);
}

/* Whether the items of `root` count as they were read, now that its kind is known. */
static bool items_count(const struct reading *reading, const struct node *root)
{
	const struct node *name = node_get(root, "kind"), *version = node_get(root, "apiVersion");
	struct kind_word word;

	if (root->kind != NODE_MAPPING || root->health == NODE_BROKEN || name == NULL)
		return false;
	word = kind_word_find(name->text);
	if (!word.known)
		return !reading->list_unknown;
	return word.list && !decode_is_absent(version) &&
		strcmp(version->text, kind_word_api_version(&word)) == 0;
}

static int visit_document(const struct node *root, void *context)
{
	struct reading *reading = context;

	if (!items_count(reading, root))
		drop_document(reading);
	read_object(reading, root, NULL);
	return reading->decoder.out_of_memory ? -ENOMEM : 0;
}

/*
 * An item of a list whose kind is known to be none of ours: a policy that is not enforced, or what
 * is passed over.
 */
static void visit_other_item(
	struct reading *reading, const struct node *item, const struct document_list_head *head)
{
	char kind[OTHER_POLICY_KIND_TEXT];
	const size_t length = strlen(head->kind), suffix = strlen("List");

	snprintf(kind, sizeof(kind), "%.*s", (int)(length > suffix ? length - suffix : 0),
		head->kind);
	if (other_policies_has_kind(kind, head->api_version))
		pass_over_foreign(reading, item, kind, head->api_version);
}

/*
 * The document's head may be met only behind its items, as kubectl writes it: then items say their
 * kind themselves.
 */
static int visit_item(const struct node *item, const struct document_list_head *head, void *context)
{
	struct reading *reading = context;
	struct kind_word word = {.known = false};

	if (head->kind != NULL)
		word = kind_word_find(head->kind);
	if (head->kind == NULL ? decode_is_absent(node_get(item, "kind"))
			       : !word.known && head->api_version == NULL)
		return 0;
	if (word.known && !word.list)
		return 0;
	reading->list_unknown = reading->list_unknown || head->kind == NULL;
	if (head->kind != NULL && !word.known) {
		visit_other_item(reading, item, head);
		return 1;
	}
	reading->lists++;
	read_object(reading, item, word.kind);
	reading->lists--;
	return reading->decoder.out_of_memory ? -ENOMEM : 1;
}

int kube_read(struct kube_objects *out, bool *truncated, const char *file,
	const struct byte_source *source, const struct document_limits *limits,
	struct annotation_trust trust, struct arena *arena, struct diag_list *diags)
{
	struct reading reading = {0};
	const struct document_visitor visitor = {
		visit_document, visit_item, begin_document, drop_document, drop_all, &reading};
	struct document_list documents;
	int err;

	decoder_init(&reading.decoder, arena, diags);
	reading.decoder.trust = trust;
	err = document_visit(&documents, file, source, limits, diags, &visitor);
	if (err != 0) {
		decoder_deinit(&reading.decoder);
		return err;
	}
	err = finish(&reading, documents.broken, out);
	if (err == 0)
		*truncated = documents.truncated;
	return err;
}
