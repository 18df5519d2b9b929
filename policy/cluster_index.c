/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/cluster_index.h"

#include <errno.h>
#include <string.h>

enum { OBJECTS_MOST = 1 << 30 };

#define ANY UINT32_MAX

/* A peer by the numbers of its selectors. ANY: it has none, or the policy's own namespace does not matter. */
struct peer_key {
	uint32_t pod_selector, namespace_selector, own;
};

static int index_pods(struct cluster_index *index)
{
	const struct cluster *cluster = index->cluster;
	const struct label_set **labels = arena_calloc(index->arena, cluster->pod_count, sizeof(*labels));

	if (labels == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < cluster->pod_count; i++)
		labels[i] = &cluster->pods[i]->labels;
	return label_index_init(&index->pods, labels, (uint32_t)cluster->pod_count, index->arena);
}

static int index_namespaces(struct cluster_index *index)
{
	const struct cluster *cluster = index->cluster;
	const struct label_set **labels = arena_calloc(index->arena, cluster->namespace_count, sizeof(*labels));

	if (labels == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < cluster->namespace_count; i++)
		labels[i] = &cluster->namespaces[i]->labels;
	return label_index_init(&index->namespaces, labels, (uint32_t)cluster->namespace_count, index->arena);
}

/*
 * All lists are sorted by namespace, and every namespace that is spoken of exists: one walk finds where each
 * begins.
 */
static int locate(struct cluster_index *index)
{
	const struct cluster *cluster = index->cluster;
	uint32_t pod = 0, policy = 0;

	index->first_pods = arena_calloc(index->arena, cluster->namespace_count + 1, sizeof(uint32_t));
	index->policy_namespaces = arena_calloc(index->arena, cluster->policy_count, sizeof(uint32_t));
	if (index->first_pods == NULL || index->policy_namespaces == NULL)
		return -ENOMEM;
	for (uint32_t i = 0; i < cluster->namespace_count; i++) {
		const char *name = cluster->namespaces[i]->name;

		index->first_pods[i] = pod;
		while (pod < cluster->pod_count && strcmp(cluster->pods[pod]->namespace_name, name) == 0)
			pod++;
		for (; policy < cluster->policy_count; policy++) {
			if (strcmp(cluster->policies[policy]->namespace_name, name) != 0)
				break;
			index->policy_namespaces[policy] = i;
		}
	}
	index->first_pods[cluster->namespace_count] = pod;
	return 0;
}

int cluster_index_init(struct cluster_index *index, const struct cluster *cluster, struct arena *arena)
{
	int err;

	*index = (struct cluster_index){.arena = arena, .cluster = cluster};
	if (cluster->pod_count > OBJECTS_MOST || cluster->policy_count > OBJECTS_MOST)
		return -E2BIG;
	intern_table_init(&index->peers, arena);
	intern_table_init(&index->groups, arena);
	err = locate(index);
	if (err == 0)
		err = index_pods(index);
	if (err == 0)
		err = index_namespaces(index);
	return err;
}

void cluster_index_deinit(struct cluster_index *index)
{
	label_index_deinit(&index->pods);
	label_index_deinit(&index->namespaces);
	intern_table_deinit(&index->peers);
	intern_table_deinit(&index->groups);
	vector_deinit(&index->peer_answers);
}

int cluster_index_scope(struct cluster_index *index, uint32_t policy, struct policy_scope *out)
{
	const uint32_t own = index->policy_namespaces[policy];
	uint32_t key[2] = {own, 0}, group;
	int err = label_index_select(&index->pods, &index->cluster->policies[policy]->pod_selector, &key[1]);

	if (err == 0)
		err = intern_table_add(&index->groups, key, sizeof(key), &group);
	if (err != 0)
		return err;
	*out = (struct policy_scope){
		.ranges = label_index_answer(&index->pods, key[1]),
		.first = index->first_pods[own],
		.end = index->first_pods[own + 1],
		.group = group,
	};
	return 0;
}

/* The pods of the namespaces in the list. */
static int pods_of_namespaces(const struct cluster_index *index, struct range_list namespaces, struct range_list *out)
{
	struct vector pods = {0};
	int err = 0;

	for (size_t i = 0; err == 0 && i < namespaces.count; i++) {
		const uint32_t first = index->first_pods[namespaces.items[i].first];
		const uint32_t end = index->first_pods[namespaces.items[i].last + 1];

		if (first < end)
			err = range_vector_add(&pods, first, end - 1);
	}
	if (err == 0)
		err = range_list_copy(out, range_vector_settle(&pods), index->arena);
	vector_deinit(&pods);
	return err;
}

/* The pods that the peer's namespace selector, or the lack of one, leaves. */
static int namespace_part(const struct cluster_index *index, const struct peer_key *key, struct range_list *out)
{
	const struct range own = {key->own, key->own};
	const struct range_list namespaces = key->namespace_selector == ANY
		? (struct range_list){&own, 1}
		: label_index_answer(&index->namespaces, key->namespace_selector);

	return pods_of_namespaces(index, namespaces, out);
}

static int answer(const struct cluster_index *index, const struct peer_key *key, struct range_list *out)
{
	struct range_list pods;
	int err = namespace_part(index, key, &pods);

	if (err == 0 && key->pod_selector != ANY)
		err = range_list_intersect(&pods, pods, label_index_answer(&index->pods, key->pod_selector),
			index->arena);
	if (err == 0)
		*out = pods;
	return err;
}

static int make_key(struct cluster_index *index, const struct policy_peer *peer, uint32_t own, struct peer_key *key)
{
	int err = 0;

	*key = (struct peer_key){ANY, ANY, peer->has_namespace_selector ? ANY : own};
	if (peer->has_pod_selector)
		err = label_index_select(&index->pods, &peer->pod_selector, &key->pod_selector);
	if (err == 0 && peer->has_namespace_selector)
		err = label_index_select(&index->namespaces, &peer->namespace_selector, &key->namespace_selector);
	return err;
}

int cluster_index_peer(struct cluster_index *index, const struct policy_peer *peer, uint32_t own,
	struct range_list *out)
{
	struct range_list *slot;
	struct peer_key key;
	uint32_t number;
	int err = make_key(index, peer, own, &key);

	if (err == 0)
		err = intern_table_add(&index->peers, &key, sizeof(key), &number);
	if (err != 0)
		return err;
	if (number == index->peer_answers.count) {
		slot = vector_push(&index->peer_answers, sizeof(*slot));
		if (slot == NULL)
			return -ENOMEM;
		*slot = (struct range_list){0};
		err = answer(index, &key, slot);
		if (err != 0)
			return err;
	}
	*out = ((const struct range_list *)index->peer_answers.items)[number];
	return 0;
}
