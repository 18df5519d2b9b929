/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/tools/probe.h"

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int fail(const char *what)
{
	fprintf(stderr, "podgate-probe: %s: %s\n", what, strerror(errno));
	return PROBE_PROBLEM;
}

static int let_cast(int fd, int family, const char *device)
{
	const int on = 1, index = (int)if_nametoindex(device);
	const struct ip_mreqn link = {.imr_ifindex = index};

	if (family == AF_INET6)
		return setsockopt(fd, IPPROTO_IPV6, IPV6_MULTICAST_IF, &index, sizeof(index));
	if (setsockopt(fd, SOL_SOCKET, SO_BROADCAST, &on, sizeof(on)) != 0 ||
		setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, device, (socklen_t)strlen(device)) != 0)
		return -1;
	return setsockopt(fd, IPPROTO_IP, IP_MULTICAST_IF, &link, sizeof(link));
}

/* A datagram that says where it was sent. */
static int cast_one(
	const struct endpoint *from, const char *device, const char *to_text, const char *port)
{
	const int family = from->address.ss_family;
	struct endpoint to;
	int fd, err = endpoint_parse(&to, "udp", to_text, port);

	if (err != 0)
		return err;
	fd = socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || let_cast(fd, family, device) != 0 ||
		bind(fd, (const struct sockaddr *)&from->address, from->length) != 0)
		return fail(device);
	if (family == AF_INET6)
		((struct sockaddr_in6 *)&to.address)->sin6_scope_id = if_nametoindex(device);
	if (sendto(fd, to_text, strlen(to_text), 0, (const struct sockaddr *)&to.address,
		    to.length) < 0)
		err = fail(to_text);
	close(fd);
	return err;
}

/*
 * cast DEVICE FROM PORT TO...: a datagram to each address, which may be a group's. --from: the
 * source port.
 */
int command_cast(int argc, char **argv)
{
	struct probe_options options;
	struct endpoint from;
	int err = options_parse(&options, argc, argv);

	if (err != 0 || options.count < 4)
		return PROBE_PROBLEM;
	err = endpoint_parse(&from, "udp", options.arguments[1], "1");
	if (from.address.ss_family == AF_INET6)
		((struct sockaddr_in6 *)&from.address)->sin6_port = htons(options.from_port);
	else
		((struct sockaddr_in *)&from.address)->sin_port = htons(options.from_port);
	for (int i = 3; i < options.count && err == 0; i++)
		err = cast_one(
			&from, options.arguments[0], options.arguments[i], options.arguments[2]);
	return err;
}

static int join(int fd, const char *group, const char *device)
{
	const int index = (int)if_nametoindex(device);
	struct ip_mreqn v4 = {.imr_ifindex = index};
	struct ipv6_mreq v6 = {.ipv6mr_interface = (unsigned int)index};

	if (inet_pton(AF_INET, group, &v4.imr_multiaddr) == 1)
		return setsockopt(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, &v4, sizeof(v4));
	if (inet_pton(AF_INET6, group, &v6.ipv6mr_multiaddr) == 1)
		return setsockopt(fd, IPPROTO_IPV6, IPV6_JOIN_GROUP, &v6, sizeof(v6));
	errno = EINVAL;
	return -1;
}

static int hear(int fd, int for_ms)
{
	const int64_t end = clock_ms() + for_ms;
	int64_t left;

	while ((left = end - clock_ms()) > 0) {
		struct pollfd poll_fd = {.fd = fd, .events = POLLIN};
		char text[64];
		ssize_t n;

		if (poll(&poll_fd, 1, (int)left) <= 0)
			continue;
		n = recv(fd, text, sizeof(text) - 1, 0);
		if (n < 0)
			return fail("recv");
		text[n] = '\0';
		printf("heard %s\n", text);
	}
	return PROBE_REACHED;
}

/* hear FAMILY DEVICE PORT [GROUP]...: prints what cast's datagrams say, for --for MS (1000). */
int command_hear(int argc, char **argv)
{
	struct probe_options options;
	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};
	struct sockaddr_in v4 = {.sin_family = AF_INET};
	bool ipv6;
	int fd, err = options_parse(&options, argc, argv);

	if (err != 0 || options.count < 3)
		return PROBE_PROBLEM;
	ipv6 = strcmp(options.arguments[0], "6") == 0;
	v4.sin_port = v6.sin6_port = htons((uint16_t)atoi(options.arguments[2]));
	fd = socket(ipv6 ? AF_INET6 : AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0 ||
		bind(fd, ipv6 ? (const struct sockaddr *)&v6 : (const struct sockaddr *)&v4,
			ipv6 ? sizeof(v6) : sizeof(v4)) != 0)
		return fail("bind");
	for (int i = 3; i < options.count; i++)
		if (join(fd, options.arguments[i], options.arguments[1]) != 0)
			return fail(options.arguments[i]);
	puts("ready");
	return hear(fd, options.for_ms > 0 ? options.for_ms : 1000);
}

/*
 * advertise DEVICE PREFIX: a router advertisement (RFC 4861, 4.2) with a /64 for autoconfiguration.
 */
int command_advertise(int argc, char **argv)
{
	struct {
		struct nd_router_advert router;
		struct nd_opt_prefix_info prefix;
	} message = {
		.router = {.nd_ra_hdr.icmp6_type = ND_ROUTER_ADVERT, .nd_ra_curhoplimit = 64},
		.prefix =
			{
				.nd_opt_pi_type = ND_OPT_PREFIX_INFORMATION,
				.nd_opt_pi_len = 4,
				.nd_opt_pi_prefix_len = 64,
				.nd_opt_pi_flags_reserved = ND_OPT_PI_FLAG_ONLINK |
					ND_OPT_PI_FLAG_AUTO,
				.nd_opt_pi_valid_time = htonl(3600),
				.nd_opt_pi_preferred_time = htonl(3600),
			},
	};
	struct sockaddr_in6 to = {.sin6_family = AF_INET6};
	struct probe_options options;
	const int hops = 255;
	int fd, index, err = options_parse(&options, argc, argv);

	if (err != 0 || options.count != 2 ||
		inet_pton(AF_INET6, options.arguments[1], &message.prefix.nd_opt_pi_prefix) != 1)
		return PROBE_PROBLEM;
	index = (int)if_nametoindex(options.arguments[0]);
	inet_pton(AF_INET6, "ff02::1", &to.sin6_addr);
	to.sin6_scope_id = (uint32_t)index;
	fd = socket(AF_INET6, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_ICMPV6);
	if (fd < 0 || setsockopt(fd, IPPROTO_IPV6, IPV6_MULTICAST_HOPS, &hops, sizeof(hops)) != 0 ||
		setsockopt(fd, IPPROTO_IPV6, IPV6_MULTICAST_IF, &index, sizeof(index)) != 0 ||
		sendto(fd, &message, sizeof(message), 0, (const struct sockaddr *)&to, sizeof(to)) <
			0)
		return fail("advertise");
	close(fd);
	return PROBE_REACHED;
}
