/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bench/load/wildcard.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "bench/load/load.h"

enum { BACKLOG = 4096 }; /* net.core.somaxconn cuts it */

static int bind_any(int fd, int family, uint16_t port)
{
	const int on = 1, off = 0;
	const struct sockaddr_in four = {.sin_family = AF_INET, .sin_port = htons(port)};
	const struct sockaddr_in6 six = {.sin6_family = AF_INET6, .sin6_port = htons(port)};

	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) != 0 ||
		setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on)) != 0)
		return -1;
	if (family == AF_INET)
		return bind(fd, (const struct sockaddr *)&four, sizeof(four));
	if (setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off)) != 0)
		return -1;
	return bind(fd, (const struct sockaddr *)&six, sizeof(six));
}

static int open_family(int family, int type, uint16_t port)
{
	const int fd = socket(family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -errno;
	if (bind_any(fd, family, port) != 0 || (type == SOCK_STREAM && listen(fd, BACKLOG) != 0)) {
		const int err = errno;

		close(fd);
		return -err;
	}
	return fd;
}

int wildcard_open(int type, uint16_t port)
{
	const int fd = open_family(AF_INET6, type, port);

	return fd == -EAFNOSUPPORT || fd == -EADDRNOTAVAIL ? open_family(AF_INET, type, port) : fd;
}

int wildcard_open_all(int fds[WILDCARD_PORTS_MOST], int type, const struct number_span *ports)
{
	const uint32_t count = number_span_count(ports);

	if (count > WILDCARD_PORTS_MOST) {
		fprintf(stderr, "podgate-load: %u ports are too many: at most %d\n", count,
			WILDCARD_PORTS_MOST);
		return LOAD_PROBLEM;
	}
	wildcard_allow_files();
	for (uint32_t i = 0; i < count; i++) {
		fds[i] = wildcard_open(type, (uint16_t)(ports->first + i));
		if (fds[i] >= 0)
			continue;
		fprintf(stderr, "podgate-load: port %u: %s\n", ports->first + i, strerror(-fds[i]));
		while (i-- > 0)
			close(fds[i]);
		return LOAD_PROBLEM;
	}
	return 0;
}

void wildcard_allow_files(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
		return;
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit); /* what is not enough then shows as EMFILE */
}
