/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/tools/probe.h"

#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

enum { PAYLOAD_MOST = 65000 };

struct attempt {
	int fd;
	const struct endpoint *to;
	const struct probe_options *options;
	int64_t deadline;
};

static int outcome(int code, const char *text)
{
	puts(text);
	return code;
}

/*
 * What the kernel says about a socket, as an outcome. An ICMP "prohibited" would be another gate's
 * answer, not ours.
 */
static int outcome_of_error(int err)
{
	if (err == ECONNREFUSED || err == ECONNRESET || err == EPIPE)
		return outcome(PROBE_REFUSED, "refused: it passed, but nobody listens");
	fprintf(stderr, "podgate-probe: %s\n", strerror(err));
	return PROBE_PROBLEM;
}

/*
 * Waits for `events` until the deadline, or for `most_ms` if that is sooner. Returns poll()'s
 * answer.
 */
static int await(const struct attempt *attempt, short events, int most_ms)
{
	struct pollfd polled = {.fd = attempt->fd, .events = events};
	int64_t left = attempt->deadline - clock_ms();

	if (left < 0)
		left = 0;
	if (most_ms > 0 && left > most_ms)
		left = most_ms;
	return poll(&polled, 1, (int)left);
}

static int pending_error(int fd)
{
	int err = 0;
	socklen_t length = sizeof(err);

	return getsockopt(fd, SOL_SOCKET, SO_ERROR, &err, &length) == 0 ? err : errno;
}

/* Collects `size` echoed bytes: of a stream in as many pieces as they come in. */
static int collect_echo(const struct attempt *attempt, const uint8_t *sent)
{
	static uint8_t got[PAYLOAD_MOST];
	size_t have = 0;

	while (have < attempt->options->size) {
		ssize_t n;

		if (await(attempt, POLLIN, 0) == 0)
			return outcome(PROBE_NO_ANSWER, "no answer: sent, but no echo came back");
		n = recv(attempt->fd, got + have, sizeof(got) - have, 0);
		if (n < 0 && errno == EAGAIN)
			continue;
		if (n <= 0)
			return outcome_of_error(n == 0 ? ECONNRESET : errno);
		have += (size_t)n;
	}
	if (have != attempt->options->size || memcmp(got, sent, have) != 0) {
		fputs("podgate-probe: the echo is not what was sent\n", stderr);
		return PROBE_PROBLEM;
	}
	return outcome(PROBE_REACHED, "reached");
}

static int try_tcp(const struct attempt *attempt, const uint8_t *payload)
{
	int err;

	if (connect(attempt->fd, (const struct sockaddr *)&attempt->to->address,
		    attempt->to->length) != 0 &&
		errno != EINPROGRESS)
		return outcome_of_error(errno);
	if (await(attempt, POLLOUT, 0) == 0)
		return outcome(PROBE_NO_ANSWER, "no answer: the connection did not open");
	err = pending_error(attempt->fd);
	if (err != 0)
		return outcome_of_error(err);
	if (send(attempt->fd, payload, attempt->options->size, 0) !=
		(ssize_t)attempt->options->size)
		return outcome_of_error(errno);
	return collect_echo(attempt, payload);
}

/*
 * Returns false when there is no answer yet. EMSGSIZE: a router said that it was too big; the next
 * one goes out in pieces.
 */
static bool datagram_answered(const struct attempt *attempt, const uint8_t *payload, int *code)
{
	int err;

	if (await(attempt, POLLIN, attempt->options->resend_ms) <= 0)
		return false;
	err = pending_error(attempt->fd);
	if (err == EMSGSIZE)
		return false;
	*code = err != 0 ? outcome_of_error(err) : collect_echo(attempt, payload);
	return true;
}

