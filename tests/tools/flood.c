/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/tools/probe.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { SOCKETS = 64, BATCH = 64, FIRST_PORT = 1024, LAST_PORT = 65535 };

/*
 * Datagrams without payload, each a flow of its own: destination ports take turns fastest, then
 * source ports, one a socket.
 */
struct flood {
	struct endpoint to;
	int sockets[SOCKETS];
	struct mmsghdr headers[BATCH];
	struct sockaddr_storage names[BATCH];
	struct iovec nothing;
	uint16_t port;
	size_t socket;
	uint64_t sent;
};

static int open_sockets(struct flood *flood, const struct probe_options *options)
{
	for (size_t i = 0; i < SOCKETS; i++) {
		flood->sockets[i] = endpoint_socket(&flood->to, options);
		if (flood->sockets[i] < 0) {
			fprintf(stderr, "podgate-probe: socket: %s\n",
				strerror(-flood->sockets[i]));
			return PROBE_PROBLEM;
		}
	}
	return 0;
}

static void prepare(struct flood *flood)
{
	flood->port = FIRST_PORT;
	for (size_t i = 0; i < BATCH; i++) {
		flood->names[i] = flood->to.address;
		flood->headers[i].msg_hdr = (struct msghdr){
			.msg_name = &flood->names[i],
			.msg_namelen = flood->to.length,
			.msg_iov = &flood->nothing,
			.msg_iovlen = 1,
		};
	}
}

/*
 * What can't be sent, as the socket is full of what waits in the gateway, is not: others need not
 * wait for it.
 */
static void send_batch(struct flood *flood)
{
	int sent;

	for (size_t i = 0; i < BATCH; i++) {
		/* The port is at the same place in both families' addresses. */
		((struct sockaddr_in *)&flood->names[i])->sin_port = htons(flood->port);
		if (flood->port++ == LAST_PORT) {
			flood->port = FIRST_PORT;
			flood->socket = (flood->socket + 1) % SOCKETS;
		}
	}
	sent = sendmmsg(flood->sockets[flood->socket], flood->headers, BATCH, 0);
	flood->sent += sent > 0 ? (uint64_t)sent : 0;
}

int command_flood(int argc, char **argv)
{
	static struct flood flood;
	struct probe_options options;
	int64_t end;

	if (options_parse(&options, argc, argv) != 0)
		return PROBE_PROBLEM;
	if (options.count != 1 || options.for_ms == 0) {
		fputs("usage: podgate-probe flood --for MS ADDRESS\n", stderr);
		return PROBE_PROBLEM;
	}
	if (endpoint_parse(&flood.to, "udp", options.arguments[0], "0") != 0 ||
		open_sockets(&flood, &options) != 0)
		return PROBE_PROBLEM;
	prepare(&flood);
	end = clock_ms() + options.for_ms;
	while (clock_ms() < end)
		send_batch(&flood);
	printf("%llu\n", (unsigned long long)flood.sent);
	return PROBE_REACHED;
}
