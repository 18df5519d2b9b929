/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/support/fix_apply.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "config/store/store.h"
#include "tests/support/one_file.h"

enum { NAME = 256, SNIPPET = 4096 };

/* The cluster's lists, of which single objects are replaced by changed copies. */
struct patch {
	struct arena *arena;
	const char *at; /* what of the fix is not done yet */
	const struct namespace_object **namespaces;
	const struct pod **pods;
	const struct network_policy **policies;
	const struct cluster *cluster;
	struct fixed *fixed;
};

static void *copy_of(struct patch *patch, const void *object, size_t size)
{
	void *copy = arena_memdup(patch->arena, object, size);

	assert_non_null(copy);
	return copy;
}

static void *room(struct patch *patch, size_t count, size_t size)
{
	void *items = arena_calloc(patch->arena, count, size);

	assert_non_null(items);
	return items;
}

/* Steps over `text` if it comes next. */
static bool take(struct patch *patch, const char *text)
{
	const size_t length = strlen(text);

	if (strncmp(patch->at, text, length) != 0)
		return false;
	patch->at += length;
	return true;
}

static void need(struct patch *patch, const char *text)
{
	if (!take(patch, text))
		fail_msg("\"%s\" is not where it should be: \"%s\"", text, patch->at);
}

/* Takes what comes before any of `ends`. */
static void take_until(struct patch *patch, const char *ends, char out[NAME])
{
	const size_t length = strcspn(patch->at, ends);

	assert_true(length < NAME);
	memcpy(out, patch->at, length);
	out[length] = '\0';
	patch->at += length;
}

static struct pod *take_pod(struct patch *patch)
{
	char namespace_name[NAME], name[NAME];

	take_until(patch, "/", namespace_name);
	need(patch, "/");
	take_until(patch, " ,", name);
	for (size_t i = 0; i < patch->cluster->pod_count; i++) {
		if (strcmp(patch->pods[i]->namespace_name, namespace_name) != 0 ||
			strcmp(patch->pods[i]->name, name) != 0)
			continue;
		patch->pods[i] = copy_of(patch, patch->pods[i], sizeof(struct pod));
		return (struct pod *)patch->pods[i];
	}
	fail_msg("no pod %s/%s", namespace_name, name);
	return NULL;
}

static struct namespace_object *take_namespace(struct patch *patch)
{
	char name[NAME];

	take_until(patch, " ,", name);
	for (size_t i = 0; i < patch->cluster->namespace_count; i++) {
		if (strcmp(patch->namespaces[i]->name, name) != 0)
			continue;
		patch->namespaces[i] = copy_of(
			patch, patch->namespaces[i], sizeof(struct namespace_object));
		return (struct namespace_object *)patch->namespaces[i];
	}
	fail_msg("no namespace %s", name);
	return NULL;
}

static struct network_policy *take_policy(struct patch *patch)
{
	char namespace_name[NAME], name[NAME];

	take_until(patch, "/", namespace_name);
	need(patch, "/");
	take_until(patch, " ,:", name);
	for (size_t i = 0; i < patch->cluster->policy_count; i++) {
		if (strcmp(patch->policies[i]->namespace_name, namespace_name) != 0 ||
			strcmp(patch->policies[i]->name, name) != 0)
			continue;
		patch->policies[i] = copy_of(
			patch, patch->policies[i], sizeof(struct network_policy));
		return (struct network_policy *)patch->policies[i];
	}
	fail_msg("no policy %s/%s", namespace_name, name);
	return NULL;
}

/* ---- labels ---- */

/* A fix adds labels and changes none. */
static void add_label(
	struct patch *patch, struct label_set *labels, const char *key, const char *value)
{
	struct label *items = room(patch, labels->count + 1, sizeof(*items));
	size_t count = 0, i = 0;

	assert_null(label_set_get(labels, key));
	for (; i < labels->count && strcmp(labels->items[i].key, key) < 0; i++)
		items[count++] = labels->items[i];
	items[count++] = (struct label){
		arena_strdup(patch->arena, key), arena_strdup(patch->arena, value)};
	for (; i < labels->count; i++)
		items[count++] = labels->items[i];
	*labels = (struct label_set){items, count};
}

/* "A=B, C=D", up to the next clause. */
static void take_labels(struct patch *patch, struct label_set *labels)
{
	do {
		char key[NAME], value[NAME];

		take_until(patch, "=", key);
		need(patch, "=");
		take_until(patch, ", ", value);
		add_label(patch, labels, key, value);
	} while (strncmp(patch->at, ", and ", 6) != 0 && take(patch, ", "));
}

