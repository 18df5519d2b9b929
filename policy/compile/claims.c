/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/compile/claims.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* A claim that makes no pod the only owner of the address. */
struct found {
	struct ip_addr addr;
	uint32_t pod;
	enum snapshot_claim_state state;
};

struct entering {
	struct snapshot *snapshot;
	const struct snapshot_input *input;
	bool odd; /* there are claims to be listed */
};

static int rank(const struct pod *pod)
{
	return (pod->ips_annotated ? 0 : 2) + (pod->terminating ? 0 : 1);
}

/*
 * Whether pod `a` leads at an address that both have. They are numbered in the order that decides
 * last.
 */
static bool leads(const struct cluster *cluster, uint32_t a, uint32_t b)
{
	const struct pod *pod_a = cluster->pods[a], *pod_b = cluster->pods[b];

	if (rank(pod_a) != rank(pod_b))
		return rank(pod_a) > rank(pod_b);
	if (pod_a->created != pod_b->created)
		return pod_a->created > pod_b->created;
	return a < b;
}

static bool is_gateways(const struct snapshot_options *options, const struct ip_addr *addr)
{
	return options->gateway_count > 0 &&
		bsearch(addr, options->gateway, options->gateway_count, sizeof(*addr),
			ip_addr_compare) != NULL;
}

/* ---- who leads ---- */

static void enter(struct entering *entering, uint32_t number, const struct ip_addr *addr)
{
	struct endpoint_table *table = &entering->snapshot->endpoints;
	uint32_t *leader;

	if (is_gateways(entering->input->options, addr)) {
		entering->odd = true;
		return;
	}
	leader = endpoint_table_pod(table, endpoint_table_add(table, addr, number));
	if (*leader == number)
		return;
	entering->odd = true;
	if (leads(entering->input->cluster, number, *leader))
		*leader = number;
}

static int enter_all(struct entering *entering)
{
	const struct snapshot_input *input = entering->input;
	const struct cluster *cluster = input->cluster;
	size_t most = 0;
	int err;

	for (size_t i = 0; i < cluster->pod_count; i++)
		if (input->kinds[i] != KIND_NONE)
			most += cluster->pods[i]->ip_count;
	err = endpoint_table_init(&entering->snapshot->endpoints, most, entering->snapshot->arena);
	if (err != 0)
		return err;
	for (uint32_t i = 0; i < cluster->pod_count; i++)
		for (size_t j = 0; input->kinds[i] != KIND_NONE && j < cluster->pods[i]->ip_count;
			j++)
			enter(entering, i, &cluster->pods[i]->ips[j]);
	return 0;
}

/* ---- who else is there ---- */

static int note(const struct entering *entering, struct vector *all, uint32_t number,
	const struct ip_addr *addr)
{
	const struct endpoint_table *table = &entering->snapshot->endpoints;
	const struct endpoint *endpoint = endpoint_table_find(table, addr);
	const struct cluster *cluster = entering->input->cluster;
	struct found found = {.addr = *addr, .pod = number, .state = CLAIM_GATEWAYS};
	struct found *added;

	if (endpoint != NULL) {
		const uint32_t leader = *endpoint_table_pod(table, endpoint);

		if (leader == number)
			return 0;
		found.state = rank(cluster->pods[leader]) == rank(cluster->pods[number])
			? CLAIM_CONTESTED
			: CLAIM_OUTRANKED;
	}
	added = vector_push(all, sizeof(*added));
	if (added == NULL)
		return -ENOMEM;
	*added = found;
	return 0;
}

static int compare_found(const void *pa, const void *pb)
{
	const struct found *a = pa, *b = pb;
	const int order = ip_addr_cmp(&a->addr, &b->addr);

	return order != 0 ? order : (a->pod > b->pod) - (a->pod < b->pod);
}

/* Sorts, and leaves each pod's claim of an address once: a pod may have it twice. */
static void settle(struct vector *all)
{
	struct found *items = all->items;
	size_t kept = 0;

	if (all->count > 0)
		qsort(items, all->count, sizeof(*items), compare_found);
	for (size_t i = 0; i < all->count; i++)
		if (kept == 0 || compare_found(&items[kept - 1], &items[i]) != 0)
			items[kept++] = items[i];
	all->count = kept;
}

