/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The kernel's side as one thing, on a real bridge: what is judged is told to the last record, what
 * is cut is told flow by flow, and what somebody changed behind our back is put back.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "enforcer/publish/upkeep.h"
#include "tests/support/bridge_netns.h"
#include "tests/support/manifest_world.h"
#include "tests/support/netns.h"

#define POD(number) \
	"apiVersion: v1\nkind: Pod\nmetadata: {name: pod" number \
	", namespace: shop, labels: {pod: p" number "}}\n" \
	"status: {podIPs: [{ip: 10.9.0." number "}, {ip: \"fd09::" number "\"}]}\n---\n"
#define NOTHING_TO_POD2 \
	"apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: closed, " \
	"namespace: shop}\n" \
	"spec: {podSelector: {matchLabels: {pod: p2}}, policyTypes: [Ingress]}\n"
#define ALL_TO_POD2 \
	"apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: open, " \
	"namespace: shop}\n" \
	"spec: {podSelector: {matchLabels: {pod: p2}}, ingress: [{}]}\n"

#define PODS POD("1") POD("2") POD("3")

struct stage {
	char folder[64], path[128];
	struct settings settings;
	struct verdict_log *log;
	struct inheritance inheritance; /* none */
	struct enforcement *enforcement;
	struct snapshot *snapshot;
};

static struct snapshot *compile(const char *manifests, uint64_t revision, bool audit)
{
	const struct snapshot_options options = {
		.revision = revision, .audit = audit, .deny_link_local = true};

	return manifest_world_compile(manifests, &options);
}

static int setup(void **state)
{
	struct stage *stage = calloc(1, sizeof(*stage));

	bridge_netns_enter(state);
	strcpy(stage->folder, "/tmp/podgate-test-XXXXXX");
	assert_non_null(mkdtemp(stage->folder));
	snprintf(stage->path, sizeof(stage->path), "%s/verdicts.jsonl", stage->folder);
	stage->settings = (struct settings){
		.workers = 1,
		.queue_base = 8610,
		.queue_length = 8192,
		.backend = BACKEND_NFT,
		.mark_allow = 0x20000000,
		.mark_deny = 0x40000000,
		.ipv6 = SWITCH_ON,
	};
	*state = stage;
	return 0;
}

static void open_stage(struct stage *stage, unsigned int lines_per_s)
{
	const struct verdict_log_options options = {.path = stage->path,
		.ring_capacity = ENFORCEMENT_RING_CAPACITY,
		.lines_per_s = lines_per_s};
	char problem[PROBLEM_SIZE] = "";

	assert_int_equal(verdict_log_open(&stage->log, &options), 0);
	if (enforcement_open(&stage->enforcement, &stage->settings, stage->log, &stage->inheritance,
		    problem) != 0)
		fail_msg("%s", problem);
}

static void start(struct stage *stage, struct snapshot *snapshot)
{
	struct sweep_stats sweeps[ENFORCEMENT_START_SWEEPS];
	char problem[PROBLEM_SIZE] = "";

	stage->snapshot = snapshot;
	if (enforcement_start(stage->enforcement, snapshot, sweeps, problem) != 0)
		fail_msg("%s", problem);
}

/* And judges all live flows by it. */
static void publish(struct stage *stage, struct snapshot *snapshot, struct sweep_stats *swept)
{
	char problem[PROBLEM_SIZE] = "";
	struct publish_result result;
	struct touched touched;
	struct retired_snapshot *retired = malloc(sizeof(*retired));

	touched_find(&touched, stage->snapshot, snapshot);
	if (enforcement_publish(stage->enforcement, stage->snapshot, snapshot, &touched, &result,
		    problem) != 0 ||
		enforcement_sweep(stage->enforcement, snapshot, false, swept, problem) != 0)
		fail_msg("%s", problem);
	touched_clear(&touched);
	retired->snapshot = stage->snapshot;
	stage->snapshot = snapshot;
	verdict_log_retire(stage->log, retired);
}

/* As the daemon ends: threads first, then what they used. */
static void close_stage(struct stage *stage)
{
	enforcement_close(stage->enforcement);
	snapshot_free(stage->snapshot);
	verdict_log_free(stage->log);
	stage->enforcement = NULL;
	stage->snapshot = NULL;
	stage->log = NULL;
}

static int teardown(void **state)
{
	struct stage *stage = *state;

	unlink(stage->path);
	assert_int_equal(rmdir(stage->folder), 0);
	free(stage);
	return 0;
}

/*
 * The sum of `field` over the lines of the log that say `verdict`; lines without the field count 1.
 */
