/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/tools/probe.h"

#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { LISTENERS_MOST = 64, STREAMS_MOST = 512, BUFFER = 65536 };

struct listener {
	int fd, protocol, family;
	uint16_t port;
};

/*
 * A TCP connection and what it sent that was not echoed yet. It is read only when that is nothing.
 */
struct stream {
	int fd;
	size_t start, end;
	uint8_t buffer[BUFFER];
};

struct server {
	struct listener listeners[LISTENERS_MOST];
	struct stream *streams[STREAMS_MOST];
	size_t listener_count, stream_count;
};

static int listener_open(struct server *server, const struct endpoint *at, uint16_t port)
{
	const int fd = socket(
		at->address.ss_family, at->type | SOCK_NONBLOCK | SOCK_CLOEXEC, at->protocol);
	const int on = 1;

	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (at->address.ss_family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
	/* A raw socket has no ports of its own: it is told apart by what it reads. */
	if ((at->type != SOCK_RAW &&
		    bind(fd, (const struct sockaddr *)&at->address, at->length) != 0) ||
		(at->type == SOCK_STREAM && listen(fd, 128) != 0)) {
		const int err = errno;

		close(fd);
		return -err;
	}
	server->listeners[server->listener_count++] = (struct listener){
		.fd = fd, .protocol = at->protocol, .family = at->address.ss_family, .port = port};
	return 0;
}

/* "tcp/80", on every address of both families. */
static int listen_on(struct server *server, char *argument)
{
	char *port = strchr(argument, '/');

	if (port == NULL || server->listener_count + 2 > LISTENERS_MOST) {
		fprintf(stderr, "podgate-probe: %s is not PROTOCOL/PORT, or one too many\n",
			argument);
		return PROBE_PROBLEM;
	}
	*port++ = '\0';
	for (int i = 0; i < 2; i++) {
		struct endpoint at;
		int err = endpoint_parse(&at, argument, i == 0 ? "0.0.0.0" : "::", port);

		if (err != 0)
			return err;
		err = listener_open(server, &at, (uint16_t)strtoul(port, NULL, 10));
		if (err != 0) {
			fprintf(stderr, "podgate-probe: %s/%s: %s\n", argument, port,
				strerror(-err));
			return PROBE_PROBLEM;
		}
	}
	return 0;
}

static void stream_accept(struct server *server, const struct listener *listener)
{
	const int fd = accept4(listener->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	struct stream *stream;

	if (fd < 0)
		return;
	stream = server->stream_count < STREAMS_MOST ? calloc(1, sizeof(*stream)) : NULL;
	if (stream == NULL) {
		close(fd);
		return;
	}
	stream->fd = fd;
	server->streams[server->stream_count++] = stream;
}

static void datagram_echo(const struct listener *listener)
{
	struct sockaddr_storage from;
	socklen_t from_length = sizeof(from);
	uint8_t buffer[BUFFER];
	const ssize_t n = recvfrom(
		listener->fd, buffer, sizeof(buffer), 0, (struct sockaddr *)&from, &from_length);

	if (n >= 0)
		sendto(listener->fd, buffer, (size_t)n, 0, (const struct sockaddr *)&from,
			from_length);
}

static void sctp_answer(const struct listener *listener)
{
	struct sockaddr_storage from;
	socklen_t from_length = sizeof(from);
	uint8_t buffer[2048];
	const ssize_t n = recvfrom(
		listener->fd, buffer, sizeof(buffer), 0, (struct sockaddr *)&from, &from_length);
	struct sctp_packet packet;

	if (n < 0 || !sctp_read(buffer, (size_t)n, listener->family, &packet) ||
		packet.chunk != SCTP_INIT || packet.to_port != listener->port)
		return;
	const struct sctp_packet reply = {
		.from_port = packet.to_port,
		.to_port = packet.from_port,
		.tag = packet.own_tag,
		.own_tag = ~packet.own_tag,
		.chunk = SCTP_INIT_ACK,
	};

	sctp_write(&reply, buffer);
	sendto(listener->fd, buffer, SCTP_PACKET, 0, (const struct sockaddr *)&from, from_length);
}

/* Returns false when the connection is over. */
static bool stream_echo(struct stream *stream)
{
	ssize_t n;

	if (stream->start == stream->end) {
		n = recv(stream->fd, stream->buffer, sizeof(stream->buffer), 0);
		if (n <= 0)
			return n < 0 && (errno == EAGAIN || errno == EINTR);
		stream->start = 0;
		stream->end = (size_t)n;
	}
	n = send(stream->fd, stream->buffer + stream->start, stream->end - stream->start, 0);
	if (n < 0)
		return errno == EAGAIN || errno == EINTR;
	stream->start += (size_t)n;
	return true;
}

static void listener_serve(struct server *server, const struct listener *listener)
{
	if (listener->protocol == IPPROTO_TCP)
		stream_accept(server, listener);
	else if (listener->protocol == IPPROTO_UDP)
		datagram_echo(listener);
	else
		sctp_answer(listener);
}

static void streams_serve(struct server *server, const struct pollfd *polled, size_t count)
{
	/* From the end, so that the last one may take the place of one that is over. */
	for (size_t i = count; i-- > 0;) {
		if (polled[i].revents == 0 || stream_echo(server->streams[i]))
			continue;
		close(server->streams[i]->fd);
		free(server->streams[i]);
		server->streams[i] = server->streams[--server->stream_count];
	}
}

static void serve_once(struct server *server)
{
	struct pollfd polled[LISTENERS_MOST + STREAMS_MOST];
	const size_t listeners = server->listener_count, streams = server->stream_count;

	for (size_t i = 0; i < listeners; i++)
		polled[i] = (struct pollfd){.fd = server->listeners[i].fd, .events = POLLIN};
	for (size_t i = 0; i < streams; i++)
		polled[listeners + i] = (struct pollfd){.fd = server->streams[i]->fd,
			.events = server->streams[i]->start == server->streams[i]->end ? POLLIN
										       : POLLOUT};
	if (poll(polled, listeners + streams, -1) <= 0)
		return;
	/* Streams first: listeners append to them. */
	streams_serve(server, polled + listeners, streams);
	for (size_t i = 0; i < listeners; i++)
		if (polled[i].revents != 0)
			listener_serve(server, &server->listeners[i]);
}

int command_serve(int argc, char **argv)
{
	static struct server server;

	for (int i = 1; i < argc; i++) {
		const int err = listen_on(&server, argv[i]);

		if (err != 0)
			return err;
	}
	if (server.listener_count == 0) {
		fputs("podgate-probe: serve what? for example tcp/80 udp/53\n", stderr);
		return PROBE_PROBLEM;
	}
	puts("ready");
	for (;;)
		serve_once(&server);
}
