/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CONFIG_KUBE_OBJECT_KIND_H
#define CONFIG_KUBE_OBJECT_KIND_H

/*
 * The kinds of objects that podgate reads, one row a kind: its name, its readers, and where its
 * model value has its key. A new kind is a row here and its reader.
 */

#include "config/kube/kube.h"

struct decoder;

struct object_kind {
	const char *name, *api_version;
	bool namespaced;
	size_t size; /* of the model value, and where in it are: */
	size_t name_at, namespace_at, pos_at;
	/* Reads an object; mistakes are findings. */
	void (*read)(struct decoder *decoder, const struct node *object, void *out);
	/*
	 * Reads what can be read of an object with errors, into at most OBJECT_PARTS objects;
	 * returns how many. NULL: nothing of it counts.
	 */
	size_t (*read_parts)(
		struct decoder *decoder, const struct node *object, struct kube_object *out);
};
enum { OBJECT_PARTS = 2 };

extern const struct object_kind object_kinds[KUBE_KINDS];

/* The key of an object, and its place. */
struct object_key {
	enum kube_kind kind;
	const char *namespace_name, *name; /* namespace_name is "" where there are no namespaces */
	struct source_pos pos;
};
struct object_key object_key(const struct kube_object *object);
/* kind, namespace, name */
int object_key_cmp(const struct kube_object *a, const struct kube_object *b);

/* The meaning of a field `kind`. */
struct kind_word {
	bool known;
	bool list;			/* of objects of .kind; NULL: of any */
	const struct object_kind *kind; /* the list of any kind has none */
};
struct kind_word kind_word_find(const char *text);
const char *kind_word_api_version(const struct kind_word *word);
/*
 * The kind that `text` may be a misspelling of ("Pod", "List"), or NULL. A list goes by the kind of
 * its items: Node is far from Pod, and NodeList is near PodList.
 */
const char *kind_word_nearest(const char *text, bool *list);

#endif
