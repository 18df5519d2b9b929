/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/tools/probe.h"

#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

int64_t clock_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int number_parse(const char *text, int most)
{
	char *end;
	const long value = strtol(text, &end, 10);

	return *text == '\0' || *end != '\0' || value < 0 || value > most ? -1 : (int)value;
}

static int option_store(struct probe_options *out, int option, const char *text)
{
	const int value = number_parse(text, option == 'f' ? UINT16_MAX : INT_MAX);

	if (value < 0)
		return -EINVAL;
	switch (option) {
	case 't':
		out->timeout_ms = value;
		return 0;
	case 'r':
		out->resend_ms = value;
		return 0;
	case 'e':
		out->every_ms = value;
		return 0;
	case 's':
		out->stall_ms = value;
		return 0;
	case 'd':
		out->for_ms = value;
		return 0;
	case 'f':
		out->from_port = (uint16_t)value;
		return 0;
	case 'z':
		out->size = (size_t)value;
		return 0;
	}
	return -EINVAL;
}

int options_parse(struct probe_options *out, int argc, char **argv)
{
	static const struct option table[] = {
		{"timeout", required_argument, NULL, 't'},
		{"resend", required_argument, NULL, 'r'},
		{"every", required_argument, NULL, 'e'},
		{"stall", required_argument, NULL, 's'},
		{"for", required_argument, NULL, 'd'},
		{"from", required_argument, NULL, 'f'},
		{"size", required_argument, NULL, 'z'},
		{NULL, 0, NULL, 0},
	};
	int option;

	*out = (struct probe_options){
		.timeout_ms = 1000, .every_ms = 50, .stall_ms = 300, .size = 8};
	while ((option = getopt_long(argc, argv, "", table, NULL)) != -1) {
		if (option == '?')
			return PROBE_PROBLEM;
		if (option_store(out, option, optarg) != 0) {
			fprintf(stderr, "podgate-probe: %s is not a number that fits\n", optarg);
			return PROBE_PROBLEM;
		}
	}
	out->arguments = argv + optind;
	out->count = argc - optind;
	return 0;
}

static int protocol_parse(struct endpoint *out, const char *text)
{
	static const struct {
		const char *name;
		int type, protocol;
	} table[] = {
		{"tcp", SOCK_STREAM, IPPROTO_TCP},
		{"udp", SOCK_DGRAM, IPPROTO_UDP},
		{"sctp", SOCK_RAW, IPPROTO_SCTP},
		{"icmp", SOCK_RAW, IPPROTO_ICMP},
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		if (strcasecmp(text, table[i].name) == 0) {
			out->type = table[i].type;
			out->protocol = table[i].protocol;
			return 0;
		}
	}
	fprintf(stderr, "podgate-probe: no protocol %s (tcp, udp, sctp)\n", text);
	return PROBE_PROBLEM;
}

int endpoint_parse(
	struct endpoint *out, const char *protocol, const char *address, const char *port)
{
	const struct addrinfo hints = {
		.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV, .ai_socktype = SOCK_DGRAM};
	struct addrinfo *found;
	int err;

	if (protocol_parse(out, protocol) != 0)
		return PROBE_PROBLEM;
	err = getaddrinfo(address, port, &hints, &found);
	if (err != 0) {
		fprintf(stderr, "podgate-probe: %s %s: %s\n", address, port, gai_strerror(err));
		return PROBE_PROBLEM;
	}
	memcpy(&out->address, found->ai_addr, found->ai_addrlen);
	out->length = found->ai_addrlen;
	if (out->protocol == IPPROTO_ICMP && found->ai_family == AF_INET6)
		out->protocol = IPPROTO_ICMPV6;
	freeaddrinfo(found);
	return 0;
}

static int bind_port(int fd, sa_family_t family, uint16_t port)
{
	/* The port field is at the same place in both families' addresses. */
	struct sockaddr_in6 any = {.sin6_family = family, .sin6_port = htons(port)};
	const int on = 1;

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	return bind(fd, (const struct sockaddr *)&any,
		family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6));
}

int endpoint_socket(const struct endpoint *to, const struct probe_options *options)
{
	const int fd = socket(
		to->address.ss_family, to->type | SOCK_NONBLOCK | SOCK_CLOEXEC, to->protocol);

	if (fd < 0)
		return -errno;
	if (options->from_port != 0 && to->type != SOCK_RAW &&
		bind_port(fd, to->address.ss_family, options->from_port) != 0) {
		const int err = errno;

		close(fd);
		return -err;
	}
	return fd;
}
