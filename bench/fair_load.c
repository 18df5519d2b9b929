/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The three parts of bench/fair.sh, each to be run in a pod of its own:
 *
 *   fair_load accept ADDRESS PORT                      accepts and closes, until it is ended; prints "ready"
 *   fair_load connect ADDRESS PORT RATE SECONDS        begins RATE connections a second, whether or not earlier ones
 *                                                      are through; prints what they took, in microseconds
 *   fair_load flood SECONDS ADDRESS...                 one-packet UDP flows at full speed, no two alike for long:
 *                                                      addresses, destination and source ports take turns
 *
 * A connection's time runs from connect() to the wake-up of the thread that waits for it. IPv4.
 */

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
	BACKLOG = 4096,
	FILES = 16384,
	EVENTS = 64,
	FLOOD_SOCKETS = 64,
	FLOOD_BATCH = 64,
	FLOOD_ADDRESSES = 64,
	FLOOD_FIRST_PORT = 1024,
	PATIENCE_S = 4,			/* for the last connections: two SYN retransmits */
};
#define NS_PER_S 1000000000ULL

static void require(bool holds, const char *what)
{
	if (holds)
		return;
	fprintf(stderr, "fair_load: %s: %s\n", what, strerror(errno));
	exit(1);
}

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec;
}

static struct sockaddr_in endpoint(const char *address, const char *port)
{
	struct sockaddr_in out = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(port))};

	errno = EINVAL;
	require(inet_pton(AF_INET, address, &out.sin_addr) == 1, address);
	return out;
}

static int open_socket(int type)
{
	const int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);

	require(fd >= 0, "socket");
	return fd;
}

/* ---- accept ---- */

static int run_accept(char **argv)
{
	const struct sockaddr_in here = endpoint(argv[0], argv[1]);
	const int fd = open_socket(SOCK_STREAM);

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &(int){1}, sizeof(int));
	require(bind(fd, (const struct sockaddr *)&here, sizeof(here)) == 0, "bind");
	require(listen(fd, BACKLOG) == 0, "listen");
	puts("ready");
	fflush(stdout);
	for (;;) {
		const int client = accept4(fd, NULL, NULL, SOCK_CLOEXEC);

		if (client < 0 && errno != EINTR && errno != ECONNABORTED)
			return 1;
		if (client >= 0)
			close(client);
	}
}

/* ---- connect ---- */

/* Connections in flight are their descriptors: began[fd] is when, 0 for none. */
struct attempts {
	struct sockaddr_in to;
	int poll;
	uint64_t began[FILES];
	uint32_t *took_ns;		/* of those that came through */
	size_t taken, open, failed, resent;
};

/* Without TIME_WAIT, so that ports do not run out. */
static void close_hard(int fd)
{
	const struct linger none = {.l_onoff = 1};

	setsockopt(fd, SOL_SOCKET, SO_LINGER, &none, sizeof(none));
	close(fd);
}

static void finish(struct attempts *attempts, int fd, uint64_t now)
{
	struct tcp_info info = {0};
	int error = 0;

	getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &(socklen_t){sizeof(error)});
	getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &(socklen_t){sizeof(info)});
	if (error != 0)
		attempts->failed++;
	else
		attempts->took_ns[attempts->taken++] = (uint32_t)(now - attempts->began[fd]);
	attempts->resent += info.tcpi_total_retrans > 0;
	attempts->open--;
	attempts->began[fd] = 0;
	close_hard(fd);
}

static void begin(struct attempts *attempts)
{
	const int fd = open_socket(SOCK_STREAM | SOCK_NONBLOCK);
	struct epoll_event event = {.events = EPOLLOUT, .data.fd = fd};

	require(fd < FILES, "too many connections are open");
	attempts->began[fd] = now_ns();
	attempts->open++;
	if (connect(fd, (const struct sockaddr *)&attempts->to, sizeof(attempts->to)) == 0)
		finish(attempts, fd, now_ns());
	else
		require(errno == EINPROGRESS && epoll_ctl(attempts->poll, EPOLL_CTL_ADD, fd, &event) == 0, "connect");
}

/* Waits for connections till `until`, or till none is open. */
static void gather(struct attempts *attempts, uint64_t until, bool all)
{
	struct epoll_event events[EVENTS];

	for (uint64_t now = now_ns(); now < until && !(all && attempts->open == 0); now = now_ns()) {
		const struct timespec wait = {
			.tv_sec = (time_t)((until - now) / NS_PER_S), .tv_nsec = (long)((until - now) % NS_PER_S)};
		const int ready = epoll_pwait2(attempts->poll, events, EVENTS, &wait, NULL);
		const uint64_t woken = now_ns();

		for (int i = 0; i < ready; i++)
			finish(attempts, events[i].data.fd, woken);
	}
}

