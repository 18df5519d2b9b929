/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/compiled.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "policy/profile_builder.h"

/* What one compilation needs beside its result. Zeroed memory is right for every deinit. */
struct compilation {
	struct snapshot *snapshot;
	const struct cluster *cluster;
	struct arena *arena, *scratch;		/* of the snapshot; freed at the end */
	struct cluster_index index;
	struct peer_pool peers;
	struct rule_table rules;
	struct profile_builder builder;
	struct policy_scope *scopes;		/* by policy */
	bool *judged;				/* by pod: local, and owns an address */
	struct selection selections[DIRECTION_COUNT];
	uint32_t *profiles[DIRECTION_COUNT];	/* by class */
};

/* Whether pod `a` owns an address that both have. They are numbered in the order that decides last. */
static bool outranks(const struct cluster *cluster, uint32_t a, uint32_t b)
{
	const struct pod *pod_a = cluster->pods[a], *pod_b = cluster->pods[b];

	if (pod_a->terminating != pod_b->terminating)
		return !pod_a->terminating;
	if (pod_a->created != pod_b->created)
		return pod_a->created > pod_b->created;
	return a < b;
}

static bool owns_addresses(const struct pod *pod)
{
	return !pod->host_network && !pod->finished;
}

static void add_endpoints(struct compilation *c, uint32_t number)
{
	const struct pod *pod = c->cluster->pods[number];

	for (size_t i = 0; i < pod->ip_count; i++) {
		struct endpoint *endpoint = endpoint_table_add(&c->snapshot->endpoints, &pod->ips[i], number);

		if (outranks(c->cluster, number, endpoint->pod))
			endpoint->pod = number;
	}
}

static int build_endpoints(struct compilation *c)
{
	size_t most = 0;
	int err;

	for (size_t i = 0; i < c->cluster->pod_count; i++)
		if (owns_addresses(c->cluster->pods[i]))
			most += c->cluster->pods[i]->ip_count;
	err = endpoint_table_init(&c->snapshot->endpoints, most, c->arena);
	if (err != 0)
		return err;
	for (uint32_t i = 0; i < c->cluster->pod_count; i++)
		if (owns_addresses(c->cluster->pods[i]))
			add_endpoints(c, i);
	return 0;
}

static int find_judged(struct compilation *c)
{
	c->judged = arena_calloc(c->scratch, c->cluster->pod_count, sizeof(*c->judged));
	if (c->judged == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < c->cluster->pod_count; i++) {
		const struct pod *pod = c->cluster->pods[i];

		c->judged[i] = owns_addresses(pod) && pod->ip_count > 0 && snapshot_pod_is_local(c->snapshot, pod);
	}
	return 0;
}

static int find_scopes(struct compilation *c)
{
	int err = 0;

	c->scopes = arena_calloc(c->scratch, c->cluster->policy_count, sizeof(*c->scopes));
	if (c->scopes == NULL)
		return -ENOMEM;
	for (uint32_t i = 0; err == 0 && i < c->cluster->policy_count; i++)
		err = cluster_index_scope(&c->index, i, &c->scopes[i]);
	return err;
}

static const struct network_policy *const *list_policies(const struct compilation *c,
	const struct selection_class *class)
{
	const struct network_policy **list = arena_calloc(c->arena, class->count, sizeof(*list));

	for (uint32_t i = 0; list != NULL && i < class->count; i++)
		list[i] = c->cluster->policies[class->policies[i]];
	return list;
}

/* Writes down, for snapshot_policies(), what the selection found. */
static int keep_selection(struct compilation *c, enum direction direction)
{
	const struct selection *selection = &c->selections[direction];
	struct policy_list *lists = arena_calloc(c->arena, selection->class_count, sizeof(*lists));

	if (lists == NULL)
		return -ENOMEM;
	for (uint32_t i = 0; i < selection->class_count; i++) {
		lists[i] = (struct policy_list){list_policies(c, &selection->classes[i]), selection->classes[i].count};
		if (lists[i].items == NULL)
			return -ENOMEM;
	}
	c->snapshot->policies[direction] = lists;
	c->snapshot->classes[direction] =
		arena_memdup(c->arena, selection->class_of, c->cluster->pod_count * sizeof(uint32_t));
	return c->snapshot->classes[direction] != NULL ? 0 : -ENOMEM;
}

