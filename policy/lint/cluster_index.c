/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/lint/cluster_index.h"

#include <errno.h>
#include <string.h>

enum { OBJECTS_MOST = 1 << 30 };

/* Objects on their way into an index: their codes one after the other, and how many each has. */
struct description {
	struct vector codes; /* of uint32_t */
	struct vector ends;  /* of uint32_t */
};

static void description_deinit(struct description *description)
{
	vector_deinit(&description->codes);
	vector_deinit(&description->ends);
}

/* Gives an index what was described, in memory that lives as long as it. */
static int extend(
	struct label_index *index, const struct description *description, struct arena *arena)
{
	const uint32_t *ends = description->ends.items;
	const uint32_t count = (uint32_t)description->ends.count;
	const uint32_t *codes = arena_memdup(
		arena, description->codes.items, description->codes.count * sizeof(*codes));
	struct label_codes *objects = arena_calloc(arena, count, sizeof(*objects));

	if (codes == NULL || objects == NULL)
		return -ENOMEM;
	for (uint32_t i = 0; i < count; i++) {
		const uint32_t begin = i > 0 ? ends[i - 1] : 0;

		objects[i] = (struct label_codes){codes + begin, ends[i] - begin};
	}
	return count > 0 ? label_index_extend(index, objects, count, arena) : 0;
}

static int describe_pod(struct cluster_index *index, uint32_t pod, uint32_t namespace_number,
	struct description *description)
{
	const struct namespace_object *own = index->cluster->namespaces[namespace_number];
	int err = label_index_describe_namespace(&index->pods, own->name, &description->codes);

	if (err == 0)
		err = label_index_describe(
			&index->pods, LABELS_OF_NAMESPACE, &own->labels, &description->codes);
	if (err == 0)
		err = label_index_describe(&index->pods, LABELS_OF_POD,
			&index->cluster->pods[pod]->labels, &description->codes);
	return err != 0
		? err
		: vector_push_number(&description->ends, (uint32_t)description->codes.count);
}

static int index_pods(struct cluster_index *index, struct arena *arena)
{
	struct description description = {0};
	int err = 0;

	for (uint32_t i = 0; i < index->cluster->namespace_count; i++)
		for (uint32_t pod = index->first_pods[i];
			err == 0 && pod < index->first_pods[i + 1]; pod++)
			err = describe_pod(index, pod, i, &description);
	if (err == 0)
		err = extend(&index->pods, &description, arena);
	description_deinit(&description);
	return err;
}

static int index_namespaces(struct cluster_index *index, struct arena *arena)
{
	struct description description = {0};
	int err = 0;

	for (size_t i = 0; err == 0 && i < index->cluster->namespace_count; i++) {
		err = label_index_describe(&index->namespaces, LABELS_OF_NAMESPACE,
			&index->cluster->namespaces[i]->labels, &description.codes);
		if (err == 0)
			err = vector_push_number(
				&description.ends, (uint32_t)description.codes.count);
	}
	if (err == 0)
		err = extend(&index->namespaces, &description, arena);
	description_deinit(&description);
	return err;
}

/*
 * All lists are sorted by namespace, and every namespace that is spoken of exists: one walk finds
 * where each begins.
 */
static int locate(struct cluster_index *index, struct arena *arena)
{
	const struct cluster *cluster = index->cluster;
	uint32_t pod = 0, policy = 0;

	index->first_pods = arena_calloc(arena, cluster->namespace_count + 1, sizeof(uint32_t));
	index->policy_namespaces = arena_calloc(arena, cluster->policy_count, sizeof(uint32_t));
	if (index->first_pods == NULL || index->policy_namespaces == NULL)
		return -ENOMEM;
	for (uint32_t i = 0; i < cluster->namespace_count; i++) {
		const char *name = cluster->namespaces[i]->name;

		index->first_pods[i] = pod;
		while (pod < cluster->pod_count &&
			strcmp(cluster->pods[pod]->namespace_name, name) == 0)
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

int cluster_index_init(
	struct cluster_index *index, const struct cluster *cluster, struct arena *arena)
{
	int err;

	*index = (struct cluster_index){.cluster = cluster};
	if (cluster->pod_count > OBJECTS_MOST || cluster->policy_count > OBJECTS_MOST)
		return -E2BIG;
	err = locate(index, arena);
	if (err == 0)
		err = label_index_init(&index->pods, true, arena);
	if (err == 0)
		err = label_index_init(&index->namespaces, true, arena);
	if (err == 0)
		err = index_pods(index, arena);
	return err != 0 ? err : index_namespaces(index, arena);
}

void cluster_index_deinit(struct cluster_index *index)
{
	label_index_deinit(&index->pods);
	label_index_deinit(&index->namespaces);
}

static int ask(struct label_index *labels, const struct label_query *query, struct range_list *out)
{
	uint32_t number;
	int err = label_index_select(labels, query, &number);

	/* There is but one batch, and unlike answers its tails stay where they are. */
	if (err == 0)
		*out = label_index_tail(labels, number);
	return err;
}

int cluster_index_scope(struct cluster_index *index, uint32_t policy, struct range_list *out)
{
	const struct network_policy *asked = index->cluster->policies[policy];
	const struct label_query query = {
		.namespace_name = asked->namespace_name, .pods = &asked->pod_selector};

	return ask(&index->pods, &query, out);
}

int cluster_index_peer(struct cluster_index *index, const struct policy_peer *peer, uint32_t policy,
	struct range_list *out)
{
	const struct label_query query = label_query_of_peer(
		peer, index->cluster->policies[policy]->namespace_name);

	return ask(&index->pods, &query, out);
}

int cluster_index_pods(
	struct cluster_index *index, const struct selector *selector, struct range_list *out)
{
	return ask(&index->pods, &(struct label_query){.pods = selector}, out);
}

int cluster_index_namespaces(
	struct cluster_index *index, const struct selector *selector, struct range_list *out)
{
	return ask(&index->namespaces, &(struct label_query){.namespaces = selector}, out);
}
