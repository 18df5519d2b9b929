/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Nothing in the kernel is ever of an older change. Random clusters change again and again, in
 * objects of every sort, while packets of random flows are forwarded. After each change the naive
 * evaluator, which knows nothing of touched addresses, is asked about every mark in the kernel's
 * flow table and about every learned class in its sets. The plan believes that the flow table is
 * long: so nothing is swept that need not be. PODGATE_SEED and PODGATE_ROUNDS set the seed and the
 * number of changes.
 *
 * 	sender --- west, this gateway, east --- a namespace that swallows what it gets
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "conntrack/table.h"
#include "enforcer/publish/enforcement.h"
#include "enforcer/publish/sweep_plan.h"
#include "kernel/sets/class_sets.h"
#include "process/clock.h"
#include "tests/support/changing_world.h"
#include "tests/support/naive.h"
#include "tests/support/netns.h"

enum {
	ROUNDS = 400,
	FLOWS = 6,   /* after each change */
	REPEATS = 3, /* of each flow's class: it is learned */
	CHANGES = 2, /* objects a change */
	ALLOW = 0x20000000,
	DENY = 0x40000000,
};

struct counts {
	size_t allowed, denied, unmarked, allowed_classes, denied_classes;
	size_t sweeps_of_ends, sweeps_of_all, changes_without_sweep;
	size_t kept_classes, kept_flows; /* that were there before a change, and still are */
};

struct stage {
	uint64_t seed;
	struct generator generator;
	struct changing_world world;
	struct naive_world naive;
	struct settings settings;
	struct verdict_log *log;
	struct inheritance inheritance; /* none */
	struct enforcement *enforcement;
	struct snapshot *snapshot;
	struct sweep_plan plan;
	struct ct_table *table;
	struct class_sets *sets;
	int east;	/* the namespace, which goes with this */
	int sockets[2]; /* raw, of IPv4 and IPv6, in the sender's namespace */
	uint16_t port;	/* the last source port */
	struct counts counts;
};

/* ---- the gateway ---- */

static int open_netns(void)
{
	const int fd = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	return fd;
}

static void go(int netns)
{
	assert_int_equal(setns(netns, CLONE_NEWNET), 0);
}

static void must_run(const char *command)
{
	if (netns_run("%s", command) != 0)
		fail_msg("failed: %s", command);
}

/* A namespace behind a link of the gateway's; back in the gateway's afterwards. */
static int make_neighbour(int gateway, const char *link, int number)
{
	char command[768];
	int netns;

	netns_enter(NULL);
	netns = open_netns();
	go(gateway);
	snprintf(command, sizeof(command),
		"ip link add %s type veth peer name eth0 netns /proc/%d/fd/%d && ip addr add "
		"172.31.%d.1/24 dev %s && ip addr add fc00:%d::1/64 dev %s nodad && ip link set %s "
		"up && sysctl -qw net.ipv4.conf.%s.rp_filter=0",
		link, (int)getpid(), netns, number, link, number, link, link, link);
	must_run(command);
	go(netns);
	snprintf(command, sizeof(command),
		"ip link set lo up && ip addr add 172.31.%d.2/24 dev eth0 && ip addr add "
		"fc00:%d::2/64 dev eth0 nodad && ip link set eth0 up && ip route add default via "
		"172.31.%d.1 && ip -6 route add default via fc00:%d::1",
		number, number, number, number);
	must_run(command);
	go(gateway);
	return netns;
}

static void make_gateway(struct stage *stage)
{
	int gateway, sender;

	netns_enter(NULL);
	gateway = open_netns();
	must_run("ip link set lo up && sysctl -qw net.ipv4.ip_forward=1 "
		 "net.ipv6.conf.all.forwarding=1 net.ipv4.conf.all.rp_filter=0");
	sender = make_neighbour(gateway, "west", 1);
	stage->east = make_neighbour(gateway, "east", 2);
	/* Checksums are nobody's business here, and flows stay as long as the test. */
	must_run("ip route add default via 172.31.2.2 && ip -6 route add default via fc00:2::2 && "
		 "iptables -t mangle -A FORWARD -m conntrack --ctstate NEW && "
		 "ip6tables -t mangle -A FORWARD -m conntrack --ctstate NEW && "
		 "sysctl -qw net.netfilter.nf_conntrack_checksum=0 "
		 "net.netfilter.nf_conntrack_udp_timeout=600 "
		 "net.netfilter.nf_conntrack_tcp_timeout_syn_sent=600");
	go(sender);
	stage->sockets[0] = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW);
	stage->sockets[1] = socket(AF_INET6, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW);
	assert_true(stage->sockets[0] >= 0 && stage->sockets[1] >= 0);
	go(gateway);
	close(sender);
	close(gateway);
}