static int try_udp(const struct attempt *attempt, const uint8_t *payload)
{
	int code;

	if (connect(attempt->fd, (const struct sockaddr *)&attempt->to->address,
		    attempt->to->length) != 0)
		return outcome_of_error(errno);
	do {
		if (send(attempt->fd, payload, attempt->options->size, 0) < 0 && errno != EMSGSIZE)
			return outcome_of_error(errno);
		if (datagram_answered(attempt, payload, &code))
			return code;
	} while (clock_ms() < attempt->deadline);
	return outcome(PROBE_NO_ANSWER, "no answer");
}

static uint16_t port_of(const struct endpoint *at)
{
	return ntohs(((const struct sockaddr_in *)&at->address)->sin_port);
}

static int await_init_ack(const struct attempt *attempt, const struct sctp_packet *init)
{
	uint8_t bytes[2048];
	struct sctp_packet packet;

	while (await(attempt, POLLIN, 0) > 0) {
		const ssize_t n = recv(attempt->fd, bytes, sizeof(bytes), 0);

		if (n < 0 && errno != EAGAIN)
			return outcome_of_error(
				errno == EPROTO || errno == ENOPROTOOPT ? ECONNREFUSED : errno);
		if (n < 0 ||
			!sctp_read(bytes, (size_t)n, attempt->to->address.ss_family, &packet) ||
			packet.to_port != init->from_port || packet.tag != init->own_tag)
			continue;
		if (packet.chunk == SCTP_INIT_ACK && packet.from_port == init->to_port)
			return outcome(PROBE_REACHED, "reached");
		if (packet.chunk == SCTP_ABORT)
			return outcome_of_error(ECONNREFUSED);
	}
	return outcome(PROBE_NO_ANSWER, "no answer");
}

static int try_sctp(const struct attempt *attempt)
{
	struct sctp_packet init = {.to_port = port_of(attempt->to), .chunk = SCTP_INIT};
	struct endpoint to = *attempt->to;
	uint8_t bytes[SCTP_PACKET];
	uint16_t random[3];

	if (getrandom(random, sizeof(random), 0) != sizeof(random))
		return outcome_of_error(EIO);
	init.from_port = attempt->options->from_port != 0 ? attempt->options->from_port
							  : random[0] | 0x8000;
	init.own_tag = ((uint32_t)random[1] << 16 | random[2]) | 1;
	((struct sockaddr_in *)&to.address)->sin_port = 0; /* raw sockets want none */
	sctp_write(&init, bytes);
	if (connect(attempt->fd, (const struct sockaddr *)&to.address, to.length) != 0 ||
		send(attempt->fd, bytes, sizeof(bytes), 0) != sizeof(bytes))
		return outcome_of_error(errno);
	return await_init_ack(attempt, &init);
}

static int try_protocol(const struct attempt *attempt)
{
	static uint8_t payload[PAYLOAD_MOST];

	for (size_t i = 0; i < attempt->options->size; i++)
		payload[i] = (uint8_t)('a' + i % 26);
	if (attempt->to->protocol == IPPROTO_SCTP)
		return try_sctp(attempt);
	return attempt->to->protocol == IPPROTO_TCP ? try_tcp(attempt, payload)
						    : try_udp(attempt, payload);
}

int command_connect(int argc, char **argv)
{
	struct probe_options options;
	struct endpoint to;
	struct attempt attempt = {.to = &to, .options = &options};
	int code = options_parse(&options, argc, argv);

	if (code != 0)
		return code;
	if (options.count != 3 || options.size > PAYLOAD_MOST) {
		fputs("podgate-probe: connect PROTOCOL ADDRESS PORT\n", stderr);
		return PROBE_PROBLEM;
	}
	code = endpoint_parse(
		&to, options.arguments[0], options.arguments[1], options.arguments[2]);
	if (code != 0)
		return code;
	attempt.fd = endpoint_socket(&to, &options);
	if (attempt.fd < 0)
		return outcome_of_error(-attempt.fd);
	attempt.deadline = clock_ms() + options.timeout_ms;
	code = try_protocol(&attempt);
	close(attempt.fd);
	return code;
}
