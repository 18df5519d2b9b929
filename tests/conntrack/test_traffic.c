/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Sweeps over connections that are really there: pods in network namespaces behind a gateway that
 * translates addresses, and a rule that drops what carries DENY. What a sweep cuts goes silent,
 * what it restores speaks again, everything else never notices.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "conntrack/sweep.h"
#include "tests/support/flow_table.h"
#include "tests/support/shop.h"

#define SERVICE "10.96.0.1" /* port 80 is db's 5432 */
#define OUTSIDE "203.0.113.1"
#define GATEWAY "10.0.0.254"

enum { ALLOW = 0x20000000, DENY = 0x40000000, OURS = ALLOW | DENY };
enum { SOON_MS = 5000, SILENCE_MS = 400 };

static int gateway = -1, web = -1, db = -1, other = -1, outside = -1; /* network namespaces */
static struct ct_table *table;

static int this_namespace(void)
{
	const int fd = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		err(1, "/proc/self/ns/net");
	return fd;
}

static void go_to(int namespace_fd)
{
	if (setns(namespace_fd, CLONE_NEWNET) != 0)
		err(1, "setns");
}

/*
 * A namespace on a veth link of its own; it lives as long as the descriptor. Leaves us on the
 * gateway.
 */
static int make_pod(const char *link, const char *addr, const char *addr6)
{
	int pod;

	if (unshare(CLONE_NEWNET) != 0)
		err(1, "unshare");
	pod = this_namespace();
	go_to(gateway);
	flow_table_run("ip link add %s type veth peer name eth0 netns /proc/%d/fd/%d", link,
		(int)getpid(), pod);
	flow_table_run("ip address add " GATEWAY
		       "/32 dev %s && ip address add fd00::fe/128 dev %s nodad",
		link, link);
	flow_table_run("ip link set %s up && ip route add %s dev %s && ip route add %s dev %s",
		link, addr, link, addr6, link);
	go_to(pod);
	flow_table_run(
		"ip link set lo up && ip link set eth0 up && ip address add %s/32 dev eth0", addr);
	flow_table_run(
		"ip address add %s/128 dev eth0 nodad && ip route add fd00::fe dev eth0", addr6);
	flow_table_run("ip route add " GATEWAY " dev eth0 && ip route add default via " GATEWAY
		       " && ip route add default via fd00::fe");
	go_to(gateway);
	return pod;
}

static void make_rules(void)
{
	flow_table_run("echo 1 >/proc/sys/net/ipv4/ip_forward && echo 1 "
		       ">/proc/sys/net/ipv6/conf/all/forwarding");
	flow_table_run("iptables -t nat -A PREROUTING -d " SERVICE
		       " -p tcp --dport 80 -j DNAT --to-destination " DB ":5432");
	flow_table_run("iptables -t nat -A POSTROUTING -d " OUTSIDE " -j MASQUERADE");
	flow_table_run("for t in iptables ip6tables; do $t -t mangle -A FORWARD -m connmark --mark "
		       "%#x/%#x -j DROP && $t -t mangle -A FORWARD -m conntrack --ctstate INVALID "
		       "-j DROP || exit 1; done",
		(unsigned int)DENY, (unsigned int)OURS);
}

static int enter(void **state)
{
	(void)state;
	flow_table_enter();
	gateway = this_namespace();
	web = make_pod("web", WEB, WEB6);
	db = make_pod("db", DB, DB6);
	other = make_pod("other", OTHER, OTHER6);
	outside = make_pod("outside", OUTSIDE, "2001:db8::1");
	make_rules();
	return ct_table_open(&table);
}

static int leave(void **state)
{
	(void)state;
	ct_table_close(table);
	close(web);
	close(db);
	close(other);
	close(outside);
	close(gateway);
	return 0;
}

static struct sockaddr_storage address(const char *text, uint16_t port)
{
	struct sockaddr_storage storage = {
		.ss_family = strchr(text, ':') != NULL ? AF_INET6 : AF_INET};
	struct sockaddr_in *v4 = (struct sockaddr_in *)&storage;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&storage;

	if (storage.ss_family == AF_INET) {
		v4->sin_port = htons(port);
		assert_int_equal(inet_pton(AF_INET, text, &v4->sin_addr), 1);
	} else {
		v6->sin6_port = htons(port);
		assert_int_equal(inet_pton(AF_INET6, text, &v6->sin6_addr), 1);
	}
	return storage;
}