static void relabel(struct patch *patch, struct label_set *labels)
{
	need(patch, " with label ");
	take_labels(patch, labels);
}

/* ---- snippets ---- */

/* A policy of `namespace_name` with these rules, read as a manifest. */
static const struct network_policy *read_rules(
	struct patch *patch, const char *namespace_name, const char *direction, const char *rules)
{
	char yaml[2 * SNIPPET];
	struct store *store;
	struct cluster *cluster;

	assert_true(patch->fixed->snippet_count <
		sizeof(patch->fixed->snippets) / sizeof(patch->fixed->snippets[0]));
	snprintf(yaml, sizeof(yaml),
		"apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: x, "
		"namespace: %s}\n"
		"spec: {podSelector: {}, policyTypes: [Ingress, Egress], %s: [%s]}\n",
		namespace_name, direction, rules);
	assert_int_equal(store_create(&store), 0);
	assert_int_equal(one_file_put(store, "fix.yaml", yaml, strlen(yaml)), 0);
	assert_int_equal(store_cluster(store, &cluster), 0);
	if (cluster->policy_count != 1)
		fail_msg("the fix can't be read as a manifest: %s", yaml);
	store_free(store); /* the cluster holds what it needs of it */
	patch->fixed->snippets[patch->fixed->snippet_count++] = cluster;
	return cluster->policies[0];
}

/* Takes a flow mapping "{...}" as it stands. */
static void take_mapping(struct patch *patch, char out[SNIPPET])
{
	size_t length = 0;
	int depth = 0;

	assert_int_equal(patch->at[0], '{');
	do {
		depth += patch->at[length] == '{' ? 1 : patch->at[length] == '}' ? -1 : 0;
		length++;
		assert_true(patch->at[length - 1] != '\0' && length < SNIPPET);
	} while (depth > 0);
	memcpy(out, patch->at, length);
	out[length] = '\0';
	patch->at += length;
}

static enum direction take_direction(struct patch *patch)
{
	if (take(patch, "ingress"))
		return DIRECTION_INGRESS;
	need(patch, "egress");
	return DIRECTION_EGRESS;
}

static struct policy_rule *own_rules(
	struct patch *patch, struct network_policy *policy, enum direction direction, size_t more)
{
	const size_t count = policy->rule_count[direction];
	struct policy_rule *rules = room(patch, count + more, sizeof(*rules));

	if (count > 0)
		memcpy(rules, policy->rules[direction], count * sizeof(*rules));
	policy->rules[direction] = rules;
	return rules;
}

static void add_peer(struct patch *patch, struct policy_rule *rule, const struct policy_peer *peer)
{
	struct policy_peer *peers = room(patch, rule->peer_count + 1, sizeof(*peers));

	if (rule->peer_count > 0)
		memcpy(peers, rule->peers, rule->peer_count * sizeof(*peers));
	peers[rule->peer_count++] = *peer;
	rule->peers = peers;
}

static void add_port(struct patch *patch, struct policy_rule *rule, const struct policy_port *port)
{
	struct policy_port *ports = room(patch, rule->port_count + 1, sizeof(*ports));

	if (rule->port_count > 0)
		memcpy(ports, rule->ports, rule->port_count * sizeof(*ports));
	ports[rule->port_count++] = *port;
	rule->ports = ports;
}

/* "{...} to ingress[0].from of policy shop/db": a peer or a port for a rule that is there. */
static void widen_rule(struct patch *patch)
{
	char item[SNIPPET], rules[SNIPPET + NAME + 8], index[NAME], list[NAME];
	struct network_policy *policy;
	struct policy_rule *rule;
	enum direction direction;
	const struct policy_rule *read;

	take_mapping(patch, item);
	need(patch, " to ");
	direction = take_direction(patch);
	need(patch, "[");
	take_until(patch, "]", index);
	need(patch, "].");
	take_until(patch, " ", list);
	need(patch, " of policy ");
	policy = take_policy(patch);
	assert_true(strtoul(index, NULL, 10) < policy->rule_count[direction]);
	rule = &own_rules(patch, policy, direction, 0)[strtoul(index, NULL, 10)];
	snprintf(rules, sizeof(rules), "{%s: [%s]}", list, item);
	read = read_rules(patch, policy->namespace_name, direction_name(direction), rules)
		       ->rules[direction];
	if (strcmp(list, "ports") == 0)
		add_port(patch, rule, &read->ports[0]);
	else
		add_peer(patch, rule, &read->peers[0]);
}

