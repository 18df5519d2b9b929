/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/compile/touched.h"

#include <stdlib.h>
#include <string.h>

#include "policy/compile/compiled.h"
#include "policy/values/object_equal.h"

/* Two clusters, side by side. */
struct comparison {
	const struct cluster *before, *after;
	struct vector
		policies;    /* of const struct network_policy *: both versions of changed ones */
	struct vector addrs; /* of struct ip_addr */
	bool everything;
	/* of the namespace looked at: whether its object changed, and its part of `policies` */
	const char *namespace_name;
	bool namespace_changed;
	size_t policies_first, policies_end;
};

/* Of the objects that two lists have next; NULL: a list is at its end. */
static int key_order(const char *old_namespace, const char *old_name, const char *new_namespace,
	const char *new_name)
{
	if (old_namespace == NULL)
		return 1;
	return new_namespace == NULL
		? -1
		: object_name_cmp(old_namespace, old_name, new_namespace, new_name);
}

/* ---- policies ---- */

static void add_policy(struct comparison *comparison, const struct network_policy *policy)
{
	const struct network_policy **added = NULL;

	if (comparison->policies.count < 2 * (size_t)TOUCHED_POLICIES_MOST)
		added = vector_push(&comparison->policies, sizeof(*added));
	if (added != NULL)
		*added = policy;
	else
		comparison->everything = true;
}

/* Both lists are sorted, and so is the list of changed policies. */
static void compare_policies(struct comparison *comparison)
{
	const struct cluster *before = comparison->before, *after = comparison->after;
	size_t i = 0, j = 0;

	while (!comparison->everything && (i < before->policy_count || j < after->policy_count)) {
		const struct network_policy *old = i < before->policy_count ? before->policies[i]
									    : NULL;
		const struct network_policy *new = j < after->policy_count ? after->policies[j]
									   : NULL;
		const int order = key_order(old != NULL ? old->namespace_name : NULL,
			old != NULL ? old->name : NULL, new != NULL ? new->namespace_name : NULL,
			new != NULL ? new->name : NULL);

		i += order <= 0;
		j += order >= 0;
		if (order == 0 && network_policy_equal(old, new))
			continue;
		if (order <= 0)
			add_policy(comparison, old);
		if (order >= 0)
			add_policy(comparison, new);
	}
}

/* ---- pods ---- */

static void choose_namespace(struct comparison *comparison, const char *name)
{
	const struct network_policy *const *policies = comparison->policies.items;
	const struct namespace_object *old, *new;

	/* Pods come namespace by namespace, and so do policies. */
	if (comparison->namespace_name != NULL && strcmp(comparison->namespace_name, name) == 0)
		return;
	comparison->namespace_name = name;
	old = cluster_namespace(comparison->before, name);
	new = cluster_namespace(comparison->after, name);
	comparison->namespace_changed = old == NULL || new == NULL || !namespace_equal(old, new);
	comparison->policies_first = comparison->policies_end;
	while (comparison->policies_first < comparison->policies.count &&
		strcmp(policies[comparison->policies_first]->namespace_name, name) < 0)
		comparison->policies_first++;
	comparison->policies_end = comparison->policies_first;
	while (comparison->policies_end < comparison->policies.count &&
		strcmp(policies[comparison->policies_end]->namespace_name, name) == 0)
		comparison->policies_end++;
}

static bool is_selected(const struct comparison *comparison, const struct pod *pod)
{
	const struct network_policy *const *policies = comparison->policies.items;

	for (size_t i = comparison->policies_first; i < comparison->policies_end; i++)
		if (selector_matches(&policies[i]->pod_selector, &pod->labels))
			return true;
	return false;
}

static void touch(struct comparison *comparison, const struct ip_addr *addr)
{
	struct ip_addr *added = NULL;

	if (comparison->addrs.count < 2 * (size_t)TOUCHED_MOST)
		added = vector_push(&comparison->addrs, sizeof(*added));
	if (added != NULL)
		*added = *addr;
	else
		comparison->everything = true;
}

static void touch_pod(struct comparison *comparison, const struct pod *pod)
{
	for (size_t i = 0; !pod->host_network && !pod->finished && i < pod->ip_count; i++)
		touch(comparison, &pod->ips[i]);
}

