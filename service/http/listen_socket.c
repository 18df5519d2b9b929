/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/http/listen_socket.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "config/settings/listen_address.h"

/* what comes while nobody accepts waits; what finds it full tries again in a second */
enum { BACKLOG = 128 };

union address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

static socklen_t make_address(const struct listen_address *from, union address *out)
{
	memset(out, 0, sizeof(*out));
	if (from->addr.family == IP_FAMILY_V4) {
		out->v4.sin_family = AF_INET;
		out->v4.sin_port = htons(from->port);
		memcpy(&out->v4.sin_addr, from->addr.bytes, sizeof(out->v4.sin_addr));
		return sizeof(out->v4);
	}
	out->v6.sin6_family = AF_INET6;
	out->v6.sin6_port = htons(from->port);
	memcpy(&out->v6.sin6_addr, from->addr.bytes, sizeof(out->v6.sin6_addr));
	return sizeof(out->v6);
}

static int bind_and_listen(int fd, const union address *address, socklen_t length)
{
	const int yes = 1, no = 0;

	/* What a daemon before us left in TIME_WAIT shall not keep us from starting. */
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes)) != 0)
		return -errno;
	if (address->any.sa_family == AF_INET6 &&
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &no, sizeof(no)) != 0)
		return -errno;
	if (bind(fd, &address->any, length) != 0 || listen(fd, BACKLOG) != 0)
		return -errno;
	return 0;
}

static void explain(const char *name, const char *text, const struct listen_address *address,
	int err, char problem[PROBLEM_SIZE])
{
	switch (err) {
	case -EADDRINUSE:
		snprintf(problem, PROBLEM_SIZE,
			"%s: another program listens on %s; stop it (`ss -ltnp sport = :%u` names "
			"it), or set another port",
			name, text, address->port);
		break;
	case -EADDRNOTAVAIL:
		snprintf(problem, PROBLEM_SIZE,
			"%s: no interface of this machine has the address of %s; set one that `ip "
			"address` shows, or %s",
			name, text, address->addr.family == IP_FAMILY_V4 ? "0.0.0.0" : "[::]");
		break;
	case -EACCES:
		snprintf(problem, PROBLEM_SIZE,
			"%s: port %u takes CAP_NET_BIND_SERVICE; set a port above 1023, such as "
			"9477",
			name, address->port);
		break;
	case -EAFNOSUPPORT:
		snprintf(problem, PROBLEM_SIZE,
			"%s: this kernel has no IPv6; set an IPv4 address, not %s", name, text);
		break;
	default:
		snprintf(problem, PROBLEM_SIZE, "%s: can't listen on %s: %s", name, text,
			strerror(-err));
		break;
	}
}

int listen_socket_open(const char *name, const char *text, char problem[PROBLEM_SIZE])
{
	struct listen_address address = {.port = 0};
	union address sockaddr;
	socklen_t length;
	int fd, err = listen_address_parse(&address, text);

	if (err == 0) {
		length = make_address(&address, &sockaddr);
		fd = socket(sockaddr.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
		err = fd < 0 ? -errno : bind_and_listen(fd, &sockaddr, length);
		if (err == 0)
			return fd;
		if (fd >= 0)
			close(fd);
	}
	explain(name, text, &address, err, problem);
	return err;
}