/* A socket belongs to the namespace it was made in, wherever its owner goes then. */
static int socket_in(int pod, const char *like)
{
	int fd;

	go_to(pod);
	fd = socket(strchr(like, ':') != NULL ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	go_to(gateway);
	assert_true(fd >= 0);
	return fd;
}

struct connection {
	int client, server;
	struct flow_spec spec; /* its original tuple */
};

static struct connection connect_pods(
	int from, const char *src, const char *dst, uint16_t dport, int to, uint16_t listen_port)
{
	const struct sockaddr_storage any = address(
		strchr(dst, ':') != NULL ? "::" : "0.0.0.0", listen_port);
	const struct sockaddr_storage target = address(dst, dport);
	const int listener = socket_in(to, dst), on = 1;
	struct connection made = {.client = socket_in(from, dst),
		.spec = {.protocol = IPPROTO_TCP, .src = src, .dst = dst, .dport = dport}};
	struct sockaddr_in6 own;
	socklen_t size = sizeof(own);

	assert_int_equal(setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)), 0);
	assert_int_equal(bind(listener, (const struct sockaddr *)&any, sizeof(any)), 0);
	assert_int_equal(listen(listener, 1), 0);
	assert_int_equal(connect(made.client, (const struct sockaddr *)&target, sizeof(target)), 0);
	made.server = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	assert_true(made.server >= 0);
	assert_int_equal(getsockname(made.client, (struct sockaddr *)&own, &size), 0);
	made.spec.sport = ntohs(own.sin6_port); /* at the same place in both families */
	close(listener);
	return made;
}

static void disconnect(struct connection *connection)
{
	close(connection->client);
	close(connection->server);
}

static bool arrives(int from, int to, int within_ms)
{
	struct pollfd readable = {.fd = to, .events = POLLIN};
	char byte = 'x';

	assert_int_equal(send(from, &byte, 1, MSG_NOSIGNAL), 1);
	return poll(&readable, 1, within_ms) == 1 && recv(to, &byte, 1, 0) == 1;
}

static void assert_alive(const struct connection *connection)
{
	assert_true(arrives(connection->client, connection->server, SOON_MS));
	assert_true(arrives(connection->server, connection->client, SOON_MS));
}

static struct sweep_stats sweep_by(enum shop_policies policies)
{
	const struct sweep_options options = {.marks = {ALLOW, DENY}};
	struct snapshot *snapshot = shop_snapshot(policies, false);
	struct sweep_stats stats;

	assert_int_equal(sweep_run(table, snapshot, &options, &stats), 0);
	assert_int_equal(stats.skipped, 0);
	snapshot_free(snapshot);
	return stats;
}

static void test_cuts_one_and_spares_the_other(void **state)
{
	struct connection by_service = connect_pods(web, WEB, SERVICE, 80, db, 5432);
	struct connection stranger = connect_pods(other, OTHER, DB, 5432, db, 5432);
	struct connection stranger6 = connect_pods(other, OTHER6, DB6, 5432, db, 5432);
	struct connection from_db = connect_pods(db, DB, OTHER, 80, other, 80);

	(void)state;
	assert_alive(&by_service);
	assert_alive(&stranger);
	assert_alive(&stranger6);
	sweep_by(SHOP_DB_FROM_WEB);
	assert_int_equal(flow_table_mark(&by_service.spec), ALLOW);
	assert_int_equal(flow_table_mark(&stranger.spec), DENY);
	assert_int_equal(flow_table_mark(&stranger6.spec), DENY);
	assert_int_equal(flow_table_mark(&from_db.spec), ALLOW);
	assert_alive(&by_service);
	assert_alive(&from_db); /* db is closed to other, but other answers db */
	assert_false(arrives(stranger.client, stranger.server, SILENCE_MS));
	assert_false(arrives(stranger6.server, stranger6.client, SILENCE_MS));

	/*
	 * No policy any more: what was held back arrives after all, the connection was never lost.
	 */
	assert_int_equal(sweep_by(SHOP_OPEN).restored, 2);
	assert_true(arrives(stranger.client, stranger.server, SOON_MS));
	assert_true(arrives(stranger6.server, stranger6.client, SOON_MS));
	disconnect(&by_service);
	disconnect(&stranger);
	disconnect(&stranger6);
	disconnect(&from_db);
}