/* What is written down of the claims, while it is written. */
struct list {
	struct contested_address *addresses;
	struct endpoint *ends;
	uint32_t *pods;
	struct snapshot_claim *claims;
	uint32_t address_count, end_count, claim_count;
};

static void add_end(struct list *list, const struct ip_addr *addr, uint32_t pod)
{
	list->ends[list->end_count] = (struct endpoint){.addr = *addr, .contested = true};
	list->pods[list->end_count++] = pod;
	list->addresses[list->address_count - 1].count++;
}

static void add_claim(struct list *list, const struct found *found, const struct cluster *cluster)
{
	list->claims[list->claim_count++] = (struct snapshot_claim){
		found->addr, cluster->pods[found->pod], found->state};
}

static void add_found(struct list *list, const struct found *found, const struct snapshot *snapshot)
{
	const bool begun = list->address_count > 0 &&
		ip_addr_equal(&list->addresses[list->address_count - 1].addr, &found->addr);

	if (found->state == CLAIM_CONTESTED && !begun) {
		struct endpoint *endpoint = (struct endpoint *)endpoint_table_find(
			&snapshot->endpoints, &found->addr);
		const struct found leader = {found->addr,
			*endpoint_table_pod(&snapshot->endpoints, endpoint), CLAIM_CONTESTED};

		endpoint->contested = true;
		list->addresses[list->address_count++] = (struct contested_address){
			.addr = found->addr, .first = list->end_count};
		add_end(list, &found->addr, leader.pod);
		add_claim(list, &leader, snapshot->cluster);
	}
	if (found->state == CLAIM_CONTESTED)
		add_end(list, &found->addr, found->pod);
	add_claim(list, found, snapshot->cluster);
}

/* Each claim found brings at most one leader along. */
static int write_down(struct snapshot *snapshot, const struct vector *all)
{
	struct arena *arena = snapshot->arena;
	struct list list = {
		.addresses = arena_calloc(arena, all->count, sizeof(*list.addresses)),
		.ends = arena_calloc(arena, 2 * all->count, sizeof(*list.ends)),
		.pods = arena_calloc(arena, 2 * all->count, sizeof(*list.pods)),
		.claims = arena_calloc(arena, 2 * all->count, sizeof(*list.claims)),
	};

	if (list.addresses == NULL || list.ends == NULL || list.pods == NULL || list.claims == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < all->count; i++)
		add_found(&list, &((const struct found *)all->items)[i], snapshot);
	snapshot->contested = list.addresses;
	snapshot->contested_count = list.address_count;
	snapshot->claim_ends = list.ends;
	snapshot->claim_pods = list.pods;
	snapshot->claim_end_count = list.end_count;
	snapshot->odd_claims = list.claims;
	snapshot->odd_claim_count = list.claim_count;
	return 0;
}

static int list_odd(const struct entering *entering)
{
	const struct snapshot_input *input = entering->input;
	struct vector all = {0};
	int err = 0;

	for (uint32_t i = 0; err == 0 && i < input->cluster->pod_count; i++) {
		const struct pod *pod = input->cluster->pods[i];

		for (size_t j = 0; err == 0 && input->kinds[i] != KIND_NONE && j < pod->ip_count;
			j++)
			err = note(entering, &all, i, &pod->ips[j]);
	}
	if (err == 0 && all.count > UINT32_MAX / 4)
		err = -E2BIG;
	settle(&all);
	if (err == 0)
		err = write_down(entering->snapshot, &all);
	vector_deinit(&all);
	return err;
}

int claims_enter(struct snapshot *snapshot, const struct snapshot_input *input)
{
	struct entering entering = {.snapshot = snapshot, .input = input};
	const int err = enter_all(&entering);

	return err == 0 && entering.odd ? list_odd(&entering) : err;
}

const struct contested_address *claims_of(
	const struct snapshot *snapshot, const struct endpoint *endpoint)
{
	/* The address comes first: what is looked for may stand for what is found. */
	return bsearch(&endpoint->addr, snapshot->contested, snapshot->contested_count,
		sizeof(*snapshot->contested), ip_addr_compare);
}
