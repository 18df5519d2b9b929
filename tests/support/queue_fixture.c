/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/support/queue_fixture.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

#include "policy/values/model.h"

static void run(const char *command)
{
	if (system(command) != 0)
		fail_msg("failed: %s", command);
}

int queue_fixture_enter(void **state)
{
	(void)state;
	if (geteuid() != 0 || unshare(CLONE_NEWNET) != 0) {
		fprintf(stderr,
			"this test needs root, for a network namespace of its own: run it as "
			"tests/run.sh does\n");
		return -1;
	}
	/* as on a wire: with lo's own 64 KiB no packet is ever a merged one */
	run("ip link set lo up mtu 1500");
	run("for i in 1 2 3; do ip addr add 10.1.0.$i/32 dev lo && ip addr add fd01::$i/128 dev lo "
	    "nodad || exit 1; done");
	return 0;
}

void queue_fixture_rule(bool six, const char *format, ...)
{
	char rule[200], command[256];
	va_list args;

	va_start(args, format);
	vsnprintf(rule, sizeof(rule), format, args);
	va_end(args);
	snprintf(command, sizeof(command), "%s -w -t mangle %s", six ? "ip6tables" : "iptables",
		rule);
	run(command);
}

void queue_fixture_flush_rules(void)
{
	queue_fixture_rule(false, "-F");
	queue_fixture_rule(true, "-F");
}

/* ---- The cluster ---- */

#define LABELS(app) \
	{ \
		.items = &(const struct label){"app", app}, .count = 1 \
	}

#define POD(app, addrs) \
	{ \
		.namespace_name = "shop", .name = app, .labels = LABELS(app), .ips = addrs, \
		.ip_count = 2, .node_name = "" \
	}

static struct ip_addr addresses[3][2]; /* IPv4 and IPv6 of each pod; fill_addresses() */
static const struct pod pods[3] = {
	POD("web", addresses[0]),
	POD("db", addresses[1]),
	POD("other", addresses[2]),
};

static const struct requirement is_db = {
	.key = "app", .values = (const char *const[]){"db"}, .value_count = 1};
static const struct requirement is_web = {
	.key = "app", .values = (const char *const[]){"web"}, .value_count = 1};
static const struct policy_peer from_web = {
	.has_pod_selector = true, .pod_selector = {&is_web, 1, {0}}};
static const struct policy_port web_ports[] = {
	{.protocol = IPPROTO_UDP,
		.kind = POLICY_PORT_NUMBER,
		.first = 1000,
		.last = 1099,
		.name = ""},
	{.protocol = IPPROTO_TCP,
		.kind = POLICY_PORT_NUMBER,
		.first = 5432,
		.last = 5432,
		.name = ""},
};
static const struct policy_rule web_rule = {
	.peers = &from_web, .peer_count = 1, .ports = web_ports, .port_count = 2};

static const struct network_policy policies[] = {
	[QUEUE_FIXTURE_RULES] =
		{
			.namespace_name = "shop",
			.name = "db",
			.pod_selector = {&is_db, 1, {0}},
			.isolates = {[DIRECTION_INGRESS] = true},
			.rules = {[DIRECTION_INGRESS] = &web_rule},
			.rule_count = {[DIRECTION_INGRESS] = 1},
		},
	[QUEUE_FIXTURE_CLOSED] =
		{
			.namespace_name = "shop",
			.name = "db",
			.pod_selector = {&is_db, 1, {0}},
			.isolates = {[DIRECTION_INGRESS] = true},
		},
};

static void fill_addresses(void)
{
	for (int i = 0; i < 3; i++) {
		char text[IP_ADDR_TEXT];

		snprintf(text, sizeof(text), "10.1.0.%d", i + 1);
		assert_int_equal(ip_addr_parse(&addresses[i][0], text), 0);
		snprintf(text, sizeof(text), "fd01::%d", i + 1);
		assert_int_equal(ip_addr_parse(&addresses[i][1], text), 0);
	}
}

struct snapshot *queue_fixture_snapshot(enum queue_fixture_policy policy, uint64_t revision)
{
	const struct pod *pod_list[] = {&pods[0], &pods[1], &pods[2]};
	const struct network_policy *policy_list[] = {
		&policies[policy == QUEUE_FIXTURE_RULES ? QUEUE_FIXTURE_RULES
							: QUEUE_FIXTURE_CLOSED]};
	const struct cluster_objects objects = {
		.pods = pod_list,
		.pod_count = 3,
		.policies = policy_list,
		.policy_count = policy == QUEUE_FIXTURE_OPEN ? 0 : 1,
	};
	const struct snapshot_options options = {
		.revision = revision, .audit = policy == QUEUE_FIXTURE_AUDIT, .node_name = ""};
	struct snapshot *snapshot;
	struct cluster *cluster;

	fill_addresses();
	assert_int_equal(cluster_create(&cluster, &objects), 0);
	assert_int_equal(snapshot_compile(&snapshot, cluster, &options), 0);
	cluster_unref(cluster);
	return snapshot;
}