static uint64_t told(const struct stage *stage, const char *verdict, const char *field)
{
	FILE *file = fopen(stage->path, "r");
	char line[8192], wanted[64];
	uint64_t total = 0;

	assert_non_null(file);
	snprintf(wanted, sizeof(wanted), "\"%s\":", field);
	while (fgets(line, sizeof(line), file) != NULL) {
		const char *at = strstr(line, wanted);

		if (strstr(line, verdict) != NULL)
			total += at != NULL ? strtoull(at + strlen(wanted), NULL, 10) : 1;
	}
	fclose(file);
	return total;
}

/* ---- traffic ---- */

/*
 * Raw, so that one socket can begin a flow with every datagram: the source port is ours to write.
 */
static void send_from_port(int raw, uint16_t source_port)
{
	const struct sockaddr_in to = {.sin_family = AF_INET, .sin_addr = {htonl(0x0a090002)}};
	const uint16_t datagram[5] = {
		htons(source_port), htons(5000), htons(9), 0, htons('x' << 8)};

	while (sendto(raw, datagram, 9, 0, (const struct sockaddr *)&to, sizeof(to)) != 9)
		usleep(1000);
}

struct sender {
	int raw;
	atomic_bool stop;
};

/* No flow twice: the second time the kernel would know it, and let it pass untold. */
static void *send_flows(void *context)
{
	struct sender *sender = context;

	for (uint16_t port = 1024; !atomic_load(&sender->stop) && port < UINT16_MAX; port++)
		send_from_port(sender->raw, port);
	return NULL;
}

/*
 * In audit mode what is judged both arrives and is told, so the two must agree to the last packet,
 * however hard it rains when the daemon ends. A queue without a reader drops: nothing arrives
 * untold.
 */
static void stopping_loses_no_record(void **state)
{
	struct stage *stage = *state;
	struct sender sender = {.raw = bridge_netns_socket(0, AF_INET, SOCK_RAW, IPPROTO_UDP)};
	const int receiver = bridge_netns_udp(1, AF_INET, 5000), room = 64 << 20;
	struct verdict_log_stats stats;
	uint64_t told_of;
	pthread_t thread;
	int arrived;

	setsockopt(receiver, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room));
	open_stage(stage, 0);
	start(stage, compile(PODS NOTHING_TO_POD2, 1, true));
	assert_int_equal(pthread_create(&thread, NULL, send_flows, &sender), 0);
	usleep(50000); /* a sixth of what it has to send, and then in the middle of it */
	enforcement_close(stage->enforcement);
	atomic_store(&sender.stop, true);
	pthread_join(thread, NULL);
	arrived = bridge_netns_count(receiver);
	verdict_log_stats(stage->log, &stats);
	told_of = told(stage, "\"audit-deny\"", "repeat") + stats.lost;
	assert_true(arrived > 100);
	assert_int_equal(told_of, arrived);
	stage->enforcement = NULL;
	close_stage(stage);
	close(receiver);
	close(sender.raw);
}

/*
 * One change cuts more flows than any ring holds and more than the log writes of denials in ten
 * seconds: each is told of by itself all the same, and none is left alive.
 */
static void each_of_many_cut_flows_is_told_of(void **state)
{
	enum { FLOWS = 10000 };
	struct stage *stage = *state;
	const int raw = bridge_netns_socket(0, AF_INET, SOCK_RAW, IPPROTO_UDP);
	struct verdict_log_stats stats;
	struct sweep_stats swept;
	struct worker_stats worker;

	open_stage(stage, 1000);
	start(stage, compile(PODS ALL_TO_POD2, 1, false));
	for (uint16_t port = 0; port < FLOWS; port++) {
		send_from_port(raw, (uint16_t)(10000 + port));
		if (port % 1000 == 999)
			usleep(50000); /* the queue holds 8192 */
	}
	for (int i = 0; i < 500; i++) {
		gate_stats(enforcement_gate(stage->enforcement), 0, &worker);
		if (worker.allowed >= FLOWS)
			break;
		usleep(10000);
	}
	assert_true(worker.allowed >= FLOWS);
	publish(stage, compile(PODS NOTHING_TO_POD2, 2, false), &swept);
	print_message(
		"cut %zu flows, sweep %.0f ms\n", swept.revoked, (double)swept.nanoseconds / 1e6);
	assert_true(swept.revoked >= FLOWS);
	enforcement_close(stage->enforcement);
	verdict_log_stats(stage->log, &stats);
	assert_int_equal(stats.lost, 0);
	assert_int_equal(told(stage, "\"revoke\"", "repeat"), swept.revoked);
	stage->enforcement = NULL;
	close_stage(stage);
	close(raw);
}

