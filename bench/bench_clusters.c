/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bench/bench_clusters.h"

#include <netinet/in.h>
#include <stdlib.h>

enum { PODS_A_NAMESPACE = 50, PODS_A_WORKLOAD = 10, BLOCKS = 5000, FEW_POLICIES = 10 };

struct build {
	struct arena *arena;
	enum bench_shape shape;
	uint32_t pods, policies;
	uint64_t random;
};

uint32_t bench_random(uint64_t *state, uint32_t bound)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15U;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
	return (uint32_t)(((z ^ (z >> 31)) >> 32) * bound >> 32);
}

const char *bench_shape_name(enum bench_shape shape)
{
	static const char *const names[] = {
		[BENCH_REALISTIC] = "realistic",
		[BENCH_ALL_SELECT_ALL] = "all-select-all",
		[BENCH_EVERY_OTHER] = "every-other-pod",
		[BENCH_LAYERED] = "layered",
		[BENCH_DISTINCT_PORTS] = "distinct-ports",
		[BENCH_NESTED_PORTS] = "nested-ports",
		[BENCH_MANY_BLOCKS] = "many-blocks",
		[BENCH_NAMED_EGRESS] = "named-egress",
	};

	return names[shape];
}

static void *take(struct build *build, size_t count, size_t size)
{
	void *taken = arena_calloc(build->arena, count, size);

	if (taken == NULL)
		abort();
	return taken;
}

static const char *name_of(struct build *build, const char *kind, uint32_t number)
{
	const char *name = arena_printf(build->arena, "%s-%05u", kind, (unsigned int)number);

	if (name == NULL)
		abort();
	return name;
}

static uint32_t namespace_count(const struct build *build)
{
	if (build->shape != BENCH_REALISTIC)
		return 1;
	return (build->pods + PODS_A_NAMESPACE - 1) / PODS_A_NAMESPACE;
}

static uint32_t workload_count(const struct build *build)
{
	return (build->pods + PODS_A_WORKLOAD - 1) / PODS_A_WORKLOAD;
}

static struct namespace_object *make_namespace(struct build *build, uint32_t number)
{
	struct namespace_object *made = take(build, 1, sizeof(*made));
	struct label *labels = take(build, 2, sizeof(*labels));

	made->name = name_of(build, "team", number);
	labels[0] = (struct label){"kubernetes.io/metadata.name", made->name};
	labels[1] = (struct label){"stage", number % 3 == 0 ? "production" : "staging"};
	made->labels = (struct label_set){labels, 2};
	return made;
}

static struct pod *make_pod(struct build *build, uint32_t number)
{
	static const char *const tiers[] = {"frontend", "backend", "database", "cache", "queue"};
	const uint32_t workload = number / PODS_A_WORKLOAD;
	const uint8_t v4[4] = {10, (uint8_t)(42 + number / 65000), (uint8_t)(number % 65000 / 250),
		(uint8_t)(number % 250 + 2)};
	struct pod *pod = take(build, 1, sizeof(*pod));
	struct label *labels = take(build, 4, sizeof(*labels));
	struct container_port *ports = take(build, 2, sizeof(*ports));
	struct ip_addr *ips = take(build, 1, sizeof(*ips));

	pod->namespace_name = name_of(
		build, "team", number / PODS_A_NAMESPACE % namespace_count(build));
	pod->name = name_of(build, "pod", number);
	labels[0] = (struct label){"app", name_of(build, "app", workload)};
	labels[1] = (struct label){"parity", number % 2 == 0 ? "even" : "odd"};
	labels[2] = (struct label){"pod-template-hash", name_of(build, "hash", workload)};
	labels[3] = (struct label){"tier", tiers[workload % 5]};
	pod->labels = (struct label_set){labels, 4};
	ports[0] = (struct container_port){"http", (uint16_t)(8080 + workload % 3), IPPROTO_TCP};
	ports[1] = (struct container_port){"metrics", 9090, IPPROTO_TCP};
	pod->ports = ports;
	pod->port_count = 2;
	ips[0] = ip_addr_v4(v4);
	pod->ips = ips;
	pod->ip_count = 1;
	pod->node_name = "";
	return pod;
}

