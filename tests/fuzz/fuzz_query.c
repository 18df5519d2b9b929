/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Any two lines as source and destination, against a world of two pods and a policy: what is
 * understood is explained, and its reasons agree with its verdict; what is not gets a sentence.
 */

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "config/store/store.h"
#include "enforcer/log/explain_json.h"
#include "policy/explain/query.h"
#include "tests/support/json_read_back.h"
#include "tests/support/one_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char yaml[] =
	"apiVersion: v1\nkind: List\nitems:\n"
	"- {apiVersion: v1, kind: Pod, metadata: {name: web, namespace: shop, labels: {app: web}}, "
	"status: {podIPs: [{ip: 10.0.0.1}, {ip: 'fd00::1'}]}}\n"
	"- apiVersion: v1\n"
	"  kind: Pod\n"
	"  metadata: {name: db, namespace: shop, labels: {app: db}}\n"
	"  spec: {containers: [{name: c, ports: [{name: pg, containerPort: 5432}, {name: dns, "
	"containerPort: 53, protocol: UDP}]}]}\n"
	"  status: {podIPs: [{ip: 10.0.0.2}, {ip: 'fd00::2'}]}\n"
	"- apiVersion: networking.k8s.io/v1\n"
	"  kind: NetworkPolicy\n"
	"  metadata: {name: db, namespace: shop}\n"
	"  spec: {podSelector: {matchLabels: {app: db}}, ingress: [{from: [{podSelector: "
	"{matchLabels: {app: api}}}, {ipBlock: {cidr: 10.1.0.0/16}}], ports: [{port: pg}]}]}\n";

static void must(int held)
{
	if (!held)
		abort();
}

static struct snapshot *make_world(void)
{
	const struct snapshot_options options = {.revision = 1};
	struct store *store;
	struct cluster *cluster;
	struct snapshot *snapshot;

	must(store_create(&store) == 0);
	must(one_file_put(store, "world.yaml", yaml, sizeof(yaml) - 1) == 0);
	must(store_cluster(store, &cluster) == 0);
	must(cluster->policy_count == 1);
	must(snapshot_compile(&snapshot, cluster, &options) == 0);
	cluster_unref(cluster);
	store_free(store);
	return snapshot;
}

static void explain(const struct snapshot *snapshot, const struct flow *flow, struct arena *arena)
{
	struct explanation explanation;
	struct json_writer writer = {.text = NULL};
	cJSON *json;

	must(explain_flow(snapshot, flow, arena, &explanation) == 0);
	for (int d = 0; d < DIRECTION_COUNT; d++)
		must(!explanation.sides[d].disagrees);
	explain_json_flow(&writer, &explanation);
	json = json_read_back(&writer);
	must(json != NULL);
	cJSON_Delete(json);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct snapshot *snapshot;
	const char *text = (const char *)data,
		   *newline = size > 0 ? memchr(data, '\n', size) : NULL;
	struct flow flows[QUERY_FLOWS_MOST];
	char problem[QUERY_PROBLEM] = "";
	struct arena *arena = arena_create();
	char *source, *destination;
	int count;

	if (snapshot == NULL)
		snapshot = make_world();
	if (newline == NULL)
		newline = text + size;
	source = arena_strndup(arena, text, (size_t)(newline - text));
	destination = newline < text + size
		? arena_strndup(arena, newline + 1, (size_t)(text + size - newline - 1))
		: source;
	count = query_flows(snapshot, source, destination, flows, problem);
	must(count == -EINVAL ? *problem != '\0' : count >= 1 && count <= QUERY_FLOWS_MOST);
	for (int i = 0; i < count; i++)
		explain(snapshot, &flows[i], arena);
	arena_unref(arena);
	return 0;
}
