/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/support/generator.h"

#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(array) ((uint32_t)(sizeof(array) / sizeof((array)[0])))

static const char *const namespace_names[] = {"a", "b", "shop", "shop-2", "kube-system", "z"};
static const char *const keys[] = {"app", "env", "tier", "app.kubernetes.io/name"};
static const char *const values[] = {"", "api", "db", "web"};
static const char *const port_names[] = {"dns", "http", "metrics"};
static const uint16_t ports[] = {1, 53, 79, 80, 81, 443, 8080, 8081, 32768, 65534, 65535};
static const uint8_t protocols[] = {IPPROTO_TCP, IPPROTO_UDP, IPPROTO_SCTP};
static const char *const nodes[] = {"", "gateway", "other"};

/* splitmix64: every seed is as good as another, and the state is one number to print. */
static uint64_t next(struct generator *generator)
{
	uint64_t z = generator->state += 0x9e3779b97f4a7c15U;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
	return z ^ (z >> 31);
}

uint32_t generator_below(struct generator *generator, uint32_t bound)
{
	return (uint32_t)((next(generator) >> 32) * bound >> 32);
}

int generator_chance(struct generator *generator, uint32_t percent)
{
	return generator_below(generator, 100) < percent;
}

uint64_t generator_seed(uint64_t usual)
{
	const char *text = getenv("PODGATE_SEED");

	return text != NULL ? strtoull(text, NULL, 10) : usual;
}

const char *generator_node(struct generator *generator)
{
	return nodes[generator_below(generator, 2)];
}

#define PICK(generator, array) ((array)[generator_below(generator, COUNT(array))])

/* What is being built, and where it lives. */
struct build {
	struct generator *generator;
	struct arena *arena;
	uint32_t namespaces_used; /* few, so that policies and pods meet */
};

static const char *random_namespace_name(const struct build *build)
{
	return namespace_names[generator_below(build->generator, build->namespaces_used)];
}

static void *take(const struct build *build, size_t count, size_t size)
{
	void *taken = arena_calloc(build->arena, count, size);

	if (taken == NULL)
		abort();
	return taken;
}

static struct ip_addr random_addr(struct generator *generator)
{
	uint8_t bytes[16] = {0};

	if (generator_chance(generator, 60)) {
		const uint8_t v4[4] = {generator_chance(generator, 90) ? 10 : 192,
			(uint8_t)generator_below(generator, 2),
			(uint8_t)generator_below(generator, 3),
			(uint8_t)generator_below(generator, 24)};

		return ip_addr_v4(v4);
	}
	if (generator_chance(generator, 10)) { /* IPv4-mapped: not the IPv4 address it maps */
		bytes[10] = bytes[11] = 0xff;
		bytes[12] = 10;
	} else {
		bytes[0] = 0xfd;
		bytes[7] = (uint8_t)generator_below(generator, 2);
		bytes[8] = generator_chance(generator, 10) ? 0x80 : 0;
	}
	bytes[15] = (uint8_t)generator_below(generator, 24);
	return ip_addr_v6(bytes);
}

static struct cidr random_block(
	struct generator *generator, const struct ip_addr *addr, uint32_t shortest)
{
	static const uint8_t v4[] = {0, 1, 8, 15, 16, 23, 24, 27, 28, 30, 31, 32};
	static const uint8_t v6[] = {0, 1, 8, 56, 63, 64, 65, 112, 120, 124, 127, 128};
	struct cidr block = {.addr = *addr};

	do
		block.prefix = addr->family == IP_FAMILY_V4 ? PICK(generator, v4)
							    : PICK(generator, v6);
	while (block.prefix < shortest);
	return cidr_masked(&block);
}

static struct ip_block random_ip_block(const struct build *build)
{
	struct generator *generator = build->generator;
	const struct ip_addr addr = random_addr(generator);
	struct ip_block block = {.cidr = random_block(generator, &addr, 0)};
	struct cidr *excepts;