static int select_pods(struct compilation *c, enum direction direction)
{
	const struct selection_input input = {
		.cluster = c->cluster,
		.scopes = c->scopes,
		.group_count = c->index.groups.count,
		.judged = c->judged,
	};
	int err = selection_make(&c->selections[direction], &input, direction, c->scratch);

	return err != 0 ? err : keep_selection(c, direction);
}

static int build_profiles(struct compilation *c, enum direction direction)
{
	const struct selection *selection = &c->selections[direction];
	uint32_t *profiles = arena_calloc(c->scratch, selection->class_count, sizeof(*profiles));
	int err = 0;

	if (profiles == NULL)
		return -ENOMEM;
	for (uint32_t i = 1; err == 0 && i < selection->class_count; i++)
		err = profile_builder_add(&c->builder, &selection->classes[i], direction, &profiles[i]);
	c->profiles[direction] = profiles;
	return err;
}

static int named_port_cmp(const void *pa, const void *pb)
{
	const struct named_port *a = pa, *b = pb;

	if (a->port != b->port)
		return a->port < b->port ? -1 : 1;
	return (a->name > b->name) - (a->name < b->name);
}

/* The ports of `pod` whose names some policy uses, into `made`, which has room for all. */
static void name_ports(const struct compilation *c, const struct pod *pod, struct named_ports *made)
{
	char key[RULE_NAME_KEY];

	made->count = 0;
	for (size_t i = 0; i < pod->port_count; i++) {
		const int protocol = profile_protocol(pod->ports[i].protocol);
		const size_t length = protocol < 0 ? 0 : rule_table_name_key(key, protocol, pod->ports[i].name);
		uint32_t name;

		if (length > 0 && intern_table_find(&c->rules.names, key, length, &name))
			made->items[made->count++] =
				(struct named_port){named_port_key(protocol, pod->ports[i].port), name};
	}
	qsort(made->items, made->count, sizeof(made->items[0]), named_port_cmp);
}

/* Pods that declare the same share one list. */
static int share_named_ports(const struct compilation *c, const struct pod *pod, struct intern_table *lists,
	const struct named_ports **out)
{
	struct named_ports *made = malloc(sizeof(*made) + pod->port_count * sizeof(made->items[0]));
	uint32_t number;
	int err = 0;

	if (made == NULL)
		return -ENOMEM;
	name_ports(c, pod, made);
	if (made->count > 0) {
		err = intern_table_add(lists, made, sizeof(*made) + made->count * sizeof(made->items[0]), &number);
		if (err == 0)
			*out = lists->entries[number].bytes;
	}
	free(made);
	return err;
}

static int build_named_ports(struct compilation *c)
{
	const struct named_ports **by_pod;
	struct intern_table lists;
	int err = 0;

	if (c->rules.names.count == 0)
		return 0;
	by_pod = arena_calloc(c->arena, c->cluster->pod_count, sizeof(*by_pod));
	if (by_pod == NULL)
		return -ENOMEM;
	intern_table_init(&lists, c->arena);
	for (size_t i = 0; err == 0 && i < c->cluster->pod_count; i++)
		if (c->cluster->pods[i]->port_count > 0)
			err = share_named_ports(c, c->cluster->pods[i], &lists, &by_pod[i]);
	intern_table_deinit(&lists);
	c->snapshot->named_ports = by_pod;
	return err;
}

/* Whether denials at this pod are only logged. */
static bool audits(const struct compilation *c, const struct pod *pod, const struct namespace_object **last)
{
	/* Pods mostly come namespace by namespace; when not, it is looked up. */
	if (*last == NULL || strcmp((*last)->name, pod->namespace_name) != 0)
		*last = cluster_namespace(c->cluster, pod->namespace_name);
	return c->snapshot->audit || pod->audit || (*last)->audit;
}

static int addr_cmp(const void *a, const void *b)
{
	return ip_addr_cmp(a, b);
}

static bool is_isolated(const struct endpoint *endpoint)
{
	return endpoint->profiles[DIRECTION_INGRESS] != PROFILE_NONE ||
	       endpoint->profiles[DIRECTION_EGRESS] != PROFILE_NONE;
}

/* Isolated by a policy that is enforced, at an end that is not only audited. */
static bool is_enforced(const struct snapshot *snapshot, const struct endpoint *endpoint)
{
	for (int d = 0; d < DIRECTION_COUNT; d++) {
		const uint32_t number = endpoint->profiles[d];

		if (number != PROFILE_NONE && !snapshot->profiles[number].audited_only && !endpoint->audits)
			return true;
	}
	return false;
}