static void open_stage(struct stage *stage)
{
	const struct verdict_log_options options = {.path = "/dev/null",
		.ring_capacity = ENFORCEMENT_RING_CAPACITY,
		.fold_ns = 10 * NS_PER_S,
		.lines_per_s = 1000};
	char problem[PROBLEM_SIZE] = "";

	stage->settings = (struct settings){
		.workers = 1,
		.queue_base = 8610,
		.queue_length = 8192,
		.backend = BACKEND_NFT,
		.mark_allow = ALLOW,
		.mark_deny = DENY,
		.ipv6 = SWITCH_ON,
		.learn = true,
		.learn_allowed_s = 600,
		.learn_denied_s = 600,
		.log_fold_s = 10,
	};
	make_gateway(stage);
	assert_int_equal(verdict_log_open(&stage->log, &options), 0);
	if (enforcement_open(&stage->enforcement, &stage->settings, stage->log, &stage->inheritance,
		    problem) != 0)
		fail_msg("%s", problem);
	assert_int_equal(ct_table_open(&stage->table), 0);
	assert_int_equal(class_sets_open(&stage->sets), 0);
	stage->plan = (struct sweep_plan){
		.presence = gate_presence(enforcement_gate(stage->enforcement)),
		.cpu_share = 100,
		.all_took_ns = NS_PER_S,
	};
}

static void close_stage(struct stage *stage)
{
	sweep_plan_deinit(&stage->plan);
	enforcement_close(stage->enforcement);
	snapshot_free(stage->snapshot);
	verdict_log_free(stage->log);
	ct_table_close(stage->table);
	class_sets_close(stage->sets);
	close(stage->sockets[0]);
	close(stage->sockets[1]);
	close(stage->east);
	changing_world_deinit(&stage->world);
}

/* ---- a change ---- */

static void sweep(struct stage *stage, const struct touched *touched, const struct snapshot *after)
{
	struct sweep_end ends[SWEEP_ENDS_MOST];
	struct waiting_change done[WAITING_MOST];
	const struct waiting_change change = {.revision = snapshot_revision(after)};
	char problem[PROBLEM_SIZE] = "";
	struct sweep_stats swept;
	size_t count;
	int err;

	if (sweep_plan_change(&stage->plan, touched, true, &change)) {
		stage->counts.changes_without_sweep++;
		return;
	}
	count = sweep_plan_begin(&stage->plan, ends);
	err = count == 0
		? enforcement_sweep(stage->enforcement, after, true, &swept, problem)
		: enforcement_sweep_ends(stage->enforcement, after, ends, count, &swept, problem);
	if (err != 0)
		fail_msg("%s", problem);
	stage->counts.sweeps_of_ends += count > 0;
	stage->counts.sweeps_of_all += count == 0;
	/* As on a long table. */
	assert_int_equal(sweep_plan_end(&stage->plan, false,
				 count == 0 ? NS_PER_S : count * NS_PER_MS, NS_PER_S, done),
		1);
}

/* The first is what the stage starts with. */
static void publish(struct stage *stage, uint64_t revision)
{
	const struct snapshot_options options = {.revision = revision};
	struct cluster *cluster = changing_world_cluster(&stage->world);
	struct sweep_stats sweeps[ENFORCEMENT_START_SWEEPS];
	char problem[PROBLEM_SIZE] = "";
	struct retired_snapshot *retired;
	struct publish_result result;
	struct snapshot *after;
	struct touched touched;
	int err;

	assert_int_equal(snapshot_compile(&after, cluster, &options), 0);
	cluster_unref(cluster);
	if (stage->snapshot == NULL) {
		err = enforcement_start(stage->enforcement, after, sweeps, problem);
	} else {
		touched_find(&touched, stage->snapshot, after);
		err = enforcement_publish(
			stage->enforcement, stage->snapshot, after, &touched, &result, problem);
		if (err == 0)
			sweep(stage, &touched, after);
		touched_clear(&touched);
		retired = malloc(sizeof(*retired));
		assert_non_null(retired);
		retired->snapshot = stage->snapshot;
		verdict_log_retire(stage->log, retired);
	}
	if (err != 0)
		fail_msg("%s", problem);
	stage->snapshot = after;
	stage->naive = (struct naive_world){snapshot_cluster(after), "", false};
}