	if (generator_chance(generator, 50))
		return block;
	block.except_count = generator_below(generator, 5);
	excepts = take(build, block.except_count, sizeof(*excepts));
	for (size_t i = 0; i < block.except_count; i++) {
		struct ip_addr inside;

		do
			inside = random_addr(generator);
		while (!cidr_contains(&block.cidr, &inside) && generator_chance(generator, 99));
		excepts[i] = random_block(generator,
			cidr_contains(&block.cidr, &inside) ? &inside : &block.cidr.addr,
			block.cidr.prefix);
	}
	block.excepts = excepts;
	return block;
}

static struct label_set random_labels(const struct build *build, const char *namespace_name)
{
	struct label *items = take(build, COUNT(keys) + 1, sizeof(*items));
	struct label_set labels = {.items = items};

	/* The keys stand sorted, and before kubernetes.io/metadata.name all but "tier". */
	for (uint32_t i = 0; i < COUNT(keys); i++) {
		static const uint32_t sorted[] = {0, 3, 1, 2};

		if (namespace_name != NULL && sorted[i] == 2)
			items[labels.count++] = (struct label){
				"kubernetes.io/metadata.name", namespace_name};
		if (generator_chance(build->generator, 60))
			items[labels.count++] = (struct label){
				keys[sorted[i]], PICK(build->generator, values)};
	}
	return labels;
}

static struct requirement random_requirement(const struct build *build)
{
	struct generator *generator = build->generator;
	struct requirement requirement = {.key = PICK(generator, keys)};
	const char **listed = take(build, COUNT(values), sizeof(*listed));

	requirement.from_match_labels = generator_chance(generator, 50);
	requirement.op = requirement.from_match_labels
		? REQUIREMENT_IN
		: (enum requirement_operator)generator_below(generator, 4);
	requirement.values = listed;
	if (requirement.from_match_labels)
		listed[requirement.value_count++] = PICK(generator, values);
	else if (requirement.op == REQUIREMENT_IN || requirement.op == REQUIREMENT_NOT_IN)
		while (requirement.value_count == 0)
			for (uint32_t i = 0; i < COUNT(values); i++)
				if (generator_chance(generator, 40))
					listed[requirement.value_count++] = values[i];
	return requirement;
}

static struct selector random_selector(const struct build *build)
{
	static const uint8_t lengths[] = {0, 0, 1, 1, 1, 1, 2, 3};
	struct selector selector = {.count = PICK(build->generator, lengths)};
	struct requirement *requirements = take(build, selector.count, sizeof(*requirements));

	for (size_t i = 0; i < selector.count; i++)
		requirements[i] = random_requirement(build);
	selector.requirements = requirements;
	return selector;
}

/* Some namespaces are asked for by the name label, as people do most. */
static struct selector random_namespace_selector(const struct build *build)
{
	struct requirement *requirement;
	const char **value;

	if (generator_chance(build->generator, 60))
		return random_selector(build);
	requirement = take(build, 1, sizeof(*requirement));
	value = take(build, 1, sizeof(*value));
	*value = PICK(build->generator, namespace_names);
	*requirement = (struct requirement){.key = "kubernetes.io/metadata.name",
		.values = value,
		.value_count = 1,
		.op = generator_chance(build->generator, 80) ? REQUIREMENT_IN : REQUIREMENT_NOT_IN};
	return (struct selector){.requirements = requirement, .count = 1};
}

static struct policy_peer random_peer(const struct build *build)
{
	struct policy_peer peer = {.has_ip_block = generator_chance(build->generator, 35)};

	if (peer.has_ip_block) {
		peer.ip_block = random_ip_block(build);
		return peer;
	}
	peer.has_pod_selector = generator_chance(build->generator, 70);
	peer.has_namespace_selector = !peer.has_pod_selector ||
		generator_chance(build->generator, 40);
	if (peer.has_pod_selector)
		peer.pod_selector = random_selector(build);
	if (peer.has_namespace_selector)
		peer.namespace_selector = random_namespace_selector(build);
	return peer;
}

static struct policy_port random_port(const struct build *build)
{
	struct generator *generator = build->generator;
	struct policy_port port = {.protocol = PICK(generator, protocols), .name = ""};