static void verify(struct stage *stage, struct upkeep_findings *found)
{
	char problem[PROBLEM_SIZE] = "";

	*found = (struct upkeep_findings){0};
	if (upkeep_run(stage->enforcement, &stage->settings, stage->snapshot, found, problem) != 0)
		fail_msg("%s", problem);
}

/*
 * An isolated pod's address swapped for another: the set is as large as before, and the pod would
 * be open.
 */
static void a_swapped_address_is_put_back(void **state)
{
	struct stage *stage = *state;
	struct upkeep_findings found, again;

	open_stage(stage, 1000);
	start(stage, compile(PODS NOTHING_TO_POD2, 1, false));
	assert_int_equal(
		netns_run("ipset del podgate-pods4 10.9.0.2 && ipset add podgate-pods4 10.9.0.77"),
		0);
	verify(stage, &found);
	assert_true(found.rules.tampered && found.rules.repaired);
	assert_non_null(strstr(found.rules.found, "10.9.0.77"));
	assert_int_equal(netns_run("ipset -q test podgate-pods4 10.9.0.2 && ! ipset -q test "
				   "podgate-pods4 10.9.0.77"),
		0);
	verify(stage, &again);
	assert_false(again.rules.tampered);
	close_stage(stage);
}

#define HIDE_BRIDGED "sysctl -qw net.bridge.bridge-nf-call-iptables=0"
#define BRIDGED_IS_SHOWN "test $(sysctl -n net.bridge.bridge-nf-call-iptables) = 1"

/*
 * Somebody switches off what shows us bridged packets: mended, refused or let be, and in each case
 * said.
 */
static void hidden_bridges_are_noticed(void **state)
{
	struct stage *stage = *state;
	struct upkeep_findings result;

	open_stage(stage, 1000);
	start(stage, compile(PODS NOTHING_TO_POD2, 1, false));
	verify(stage, &result); /* the room's own bridge may need something more once */
	verify(stage, &result);
	assert_int_equal(result.bridges, BRIDGES_SHOWN);
	assert_false(result.bridges_mended);
	assert_string_equal(result.bridges_found, "");

	assert_int_equal(netns_run(HIDE_BRIDGED), 0);
	stage->settings.bridge = BRIDGE_IGNORE;
	verify(stage, &result);
	assert_int_equal(result.bridges, BRIDGES_HIDDEN);
	assert_string_equal(result.bridges_found, "");
	stage->settings.bridge = BRIDGE_REQUIRE;
	verify(stage, &result);
	assert_int_equal(result.bridges, BRIDGES_HIDDEN);
	assert_non_null(strstr(result.bridges_found, "br0"));
	assert_false(result.bridges_mended);
	assert_int_equal(netns_run(BRIDGED_IS_SHOWN), 1);
	stage->settings.bridge = BRIDGE_SET;
	verify(stage, &result);
	assert_int_equal(result.bridges, BRIDGES_SHOWN);
	assert_true(result.bridges_mended);
	assert_non_null(strstr(result.bridges_found, "br0"));
	assert_int_equal(netns_run(BRIDGED_IS_SHOWN), 0);

	assert_int_equal(netns_run("ip link del br0"), 0);
	verify(stage, &result);
	assert_int_equal(result.bridges, BRIDGES_NONE);
	close_stage(stage);
}

static int link_local_udp(int pod, uint16_t port)
{
	const int fd = bridge_netns_udp(pod, AF_INET6, port);

	bridge_netns_run(pod, "ip addr replace fe80::9:%d/64 dev eth0 nodad", pod + 1);
	/* eth0, after lo */
	setsockopt(fd, IPPROTO_IPV6, IPV6_UNICAST_IF, &(uint32_t){htonl(2)}, sizeof(uint32_t));
	return fd;
}

/*
 * By its link-local address a pod might reach an isolated one past the rules. It passes while
 * nobody is isolated; then a flow that lives is cut and told of, and a new one denied and told of;
 * in audit mode it is told of only.
 */