/* "{from: [...], ports: [...]} to ingress of policy shop/db": a rule of its own. */
static void add_rule(struct patch *patch)
{
	char item[SNIPPET];
	struct network_policy *policy;
	struct policy_rule *rules;
	enum direction direction;

	take_mapping(patch, item);
	need(patch, " to ");
	direction = take_direction(patch);
	need(patch, " of policy ");
	policy = take_policy(patch);
	rules = own_rules(patch, policy, direction, 1);
	rules[policy->rule_count[direction]++] = read_rules(
		patch, policy->namespace_name, direction_name(direction), item)
							 ->rules[direction][0];
	if (take(patch, " ("))
		patch->at += strcspn(patch->at, ")") + 1;
}

static void name_port(struct patch *patch)
{
	struct pod *pod = take_pod(patch);
	struct container_port *ports = room(patch, pod->port_count + 1, sizeof(*ports)),
			      *added = &ports[pod->port_count];
	char name[NAME], number[NAME], protocol[NAME];

	need(patch, " the container port {name: ");
	take_until(patch, ",", name);
	need(patch, ", containerPort: ");
	take_until(patch, ",", number);
	need(patch, ", protocol: ");
	take_until(patch, "}", protocol);
	need(patch, "}");
	if (pod->port_count > 0)
		memcpy(ports, pod->ports, pod->port_count * sizeof(*ports));
	added->name = arena_strdup(patch->arena, name);
	added->port = (uint16_t)strtoul(number, NULL, 10);
	added->protocol = strcmp(protocol, "TCP") == 0 ? 6
		: strcmp(protocol, "UDP") == 0	       ? 17
						       : 132;
	pod->ports = ports;
	pod->port_count++;
}

/* ---- clauses ---- */

static void apply_clause(struct patch *patch)
{
	if (take(patch, "run pod ")) {
		relabel(patch, &take_pod(patch)->labels);
	} else if (take(patch, "have namespace ")) {
		relabel(patch, &take_namespace(patch)->labels);
	} else if (take(patch, "give pod ")) {
		name_port(patch);
	} else if (take(patch, "add the rule ")) {
		add_rule(patch);
	} else if (take(patch, "add ")) {
		widen_rule(patch);
	} else {
		need(patch, "enforce policy ");
		take_policy(patch)->audit = false;
		need(patch, ": take its annotation podgate.io/audit away");
	}
}

static void *list_copy(struct patch *patch, const void *list, size_t count)
{
	const void **copy = room(patch, count, sizeof(*copy));

	if (count > 0)
		memcpy(copy, list, count * sizeof(*copy));
	return copy;
}

static void copy_lists(struct patch *patch)
{
	const struct cluster *cluster = patch->cluster;

	patch->namespaces = list_copy(patch, cluster->namespaces, cluster->namespace_count);
	patch->pods = list_copy(patch, cluster->pods, cluster->pod_count);
	patch->policies = list_copy(patch, cluster->policies, cluster->policy_count);
}

void fix_apply(
	struct fixed *out, const struct cluster *cluster, const char *fix, struct arena *arena)
{
	struct fixed fixed = {0};
	struct patch patch = {.arena = arena, .at = fix, .cluster = cluster, .fixed = &fixed};
	struct cluster_objects objects;

	copy_lists(&patch);
	apply_clause(&patch);
	while (take(&patch, ", and "))
		apply_clause(&patch);
	if (*patch.at != '\0')
		fail_msg("this part of the fix is not understood: \"%s\"", patch.at);
	objects = (struct cluster_objects){
		.namespaces = patch.namespaces,
		.namespace_count = cluster->namespace_count,
		.pods = patch.pods,
		.pod_count = cluster->pod_count,
		.policies = patch.policies,
		.policy_count = cluster->policy_count,
		.arenas = &arena,
		.arena_count = 1,
	};
	assert_int_equal(cluster_create(&fixed.cluster, &objects), 0);
	*out = fixed;
}

void fix_deinit(struct fixed *fixed)
{
	cluster_unref(fixed->cluster);
	for (size_t i = 0; i < fixed->snippet_count; i++)
		cluster_unref(fixed->snippets[i]);
}
