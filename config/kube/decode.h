/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CONFIG_KUBE_DECODE_H
#define CONFIG_KUBE_DECODE_H

/*
 * Tools of every reader of a document tree: findings with positions, values of the wanted type, and
 * texts copied once into the arena of the model. A wrong value is reported and read as absent, so
 * that reading goes on and finds the next mistake. The caller looks at diags->errors in the end.
 * Internal to config/.
 */

#include "config/kube/kube.h"
#include "config/text/document.h"
#include "config/text/string_map.h"

struct decoder {
	struct arena *arena; /* of the model: outlives the tree */
	struct diag_list *diags;
	struct string_map strings; /* interned in arena */
	struct annotation_trust trust;
	bool out_of_memory; /* something could not be kept: the result is worthless */
};

void decoder_init(struct decoder *decoder, struct arena *arena, struct diag_list *diags);
void decoder_deinit(struct decoder *decoder);

void decode_error(struct decoder *decoder, struct source_pos pos, const char *code,
	const char *hint, const char *format, ...) __attribute__((format(printf, 5, 6)));
void decode_warning(struct decoder *decoder, struct source_pos pos, const char *code,
	const char *hint, const char *format, ...) __attribute__((format(printf, 5, 6)));

/* Zeroed memory in the model's arena. NULL when there is none, and out_of_memory is set. */
void *decode_alloc(struct decoder *decoder, size_t count, size_t size);
/* The text, once in the arena; "" when out of memory. */
const char *decode_intern(struct decoder *decoder, const char *text);

/* The entry, for the position of its key; NULL when there is none. */
const struct node_entry *decode_entry(const struct node *mapping, const char *key);
bool decode_is_absent(const struct node *node); /* NULL or null */

/*
 * The text of `node`, borrowed from the tree, or NULL when it is no string: an error that names it
 * `what` ("a label's value") and says to quote what YAML takes for a number or boolean.
 */
const char *decode_string(struct decoder *decoder, const struct node *node, const char *what);
/* The items of a list; 0 when it is absent, or no list, which is an error. */
size_t decode_list(struct decoder *decoder, const struct node *node, const char *what);
/* A boolean; `otherwise` when it is absent or not one, which is an error. */
bool decode_boolean(
	struct decoder *decoder, const struct node *node, const char *what, bool otherwise);
/* 1 to 65535; or 0 when it is not a port number, which is an error. */
uint16_t decode_port(struct decoder *decoder, const struct node *node, const char *what);

const char *decode_kind_name(const struct node *node); /* "a list", "a number"... */

#endif