static struct selector select_one(struct build *build, const char *key, const char *value)
{
	struct requirement *requirement = take(build, 1, sizeof(*requirement));
	const char **values = take(build, 1, sizeof(*values));

	values[0] = value;
	*requirement = (struct requirement){.key = key,
		.op = REQUIREMENT_IN,
		.values = values,
		.value_count = 1,
		.from_match_labels = true};
	return (struct selector){.requirements = requirement, .count = 1};
}

static struct policy_peer pods_of_app(struct build *build, uint32_t workload)
{
	return (struct policy_peer){.has_pod_selector = true,
		.pod_selector = select_one(build, "app", name_of(build, "app", workload))};
}

static struct policy_peer random_block(struct build *build)
{
	const uint8_t v4[4] = {(uint8_t)(11 + bench_random(&build->random, 200)),
		(uint8_t)bench_random(&build->random, 256),
		(uint8_t)bench_random(&build->random, 256), 0};
	const struct cidr block = {ip_addr_v4(v4), (uint8_t)(16 + bench_random(&build->random, 9))};

	return (struct policy_peer){
		.has_ip_block = true, .ip_block = {.cidr = cidr_masked(&block)}};
}

static struct policy_port tcp_range(uint16_t first, uint16_t last)
{
	return (struct policy_port){.protocol = IPPROTO_TCP,
		.kind = POLICY_PORT_NUMBER,
		.first = first,
		.last = last,
		.name = ""};
}

static struct policy_port tcp_named(const char *name)
{
	return (struct policy_port){
		.protocol = IPPROTO_TCP, .kind = POLICY_PORT_NAMED, .name = name};
}

/* A policy for `direction` with one rule, to be filled; it selects all pods of its namespace. */
static struct network_policy *begin_policy(
	struct build *build, uint32_t number, enum direction direction)
{
	struct network_policy *policy = take(build, 1, sizeof(*policy));

	policy->namespace_name = name_of(build, "team", number % namespace_count(build));
	policy->name = name_of(build, "policy", number);
	policy->isolates[direction] = true;
	return policy;
}

static struct policy_rule *add_rules(
	struct build *build, struct network_policy *policy, enum direction direction, size_t count)
{
	struct policy_rule *rules = take(build, count, sizeof(*rules));

	policy->rules[direction] = rules;
	policy->rule_count[direction] = count;
	return rules;
}

static void set_peer(struct build *build, struct policy_rule *rule, struct policy_peer peer)
{
	struct policy_peer *peers = take(build, 1, sizeof(*peers));

	*peers = peer;
	rule->peers = peers;
	rule->peer_count = 1;
}

static void set_port(struct build *build, struct policy_rule *rule, struct policy_port port)
{
	struct policy_port *ports = take(build, 1, sizeof(*ports));

	*ports = port;
	rule->ports = ports;
	rule->port_count = 1;
}

/* A workload of the policy's own namespace. */
static uint32_t own_workload(struct build *build, uint32_t number)
{
	const uint32_t a_namespace = PODS_A_NAMESPACE / PODS_A_WORKLOAD;

	return number % namespace_count(build) * a_namespace +
		bench_random(&build->random, a_namespace);
}

static struct network_policy *allow_app(struct build *build, uint32_t number)
{
	static const uint16_t ports[] = {80, 443, 5432, 6379, 8080};
	struct network_policy *policy = begin_policy(build, number, DIRECTION_INGRESS);
	struct policy_rule *rule = add_rules(build, policy, DIRECTION_INGRESS, 1);

