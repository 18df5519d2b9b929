/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/witness/traffic.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define NS_PER_MS 1000000LL

enum {
	FLOWS = 48,	 /* open at a time */
	SHOTS = 1 << 16, /* datagrams remembered; a power of two */
	EVERY_MS = 20,	 /* between two datagrams of a flow */
	SLACK_MS = 400,	 /* a datagram that has not arrived by then may be lost */
	GRACE_MS = 2500, /* one that has not by then is */
	MACHINE_MS = 5,	 /* between two looks at what the machine drops */
	COMPLAINTS = 10, /* told one by one */
};

/* A datagram's number, all it carries. */
struct shot {
	struct kind kind;
	bool fresh;	 /* the first of its flow */
	bool steady;	 /* an echo had come back on its flow before */
	bool unanswered; /* its echo could not be sent, or nobody waited for it any more */
	size_t slot;	 /* of its stream, */
	uint64_t flow;	 /* and which of those that had the slot */
	int64_t sent, arrived, echoed; /* 0: not */
};

struct stream {
	int fd;
	struct kind kind;
	unsigned int left;    /* datagrams that it will still send */
	unsigned int pending; /* that arrived, their echo still to come */
	uint64_t number;
	bool begun, steady;
	int64_t due;
};

struct traffic {
	const struct end *ends;
	size_t count;
	struct history *history;
	uint64_t random;
	int netns[ENDS_MOST];
	struct pollfd fds[FLOWS + ENDS_MOST * PORTS]; /* streams, then servers */
	struct stream streams[FLOWS];
	uint64_t next, oldest; /* numbers of shots: [oldest, next) are not judged yet */
	struct shot shots[SHOTS];
	struct traffic_report report;
	uint64_t machine_dropped;
	int64_t machine_looked;
};

int64_t traffic_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 * NS_PER_MS + now.tv_nsec;
}

static uint32_t draw(struct traffic *traffic, uint32_t below)
{
	traffic->random ^= traffic->random >> 12;
	traffic->random ^= traffic->random << 25;
	traffic->random ^= traffic->random >> 27;
	return (uint32_t)(traffic->random * 0x2545f4914f6cdd1dULL >> 32) % below;
}

/* ---- sockets ---- */

static socklen_t address_of(const struct end *end, uint16_t port, struct sockaddr_storage *out)
{
	struct sockaddr_in *v4 = (struct sockaddr_in *)out;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)out;

	memset(out, 0, sizeof(*out));
	if (inet_pton(AF_INET, end->address, &v4->sin_addr) == 1) {
		v4->sin_family = AF_INET;
		v4->sin_port = htons(port);
		return sizeof(*v4);
	}
	inet_pton(AF_INET6, end->address, &v6->sin6_addr);
	v6->sin6_family = AF_INET6;
	v6->sin6_port = htons(port);
	return sizeof(*v6);
}

/*
 * A socket in the namespace of end `where`, bound to its address: port 0 is the kernel's choice. Or
 * -errno.
 */