	if (generator_chance(generator, 15))
		return port;
	if (generator_chance(generator, 30)) {
		port.kind = POLICY_PORT_NAMED;
		port.name = PICK(generator, port_names);
		return port;
	}
	port.kind = POLICY_PORT_NUMBER;
	port.first = port.last = PICK(generator, ports);
	if (generator_chance(generator, 40))
		do
			port.last = PICK(generator, ports);
		while (port.last < port.first);
	return port;
}

static struct policy_rule random_rule(const struct build *build)
{
	struct policy_rule rule = {.peer_count = generator_below(build->generator, 4),
		.port_count = generator_below(build->generator, 4)};
	struct policy_peer *peers = take(build, rule.peer_count, sizeof(*peers));
	struct policy_port *listed = take(build, rule.port_count, sizeof(*listed));

	for (size_t i = 0; i < rule.peer_count; i++)
		peers[i] = random_peer(build);
	for (size_t i = 0; i < rule.port_count; i++)
		listed[i] = random_port(build);
	rule.peers = peers;
	rule.ports = listed;
	return rule;
}

static struct network_policy *random_policy(const struct build *build, uint32_t number)
{
	struct network_policy *policy = take(build, 1, sizeof(*policy));

	policy->namespace_name = random_namespace_name(build);
	policy->name = arena_printf(build->arena, "policy-%u", (unsigned int)number);
	policy->pod_selector = random_selector(build);
	policy->audit = generator_chance(build->generator, 20);
	for (int d = 0; d < DIRECTION_COUNT; d++) {
		struct policy_rule *rules = take(build, 3, sizeof(*rules));

		policy->isolates[d] = generator_chance(build->generator, 70);
		policy->rule_count[d] = policy->isolates[d] ? generator_below(build->generator, 4)
							    : 0;
		for (size_t i = 0; i < policy->rule_count[d]; i++)
			rules[i] = random_rule(build);
		policy->rules[d] = rules;
	}
	return policy;
}

/* Moves the policy to another tier, in which its rules have actions. */
static void rank_policy(struct generator *generator, struct network_policy *policy)
{
	policy->tier = generator_chance(generator, 60) ? TIER_ADMIN : TIER_BASELINE;
	policy->priority = (int32_t)generator_below(generator, 3);
	for (int d = 0; d < DIRECTION_COUNT; d++)
		for (size_t i = 0; i < policy->rule_count[d]; i++)
			((struct policy_rule *)policy->rules[d])[i].action = (enum rule_action)
				generator_below(generator, 3);
}

static struct container_port random_container_port(struct generator *generator)
{
	return (struct container_port){
		.name = generator_chance(generator, 80) ? PICK(generator, port_names) : "",
		.port = PICK(generator, ports),
		.protocol = PICK(generator, protocols),
	};
}

static struct pod *random_pod(const struct build *build, uint32_t number)
{
	struct generator *generator = build->generator;
	struct pod *pod = take(build, 1, sizeof(*pod));
	struct ip_addr *ips = take(build, 2, sizeof(*ips));
	struct container_port *declared = take(build, 3, sizeof(*declared));

	pod->namespace_name = random_namespace_name(build);
	pod->name = arena_printf(build->arena, "pod-%u", (unsigned int)number);
	pod->labels = random_labels(build, NULL);
	pod->ip_count = generator_chance(generator, 10) ? 0 : 1 + generator_below(generator, 2);
	for (size_t i = 0; i < pod->ip_count; i++)
		ips[i] = random_addr(generator);
	pod->ips = ips;
	pod->port_count = generator_below(generator, 4);
	for (size_t i = 0; i < pod->port_count; i++)
		declared[i] = random_container_port(generator);
	pod->ports = declared;
	pod->node_name = PICK(generator, nodes);
	pod->created = generator_below(generator, 3);
	pod->host_network = generator_chance(generator, 5);
	pod->finished = generator_chance(generator, 5);
	pod->terminating = generator_chance(generator, 10);
	pod->ips_annotated = generator_chance(generator, 15);
	pod->audit = generator_chance(generator, 5);
	return pod;
}

