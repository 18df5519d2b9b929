/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/compile/kind_table.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "policy/compile/profile.h"
#include "policy/compile/rule_table.h"

void kind_table_init(struct kind_table *table, struct label_index *labels,
	const struct intern_table *names, struct piece_table *pieces, struct arena *arena)
{
	*table = (struct kind_table){.labels = labels, .names = names, .pieces = pieces};
	intern_table_init(&table->kinds, arena);
}

void kind_table_deinit(struct kind_table *table)
{
	intern_table_deinit(&table->kinds);
	vector_deinit(&table->codes);
	vector_deinit(&table->content);
}

int kind_table_choose_namespace(
	struct kind_table *table, const struct namespace_object *namespace_object)
{
	int err;

	vector_clear(&table->codes);
	err = label_index_describe_namespace(table->labels, namespace_object->name, &table->codes);
	if (err == 0)
		err = label_index_describe(table->labels, LABELS_OF_NAMESPACE,
			&namespace_object->labels, &table->codes);
	table->namespace_codes = table->codes.count;
	return err;
}

static int named_port_cmp(const void *pa, const void *pb)
{
	const struct named_port *a = pa, *b = pb;

	if (a->port != b->port)
		return a->port < b->port ? -1 : 1;
	return (a->name > b->name) - (a->name < b->name);
}

/* Stores the piece of the ports of `pod` whose names some policy uses; PIECE_NONE: it has none. */
static int declare_ports(struct kind_table *table, const struct pod *pod, uint32_t *piece)
{
	struct named_ports *made;
	char key[RULE_NAME_KEY];
	int err = 0;

	*piece = PIECE_NONE;
	if (pod->port_count == 0 || table->names->count == 0)
		return 0;
	made = malloc(sizeof(*made) + pod->port_count * sizeof(made->items[0]));
	if (made == NULL)
		return -ENOMEM;
	made->count = 0;
	for (size_t i = 0; i < pod->port_count; i++) {
		const int protocol = profile_protocol(pod->ports[i].protocol);
		const size_t length = protocol < 0
			? 0
			: rule_table_name_key(key, protocol, pod->ports[i].name);
		uint32_t name;

		if (length > 0 && intern_table_find(table->names, key, length, &name))
			made->items[made->count++] = (struct named_port){
				named_port_key(protocol, pod->ports[i].port), name};
	}
	qsort(made->items, made->count, sizeof(made->items[0]), named_port_cmp);
	if (made->count > 0)
		err = piece_table_add(table->pieces, made,
			sizeof(*made) + made->count * sizeof(made->items[0]), piece);
	free(made);
	return err;
}

int kind_table_add(
	struct kind_table *table, const struct pod *pod, bool judged, bool audits, uint32_t *number)
{
	struct kind *made;
	size_t length;
	int err;

	table->codes.count = table->namespace_codes;
	err = label_index_describe(table->labels, LABELS_OF_POD, &pod->labels, &table->codes);
	if (err != 0)
		return err;
	length = sizeof(*made) + table->codes.count * sizeof(made->codes[0]);
	vector_clear(&table->content);
	made = vector_push_many(&table->content, length / sizeof(uint32_t), sizeof(uint32_t));
	if (made == NULL)
		return -ENOMEM;
	made->judged = judged;
	made->audits = audits;
	memcpy(made->codes, table->codes.items, table->codes.count * sizeof(made->codes[0]));
	err = declare_ports(table, pod, &made->declared);
	return err != 0 ? err : intern_table_add(&table->kinds, made, length, number);
}

const struct kind *kind_table_get(const struct kind_table *table, uint32_t number)
{
	return table->kinds.entries[number].bytes;
}

struct label_codes kind_table_codes(const struct kind_table *table, uint32_t number)
{
	const struct intern_entry *entry = &table->kinds.entries[number];

	return (struct label_codes){((const struct kind *)entry->bytes)->codes,
		(uint32_t)((entry->length - sizeof(struct kind)) / sizeof(uint32_t))};
}
