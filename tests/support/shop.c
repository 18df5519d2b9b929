/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/support/shop.h"

#include <err.h>
#include <netinet/in.h>

#include "policy/values/arena.h"
#include "policy/values/cluster.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

static struct ip_addr addrs[3][2]; /* by pod and family: parsed when first needed */

static const struct label apps[3] = {{"app", "web"}, {"app", "db"}, {"app", "other"}};

static const struct pod pods[3] = {
	{.namespace_name = "shop",
		.name = "web",
		.labels = {&apps[0], 1},
		.ips = addrs[0],
		.ip_count = 2,
		.node_name = ""},
	{.namespace_name = "shop",
		.name = "db",
		.labels = {&apps[1], 1},
		.ips = addrs[1],
		.ip_count = 2,
		.node_name = ""},
	{.namespace_name = "shop",
		.name = "other",
		.labels = {&apps[2], 1},
		.ips = addrs[2],
		.ip_count = 2,
		.node_name = ""},
};
static const struct pod *const pod_list[] = {&pods[0], &pods[1], &pods[2]};

static const char *const web_value[] = {"web"}, *const db_value[] = {"db"};
static const struct requirement is_web = {.key = "app",
	.op = REQUIREMENT_IN,
	.values = web_value,
	.value_count = 1,
	.from_match_labels = true};
static const struct requirement is_db = {.key = "app",
	.op = REQUIREMENT_IN,
	.values = db_value,
	.value_count = 1,
	.from_match_labels = true};

static const struct policy_peer from_web = {
	.has_pod_selector = true, .pod_selector = {&is_web, 1, {0}}};
static const struct policy_port to_postgres = {
	.protocol = IPPROTO_TCP, .kind = POLICY_PORT_NUMBER, .first = 5432, .last = 5432};
static const struct policy_rule web_to_postgres = {
	.peers = &from_web, .peer_count = 1, .ports = &to_postgres, .port_count = 1};
static const struct network_policy db_from_web = {.namespace_name = "shop",
	.name = "db-from-web",
	.pod_selector = {&is_db, 1, {0}},
	.isolates = {[DIRECTION_INGRESS] = true},
	.rules = {[DIRECTION_INGRESS] = &web_to_postgres},
	.rule_count = {[DIRECTION_INGRESS] = 1}};

static const struct network_policy db_closed = {.namespace_name = "shop",
	.name = "db-closed",
	.pod_selector = {&is_db, 1, {0}},
	.isolates = {[DIRECTION_INGRESS] = true}};

static struct policy_peer pod_blocks[2] = {{.has_ip_block = true}, {.has_ip_block = true}};
static const struct policy_rule to_pods = {.peers = pod_blocks, .peer_count = 2};
static const struct network_policy web_to_pods = {.namespace_name = "shop",
	.name = "web-to-pods",
	.pod_selector = {&is_web, 1, {0}},
	.isolates = {[DIRECTION_EGRESS] = true},
	.rules = {[DIRECTION_EGRESS] = &to_pods},
	.rule_count = {[DIRECTION_EGRESS] = 1}};

static const struct network_policy *const policy_sets[] = {
	[SHOP_OPEN] = NULL,
	[SHOP_DB_FROM_WEB] = &db_from_web,
	[SHOP_DB_CLOSED] = &db_closed,
	[SHOP_WEB_TO_PODS] = &web_to_pods,
};

static void parse_addresses(void)
{
	static const char *const texts[3][2] = {{WEB, WEB6}, {DB, DB6}, {OTHER, OTHER6}};

	for (size_t pod = 0; pod < COUNT_OF(texts); pod++)
		for (size_t family = 0; family < 2; family++)
			if (ip_addr_parse(&addrs[pod][family], texts[pod][family]) != 0)
				errx(1, "no address: %s", texts[pod][family]);
	if (cidr_parse(&pod_blocks[0].ip_block.cidr, "10.0.0.0/24") != 0 ||
		cidr_parse(&pod_blocks[1].ip_block.cidr, "fd00::/64") != 0)
		errx(1, "no block");
}

struct snapshot *shop_snapshot(enum shop_policies policies, bool audit)
{
	struct arena *const arena = arena_create();
	const struct cluster_objects objects = {.pods = pod_list,
		.pod_count = COUNT_OF(pod_list),
		.policies = &policy_sets[policies],
		.policy_count = policy_sets[policies] != NULL,
		.arenas = &arena,
		.arena_count = 1};
	const struct snapshot_options options = {.revision = 1, .audit = audit};
	struct cluster *cluster;
	struct snapshot *snapshot;

	parse_addresses();
	if (arena == NULL || cluster_create(&cluster, &objects) != 0)
		errx(1, "out of memory");
	arena_unref(arena);
	if (snapshot_compile(&snapshot, cluster, &options) != 0)
		errx(1, "the cluster does not compile");
	cluster_unref(cluster);
	return snapshot;
}
