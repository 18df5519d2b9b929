/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/support/bridge_netns.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "tests/support/netns.h"

static int pods[BRIDGE_NETNS_PODS] = {-1, -1, -1}; /* their network namespaces */
static int gateway = -1;

static int open_netns(void)
{
	const int fd = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		fail_msg("no namespace to open: %s", strerror(errno));
	return fd;
}

static void go(int netns)
{
	if (setns(netns, CLONE_NEWNET) != 0)
		fail_msg("setns: %s", strerror(errno));
}

static void replace(int *fd, int by)
{
	if (*fd >= 0)
		close(*fd);
	*fd = by;
}

static void must_run(const char *command)
{
	if (netns_run("%s", command) != 0)
		fail_msg("failed: %s", command);
}

static void make_pod(int pod)
{
	char command[512];

	netns_enter(NULL);
	replace(&pods[pod], open_netns());
	go(gateway);
	snprintf(command, sizeof(command),
		"ip link add pod%d type veth peer name eth0 netns /proc/%d/fd/%d && ip link set "
		"pod%d master br0 up",
		pod, (int)getpid(), pods[pod], pod);
	must_run(command);
	bridge_netns_run(pod,
		"ip link set lo up && ip addr add 10.9.0.%d/24 broadcast 10.9.0.255 dev eth0 && ip "
		"addr add fd09::%d/64 dev eth0 nodad && ip link set eth0 up && ip route add "
		"224.0.0.0/4 dev eth0",
		pod + 1, pod + 1);
}

int bridge_netns_enter(void **state)
{
	netns_enter(state);
	replace(&gateway, open_netns());
	must_run("sysctl -qw net.bridge.bridge-nf-call-iptables=1 "
		 "net.bridge.bridge-nf-call-ip6tables=1 && ip link set lo up && ip link add br0 "
		 "type bridge forward_delay 0 mcast_snooping 0 && ip addr add 10.9.0.254/24 dev "
		 "br0 && ip addr add fd09::254/64 dev br0 nodad && ip link set br0 up");
	for (int pod = 0; pod < BRIDGE_NETNS_PODS; pod++)
		make_pod(pod);
	return 0;
}

void bridge_netns_run(int pod, const char *format, ...)
{
	char command[1024];
	va_list args;

	va_start(args, format);
	vsnprintf(command, sizeof(command), format, args);
	va_end(args);
	go(pods[pod]);
	must_run(command);
	go(gateway);
}

int bridge_netns_socket(int pod, int family, int type, int protocol)
{
	int fd;

	go(pods[pod]);
	fd = socket(family, type | SOCK_CLOEXEC, protocol);
	go(gateway);
	if (fd < 0)
		fail_msg("socket: %s", strerror(errno));
	return fd;
}

/* An address as sockaddr of its family; "" is any. Returns its length. */
static socklen_t make_address(
	struct sockaddr_storage *out, int family, const char *text, uint16_t port)
{
	struct sockaddr_in *v4 = (struct sockaddr_in *)out;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)out;

	memset(out, 0, sizeof(*out));
	out->ss_family = (sa_family_t)family;
	if (text[0] != '\0')
		assert_int_equal(
			inet_pton(family, text,
				family == AF_INET ? (void *)&v4->sin_addr : (void *)&v6->sin6_addr),
			1);
	if (family == AF_INET)
		v4->sin_port = htons(port);
	else
		v6->sin6_port = htons(port);
	return family == AF_INET ? sizeof(*v4) : sizeof(*v6);
}

int bridge_netns_udp(int pod, int family, uint16_t port)
{
	const int fd = bridge_netns_socket(pod, family, SOCK_DGRAM, 0), on = 1;
	const struct timeval silence = {.tv_usec = 300000};
	struct sockaddr_storage address;
	const socklen_t length = make_address(&address, family, "", port);

	setsockopt(fd, SOL_SOCKET, SO_BROADCAST, &on, sizeof(on));
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &silence, sizeof(silence));
	if (bind(fd, (const struct sockaddr *)&address, length) != 0)
		fail_msg("bind: %s", strerror(errno));
	return fd;
}

void bridge_netns_send(int socket, const char *to, uint16_t port)
{
	struct sockaddr_storage address;
	const socklen_t length = make_address(
		&address, strchr(to, ':') != NULL ? AF_INET6 : AF_INET, to, port);

	if (sendto(socket, "x", 1, 0, (const struct sockaddr *)&address, length) != 1)
		fail_msg("sendto %s: %s", to, strerror(errno));
}

int bridge_netns_count(int socket)
{
	char buffer[2048];
	int count = 0;

	while (recv(socket, buffer, sizeof(buffer), 0) >= 0)
		count++;
	return count;
}