static int open_socket(const struct traffic *traffic, size_t where, uint16_t port)
{
	struct sockaddr_storage address;
	const socklen_t length = address_of(&traffic->ends[where], port, &address);
	int fd, err;

	if (setns(traffic->netns[where], CLONE_NEWNET) != 0)
		return -errno;
	fd = socket(address.ss_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	if (bind(fd, (const struct sockaddr *)&address, length) == 0)
		return fd;
	err = -errno;
	close(fd);
	return err;
}

static int open_server(struct traffic *traffic, size_t where, uint8_t port)
{
	const int fd = open_socket(traffic, where, author_ports[port]);

	if (fd < 0)
		return fd;
	traffic->fds[FLOWS + where * PORTS + port] = (struct pollfd){.fd = fd, .events = POLLIN};
	return 0;
}

/* A new flow in place of one that has come to its end. */
static int open_stream(struct traffic *traffic, size_t i, int64_t now)
{
	struct stream *stream = &traffic->streams[i];
	struct sockaddr_storage peer;
	socklen_t length;

	if (stream->fd >= 0)
		close(stream->fd);
	*stream = (struct stream){
		.fd = -1,
		.kind = {.source = (uint8_t)draw(traffic, (uint32_t)traffic->count),
			.destination = (uint8_t)draw(traffic, (uint32_t)traffic->count - 1),
			.port = (uint8_t)draw(traffic, PORTS)},
		.number = ++traffic->report.flows,
		.left = draw(traffic, 3) == 0 ? 50 + draw(traffic, 300) : 1 + draw(traffic, 10),
		.due = now + draw(traffic, EVERY_MS) * NS_PER_MS,
	};
	stream->kind.destination = (uint8_t)(stream->kind.destination +
		(stream->kind.destination >= stream->kind.source));
	stream->fd = open_socket(traffic, stream->kind.source, 0);
	if (stream->fd < 0)
		return stream->fd;
	length = address_of(
		&traffic->ends[stream->kind.destination], author_ports[stream->kind.port], &peer);
	if (connect(stream->fd, (const struct sockaddr *)&peer, length) != 0)
		return -errno;
	traffic->fds[i] = (struct pollfd){.fd = stream->fd, .events = POLLIN};
	return 0;
}

/* ---- what became of a datagram ---- */

static void complain(struct traffic *traffic, const struct shot *shot, const char *what,
	int64_t from, int64_t to)
{
	const uint64_t wrong = traffic->report.passed_wrongly + traffic->report.lost_wrongly;

	if (wrong > COMPLAINTS)
		return;
	printf("%s %s: %s to %s port %u, sent at %.6f s, %s %.3f ms later%s%s\n",
		from == shot->sent ? "request" : "echo", what,
		traffic->ends[shot->kind.source].name, traffic->ends[shot->kind.destination].name,
		author_ports[shot->kind.port], (double)from / 1e9,
		shot->arrived == 0 || shot->echoed == 0 ? "gone" : "there",
		(double)(to - from) / 1e6, shot->fresh ? ", the first of its flow" : "",
		shot->steady ? ", of a flow that was answered" : "");
}

/* One way of it: sent at `from`, there at `to`, or 0. */
static void judge_way(
	struct traffic *traffic, const struct shot *shot, bool fresh, int64_t from, int64_t to)
{
	const bool passed = to != 0;
	const int64_t last = passed ? to : from + SLACK_MS * NS_PER_MS;
	const struct possible possible = history_look(
		traffic->history, &shot->kind, fresh, from, last);
	struct traffic_report *report = &traffic->report;

	if (possible.allow && possible.deny) {
		report->undecided++;
	} else if (passed && !possible.allow) {
		report->excused += possible.excused[EXCUSE_PASS];
		report->passed_wrongly += !possible.excused[EXCUSE_PASS];
		if (!possible.excused[EXCUSE_PASS])
			complain(traffic, shot, "passed, and should not have", from, last);
	} else if (!passed && !possible.deny) {
		/* What goes on in an outage goes on: only new flows are lost then. */
		const bool excused = possible.excused[EXCUSE_LOSS] && !shot->steady;
		const bool machine = !excused && possible.excused[EXCUSE_MACHINE];

		report->excused += excused;
		report->lost_by_machine += machine;
		report->lost_wrongly += !excused && !machine;
		if (!excused && !machine)
			complain(traffic, shot, "lost, and should have passed", from, last);
	}
}

static void judge_shot(struct traffic *traffic, const struct shot *shot)
{
	judge_way(traffic, shot, shot->fresh, shot->sent, shot->arrived);
	if (shot->arrived == 0 || shot->unanswered)
		return;
	judge_way(traffic, shot, false, shot->arrived, shot->echoed);
	if (shot->arrived - shot->sent > traffic->report.slowest_ns)
		traffic->report.slowest_ns = shot->arrived - shot->sent;
}

static void judge_old(struct traffic *traffic, int64_t now)
{
	while (traffic->oldest < traffic->next) {
		const struct shot *shot = &traffic->shots[traffic->oldest % SHOTS];

		if (now - shot->sent < GRACE_MS * NS_PER_MS)
			break;
		judge_shot(traffic, shot);
		traffic->oldest++;
	}
	history_forget(traffic->history, now - 2 * GRACE_MS * NS_PER_MS);
}

/* ---- datagrams ---- */

/* A send that fails tells of an earlier one (ICMP) and sends nothing: so once more. */
static int send_shot(struct traffic *traffic, struct stream *stream)
{
	const uint64_t number = traffic->next;
	struct shot *shot = &traffic->shots[number % SHOTS];

	if (number - traffic->oldest == SHOTS)
		return -ENOBUFS;
	*shot = (struct shot){.kind = stream->kind,
		.fresh = !stream->begun,
		.steady = stream->steady,
		.slot = (size_t)(stream - traffic->streams),
		.flow = stream->number};
	shot->sent = traffic_now();
	if (send(stream->fd, &number, sizeof(number), 0) < 0 &&
		send(stream->fd, &number, sizeof(number), 0) < 0)
		return -errno;
	stream->begun = true;
	stream->left--;
	traffic->next++;
	traffic->report.sent++;
	return 0;
}

static struct shot *find_shot(struct traffic *traffic, uint64_t number)
{
	return number >= traffic->oldest && number < traffic->next ? &traffic->shots[number % SHOTS]
								   : NULL;
}

static void note_arrival(struct traffic *traffic, struct shot *shot)
{
	struct stream *stream = &traffic->streams[shot->slot];

	shot->arrived = traffic_now();
	traffic->report.arrived++;
	shot->unanswered = stream->number != shot->flow;
	stream->pending += stream->number == shot->flow;
}

static void serve(struct traffic *traffic, int fd)
{
	struct sockaddr_storage peer;
	socklen_t length = sizeof(peer);
	uint64_t number;

	while (recvfrom(fd, &number, sizeof(number), 0, (struct sockaddr *)&peer, &length) ==
		(ssize_t)sizeof(number)) {
		struct shot *shot = find_shot(traffic, number);

		if (shot != NULL)
			note_arrival(traffic, shot);
		if (sendto(fd, &number, sizeof(number), 0, (const struct sockaddr *)&peer, length) <
				0 &&
			sendto(fd, &number, sizeof(number), 0, (const struct sockaddr *)&peer,
				length) < 0 &&
			shot != NULL)
			shot->unanswered = true;
		length = sizeof(peer);
	}
}

static void take_echoes(struct traffic *traffic, struct stream *stream)
{
	uint64_t number;

	while (recv(stream->fd, &number, sizeof(number), 0) == (ssize_t)sizeof(number)) {
		struct shot *shot = find_shot(traffic, number);

		if (shot == NULL)
			continue;
		shot->echoed = traffic_now();
		stream->pending--;
		stream->steady = true;
		traffic->report.echoed++;
	}
}

static void receive(struct traffic *traffic)
{
	if (poll(traffic->fds, FLOWS + (nfds_t)(traffic->count * PORTS), 1) <= 0)
		return;
	for (size_t i = FLOWS; i < FLOWS + traffic->count * PORTS; i++)
		if (traffic->fds[i].revents != 0)
			serve(traffic, traffic->fds[i].fd);
	for (size_t i = 0; i < FLOWS; i++)
		if (traffic->fds[i].revents != 0)
			take_echoes(traffic, &traffic->streams[i]);
}

/* It has sent its last, and what arrived of it was answered, or will not be. */
static bool is_over(const struct stream *stream, int64_t now)
{
	return stream->left == 0 &&
		(stream->pending == 0 || now - stream->due > GRACE_MS * NS_PER_MS);
}

static int send_due(struct traffic *traffic)
{
	int err = 0;

	for (size_t i = 0; err == 0 && i < FLOWS; i++) {
		struct stream *stream = &traffic->streams[i];
		const int64_t now = traffic_now();

		if (now < stream->due || (stream->left == 0 && !is_over(stream, now)))
			continue;
		if (is_over(stream, now)) {
			err = open_stream(traffic, i, now);
			continue;
		}
		stream->due = now + EVERY_MS * NS_PER_MS;
		err = send_shot(traffic, stream);
		if (err == -ENOBUFS || err == -ECONNREFUSED)
			err = 0;
	}
	return err;
}

/* ---- the machine ---- */

/*
 * The second column, a row a CPU, hexadecimal: packets that found a CPU's backlog full, of whatever
 * network namespace.
 */
static uint64_t read_machine_dropped(void)
{
	FILE *file = fopen("/proc/net/softnet_stat", "re");
	unsigned int dropped;
	uint64_t sum = 0;

	while (file != NULL && fscanf(file, "%*x %x%*[^\n]", &dropped) == 1)
		sum += dropped;
	if (file != NULL)
		fclose(file);
	return sum;
}

/* Who floods the machine elsewhere makes it drop what is ours: that says nothing about the gate. */
static void watch_machine(struct traffic *traffic)
{
	const int64_t now = traffic_now();
	uint64_t dropped;

	if (now - traffic->machine_looked < MACHINE_MS * NS_PER_MS)
		return;
	dropped = read_machine_dropped();
	if (traffic->machine_looked != 0 && dropped != traffic->machine_dropped)
		history_excuse_span(traffic->history, EXCUSE_MACHINE, traffic->machine_looked, now);
	traffic->machine_dropped = dropped;
	traffic->machine_looked = now;
}

int traffic_step(struct traffic *traffic)
{
	const int err = send_due(traffic);

	receive(traffic);
	watch_machine(traffic);
	judge_old(traffic, traffic_now());
	return err;
}

int traffic_finish(struct traffic *traffic)
{
	while (traffic->oldest < traffic->next) {
		receive(traffic);
		judge_old(traffic, traffic_now());
	}
	return 0;
}

const struct traffic_report *traffic_report(const struct traffic *traffic)
{
	return &traffic->report;
}

static int open_all(struct traffic *traffic)
{
	int err = 0;

	for (size_t i = 0; err == 0 && i < traffic->count; i++) {
		traffic->netns[i] = open(traffic->ends[i].netns, O_RDONLY | O_CLOEXEC);
		if (traffic->netns[i] < 0)
			return -errno;
		for (uint8_t port = 0; err == 0 && port < PORTS; port++)
			err = open_server(traffic, i, port);
	}
	for (size_t i = 0; err == 0 && i < FLOWS; i++)
		err = open_stream(traffic, i, traffic_now());
	return err;
}

int traffic_create(struct traffic **out, const struct end *ends, size_t count,
	struct history *history, uint64_t seed)
{
	struct traffic *traffic = calloc(1, sizeof(*traffic));
	int err;

	if (traffic == NULL)
		return -ENOMEM;
	traffic->ends = ends;
	traffic->count = count;
	traffic->history = history;
	traffic->random = seed * 2 + 1;
	for (size_t i = 0; i < ENDS_MOST; i++)
		traffic->netns[i] = -1;
	for (size_t i = 0; i < FLOWS; i++)
		traffic->streams[i].fd = -1;
	for (size_t i = 0; i < FLOWS + ENDS_MOST * PORTS; i++)
		traffic->fds[i].fd = -1;
	err = open_all(traffic);
	if (err != 0) {
		traffic_free(traffic);
		return err;
	}
	*out = traffic;
	return 0;
}

void traffic_free(struct traffic *traffic)
{
	for (size_t i = 0; i < FLOWS; i++)
		if (traffic->streams[i].fd >= 0)
			close(traffic->streams[i].fd);
	for (size_t i = FLOWS; i < FLOWS + traffic->count * PORTS; i++)
		if (traffic->fds[i].fd >= 0)
			close(traffic->fds[i].fd);
	for (size_t i = 0; i < traffic->count; i++)
		if (traffic->netns[i] >= 0)
			close(traffic->netns[i]);
	free(traffic);
}
