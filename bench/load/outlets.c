/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bench/load/outlets.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/sockios.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>

#include "bench/load/peer.h"
#include "bench/load/run.h"

enum { PIECE = 1 << 18, GLANCE_NS = 100000 };
#define SETTLE_NS (5 * UINT64_C(1000000000))

int outlets_open(struct outlets *outlets, const struct ip_addr *addr, uint16_t port, uint64_t count)
{
	assert(count <= OUTLETS_MOST);
	for (outlets->count = 0; outlets->count < count; outlets->count++) {
		const int fd = peer_connect(SOCK_STREAM, addr, port);

		if (fd < 0 || fcntl(fd, F_SETFL, O_NONBLOCK) != 0)
			return fd < 0 ? fd : -errno;
		outlets->polled[outlets->count] = (struct pollfd){.fd = fd, .events = POLLOUT};
	}
	return 0;
}

/* Returns 0, or -errno when a connection has broken. */
static int fill(const struct pollfd *polled)
{
	static const uint8_t piece[PIECE];

	if (polled->revents == 0 || send(polled->fd, piece, sizeof(piece), 0) >= 0)
		return 0;
	return errno == EAGAIN || errno == EINTR ? 0 : -errno;
}

int outlets_pour(struct outlets *outlets, uint64_t ns)
{
	const uint64_t begin = run_clock_ns();

	while (!run_stopped() && run_clock_ns() - begin < ns) {
		if (poll(outlets->polled, outlets->count, RUN_TICK_MS) <= 0)
			continue;
		for (uint64_t i = 0; i < outlets->count; i++) {
			const int err = fill(&outlets->polled[i]);

			if (err != 0)
				return err;
		}
	}
	return 0;
}

/* SIOCOUTQ: what is not acknowledged, sent or not (tcp(7)). */
static bool has_settled(const struct pollfd *polled)
{
	int left = 0;

	return ioctl(polled->fd, SIOCOUTQ, &left) == 0 && left == 0;
}

/* Asks for no event, and so sleeps for the whole glance unless the connection has broken. */
static int glance(const struct pollfd *polled)
{
	const struct timespec rest = {.tv_nsec = GLANCE_NS};
	struct pollfd only = {.fd = polled->fd};
	socklen_t length = sizeof(int);
	int err = 0;

	if (ppoll(&only, 1, &rest, NULL) <= 0)
		return 0;
	getsockopt(polled->fd, SOL_SOCKET, SO_ERROR, &err, &length);
	return err != 0 ? -err : -EPIPE;
}

int outlets_settle(struct outlets *outlets)
{
	const uint64_t begin = run_clock_ns();

	for (uint64_t i = 0; i < outlets->count; i++)
		while (!run_stopped() && !has_settled(&outlets->polled[i])) {
			const int err = glance(&outlets->polled[i]);

			if (err != 0)
				return err;
			if (run_clock_ns() - begin > SETTLE_NS)
				return -ETIMEDOUT;
		}
	return 0;
}

struct outlet_counts outlets_count(const struct outlets *outlets)
{
	struct outlet_counts counts = {0};

	for (uint64_t i = 0; i < outlets->count; i++) {
		struct tcp_info info = {0};
		socklen_t length = sizeof(info);

		if (getsockopt(outlets->polled[i].fd, IPPROTO_TCP, TCP_INFO, &info, &length) != 0)
			continue;
		counts.bytes += info.tcpi_bytes_acked;
		counts.retransmits += info.tcpi_total_retrans;
	}
	return counts;
}
