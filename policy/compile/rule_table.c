/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/compile/rule_table.h"

#include <errno.h>
#include <string.h>

#include "policy/compile/profile.h"

size_t rule_table_name_key(char key[RULE_NAME_KEY], int protocol, const char *name)
{
	const size_t length = strlen(name);

	if (length > RULE_NAME_KEY - 1)
		return 0;
	key[0] = (char)protocol;
	memcpy(key + 1, name, length);
	return length + 1;
}

static int add_port(struct rule_table *table, const struct policy_port *port)
{
	struct rule_port made = {.protocol = profile_protocol(port->protocol), .last = UINT16_MAX};
	char key[RULE_NAME_KEY];
	struct rule_port *added;
	size_t length;
	int err;

	if (made.protocol < 0)
		return 0;
	if (port->kind == POLICY_PORT_NAMED) {
		length = rule_table_name_key(key, made.protocol, port->name);
		if (length == 0)
			return 0;
		err = intern_table_add(&table->names, key, length, &made.name);
		if (err != 0)
			return err;
		made.is_named = true;
	} else if (port->kind == POLICY_PORT_NUMBER) {
		if (port->first > port->last)
			return 0;
		made.first = port->first;
		made.last = port->last;
	}
	added = vector_push(&table->ports, sizeof(*added));
	if (added == NULL)
		return -ENOMEM;
	*added = made;
	return 0;
}

/* The sources that rules are made from, and where what they say goes. */
struct source {
	const struct cluster *cluster;
	struct label_index *labels;
	struct peer_pool *peers;
};

static int add_selectors(const struct source *source, const struct network_policy *policy,
	const struct policy_peer *peer, struct vector *atoms)
{
	const struct label_query query = label_query_of_peer(peer, policy->namespace_name);
	uint32_t selector;
	int err = label_index_select(source->labels, &query, &selector);

	return err != 0 ? err : peer_pool_add_selector(source->peers, selector, atoms);
}

/* Stores the union of all the rule's peers. */
static int unite_peers(const struct source *source, const struct network_policy *policy,
	const struct policy_rule *rule, uint32_t *unite)
{
	struct vector atoms = {0};
	int err = 0;

	if (rule->peer_count == 0) {
		*unite = PEER_EVERYBODY;
		return 0;
	}
	for (size_t i = 0; err == 0 && i < rule->peer_count; i++) {
		const struct policy_peer *peer = &rule->peers[i];

		err = peer->has_ip_block
			? peer_pool_add_block(source->peers, &peer->ip_block, &atoms)
			: add_selectors(source, policy, peer, &atoms);
	}
	if (err == 0)
		err = peer_pool_unite_atoms(source->peers, &atoms, unite);
	vector_deinit(&atoms);
	return err;
}

static int add_rule(struct rule_table *table, const struct policy_rule *rule, uint32_t unite)
{
	struct rule made = {.unite = unite,
		.any_port = rule->port_count == 0,
		.action = (uint8_t)rule->action,
		.first_port = (uint32_t)table->ports.count};
	struct rule *added;
	int err = 0;

	for (size_t i = 0; err == 0 && i < rule->port_count; i++)
		err = add_port(table, &rule->ports[i]);
	if (err != 0)
		return err;
	if (table->ports.count > INT32_MAX)
		return -E2BIG;
	made.port_count = (uint32_t)table->ports.count - made.first_port;
	added = vector_push(&table->rules, sizeof(*added));
	if (added == NULL)
		return -ENOMEM;
	*added = made;
	return table->rules.count > INT32_MAX ? -E2BIG : 0;
}

static int add_policy(struct rule_table *table, const struct source *source, uint32_t number,
	enum direction direction)
{
	const struct network_policy *policy = source->cluster->policies[number];
	struct rule_span *span = &table->spans[direction][number];
	uint32_t unite;
	int err = 0;

	span->first = (uint32_t)table->rules.count;
	for (size_t i = 0; err == 0 && i < policy->rule_count[direction]; i++) {
		err = unite_peers(source, policy, &policy->rules[direction][i], &unite);
		if (err == 0 && unite != PEER_NOBODY)
			err = add_rule(table, &policy->rules[direction][i], unite);
	}
	span->count = (uint32_t)table->rules.count - span->first;
	return err;
}

int rule_table_init(struct rule_table *table, const struct cluster *cluster,
	struct label_index *labels, struct peer_pool *peers, struct arena *arena)
{
	const struct source source = {cluster, labels, peers};
	int err = 0;

	*table = (struct rule_table){0};
	intern_table_init(&table->names, arena);
	for (int d = 0; d < DIRECTION_COUNT; d++) {
		table->spans[d] = arena_calloc(
			arena, cluster->policy_count, sizeof(struct rule_span));
		if (table->spans[d] == NULL)
			return -ENOMEM;
		for (uint32_t i = 0; err == 0 && i < cluster->policy_count; i++)
			if (cluster->policies[i]->isolates[d])
				err = add_policy(table, &source, i, (enum direction)d);
	}
	return err;
}

void rule_table_deinit(struct rule_table *table)
{
	vector_deinit(&table->rules);
	vector_deinit(&table->ports);
	intern_table_deinit(&table->names);
}
