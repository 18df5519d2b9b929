/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config/kube/other_policies.h"

#include <stdio.h>
#include <string.h>

static size_t group_length(const char *api_version)
{
	const char *slash = strchr(api_version, '/');

	return slash == NULL ? 0 : (size_t)(slash - api_version);
}

static bool ends_with(const char *text, size_t length, const char *end)
{
	const size_t wanted = strlen(end);

	return length >= wanted && memcmp(text + length - wanted, end, wanted) == 0;
}

bool other_policies_has_kind(const char *kind, const char *api_version)
{
	const size_t group = group_length(api_version);

	if (!ends_with(kind, strlen(kind), "NetworkPolicy"))
		return false;
	if (strcmp(kind, "NetworkPolicy") != 0)
		return true;
	/* Those of Kubernetes' own groups, old ones included, are meant to be ours. */
	return memchr(api_version, '.', group) != NULL && !ends_with(api_version, group, ".k8s.io");
}

/* The entry of that kind and group, made when there is none; NULL when there is no room. */
static struct other_policy *get(
	struct other_policies *policies, const char *kind, const char *group)
{
	struct other_policy *item;

	for (size_t i = 0; i < policies->count; i++)
		if (strcmp(policies->items[i].kind, kind) == 0 &&
			strcmp(policies->items[i].group, group) == 0)
			return &policies->items[i];
	if (policies->count == OTHER_POLICY_KINDS)
		return NULL;
	item = &policies->items[policies->count++];
	*item = (struct other_policy){.count = 0};
	snprintf(item->kind, sizeof(item->kind), "%s", kind);
	snprintf(item->group, sizeof(item->group), "%s", group);
	return item;
}

void other_policies_count(struct other_policies *policies, const char *kind,
	const char *api_version, struct source_pos pos)
{
	char name[OTHER_POLICY_KIND_TEXT], group[OTHER_POLICY_GROUP_TEXT];
	const size_t length = group_length(api_version);
	struct other_policy *item;

	snprintf(name, sizeof(name), "%s", kind);
	snprintf(group, sizeof(group), "%.*s",
		(int)(length < sizeof(group) ? length : sizeof(group) - 1), api_version);
	item = get(policies, name, group);
	if (item == NULL) {
		policies->more++;
		return;
	}
	if (item->count++ == 0)
		item->first = pos;
}

void other_policies_add(struct other_policies *sum, const struct other_policies *policies)
{
	sum->more += policies->more;
	for (size_t i = 0; i < policies->count; i++) {
		struct other_policy *item = get(
			sum, policies->items[i].kind, policies->items[i].group);

		if (item == NULL) {
			sum->more += policies->items[i].count;
			continue;
		}
		if (item->count == 0)
			item->first = policies->items[i].first;
		item->count += policies->items[i].count;
	}
}

size_t other_policies_total(const struct other_policies *policies)
{
	size_t total = policies->more;

	for (size_t i = 0; i < policies->count; i++)
		total += policies->items[i].count;
	return total;
}

void other_policies_format(const struct other_policies *policies, char out[OTHER_POLICIES_TEXT])
{
	size_t used = 0;

	out[0] = '\0';
	for (size_t i = 0; i < policies->count && used < OTHER_POLICIES_TEXT; i++) {
		const struct other_policy *item = &policies->items[i];
		const bool grouped = item->group[0] != '\0';

		used += (size_t)snprintf(out + used, OTHER_POLICIES_TEXT - used, "%s%zu %s%s%s%s",
			i > 0 ? ", " : "", item->count, item->kind, grouped ? " (" : "",
			item->group, grouped ? ")" : "");
	}
	if (policies->more > 0 && used < OTHER_POLICIES_TEXT)
		snprintf(out + used, OTHER_POLICIES_TEXT - used, ", %zu of other kinds",
			policies->more);
}