/* ---- packets ---- */

/* A flow that the sender's kernel and ours will carry. */
static bool is_carried(const struct flow *flow)
{
	static const uint8_t mapped[12] = {[10] = 0xff, 0xff};

	if ((flow->protocol != IPPROTO_UDP && flow->protocol != IPPROTO_TCP) ||
		flow->src.family != flow->dst.family || ip_addr_equal(&flow->src, &flow->dst) ||
		ip_addr_pod_problem(&flow->src) != NULL || ip_addr_pod_problem(&flow->dst) != NULL)
		return false;
	return flow->src.family == IP_FAMILY_V4 ||
		(memcmp(flow->src.bytes, mapped, 12) != 0 &&
			memcmp(flow->dst.bytes, mapped, 12) != 0);
}

static size_t put_transport(uint8_t *at, const struct flow *flow, uint16_t source_port)
{
	const uint16_t ports[2] = {htons(source_port), htons(flow->dst_port)};

	memset(at, 0, 20);
	memcpy(at, ports, sizeof(ports));
	if (flow->protocol == IPPROTO_UDP) {
		at[5] = 8; /* length */
		return 8;
	}
	at[12] = 5 << 4; /* header length */
	at[13] = 0x02;	 /* SYN */
	at[14] = 0x20;	 /* window */
	return 20;
}

static void send_packet(struct stage *stage, const struct flow *flow, uint16_t source_port)
{
	struct sockaddr_in v4 = {.sin_family = AF_INET};
	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};
	uint8_t bytes[64] = {0};
	ssize_t sent;

	if (flow->src.family == IP_FAMILY_V4) {
		struct iphdr *header = (struct iphdr *)bytes;
		const size_t length = sizeof(*header) +
			put_transport(bytes + sizeof(*header), flow, source_port);

		header->version = 4;
		header->ihl = 5;
		header->ttl = 64;
		header->protocol = flow->protocol;
		memcpy(&header->saddr, flow->src.bytes, 4);
		memcpy(&header->daddr, flow->dst.bytes, 4);
		v4.sin_addr.s_addr = header->daddr;
		sent = sendto(
			stage->sockets[0], bytes, length, 0, (struct sockaddr *)&v4, sizeof(v4));
	} else {
		struct ip6_hdr *header = (struct ip6_hdr *)bytes;
		const size_t length = put_transport(bytes + sizeof(*header), flow, source_port);

		header->ip6_vfc = 6 << 4;
		header->ip6_plen = htons((uint16_t)length);
		header->ip6_nxt = flow->protocol;
		header->ip6_hlim = 64;
		memcpy(&header->ip6_src, flow->src.bytes, 16);
		memcpy(&header->ip6_dst, flow->dst.bytes, 16);
		v6.sin6_addr = header->ip6_dst;
		sent = sendto(stage->sockets[1], bytes, sizeof(*header) + length, 0,
			(struct sockaddr *)&v6, sizeof(v6));
	}
	if (sent < 0)
		fail_msg("sendto: %s", strerror(errno));
}

static void send_flows(struct stage *stage)
{
	for (int i = 0; i < FLOWS; i++) {
		const struct flow flow = generator_flow(
			&stage->generator, snapshot_cluster(stage->snapshot));

		for (int repeat = 0; repeat < REPEATS && is_carried(&flow); repeat++)
			send_packet(stage, &flow, ++stage->port);
	}
	usleep(3000); /* they are judged, and some classes learned: whatever is in time is checked
		       */
}

/* ---- what the kernel has ---- */

static void stale(const struct stage *stage, const char *what, const struct flow *flow)
{
	char src[IP_ADDR_TEXT], dst[IP_ADDR_TEXT];

	fail_msg("seed %" PRIu64 ", revision %" PRIu64 ": %s %s to %s:%u, protocol %u", stage->seed,
		snapshot_revision(stage->snapshot), what, ip_addr_format(&flow->src, src),
		ip_addr_format(&flow->dst, dst), flow->dst_port, flow->protocol);
}

