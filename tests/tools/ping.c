/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/tools/probe.h"

#include <errno.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <netinet/ip_icmp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

struct echo {
	uint8_t type, code;
	uint16_t checksum;
	uint16_t id, sequence;
	uint8_t data[8];
};

/* RFC 1071. For ICMPv6 the kernel fills it in, as it alone knows the source address. */
static uint16_t checksum(const struct echo *echo)
{
	uint16_t words[sizeof(*echo) / 2];
	uint32_t sum = 0;

	memcpy(words, echo, sizeof(words));
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		sum += words[i];
	sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t) ~(sum + (sum >> 16));
}

static bool is_reply(const uint8_t *bytes, size_t length, const struct endpoint *to, uint16_t id)
{
	const bool v4 = to->protocol == IPPROTO_ICMP;
	const size_t header = v4 && length > 0 ? (size_t)(bytes[0] & 0xf) * 4 : 0;
	struct echo echo;

	if (length < header + sizeof(echo))
		return false;
	memcpy(&echo, bytes + header, sizeof(echo));
	return echo.type == (v4 ? ICMP_ECHOREPLY : ICMP6_ECHO_REPLY) && echo.id == id;
}

static int await_reply(int fd, const struct endpoint *to, uint16_t id, int timeout_ms)
{
	const int64_t deadline = clock_ms() + timeout_ms;
	struct pollfd polled = {.fd = fd, .events = POLLIN};
	uint8_t bytes[2048];

	for (;;) {
		const int64_t left = deadline - clock_ms();
		ssize_t n;

		if (left <= 0 || poll(&polled, 1, (int)left) <= 0)
			break;
		n = recv(fd, bytes, sizeof(bytes), 0);
		if (n > 0 && is_reply(bytes, (size_t)n, to, id)) {
			puts("reached");
			return PROBE_REACHED;
		}
	}
	puts("no answer");
	return PROBE_NO_ANSWER;
}

int command_ping(int argc, char **argv)
{
	struct probe_options options;
	struct endpoint to;
	struct echo echo = {.id = (uint16_t)getpid(), .sequence = 1};
	int fd, code = options_parse(&options, argc, argv);

	if (code != 0)
		return code;
	if (options.count != 1) {
		fputs("podgate-probe: ping ADDRESS\n", stderr);
		return PROBE_PROBLEM;
	}
	code = endpoint_parse(&to, "icmp", options.arguments[0], "0");
	if (code != 0)
		return code;
	echo.type = to.protocol == IPPROTO_ICMP ? ICMP_ECHO : ICMP6_ECHO_REQUEST;
	echo.checksum = checksum(&echo);
	fd = endpoint_socket(&to, &options);
	if (fd < 0 || connect(fd, (const struct sockaddr *)&to.address, to.length) != 0 ||
		send(fd, &echo, sizeof(echo), 0) < 0) {
		fprintf(stderr, "podgate-probe: ping: %s\n", strerror(fd < 0 ? -fd : errno));
		return PROBE_PROBLEM;
	}
	code = await_reply(fd, &to, echo.id, options.timeout_ms);
	close(fd);
	return code;
}