static struct namespace_object *random_namespace(const struct build *build, uint32_t number)
{
	struct namespace_object *made = take(build, 1, sizeof(*made));

	made->name = namespace_names[number % COUNT(namespace_names)];
	made->labels = random_labels(build, made->name);
	made->audit = generator_chance(build->generator, 10);
	return made;
}

const struct namespace_object *generator_namespace(
	struct generator *generator, struct arena *arena, uint32_t number)
{
	return random_namespace(&(struct build){generator, arena, 1}, number);
}

const struct pod *generator_pod(
	struct generator *generator, struct arena *arena, uint32_t namespaces, uint32_t number)
{
	return random_pod(&(struct build){generator, arena, namespaces}, number);
}

const struct network_policy *generator_policy(
	struct generator *generator, struct arena *arena, uint32_t namespaces, uint32_t number)
{
	return random_policy(&(struct build){generator, arena, namespaces}, number);
}

struct cluster *generator_cluster(
	struct generator *generator, const struct generator_limits *limits)
{
	const struct build build = {
		generator, arena_create(), 1 + generator_below(generator, COUNT(namespace_names))};
	struct cluster_objects objects = {
		.namespace_count = generator_below(generator, limits->namespaces + 1),
		.pod_count = generator_below(generator, limits->pods + 1),
		.policy_count = generator_below(generator, limits->policies + 1),
		.arenas = &build.arena,
		.arena_count = 1,
	};
	const struct namespace_object **namespaces;
	struct network_policy **policies;
	const struct pod **pods;
	struct cluster *cluster;

	if (build.arena == NULL)
		abort();
	namespaces = take(&build, objects.namespace_count, sizeof(struct namespace_object *));
	pods = take(&build, objects.pod_count, sizeof(struct pod *));
	policies = take(&build, objects.policy_count, sizeof(struct network_policy *));
	for (uint32_t i = 0; i < objects.namespace_count; i++)
		namespaces[i] = random_namespace(&build, i);
	for (uint32_t i = 0; i < objects.pod_count; i++)
		pods[i] = random_pod(&build, i);
	for (uint32_t i = 0; i < objects.policy_count; i++) {
		policies[i] = random_policy(&build, i);
		if (limits->tiers && generator_chance(generator, 50))
			rank_policy(generator, policies[i]);
	}
	objects.namespaces = namespaces;
	objects.pods = pods;
	objects.policies = (const struct network_policy *const *)policies;
	if (cluster_create(&cluster, &objects) != 0)
		abort();
	arena_unref(build.arena);
	return cluster;
}

static struct ip_addr flow_end(struct generator *generator, const struct cluster *cluster)
{
	for (int tries = 0; cluster->pod_count > 0 && tries < 4 && generator_chance(generator, 90);
		tries++) {
		const struct pod *pod =
			cluster->pods[generator_below(generator, (uint32_t)cluster->pod_count)];

		if (pod->ip_count > 0)
			return pod->ips[generator_below(generator, (uint32_t)pod->ip_count)];
	}
	return random_addr(generator);
}

struct flow generator_flow(struct generator *generator, const struct cluster *cluster)
{
	static const uint8_t others[] = {IPPROTO_ICMP, IPPROTO_ICMPV6, IPPROTO_GRE, 0, 255};
	struct flow flow = {
		.src = flow_end(generator, cluster), .dst = flow_end(generator, cluster)};

	/* Mostly one family at both ends, as real flows have. */
	for (int tries = 0; flow.dst.family != flow.src.family && tries < 8; tries++)
		flow.dst = flow_end(generator, cluster);
	flow.protocol = generator_chance(generator, 85) ? PICK(generator, protocols)
							: PICK(generator, others);
	if (flow_protocol_has_ports(flow.protocol)) {
		flow.src_port = (uint16_t)(32768 + generator_below(generator, 1000));
		flow.dst_port = generator_chance(generator, 90)
			? PICK(generator, ports)
			: (uint16_t)generator_below(generator, 65536);
	}
	return flow;
}