	policy->pod_selector = select_one(
		build, "app", name_of(build, "app", own_workload(build, number)));
	set_peer(build, rule, pods_of_app(build, own_workload(build, number)));
	set_port(build, rule, tcp_range(ports[number % 5], ports[number % 5]));
	return policy;
}

static struct network_policy *allow_namespace(struct build *build, uint32_t number)
{
	struct network_policy *policy = begin_policy(build, number, DIRECTION_INGRESS);
	struct policy_rule *rule = add_rules(build, policy, DIRECTION_INGRESS, 1);
	const uint32_t from = bench_random(&build->random, namespace_count(build));

	policy->pod_selector = select_one(
		build, "app", name_of(build, "app", own_workload(build, number)));
	set_peer(build, rule,
		(struct policy_peer){.has_namespace_selector = true,
			.namespace_selector = select_one(build, "kubernetes.io/metadata.name",
				name_of(build, "team", from))});
	set_port(build, rule, tcp_named("metrics"));
	return policy;
}

static struct network_policy *allow_out(struct build *build, uint32_t number)
{
	static const char *const private[] = {"10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"};
	struct network_policy *policy = begin_policy(build, number, DIRECTION_EGRESS);
	struct policy_rule *rules = add_rules(build, policy, DIRECTION_EGRESS, 2);
	struct policy_peer internet = {.has_ip_block = true, .ip_block = {.except_count = 3}};
	struct cidr *excepts = take(build, 3, sizeof(*excepts));

	for (int i = 0; i < 3; i++)
		if (cidr_parse(&excepts[i], private[i]) != 0)
			abort();
	if (cidr_parse(&internet.ip_block.cidr, "0.0.0.0/0") != 0)
		abort();
	internet.ip_block.excepts = excepts;
	policy->pod_selector = select_one(build, "tier", "backend");
	set_peer(build, &rules[0], internet);
	set_port(build, &rules[0], tcp_range(443, 443));
	set_peer(build, &rules[1], pods_of_app(build, own_workload(build, number)));
	set_port(build, &rules[1], tcp_named("http"));
	return policy;
}

static struct network_policy *allow_blocks(struct build *build, uint32_t number)
{
	struct network_policy *policy = begin_policy(build, number, DIRECTION_INGRESS);
	struct policy_rule *rules = add_rules(build, policy, DIRECTION_INGRESS, 3);

	policy->pod_selector = select_one(
		build, "app", name_of(build, "app", own_workload(build, number)));
	for (int i = 0; i < 3; i++) {
		set_peer(build, &rules[i], random_block(build));
		set_port(build, &rules[i],
			tcp_range((uint16_t)(30000 + 100 * i), (uint16_t)(30150 + 100 * i)));
	}
	return policy;
}

static struct network_policy *make_realistic(struct build *build, uint32_t number)
{
	/* By a random draw, not by number: the number decides the namespace already. */
	const uint32_t draw = bench_random(&build->random, 100);

	if (draw < 5)
		return begin_policy(build, number, DIRECTION_INGRESS); /* nobody may come in */
	if (draw < 55)
		return allow_app(build, number);
	if (draw < 70)
		return allow_namespace(build, number);
	if (draw < 85)
		return allow_out(build, number);
	return allow_blocks(build, number);
}

/* One that selects everything, or every second pod, or one workload. */
static struct network_policy *make_selecting(struct build *build, uint32_t number)
{
	struct network_policy *policy = begin_policy(build, number, DIRECTION_INGRESS);
	struct policy_rule *rule = add_rules(build, policy, DIRECTION_INGRESS, 1);

	if (build->shape == BENCH_EVERY_OTHER)
		policy->pod_selector = select_one(build, "parity", "even");
	if (build->shape == BENCH_LAYERED && number % 2 == 1)
		policy->pod_selector = select_one(
			build, "app", name_of(build, "app", number / 2 % workload_count(build)));
	set_peer(build, rule, pods_of_app(build, number % workload_count(build)));
	set_port(build, rule,
		tcp_range((uint16_t)(1 + number % 60000), (uint16_t)(1 + number % 60000)));
	return policy;
}

