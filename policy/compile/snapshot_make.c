/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/compile/claims.h"
#include "policy/compile/compiled.h"

#include <errno.h>
#include <string.h>

static int copy_vector(const uint32_t **out, const struct vector *numbers, struct arena *arena)
{
	*out = arena_memdup(arena, numbers->items, numbers->count * sizeof(uint32_t));
	return *out != NULL ? 0 : -ENOMEM;
}

static int copy_groups(
	struct snapshot *snapshot, const struct policy_groups *groups, enum direction direction)
{
	struct number_lists *lists = &snapshot->policies[direction];
	const uint32_t *starts = groups->starts[direction];

	lists->starts = arena_memdup(
		snapshot->arena, starts, ((size_t)groups->count + 1) * sizeof(*starts));
	lists->items = arena_memdup(snapshot->arena, groups->policies[direction],
		starts[groups->count] * sizeof(uint32_t));
	return lists->starts != NULL && lists->items != NULL ? 0 : -ENOMEM;
}

/* Writes down, for snapshot_policies(), which policies isolate which class. */
static int copy_selections(struct snapshot *snapshot, const struct policy_book *book)
{
	int err = 0;

	for (int d = 0; err == 0 && d < DIRECTION_COUNT; d++) {
		err = copy_vector(
			&snapshot->groups[d].starts, &book->selections[d].starts, snapshot->arena);
		if (err == 0)
			err = copy_vector(&snapshot->groups[d].items, &book->selections[d].members,
				snapshot->arena);
		if (err == 0)
			err = copy_groups(snapshot, &book->groups, (enum direction)d);
	}
	return err;
}

static int copy_kinds(struct snapshot *snapshot, const struct policy_book *book)
{
	const struct kind_judging *judging = book->judging.items;
	struct compiled_kind *kinds = arena_calloc(
		snapshot->arena, book->judging.count, sizeof(*kinds));

	if (kinds == NULL)
		return -ENOMEM;
	for (uint32_t i = 0; i < book->judging.count; i++) {
		kinds[i].declared = kind_table_get(&book->kinds, i)->declared;
		memcpy(kinds[i].classes, judging[i].classes, sizeof(kinds[i].classes));
	}
	snapshot->kinds = kinds;
	return 0;
}

static bool is_isolated(const struct endpoint *endpoint)
{
	return endpoint->tiers[DIRECTION_INGRESS] != PIECE_NONE ||
		endpoint->tiers[DIRECTION_EGRESS] != PIECE_NONE;
}

/* Isolated by a policy that is enforced, at an end that is not only audited. */
static bool is_enforced(const struct snapshot *snapshot, const struct endpoint *endpoint)
{
	for (int d = 0; d < DIRECTION_COUNT && !endpoint->audits; d++) {
		const struct tier_list *list = tiers_of(snapshot, endpoint, (enum direction)d);

		if (list == NULL && endpoint->tiers[d] != PIECE_NONE &&
			!profile_at(&snapshot->sets, endpoint->tiers[d])->audited_only)
			return true;
		for (uint32_t i = 0; list != NULL && i < list->count; i++)
			if (!list->items[i].audited)
				return true;
	}
	return false;
}

static void finish_endpoint(
	struct endpoint *endpoint, const struct policy_book *book, uint32_t kind, bool ipv6_off)
{
	const struct kind_judging *judging = (const struct kind_judging *)book->judging.items +
		kind;

	endpoint->kind = kind;
	endpoint->audits = kind_table_get(&book->kinds, kind)->audits;
	if (ipv6_off && endpoint->addr.family == IP_FAMILY_V6)
		return;
	for (int d = 0; d < DIRECTION_COUNT; d++) {
		endpoint->tiers[d] = judging->tiers[d].piece;
		endpoint->ranked |= (uint8_t)(judging->tiers[d].ranked << d);
	}
}

/* Whether one of several pods that claim the address is isolated, or is and not only audited. */
static void look_at_claims(const struct snapshot *snapshot, const struct endpoint *endpoint,
	bool *isolated, bool *enforced)
{
	const struct contested_address *claims = claims_of(snapshot, endpoint);

	for (uint32_t i = claims->first; i < claims->first + claims->count; i++) {
		*isolated = *isolated || is_isolated(&snapshot->claim_ends[i]);
		*enforced = *enforced || is_enforced(snapshot, &snapshot->claim_ends[i]);
	}
}

