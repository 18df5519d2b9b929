/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/values/model.h"

#include <string.h>

int object_name_cmp(
	const char *a_namespace, const char *a_name, const char *b_namespace, const char *b_name)
{
	const int order = strcmp(a_namespace, b_namespace);

	return order != 0 ? order : strcmp(a_name, b_name);
}

const char *direction_name(enum direction direction)
{
	return direction == DIRECTION_INGRESS ? "ingress" : "egress";
}

int policy_rank_cmp(const struct network_policy *a, const struct network_policy *b)
{
	if (a->tier != b->tier)
		return a->tier < b->tier ? -1 : 1;
	return (a->priority > b->priority) - (a->priority < b->priority);
}

const char *label_set_get(const struct label_set *labels, const char *key)
{
	size_t low = 0, high = labels->count; /* the key, if there, is in [low, high) */

	while (low < high) {
		const size_t middle = low + (high - low) / 2;
		const int order = strcmp(labels->items[middle].key, key);

		if (order == 0)
			return labels->items[middle].value;
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

static bool lists_value(const struct requirement *requirement, const char *value)
{
	size_t low = 0, high = requirement->value_count;

	while (low < high) {
		const size_t middle = low + (high - low) / 2;
		const int order = strcmp(requirement->values[middle], value);

		if (order == 0)
			return true;
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return false;
}

bool requirement_matches(const struct requirement *requirement, const struct label_set *labels)
{
	const char *value = label_set_get(labels, requirement->key);

	switch (requirement->op) {
	case REQUIREMENT_IN:
		return value != NULL && lists_value(requirement, value);
	case REQUIREMENT_NOT_IN:
		/* An object without the key is not in the list either: apimachinery reads it so. */
		return value == NULL || !lists_value(requirement, value);
	case REQUIREMENT_EXISTS:
		return value != NULL;
	case REQUIREMENT_DOES_NOT_EXIST:
		return value == NULL;
	}
	return false;
}

bool selector_matches(const struct selector *selector, const struct label_set *labels)
{
	for (size_t i = 0; i < selector->count; i++)
		if (!requirement_matches(&selector->requirements[i], labels))
			return false;
	return true;
}

bool ip_block_contains(const struct ip_block *block, const struct ip_addr *addr)
{
	if (!cidr_contains(&block->cidr, addr))
		return false;
	for (size_t i = 0; i < block->except_count; i++)
		if (cidr_contains(&block->excepts[i], addr))
			return false;
	return true;
}