static void compare_pods(struct comparison *comparison)
{
	const struct cluster *before = comparison->before, *after = comparison->after;
	size_t i = 0, j = 0;

	while (!comparison->everything && (i < before->pod_count || j < after->pod_count)) {
		const struct pod *old = i < before->pod_count ? before->pods[i] : NULL;
		const struct pod *new = j < after->pod_count ? after->pods[j] : NULL;
		const int order = key_order(old != NULL ? old->namespace_name : NULL,
			old != NULL ? old->name : NULL, new != NULL ? new->namespace_name : NULL,
			new != NULL ? new->name : NULL);

		i += order <= 0;
		j += order >= 0;
		choose_namespace(
			comparison, order <= 0 ? old->namespace_name : new->namespace_name);
		if (order == 0 && !comparison->namespace_changed && pod_equal(old, new) &&
			!is_selected(comparison, new))
			continue;
		if (order <= 0)
			touch_pod(comparison, old);
		if (order >= 0)
			touch_pod(comparison, new);
	}
}

/* Both lists are sorted. */
static void compare_gateways(
	struct comparison *comparison, const struct snapshot *before, const struct snapshot *after)
{
	size_t i = 0, j = 0;

	while (i < before->gateway_count || j < after->gateway_count) {
		const int order = i == before->gateway_count ? 1
			: j == after->gateway_count
			? -1
			: ip_addr_cmp(&before->gateway[i], &after->gateway[j]);

		if (order != 0)
			touch(comparison, order < 0 ? &before->gateway[i] : &after->gateway[j]);
		i += order <= 0;
		j += order >= 0;
	}
}

/* ---- the set ---- */

void touched_add_everything(struct touched *set)
{
	touched_clear(set);
	set->everything = true;
}

/* Makes the set of these, each once; the vector is empty afterwards. */
static void settle(struct touched *set, struct vector *addrs)
{
	struct ip_addr *items = addrs->items;
	size_t kept = 0;

	touched_clear(set);
	if (addrs->count > 0 && ip_addr_sort(items, addrs->count) != 0)
		set->everything = true;
	for (size_t i = 0; i < addrs->count; i++)
		if (kept == 0 || !ip_addr_equal(&items[kept - 1], &items[i]))
			items[kept++] = items[i];
	if (set->everything || kept > TOUCHED_MOST) {
		set->everything = true;
		vector_deinit(addrs);
	} else {
		set->addrs = items;
		set->count = kept;
	}
	*addrs = (struct vector){0};
}

void touched_find(struct touched *out, const struct snapshot *before, const struct snapshot *after)
{
	struct comparison comparison = {.before = before->cluster, .after = after->cluster};

	*out = (struct touched){0};
	comparison.everything = before->audit != after->audit ||
		before->deny_link_local != after->deny_link_local ||
		before->ipv6_off != after->ipv6_off || before->link_local != after->link_local ||
		strcmp(before->node_name, after->node_name) != 0;
	compare_policies(&comparison);
	compare_pods(&comparison);
	compare_gateways(&comparison, before, after);
	vector_deinit(&comparison.policies);
	settle(out, &comparison.addrs);
	if (comparison.everything)
		touched_add_everything(out);
}

void touched_add(struct touched *set, const struct touched *more)
{
	struct vector addrs = {0};
	struct ip_addr *all;

	if (set->everything || touched_is_empty(more))
		return;
	all = more->everything ? NULL
			       : vector_push_many(&addrs, set->count + more->count, sizeof(*all));
	if (all == NULL) {
		touched_add_everything(set);
		return;
	}
	memcpy(all, more->addrs, more->count * sizeof(*all));
	if (set->count > 0)
		memcpy(all + more->count, set->addrs, set->count * sizeof(*all));
	settle(set, &addrs);
}

bool touched_has(const struct touched *set, const struct ip_addr *addr)
{
	return set->everything ||
		(set->count > 0 &&
			bsearch(addr, set->addrs, set->count, sizeof(*addr), ip_addr_compare) !=
				NULL);
}

bool touched_is_empty(const struct touched *set)
{
	return !set->everything && set->count == 0;
}

void touched_clear(struct touched *set)
{
	free(set->addrs);
	*set = (struct touched){0};
}