static void test_masqueraded_egress(void **state)
{
	struct connection leaving = connect_pods(web, WEB, OUTSIDE, 443, outside, 443);
	struct connection bystander = connect_pods(other, OTHER, OUTSIDE, 443, outside, 443);

	(void)state;
	sweep_by(SHOP_WEB_TO_PODS);
	assert_int_equal(flow_table_mark(&leaving.spec), DENY);
	assert_int_equal(flow_table_mark(&bystander.spec), 0);
	assert_false(arrives(leaving.client, leaving.server, SILENCE_MS));
	assert_alive(&bystander);
	disconnect(&leaving);
	disconnect(&bystander);
}

static int find_ping(const struct ct_entry *entry, void *context)
{
	struct ct_entry *found = context;

	if (entry->flow.protocol == IPPROTO_ICMP)
		*found = *entry;
	return 0;
}

/* One echo request, and its reply (kernels answer it by themselves). */
static void ping(int from, const char *dst)
{
	const uint16_t id = 0x4242, sequence = 1;
	const uint16_t request[4] = {htons(0x0800), htons((uint16_t) ~(0x0800 + id + sequence)),
		htons(id), htons(sequence)};
	const struct sockaddr_storage target = address(dst, 0);
	struct pollfd readable = {.events = POLLIN};

	go_to(from);
	readable.fd = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_ICMP);
	go_to(gateway);
	assert_true(readable.fd >= 0);
	assert_int_equal(sendto(readable.fd, request, sizeof(request), 0,
				 (const struct sockaddr *)&target, sizeof(struct sockaddr_in)),
		sizeof(request));
	assert_int_equal(poll(&readable, 1, SOON_MS), 1);
	close(readable.fd);
}

static void test_ping(void **state)
{
	struct ct_entry found = {.zone = 0};
	size_t skipped;

	(void)state;
	ping(other, DB);
	sweep_by(SHOP_DB_FROM_WEB);
	assert_int_equal(ct_table_dump(table, find_ping, &found, &skipped), 0);
	assert_int_equal(found.icmp_type, 8);
	assert_int_equal(found.icmp_id, 0x4242);
	assert_int_equal(found.mark & OURS, DENY);
}

/* A DNAT'd connection is cut by what it reaches: the address it was sent to is nobody's. */
static void test_cuts_through_a_service(void **state)
{
	struct connection by_service = connect_pods(other, OTHER, SERVICE, 80, db, 5432);

	(void)state;
	assert_alive(&by_service);
	assert_int_equal(sweep_by(SHOP_DB_FROM_WEB).revoked, 1);
	assert_false(arrives(by_service.client, by_service.server, SILENCE_MS));
	disconnect(&by_service);
}

/*
 * Zones of one direction only: those of the original tuple are part of the entry's name, those of
 * the reply are not.
 */
static void test_zones_of_one_direction(void **state)
{
	struct connection from_other, from_outside;

	(void)state;
	flow_table_run("iptables -t raw -A PREROUTING -i other -j CT --zone-orig 7");
	flow_table_run("iptables -t raw -A PREROUTING -i outside -j CT --zone-reply 9 && iptables "
		       "-t raw -A PREROUTING -i web -j CT --zone 9");
	from_other = connect_pods(other, OTHER, DB, 5432, db, 5432);
	from_outside = connect_pods(outside, OUTSIDE, WEB, 80, web, 80);
	from_other.spec.zone = 7;
	assert_int_equal(sweep_by(SHOP_DB_FROM_WEB).revoked, 1);
	assert_int_equal(flow_table_mark(&from_other.spec), DENY);
	assert_int_equal(sweep_by(SHOP_WEB_TO_PODS).restored, 1);
	assert_int_equal(flow_table_mark(&from_other.spec), 0);
	assert_int_equal(flow_table_mark(&from_outside.spec), ALLOW);
	disconnect(&from_other);
	disconnect(&from_outside);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_cuts_one_and_spares_the_other, enter, leave),
		cmocka_unit_test_setup_teardown(test_masqueraded_egress, enter, leave),
		cmocka_unit_test_setup_teardown(test_ping, enter, leave),
		cmocka_unit_test_setup_teardown(test_cuts_through_a_service, enter, leave),
		cmocka_unit_test_setup_teardown(test_zones_of_one_direction, enter, leave),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