static struct network_policy *make_ports(struct build *build, uint32_t number)
{
	struct network_policy *policy = begin_policy(build, number, DIRECTION_INGRESS);
	struct policy_rule *rules = add_rules(build, policy, DIRECTION_INGRESS, build->policies);

	for (uint32_t i = 0; i < build->policies; i++) {
		const uint16_t first = (uint16_t)(1 + i % 32000);

		set_peer(build, &rules[i], pods_of_app(build, i % workload_count(build)));
		set_port(build, &rules[i],
			tcp_range(first,
				build->shape == BENCH_NESTED_PORTS ? (uint16_t)(65535 - first)
								   : first));
	}
	return policy;
}

static struct network_policy *make_blocks(struct build *build, uint32_t number)
{
	struct network_policy *policy = begin_policy(build, number, DIRECTION_INGRESS);
	struct policy_rule *rule = add_rules(build, policy, DIRECTION_INGRESS, 1);
	struct policy_peer *peers = take(build, BLOCKS, sizeof(*peers));

	for (uint32_t i = 0; i < BLOCKS; i++)
		peers[i] = random_block(build);
	rule->peers = peers;
	rule->peer_count = BLOCKS;
	return policy;
}

static struct network_policy *make_named_egress(struct build *build, uint32_t number)
{
	struct network_policy *policy = begin_policy(build, number, DIRECTION_EGRESS);
	struct policy_rule *rule = add_rules(build, policy, DIRECTION_EGRESS, 1);

	set_peer(build, rule, (struct policy_peer){.has_namespace_selector = true});
	set_port(build, rule, tcp_named(number % 2 == 0 ? "http" : "metrics"));
	return policy;
}

static struct network_policy *make_policy(struct build *build, uint32_t number)
{
	switch (build->shape) {
	case BENCH_ALL_SELECT_ALL:
	case BENCH_EVERY_OTHER:
	case BENCH_LAYERED:
		return make_selecting(build, number);
	case BENCH_DISTINCT_PORTS:
	case BENCH_NESTED_PORTS:
		return make_ports(build, number);
	case BENCH_MANY_BLOCKS:
		return make_blocks(build, number);
	case BENCH_NAMED_EGRESS:
		return make_named_egress(build, number);
	default:
		return make_realistic(build, number);
	}
}

static uint32_t policy_count(const struct build *build)
{
	if (build->shape == BENCH_DISTINCT_PORTS || build->shape == BENCH_NESTED_PORTS)
		return 1;
	return build->shape == BENCH_MANY_BLOCKS ? FEW_POLICIES : build->policies;
}

struct cluster *bench_cluster(enum bench_shape shape, uint32_t pods, uint32_t policies)
{
	struct build build = {arena_create(), shape, pods, policies, 1};
	const struct namespace_object **namespaces = take(
		&build, namespace_count(&build), sizeof(*namespaces));
	const struct pod **pod_list = take(&build, pods, sizeof(*pod_list));
	const struct network_policy **policy_list = take(&build, policies, sizeof(*policy_list));
	const struct cluster_objects objects = {namespaces, namespace_count(&build), pod_list, pods,
		policy_list, policy_count(&build), &build.arena, 1};
	struct cluster *cluster;

	for (uint32_t i = 0; i < objects.namespace_count; i++)
		namespaces[i] = make_namespace(&build, i);
	for (uint32_t i = 0; i < pods; i++)
		pod_list[i] = make_pod(&build, i);
	for (uint32_t i = 0; i < objects.policy_count; i++)
		policy_list[i] = make_policy(&build, i);
	if (cluster_create(&cluster, &objects) != 0)
		abort();
	arena_unref(build.arena);
	return cluster;
}