static int compare(const void *a, const void *b)
{
	const uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

static double quantile_us(const struct attempts *attempts, double q)
{
	const size_t i = (size_t)(q * (double)attempts->taken);

	return attempts->taken == 0 ? 0 : attempts->took_ns[i < attempts->taken ? i : attempts->taken - 1] / 1e3;
}

static int run_connect(char **argv)
{
	static struct attempts attempts;
	const uint64_t rate = strtoull(argv[2], NULL, 10), count = rate * strtoull(argv[3], NULL, 10);
	uint64_t start;

	errno = EINVAL;
	require(rate > 0 && count > 0, "no connections to begin");
	attempts.to = endpoint(argv[0], argv[1]);
	attempts.poll = epoll_create1(EPOLL_CLOEXEC);
	attempts.took_ns = calloc(count, sizeof(*attempts.took_ns));
	require(attempts.poll >= 0 && attempts.took_ns != NULL, "memory");
	start = now_ns();
	for (uint64_t i = 0; i < count; i++) {
		gather(&attempts, start + i * NS_PER_S / rate, false);
		begin(&attempts);
	}
	gather(&attempts, now_ns() + PATIENCE_S * NS_PER_S, true);
	qsort(attempts.took_ns, attempts.taken, sizeof(*attempts.took_ns), compare);
	printf("{\"begun\": %llu, \"through\": %zu, \"failed\": %zu, \"unanswered\": %zu, \"syn_resent\": %zu, "
	       "\"p50_us\": %.1f, \"p90_us\": %.1f, \"p99_us\": %.1f, \"max_us\": %.1f}\n",
		(unsigned long long)count, attempts.taken, attempts.failed, attempts.open, attempts.resent,
		quantile_us(&attempts, 0.5), quantile_us(&attempts, 0.9), quantile_us(&attempts, 0.99),
		quantile_us(&attempts, 1));
	return 0;
}

/* ---- flood ---- */

struct flood {
	int sockets[FLOOD_SOCKETS];
	struct sockaddr_in to[FLOOD_ADDRESSES];
	size_t addresses;
	struct mmsghdr headers[FLOOD_BATCH];
	struct sockaddr_in names[FLOOD_BATCH];
	struct iovec nothing;
};

static void prepare_flood(struct flood *flood, char **addresses)
{
	for (; addresses[flood->addresses] != NULL && flood->addresses < FLOOD_ADDRESSES; flood->addresses++)
		flood->to[flood->addresses] = endpoint(addresses[flood->addresses], "0");
	errno = EINVAL;
	require(flood->addresses > 0, "whom to flood?");
	for (size_t i = 0; i < FLOOD_SOCKETS; i++)
		flood->sockets[i] = open_socket(SOCK_DGRAM | SOCK_NONBLOCK);
	for (size_t i = 0; i < FLOOD_BATCH; i++)
		flood->headers[i].msg_hdr = (struct msghdr){
			.msg_name = &flood->names[i],
			.msg_namelen = sizeof(flood->names[i]),
			.msg_iov = &flood->nothing,
			.msg_iovlen = 1,
		};
}

static int run_flood(char **argv)
{
	static struct flood flood;
	const uint64_t start = now_ns(), end = start + (uint64_t)(strtod(argv[0], NULL) * 1e9);
	uint64_t flow = 0, sent = 0;

	prepare_flood(&flood, argv + 1);
	for (size_t batch = 0; now_ns() < end; batch++) {
		int got;

		for (size_t i = 0; i < FLOOD_BATCH; i++, flow++) {
			flood.names[i] = flood.to[flow % flood.addresses];
			flood.names[i].sin_port = htons((uint16_t)(FLOOD_FIRST_PORT +
				flow / flood.addresses % (UINT16_MAX - FLOOD_FIRST_PORT)));
		}
		got = sendmmsg(flood.sockets[batch % FLOOD_SOCKETS], flood.headers, FLOOD_BATCH, 0);
		sent += got > 0 ? (uint64_t)got : 0;	/* what could not be sent was not */
	}
	printf("{\"sent\": %llu, \"per_s\": %.0f}\n", (unsigned long long)sent,
		(double)sent * 1e9 / (double)(now_ns() - start));
	return 0;
}

int main(int argc, char **argv)
{
	const struct rlimit files = {.rlim_cur = FILES, .rlim_max = FILES};

	setrlimit(RLIMIT_NOFILE, &files);
	if (argc == 4 && strcmp(argv[1], "accept") == 0)
		return run_accept(argv + 2);
	if (argc == 6 && strcmp(argv[1], "connect") == 0)
		return run_connect(argv + 2);
	if (argc >= 4 && strcmp(argv[1], "flood") == 0)
		return run_flood(argv + 2);
	fputs("usage: fair_load accept ADDRESS PORT | connect ADDRESS PORT RATE SECONDS | flood SECONDS ADDRESS...\n",
		stderr);
	return 2;
}