/* ---- The gate ---- */

struct queue_fixture_options queue_fixture_gate_options(unsigned int workers)
{
	return (struct queue_fixture_options){
		.settings = {.workers = workers,
			.queue_base = QUEUE_FIXTURE_QUEUE,
			.queue_length = 8192,
			.group_traffic = GROUP_TRAFFIC_ALLOW,
			.log_allowed = LOG_ALLOWED_YES},
		.worker = {.ring_capacity = 65536},
	};
}

int queue_fixture_gate_try(
	struct gate **out, const struct queue_fixture_options *options, char problem[PROBLEM_SIZE])
{
	struct worker_options worker = options->worker;

	worker.settings = &options->settings;
	return gate_open(out, &worker, options->inheritance, problem);
}

struct gate *queue_fixture_gate_open(const struct queue_fixture_options *options)
{
	char problem[PROBLEM_SIZE] = "";
	struct gate *gate = NULL;

	if (queue_fixture_gate_try(&gate, options, problem) != 0)
		fail_msg("%s", problem);
	return gate;
}

struct worker_stats queue_fixture_stats(const struct gate *gate)
{
	struct worker_stats sum = {0};

	/* All members are uint64_t, so the sum of two is that of their words. */
	for (unsigned int i = 0; i < gate_worker_count(gate); i++) {
		struct worker_stats one;

		gate_stats(gate, i, &one);
		for (size_t word = 0; word < sizeof(sum) / sizeof(uint64_t); word++)
			((uint64_t *)&sum)[word] += ((const uint64_t *)&one)[word];
	}
	return sum;
}

void queue_fixture_wait_judged(const struct gate *gate, uint64_t packets)
{
	const struct timespec pause = {.tv_nsec = 2000000};

	for (int i = 0; i < 2500 && queue_fixture_stats(gate).packets < packets; i++)
		nanosleep(&pause, NULL);
	nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL);
	assert_int_equal(queue_fixture_stats(gate).packets, packets);
}

/* ---- Traffic ---- */

static socklen_t fill_sockaddr(struct sockaddr_storage *out, const char *addr, uint16_t port)
{
	struct sockaddr_in *four = (void *)out;
	struct sockaddr_in6 *six = (void *)out;

	memset(out, 0, sizeof(*out));
	if (inet_pton(AF_INET, addr, &four->sin_addr) == 1) {
		four->sin_family = AF_INET;
		four->sin_port = htons(port);
		return sizeof(*four);
	}
	assert_int_equal(inet_pton(AF_INET6, addr, &six->sin6_addr), 1);
	six->sin6_family = AF_INET6;
	six->sin6_port = htons(port);
	return sizeof(*six);
}

int queue_fixture_socket(int type, const char *addr, uint16_t port)
{
	/* Large: what is queued counts against its sender's buffer, and would block it. */
	const int room = 32 << 20, on = 1;
	struct sockaddr_storage name;
	const socklen_t length = fill_sockaddr(&name, addr, port);
	const int fd = socket(name.ss_family, type | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room));
	setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &room, sizeof(room));
	assert_int_equal(bind(fd, (void *)&name, length), 0);
	return fd;
}

/*
 * A send may fail: what the kernel drops in OUTPUT (a full queue, or one that nobody holds) it
 * reports to the sender as EPERM, and a receiver's ICMP answer to an earlier one as ECONNREFUSED.
 * What matters is what arrives.
 */
void queue_fixture_send(int socket, const char *addr, uint16_t port, uint32_t number)
{
	struct sockaddr_storage name;
	const socklen_t length = fill_sockaddr(&name, addr, port);

	if (sendto(socket, &number, sizeof(number), 0, (void *)&name, length) < 0)
		assert_true(errno == EPERM || errno == ECONNREFUSED || errno == ENOBUFS);
}

int64_t queue_fixture_receive(int socket, int wait_ms)
{
	struct pollfd ready = {.fd = socket, .events = POLLIN};
	uint32_t number;

	if (poll(&ready, 1, wait_ms) != 1)
		return -1;
	assert_int_equal(recv(socket, &number, sizeof(number), 0), sizeof(number));
	return number;
}

int queue_fixture_connect(const char *from, const char *to, uint16_t port, int wait_ms)
{
	struct sockaddr_storage name;
	const socklen_t length = fill_sockaddr(&name, to, port);
	const int fd = queue_fixture_socket(SOCK_STREAM | SOCK_NONBLOCK, from, 0);
	struct pollfd ready = {.fd = fd, .events = POLLOUT};
	socklen_t size = sizeof(int);
	int err = 0;

	if (connect(fd, (void *)&name, length) != 0 && errno != EINPROGRESS)
		err = errno;
	else if (poll(&ready, 1, wait_ms) != 1)
		err = ETIMEDOUT;
	else
		getsockopt(fd, SOL_SOCKET, SO_ERROR, &err, &size);
	close(fd);
	return -err;
}
