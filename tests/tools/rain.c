/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/tools/probe.h"

#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

/*
 * Numbered datagrams, one way and each a flow of its own: nobody sends one again and nobody waits
 * for an answer, so that a first packet that is lost stays lost and is counted.
 */

enum { FIRST_PORT = 2000, LAST_PORT = 64000, NUMBERS = 1 << 20, ROOM = 32 << 20 };

static volatile sig_atomic_t ended;

static void note_end(int signal_number)
{
	(void)signal_number;
	ended = 1;
}

/* ---- rain: sends them ---- */

static int64_t clock_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/*
 * From the next port that is free. Returns false when it could not be sent: then the number is used
 * again.
 */
static bool send_drop(const struct endpoint *to, uint16_t *port, uint32_t number)
{
	struct sockaddr_storage from = {.ss_family = to->address.ss_family};
	const int fd = socket(from.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	bool sent;

	if (fd < 0)
		return false;
	*port = *port == LAST_PORT ? FIRST_PORT : (uint16_t)(*port + 1);
	/* The port is at the same place in both families' addresses. */
	((struct sockaddr_in *)&from)->sin_port = htons(*port);
	sent = bind(fd, (const struct sockaddr *)&from, to->length) == 0 &&
		sendto(fd, &number, sizeof(number), 0, (const struct sockaddr *)&to->address,
			to->length) == sizeof(number);
	close(fd);
	return sent;
}

int command_rain(int argc, char **argv)
{
	struct probe_options options;
	struct endpoint to;
	uint32_t number = 0;
	uint16_t port;
	int64_t began, gap_us;
	long rate;

	if (options_parse(&options, argc, argv) != 0)
		return PROBE_PROBLEM;
	rate = options.count == 3 ? strtol(options.arguments[2], NULL, 10) : 0;
	if (rate <= 0 ||
		endpoint_parse(&to, "udp", options.arguments[0], options.arguments[1]) != 0) {
		fputs("usage: podgate-probe rain [--for MS] [--from PORT] ADDRESS PORT "
		      "PER-SECOND\n",
			stderr);
		return PROBE_PROBLEM;
	}
	port = options.from_port >= FIRST_PORT && options.from_port < LAST_PORT ? options.from_port
										: FIRST_PORT;
	signal(SIGTERM, note_end);
	gap_us = 1000000 / rate;
	began = clock_us();
	while (!ended && number < NUMBERS &&
		(options.for_ms == 0 || clock_us() - began < options.for_ms * INT64_C(1000))) {
		if (clock_us() - began < number * gap_us)
			usleep(500);
		else
			number += send_drop(&to, &port, number);
	}
	printf("sent %u\n", number);
	return PROBE_REACHED;
}

/* ---- catch: receives them ---- */

struct caught {
	uint8_t seen[NUMBERS];
	uint32_t distinct, twice, foreign;
};

static void note(struct caught *caught, ssize_t length, uint32_t number)
{
	if (length != sizeof(number) || number >= NUMBERS) {
		caught->foreign++;
	} else if (caught->seen[number] != 0) {
		caught->twice++;
	} else {
		caught->seen[number] = 1;
		caught->distinct++;
	}
}

int command_catch(int argc, char **argv)
{
	static struct caught caught;
	struct sockaddr_in6 any = {.sin6_family = AF_INET6};
	/* without SA_RESTART: it ends the recv() */
	const struct sigaction action = {.sa_handler = note_end};
	const int fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0), room = ROOM;
	uint32_t number = 0;

	any.sin6_port = argc == 2 ? htons((uint16_t)strtoul(argv[1], NULL, 10)) : 0;
	if (any.sin6_port == 0 || fd < 0 ||
		bind(fd, (const struct sockaddr *)&any, sizeof(any)) != 0) {
		fputs("podgate-probe: catch PORT\n", stderr);
		return PROBE_PROBLEM;
	}
	setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room));
	sigaction(SIGTERM, &action, NULL);
	puts("ready");
	while (!ended) {
		const ssize_t length = recv(fd, &number, sizeof(number), 0);

		if (length >= 0)
			note(&caught, length, number);
	}
	printf("caught %u twice %u foreign %u\n", caught.distinct, caught.twice, caught.foreign);
	return PROBE_REACHED;
}