static int check_mark(const struct ct_entry *entry, void *context)
{
	struct stage *stage = context;
	const enum verdict verdict = naive_judge(&stage->naive, &entry->flow).verdict;

	if ((entry->mark & DENY) != 0) {
		stage->counts.denied++;
		if (verdict != VERDICT_DENY)
			stale(stage, "is cut, and allowed:", &entry->flow);
	} else if ((entry->mark & ALLOW) != 0) {
		stage->counts.allowed++;
		if (verdict == VERDICT_DENY)
			stale(stage, "is marked as allowed, and denied:", &entry->flow);
	} else {
		stage->counts.unmarked++;
	}
	return 0;
}

static void check_allowed_class(const struct flow *flow, uint64_t packets, void *context)
{
	struct stage *stage = context;

	(void)packets;
	stage->counts.allowed_classes++;
	if (naive_judge(&stage->naive, flow).verdict != VERDICT_ALLOW)
		stale(stage, "is learned as allowed:", flow);
}

static void check_denied_class(const struct flow *flow, uint64_t packets, void *context)
{
	struct stage *stage = context;

	(void)packets;
	stage->counts.denied_classes++;
	if (naive_judge(&stage->naive, flow).verdict != VERDICT_DENY)
		stale(stage, "is learned as denied:", flow);
}

static void check_kernel(struct stage *stage)
{
	size_t skipped;

	assert_int_equal(ct_table_dump(stage->table, check_mark, stage, &skipped), 0);
	assert_int_equal(skipped, 0);
	for (int v6 = 0; v6 < 2; v6++) {
		const enum ip_family family = v6 ? IP_FAMILY_V6 : IP_FAMILY_V4;

		assert_int_equal(class_sets_read(stage->sets, CLASS_SET_ALLOWED, family,
					 check_allowed_class, stage),
			0);
		assert_int_equal(class_sets_read(stage->sets, CLASS_SET_DENIED, family,
					 check_denied_class, stage),
			0);
	}
}

static void nothing_is_ever_stale(void **state)
{
	static struct stage stage;
	const char *text = getenv("PODGATE_ROUNDS");
	const uint64_t rounds = text != NULL ? strtoull(text, NULL, 10) : ROUNDS;
	const struct counts *counts = &stage.counts;

	(void)state;
	stage.seed = generator_seed(20261201);
	stage.generator.state = stage.seed;
	open_stage(&stage);
	changing_world_init(&stage.world, &stage.generator);
	publish(&stage, 1);
	for (uint64_t revision = 2; revision < rounds + 2; revision++) {
		size_t classes;

		send_flows(&stage);
		check_kernel(&stage);
		changing_world_change(&stage.world, &stage.generator, CHANGES);
		publish(&stage, revision);
		classes = counts->allowed_classes + counts->denied_classes;
		stage.counts.kept_flows -= counts->allowed + counts->denied;
		check_kernel(&stage);
		stage.counts.kept_flows += counts->allowed + counts->denied;
		stage.counts.kept_classes += counts->allowed_classes + counts->denied_classes -
			classes;
		if (revision % 50 == 0)
			(void)netns_run("conntrack -F 2>/dev/null");
	}
	printf("changes: %" PRIu64 ", without a sweep %zu, sweeps of ends %zu, of all %zu\n",
		rounds, counts->changes_without_sweep, counts->sweeps_of_ends,
		counts->sweeps_of_all);
	printf("marks looked at: %zu allow, %zu deny, %zu none; right after a change %zu\n",
		counts->allowed, counts->denied, counts->unmarked, counts->kept_flows);
	printf("classes looked at: %zu allowed, %zu denied; right after a change %zu\n",
		counts->allowed_classes, counts->denied_classes, counts->kept_classes);
	if (rounds >= 100) {
		assert_true(counts->sweeps_of_ends > rounds / 20);
		assert_true(counts->changes_without_sweep > rounds / 20);
		assert_true(counts->denied > rounds && counts->kept_flows > rounds);
		assert_true(counts->kept_classes > rounds);
	}
	close_stage(&stage);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_is_ever_stale),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