static void link_local_flows_are_held_too(void **state)
{
	struct stage *stage = *state;
	const int zero = link_local_udp(0, 4000), other = link_local_udp(0, 4001),
		  one = link_local_udp(1, 5000);
	struct sweep_stats swept;

	open_stage(stage, 1000);
	start(stage, compile(PODS, 1, false));
	bridge_netns_send(zero, "fe80::9:2", 5000);
	assert_int_equal(bridge_netns_count(one), 1);
	publish(stage, compile(PODS ALL_TO_POD2, 2, true), &swept);
	bridge_netns_send(zero, "fe80::9:2", 5000);
	assert_int_equal(bridge_netns_count(one), 1);
	publish(stage, compile(PODS ALL_TO_POD2, 3, false), &swept);
	assert_int_equal(swept.revoked, 1);
	bridge_netns_send(zero, "fe80::9:2", 5000);
	bridge_netns_send(other, "fe80::9:2", 5000);
	assert_int_equal(bridge_netns_count(one), 0);
	publish(stage, compile(PODS, 4, false), &swept);
	assert_int_equal(swept.restored, 1);
	bridge_netns_send(zero, "fe80::9:2", 5000);
	assert_int_equal(bridge_netns_count(one), 1);
	enforcement_close(stage->enforcement);
	stage->enforcement = NULL;
	assert_int_equal(told(stage, "\"revoke\",\"link_local\":true", "repeat"), 1);
	assert_int_equal(told(stage, "\"deny\",\"link_local\":true", "repeat"), 1);
	close_stage(stage);
	close(zero);
	close(other);
	close(one);
}

static bool rules_hold(const char *pattern)
{
	return netns_run("iptables-nft-save -t mangle | grep -q -e '%s'", pattern) == 0;
}

/* The rules know the queue of floods, and looking at them finds nothing wrong. */
static void floods_wait_apart(void **state)
{
	struct stage *stage = *state;
	struct verify_result verified;
	char problem[PROBLEM_SIZE] = "";

	stage->settings.flood_rate = 1000;
	open_stage(stage, 1000);
	start(stage, compile(PODS ALL_TO_POD2, 1, false));
	assert_int_equal(gate_worker_count(enforcement_gate(stage->enforcement)), 3);
	assert_int_equal(enforcement_rules(stage->enforcement)->flood_rate, 1000);
	assert_true(rules_hold("podgate-pods-1000.* --queue-num 8612"));
	assert_int_equal(
		enforcement_verify(stage->enforcement, stage->snapshot, &verified, problem), 0);
	assert_false(verified.tampered);
	assert_int_equal(netns_run("iptables-nft-save -t mangle | grep -v podgate-pods-1000 | "
				   "iptables-nft-restore"),
		0);
	assert_int_equal(
		enforcement_verify(stage->enforcement, stage->snapshot, &verified, problem), 0);
	assert_true(verified.tampered && verified.repaired);
	close_stage(stage);
}

/*
 * A kernel or an iptables without the match: podgate runs, the rest of the rules hold, and status
 * says so.
 */
static void without_hashlimit_the_rest_holds(void **state)
{
	struct stage *stage = *state;
	struct verify_result verified;
	char problem[PROBLEM_SIZE] = "";

	stage->settings.flood_rate = 1000;
	open_stage(stage, 1000);
	netns_refuse_rules("-m hashlimit");
	start(stage, compile(PODS ALL_TO_POD2, 1, false));
	assert_int_equal(enforcement_rules(stage->enforcement)->flood_rate, 0);
	assert_false(rules_hold("hashlimit"));
	assert_true(rules_hold("-A PODGATE -j NFQUEUE --queue-num 8610"));
	assert_int_equal(
		enforcement_verify(stage->enforcement, stage->snapshot, &verified, problem), 0);
	assert_false(verified.tampered);
	netns_refuse_none();
	close_stage(stage);
}

/* What is refused for another reason is an error all the same, and leaves nothing behind. */
static void another_refusal_is_an_error(void **state)
{
	struct sweep_stats sweeps[ENFORCEMENT_START_SWEEPS];
	struct stage *stage = *state;
	char problem[PROBLEM_SIZE] = "";

	stage->settings.flood_rate = 1000;
	open_stage(stage, 1000);
	netns_refuse_rules("-m pkttype");
	stage->snapshot = compile(PODS ALL_TO_POD2, 1, false);
	assert_int_equal(
		enforcement_start(stage->enforcement, stage->snapshot, sweeps, problem), -EINVAL);
	assert_non_null(strstr(problem, "Couldn't load match"));
	netns_refuse_none();
	assert_false(rules_hold("PODGATE"));
	close_stage(stage);
}

#define STAGED(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		STAGED(stopping_loses_no_record),
		STAGED(each_of_many_cut_flows_is_told_of),
		STAGED(a_swapped_address_is_put_back),
		STAGED(hidden_bridges_are_noticed),
		STAGED(link_local_flows_are_held_too),
		STAGED(floods_wait_apart),
		STAGED(without_hashlimit_the_rest_holds),
		STAGED(another_refusal_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