/* Gives the endpoints what is known of their kinds, and lists those that are isolated. */
static int finish_endpoints(struct snapshot *snapshot, const struct snapshot_input *input)
{
	const struct endpoint_table *table = &snapshot->endpoints;
	struct ip_addr *isolated = arena_calloc(
		snapshot->arena, table->count + 1, sizeof(*isolated));
	bool enforced = false;
	size_t count = 0;

	if (isolated == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < snapshot->claim_end_count; i++)
		finish_endpoint(&snapshot->claim_ends[i], input->book,
			input->kinds[snapshot->claim_pods[i]], snapshot->ipv6_off);
	for (size_t i = 0; i <= table->mask; i++) {
		struct endpoint *endpoint = &table->slots[i];
		bool any;

		if (endpoint->addr.family == 0)
			continue;
		finish_endpoint(
			endpoint, input->book, input->kinds[table->pods[i]], snapshot->ipv6_off);
		any = is_isolated(endpoint);
		enforced = enforced || is_enforced(snapshot, endpoint);
		if (endpoint->contested)
			look_at_claims(snapshot, endpoint, &any, &enforced);
		if (any)
			isolated[count++] = endpoint->addr;
	}
	if (snapshot->deny_link_local && !snapshot->ipv6_off && count > 0) {
		snapshot->link_local = enforced ? VERDICT_DENY : VERDICT_AUDIT_DENY;
		isolated[count++] = ip_addr_v6((const uint8_t[16]){0xfe, 0x80});
	}
	snapshot->isolated = isolated;
	snapshot->isolated_count = count;
	return ip_addr_sort(isolated, count);
}

/* Fills all that follows from the input. On failure what was taken goes with the arena. */
static int fill(struct snapshot *snapshot, const struct snapshot_input *input)
{
	int err = claims_enter(snapshot, input);

	if (err == 0)
		err = peer_pool_copy(&input->book->peers, snapshot->arena, &snapshot->sets);
	if (err == 0)
		err = copy_selections(snapshot, input->book);
	if (err == 0)
		err = copy_kinds(snapshot, input->book);
	if (err != 0)
		return err;
	snapshot->sets.pieces = piece_table_copy(&input->book->pieces, snapshot->arena);
	return snapshot->sets.pieces != NULL ? finish_endpoints(snapshot, input) : -ENOMEM;
}

int snapshot_make(struct snapshot **out, const struct snapshot_input *input)
{
	const struct snapshot_options *options = input->options;
	struct arena *arena = arena_create();
	struct snapshot *snapshot = arena != NULL ? arena_alloc(arena, sizeof(*snapshot)) : NULL;
	int err = -ENOMEM;

	if (snapshot == NULL)
		goto fail;
	snapshot->arena = arena;
	snapshot->cluster = input->cluster;
	snapshot->revision = options->revision;
	snapshot->audit = options->audit;
	snapshot->deny_link_local = options->deny_link_local;
	snapshot->ipv6_off = options->ipv6_off;
	snapshot->link_local = VERDICT_ALLOW;
	snapshot->node_name = arena_strdup(
		arena, options->node_name != NULL ? options->node_name : "");
	snapshot->gateway_count = options->gateway_count;
	snapshot->gateway = arena_memdup(
		arena, options->gateway, options->gateway_count * sizeof(*options->gateway));
	if (snapshot->node_name == NULL || snapshot->gateway == NULL)
		goto fail;
	err = fill(snapshot, input);
	if (err != 0)
		goto fail;
	cluster_ref(input->cluster);
	*out = snapshot;
	return 0;
fail:
	arena_unref(arena);
	return err;
}

void snapshot_free(struct snapshot *snapshot)
{
	if (snapshot == NULL)
		return;
	cluster_unref(snapshot->cluster);
	arena_unref(snapshot->arena); /* the snapshot itself lives there */
}