/* Gives the endpoints their profiles, and lists those that have one. */
static int finish_endpoints(struct compilation *c)
{
	const struct endpoint_table *table = &c->snapshot->endpoints;
	struct ip_addr *isolated = arena_calloc(c->arena, table->count + 1, sizeof(*isolated));
	const struct namespace_object *last = NULL;
	bool enforced = false;
	size_t count = 0;

	if (isolated == NULL)
		return -ENOMEM;
	for (size_t i = 0; i <= table->mask; i++) {
		struct endpoint *endpoint = &table->slots[i];

		if (endpoint->addr.family == 0)
			continue;
		for (int d = 0; d < DIRECTION_COUNT; d++)
			endpoint->profiles[d] = c->profiles[d][c->selections[d].class_of[endpoint->pod]];
		endpoint->audits = audits(c, c->cluster->pods[endpoint->pod], &last);
		if (is_isolated(endpoint))
			isolated[count++] = endpoint->addr;
		enforced = enforced || is_enforced(c->snapshot, endpoint);
	}
	if (c->snapshot->deny_link_local && count > 0) {
		c->snapshot->link_local = enforced ? VERDICT_DENY : VERDICT_AUDIT_DENY;
		isolated[count++] = ip_addr_v6((const uint8_t[16]){0xfe, 0x80});
	}
	qsort(isolated, count, sizeof(*isolated), addr_cmp);
	c->snapshot->isolated = isolated;
	c->snapshot->isolated_count = count;
	return 0;
}

static int build_directions(struct compilation *c)
{
	const struct profile_input input = {c->cluster, &c->rules, c->scopes};
	int err = 0;

	profile_builder_init(&c->builder, &input, &c->peers, c->arena, c->scratch);
	for (int d = 0; err == 0 && d < DIRECTION_COUNT; d++) {
		err = select_pods(c, (enum direction)d);
		if (err == 0)
			err = build_profiles(c, (enum direction)d);
	}
	if (err != 0)
		return err;
	c->snapshot->profiles = profile_builder_profiles(&c->builder, c->arena);
	c->snapshot->sets = peer_pool_sets(&c->peers);
	return c->snapshot->profiles != NULL && c->snapshot->sets != NULL ? 0 : -ENOMEM;
}

static int compile(struct compilation *c)
{
	int err = build_endpoints(c);

	if (err == 0)
		err = find_judged(c);
	if (err == 0)
		err = cluster_index_init(&c->index, c->cluster, c->scratch);
	if (err == 0)
		err = find_scopes(c);
	if (err == 0)
		err = peer_pool_init(&c->peers, c->arena, c->scratch);
	if (err == 0)
		err = rule_table_init(&c->rules, &c->index, &c->peers, c->scratch);
	if (err == 0)
		err = build_directions(c);
	if (err == 0)
		err = build_named_ports(c);
	return err != 0 ? err : finish_endpoints(c);
}

/* Fills all that follows from the cluster and the options. On failure what was taken goes with the arena. */
static int fill(struct snapshot *snapshot)
{
	struct compilation c = {
		.snapshot = snapshot,
		.cluster = snapshot->cluster,
		.arena = snapshot->arena,
		.scratch = arena_create(),
	};
	int err = c.scratch != NULL ? compile(&c) : -ENOMEM;

	profile_builder_deinit(&c.builder);
	rule_table_deinit(&c.rules);
	peer_pool_deinit(&c.peers);
	cluster_index_deinit(&c.index);
	arena_unref(c.scratch);
	return err;
}

int snapshot_compile(struct snapshot **out, struct cluster *cluster, const struct snapshot_options *options)
{
	struct arena *arena = arena_create();
	struct snapshot *snapshot = arena != NULL ? arena_alloc(arena, sizeof(*snapshot)) : NULL;
	int err = -ENOMEM;

	if (snapshot == NULL)
		goto fail;
	snapshot->arena = arena;
	snapshot->cluster = cluster;
	snapshot->revision = options->revision;
	snapshot->audit = options->audit;
	snapshot->deny_link_local = options->deny_link_local;
	snapshot->link_local = VERDICT_ALLOW;
	snapshot->node_name = arena_strdup(arena, options->node_name != NULL ? options->node_name : "");
	if (snapshot->node_name == NULL)
		goto fail;
	err = fill(snapshot);
	if (err != 0)
		goto fail;
	cluster_ref(cluster);
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
	arena_unref(snapshot->arena);	/* the snapshot itself lives there */
}
