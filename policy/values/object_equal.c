/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/values/object_equal.h"

#include <string.h>

bool label_set_equal(const struct label_set *a, const struct label_set *b)
{
	if (a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++)
		if (strcmp(a->items[i].key, b->items[i].key) != 0 ||
			strcmp(a->items[i].value, b->items[i].value) != 0)
			return false;
	return true;
}

bool namespace_equal(const struct namespace_object *a, const struct namespace_object *b)
{
	return a == b ||
		(strcmp(a->name, b->name) == 0 && a->audit == b->audit &&
			label_set_equal(&a->labels, &b->labels));
}

bool pod_equal(const struct pod *a, const struct pod *b)
{
	if (a == b)
		return true;
	if (strcmp(a->namespace_name, b->namespace_name) != 0 || strcmp(a->name, b->name) != 0 ||
		strcmp(a->node_name, b->node_name) != 0 || a->created != b->created ||
		a->ips_annotated != b->ips_annotated || a->host_network != b->host_network ||
		a->finished != b->finished || a->terminating != b->terminating ||
		a->audit != b->audit || a->ip_count != b->ip_count ||
		a->port_count != b->port_count || !label_set_equal(&a->labels, &b->labels))
		return false;
	for (size_t i = 0; i < a->ip_count; i++)
		if (!ip_addr_equal(&a->ips[i], &b->ips[i]))
			return false;
	for (size_t i = 0; i < a->port_count; i++)
		if (a->ports[i].port != b->ports[i].port ||
			a->ports[i].protocol != b->ports[i].protocol ||
			strcmp(a->ports[i].name, b->ports[i].name) != 0)
			return false;
	return true;
}

static bool selector_equal(const struct selector *a, const struct selector *b)
{
	if (a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++) {
		const struct requirement *x = &a->requirements[i], *y = &b->requirements[i];

		if (x->op != y->op || x->value_count != y->value_count ||
			strcmp(x->key, y->key) != 0)
			return false;
		for (size_t j = 0; j < x->value_count; j++)
			if (strcmp(x->values[j], y->values[j]) != 0)
				return false;
	}
	return true;
}

static bool cidr_equal(const struct cidr *a, const struct cidr *b)
{
	return a->prefix == b->prefix && ip_addr_equal(&a->addr, &b->addr);
}

static bool peer_equal(const struct policy_peer *a, const struct policy_peer *b)
{
	if (a->has_pod_selector != b->has_pod_selector ||
		a->has_namespace_selector != b->has_namespace_selector ||
		a->has_ip_block != b->has_ip_block)
		return false;
	if ((a->has_pod_selector && !selector_equal(&a->pod_selector, &b->pod_selector)) ||
		(a->has_namespace_selector &&
			!selector_equal(&a->namespace_selector, &b->namespace_selector)))
		return false;
	if (!a->has_ip_block)
		return true;
	if (!cidr_equal(&a->ip_block.cidr, &b->ip_block.cidr) ||
		a->ip_block.except_count != b->ip_block.except_count)
		return false;
	for (size_t i = 0; i < a->ip_block.except_count; i++)
		if (!cidr_equal(&a->ip_block.excepts[i], &b->ip_block.excepts[i]))
			return false;
	return true;
}

static bool port_equal(const struct policy_port *a, const struct policy_port *b)
{
	if (a->protocol != b->protocol || a->kind != b->kind)
		return false;
	return a->kind == POLICY_PORT_NAMED
		? strcmp(a->name, b->name) == 0
		: a->kind == POLICY_PORT_ANY || (a->first == b->first && a->last == b->last);
}

static bool rule_equal(const struct policy_rule *a, const struct policy_rule *b)
{
	if (a->action != b->action || a->peer_count != b->peer_count ||
		a->port_count != b->port_count)
		return false;
	for (size_t i = 0; i < a->peer_count; i++)
		if (!peer_equal(&a->peers[i], &b->peers[i]))
			return false;
	for (uint32_t i = 0; i < a->port_count; i++)
		if (!port_equal(&a->ports[i], &b->ports[i]))
			return false;
	return true;
}

bool network_policy_equal(const struct network_policy *a, const struct network_policy *b)
{
	if (a == b)
		return true;
	if (strcmp(a->namespace_name, b->namespace_name) != 0 || strcmp(a->name, b->name) != 0 ||
		a->tier != b->tier || a->priority != b->priority || a->audit != b->audit ||
		a->in_part != b->in_part || !selector_equal(&a->pod_selector, &b->pod_selector))
		return false;
	for (int d = 0; d < DIRECTION_COUNT; d++) {
		if (a->isolates[d] != b->isolates[d] || a->rule_count[d] != b->rule_count[d])
			return false;
		for (size_t i = 0; i < a->rule_count[d]; i++)
			if (!rule_equal(&a->rules[d][i], &b->rules[d][i]))
				return false;
	}
	return true;
}
