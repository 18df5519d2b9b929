/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/lint/lint_checks.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/*
 * Policies of one namespace that say the same word for word, whatever their names: one of them was
 * forgotten, or meant to be changed. A total order over what policies say brings twins together.
 */

static int size_cmp(size_t a, size_t b)
{
	return (a > b) - (a < b);
}

static int requirement_cmp(const struct requirement *a, const struct requirement *b)
{
	int order = strcmp(a->key, b->key);

	if (order == 0)
		order = (int)a->op - (int)b->op;
	if (order == 0)
		order = size_cmp(a->value_count, b->value_count);
	for (size_t i = 0; order == 0 && i < a->value_count; i++)
		order = strcmp(a->values[i], b->values[i]);
	return order;
}

static int selector_cmp(const struct selector *a, const struct selector *b)
{
	int order = size_cmp(a->count, b->count);

	for (size_t i = 0; order == 0 && i < a->count; i++)
		order = requirement_cmp(&a->requirements[i], &b->requirements[i]);
	return order;
}

static int cidr_cmp(const struct cidr *a, const struct cidr *b)
{
	const int order = ip_addr_cmp(&a->addr, &b->addr);

	return order != 0 ? order : (int)a->prefix - (int)b->prefix;
}

static int block_cmp(const struct ip_block *a, const struct ip_block *b)
{
	int order = cidr_cmp(&a->cidr, &b->cidr);

	if (order == 0)
		order = size_cmp(a->except_count, b->except_count);
	for (size_t i = 0; order == 0 && i < a->except_count; i++)
		order = cidr_cmp(&a->excepts[i], &b->excepts[i]);
	return order;
}

static int peer_cmp(const struct policy_peer *a, const struct policy_peer *b)
{
	int order = (int)a->has_ip_block - (int)b->has_ip_block;

	if (order == 0)
		order = (int)a->has_pod_selector - (int)b->has_pod_selector;
	if (order == 0)
		order = (int)a->has_namespace_selector - (int)b->has_namespace_selector;
	if (order == 0 && a->has_ip_block)
		order = block_cmp(&a->ip_block, &b->ip_block);
	if (order == 0 && a->has_pod_selector)
		order = selector_cmp(&a->pod_selector, &b->pod_selector);
	if (order == 0 && a->has_namespace_selector)
		order = selector_cmp(&a->namespace_selector, &b->namespace_selector);
	return order;
}

static int port_cmp(const struct policy_port *a, const struct policy_port *b)
{
	int order = (int)a->protocol - (int)b->protocol;

	if (order == 0)
		order = (int)a->kind - (int)b->kind;
	if (order != 0 || a->kind == POLICY_PORT_ANY)
		return order;
	if (a->kind == POLICY_PORT_NAMED)
		return strcmp(a->name, b->name);
	order = (int)a->first - (int)b->first;
	return order != 0 ? order : (int)a->last - (int)b->last;
}

static int rule_cmp(const struct policy_rule *a, const struct policy_rule *b)
{
	int order = size_cmp(a->peer_count, b->peer_count);

	if (order == 0)
		order = (int)a->action - (int)b->action;
	if (order == 0)
		order = size_cmp(a->port_count, b->port_count);
	for (size_t i = 0; order == 0 && i < a->peer_count; i++)
		order = peer_cmp(&a->peers[i], &b->peers[i]);
	for (size_t i = 0; order == 0 && i < a->port_count; i++)
		order = port_cmp(&a->ports[i], &b->ports[i]);
	return order;
}

static int rules_cmp(const struct network_policy *a, const struct network_policy *b, int direction)
{
	int order = (int)a->isolates[direction] - (int)b->isolates[direction];

	if (order == 0)
		order = size_cmp(a->rule_count[direction], b->rule_count[direction]);
	for (size_t i = 0; order == 0 && i < a->rule_count[direction]; i++)
		order = rule_cmp(&a->rules[direction][i], &b->rules[direction][i]);
	return order;
}

static int meaning_cmp(const struct network_policy *a, const struct network_policy *b)
{
	int order = strcmp(a->namespace_name, b->namespace_name);

	if (order == 0)
		order = policy_rank_cmp(a, b);
	if (order == 0)
		order = (int)a->audit - (int)b->audit;
	if (order == 0)
		order = selector_cmp(&a->pod_selector, &b->pod_selector);
	for (int d = 0; order == 0 && d < DIRECTION_COUNT; d++)
		order = rules_cmp(a, b, d);
	return order;
}

/* Twins by name, so that it is always the later name that is told. */
static int policy_cmp(const void *pa, const void *pb)
{
	const struct network_policy *const a = *(const struct network_policy *const *)pa;
	const struct network_policy *const b = *(const struct network_policy *const *)pb;
	const int order = meaning_cmp(a, b);

	return order != 0 ? order : strcmp(a->name, b->name);
}

int lint_check_twins(struct linter *linter)
{
	const struct cluster *cluster = linter->cluster;
	const struct network_policy **sorted = arena_calloc(
		linter->scratch, cluster->policy_count + 1, sizeof(*sorted));

	if (sorted == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < cluster->policy_count; i++)
		sorted[i] = cluster->policies[i];
	qsort(sorted, cluster->policy_count, sizeof(*sorted), policy_cmp);
	for (size_t i = 1; i < cluster->policy_count; i++)
		if (meaning_cmp(sorted[i - 1], sorted[i]) == 0)
			diag_add(linter->findings, DIAG_WARNING, sorted[i]->pos, "policy-repeated",
				"remove one of them, or change it to what it was to say",
				"policy %s/%s says the same as policy %s",
				sorted[i]->namespace_name, sorted[i]->name, sorted[i - 1]->name);
	return 0;
}
