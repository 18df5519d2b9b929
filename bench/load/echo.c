/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bench/load/load.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bench/load/load_options.h"
#include "bench/load/report.h"
#include "bench/load/run.h"
#include "bench/load/streams.h"
#include "bench/load/wildcard.h"

enum { BURST = 64, DATAGRAM_MOST = 2048, STREAM_PIECE = 1 << 17, CONTROL = 128, ROOM = 8 << 20 };

struct echo {
	struct streams streams;
	struct number_span ports;
	uint64_t datagrams, bytes, connections, lost;
	struct mmsghdr headers[BURST];
	struct iovec vectors[BURST];
	struct sockaddr_storage peers[BURST];
	_Alignas(struct cmsghdr) uint8_t controls[BURST][CONTROL];
	uint8_t pieces[BURST][DATAGRAM_MOST];
};

/* ---- UDP ---- */

static void prepare(struct echo *echo)
{
	for (size_t i = 0; i < BURST; i++) {
		echo->vectors[i] = (struct iovec){
			.iov_base = echo->pieces[i], .iov_len = DATAGRAM_MOST};
		echo->headers[i].msg_hdr = (struct msghdr){
			.msg_name = &echo->peers[i],
			.msg_namelen = sizeof(echo->peers[i]),
			.msg_iov = &echo->vectors[i],
			.msg_iovlen = 1,
			.msg_control = echo->controls[i],
			.msg_controllen = CONTROL,
		};
	}
}

/*
 * The control message that says where a datagram came to (IP_PKTINFO, IPV6_PKTINFO) goes back with
 * the answer, and says there where it is to come from. Only the interface is left to the routes.
 */
static void answer_from_there(struct msghdr *message)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c != NULL; c = CMSG_NXTHDR(message, c)) {
		if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO)
			((struct in_pktinfo *)(void *)CMSG_DATA(c))->ipi_ifindex = 0;
		if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO)
			((struct in6_pktinfo *)(void *)CMSG_DATA(c))->ipi6_ifindex = 0;
	}
}

static bool echo_datagrams(struct watched *watched)
{
	struct echo *echo = watched->context;
	int got, done = 0;

	prepare(echo);
	got = recvmmsg(watched->fd, echo->headers, BURST, MSG_DONTWAIT, NULL);
	for (int i = 0; i < got; i++) {
		echo->vectors[i].iov_len = echo->headers[i].msg_len;
		answer_from_there(&echo->headers[i].msg_hdr);
	}
	while (done < got) {
		const int n = sendmmsg(
			watched->fd, echo->headers + done, (unsigned int)(got - done), 0);

		echo->lost += n <= 0;
		echo->datagrams += n > 0 ? (uint64_t)n : 0;
		/* one that can't be sent is lost, as it might be on the way */
		done += n > 0 ? n : 1;
	}
	return true;
}

static int open_datagrams(struct echo *echo, int fd)
{
	const int on = 1, room = ROOM;

	/* An IPv4 socket knows the one, a socket for both families the other. */
	if (setsockopt(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, &on, sizeof(on)) != 0 &&
		setsockopt(fd, IPPROTO_IP, IP_PKTINFO, &on, sizeof(on)) != 0)
		return -errno;
	/*
	 * IPv6 lets nothing come from an address of a local route otherwise; an IPv4 socket has no
	 * need of it.
	 */
	setsockopt(fd, IPPROTO_IPV6, IPV6_FREEBIND, &on, sizeof(on));
	setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room));
	setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &room, sizeof(room));
	return streams_add(&echo->streams, fd, echo_datagrams, echo);
}

/* ---- TCP ---- */

/*
 * The send blocks when the client does not read: then nobody is served for a tick, and the
 * connection ends. Our own client never has more under way than fits.
 */
static bool echo_stream(struct watched *watched)
{
	static uint8_t piece[STREAM_PIECE];
	struct echo *echo = watched->context;
	const ssize_t n = recv(watched->fd, piece, sizeof(piece), MSG_DONTWAIT);

	if (n < 0)
		return errno == EAGAIN || errno == EINTR;
	for (ssize_t sent = 0; sent < n;) {
		const ssize_t part = send(watched->fd, piece + sent, (size_t)(n - sent), 0);

		if (part < 0)
			return false;
		sent += part;
		echo->bytes += (uint64_t)part;
	}
	return n > 0;
}

static bool admit(struct watched *watched)
{
	const struct timeval patience = {.tv_usec = RUN_TICK_US};
	struct echo *echo = watched->context;
	const int fd = accept4(watched->fd, NULL, NULL, SOCK_CLOEXEC), on = 1;

	if (fd < 0)
		return true;
	echo->connections++;
	if (setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience)) != 0 ||
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) != 0 ||
		streams_add(&echo->streams, fd, echo_stream, echo) != 0)
		close(fd);
	return true;
}

/* ---- Both ---- */

static int open_sockets(struct echo *echo)
{
	static int datagrams[WILDCARD_PORTS_MOST], listeners[WILDCARD_PORTS_MOST];
	int err = wildcard_open_all(datagrams, SOCK_DGRAM, &echo->ports);

	if (err == 0)
		err = wildcard_open_all(listeners, SOCK_STREAM, &echo->ports);
	if (err != 0)
		return err;
	err = streams_init(&echo->streams);
	for (uint32_t i = 0; err == 0 && i < number_span_count(&echo->ports); i++) {
		err = open_datagrams(echo, datagrams[i]);
		if (err == 0)
			err = streams_add(&echo->streams, listeners[i], admit, echo);
	}
	if (err == 0)
		return 0;
	fprintf(stderr, "podgate-load echo: %s\n", strerror(-err));
	return LOAD_PROBLEM;
}

static int print_report(const struct echo *echo)
{
	cJSON *report = report_new();

	report_count(report, "datagrams", echo->datagrams);
	report_count(report, "lost", echo->lost);
	report_count(report, "connections", echo->connections);
	report_count(report, "bytes", echo->bytes);
	report_count(report, "cpu_us", run_cpu_us());
	return report_print(report);
}

int command_echo(int argc, char **argv)
{
	static struct echo echo;
	const struct option_table table = {
		.program = "podgate-load echo",
		.ports = &echo.ports,
		.help = "Sends back what comes, over UDP and TCP on each port, from the address "
			"that it came to.\n"
			"Ends on SIGTERM.\n",
	};
	int code;

	if (!load_options_take(&table, argc, argv, &code))
		return code;
	code = open_sockets(&echo);
	if (code != 0)
		return code;
	run_ready();
	streams_serve(&echo.streams);
	streams_deinit(&echo.streams);
	return print_report(&echo);
}
