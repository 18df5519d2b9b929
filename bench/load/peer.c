/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bench/load/peer.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/time.h>
#include <unistd.h>

#include "bench/load/run.h"

enum { CONNECT_S = 3 };

static int set_up(int fd, int type)
{
	const struct timeval patience = {.tv_sec = CONNECT_S};
	const struct linger reset = {.l_onoff = 1};
	const int on = 1;

	if (type != SOCK_STREAM)
		return 0;
	if (setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) != 0 ||
		setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset)) != 0)
		return -1;
	/* connect(2) heeds it, too (socket(7)). */
	return setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
}

static int tick(int fd)
{
	const struct timeval patience = {.tv_usec = RUN_TICK_US};

	if (setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience)) != 0)
		return -1;
	return setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
}

int peer_connect(int type, const struct ip_addr *addr, uint16_t port)
{
	struct sockaddr_storage to;
	const socklen_t length = span_sockaddr(&to, addr, port);
	const int fd = socket(to.ss_family, type | SOCK_CLOEXEC, 0);
	int err;

	if (fd < 0)
		return -errno;
	if (set_up(fd, type) == 0 && connect(fd, (const struct sockaddr *)&to, length) == 0 &&
		tick(fd) == 0)
		return fd;
	err = errno == EINPROGRESS ? ETIMEDOUT : errno;
	close(fd);
	return -err;
}
