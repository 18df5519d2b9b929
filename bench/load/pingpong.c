/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bench/load/load.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bench/load/histogram.h"
#include "bench/load/load_options.h"
#include "bench/load/peer.h"
#include "bench/load/report.h"
#include "bench/load/run.h"

/* All that is under way fits into one piece, so that neither side ever has to wait for room. */
enum {
	WINDOW_MOST = 256,
	SIZE_LEAST = 16,
	SIZE_MOST = 1400,
	PIECE = WINDOW_MOST * SIZE_MOST,
	ROOM = 4 << 20,
	LOST_NS = 500000000
};

/* The beginning of each message; what follows is padding. */
struct stamp {
	uint64_t round, sent_ns;
};

struct pingpong;

struct protocol {
	const char *name;
	int type;
	/*
	 * Sends `count` messages. Receives what is there into piece[] and returns how many. Both:
	 * or -errno.
	 */
	int (*send)(struct pingpong *pingpong, size_t count);
	int (*receive)(struct pingpong *pingpong);
};

struct pingpong {
	struct addr_span to;
	struct number_span port;
	uint64_t seconds_ns, window, size;
	const struct protocol *protocol;
	int fd;
	uint64_t round;	    /* what was sent in an earlier one has been given up */
	uint64_t under_way; /* messages of this round */
	uint64_t lost, took_ns;
	size_t part; /* TCP: bytes of a message whose rest has not come */
	struct histogram times;
	struct mmsghdr headers[WINDOW_MOST];
	struct iovec vectors[WINDOW_MOST];
	_Alignas(8) uint8_t piece[PIECE], outgoing[PIECE];
};

static void write_messages(struct pingpong *pingpong, size_t count)
{
	const struct stamp stamp = {.round = pingpong->round, .sent_ns = run_clock_ns()};

	for (size_t i = 0; i < count; i++)
		memcpy(pingpong->outgoing + i * pingpong->size, &stamp, sizeof(stamp));
}

/* ---- UDP ---- */

static void point_headers(struct pingpong *pingpong, uint8_t *bytes)
{
	for (size_t i = 0; i < pingpong->window; i++) {
		pingpong->vectors[i] = (struct iovec){
			.iov_base = bytes + i * pingpong->size, .iov_len = pingpong->size};
		pingpong->headers[i].msg_hdr = (struct msghdr){
			.msg_iov = &pingpong->vectors[i], .msg_iovlen = 1};
	}
}

static int send_datagrams(struct pingpong *pingpong, size_t count)
{
	point_headers(pingpong, pingpong->outgoing);
	for (size_t done = 0; done < count;) {
		const int n = sendmmsg(
			pingpong->fd, pingpong->headers + done, (unsigned int)(count - done), 0);

		if (n > 0)
			done += (size_t)n;
		else if (errno != EINTR || run_stopped())
			return -errno;
	}
	return (int)count;
}

static int receive_datagrams(struct pingpong *pingpong)
{
	int n;

	point_headers(pingpong, pingpong->piece);
	n = recvmmsg(pingpong->fd, pingpong->headers, (unsigned int)pingpong->window,
		MSG_WAITFORONE, NULL);
	return n < 0 ? -errno : n;
}

/* ---- TCP ---- */

static int send_stream(struct pingpong *pingpong, size_t count)
{
	const size_t length = count * pingpong->size;

	for (size_t done = 0; done < length;) {
		const ssize_t n = send(pingpong->fd, pingpong->outgoing + done, length - done, 0);

		if (n >= 0)
			done += (size_t)n;
		else if (errno != EINTR || run_stopped())
			return -errno;
	}
	return (int)count;
}

/*
 * The messages are at the beginning of piece[], and behind them a part of the next: take_messages()
 * moves it there.
 */
static int receive_stream(struct pingpong *pingpong)
{
	const size_t room = pingpong->window * pingpong->size - pingpong->part;
	ssize_t n = recv(pingpong->fd, pingpong->piece + pingpong->part, room, 0);

	if (n <= 0)
		return n == 0 ? -ECONNRESET : -errno;
	n += (ssize_t)pingpong->part;
	pingpong->part = (size_t)n % pingpong->size;
	return (int)((size_t)n / pingpong->size);
}

static const struct protocol protocols[] = {
	{"udp", SOCK_DGRAM, send_datagrams, receive_datagrams},
	{"tcp", SOCK_STREAM, send_stream, receive_stream},
};

/* ---- Both ---- */

/* Returns how many of them were ours to wait for. */
static size_t take_messages(struct pingpong *pingpong, size_t count)
{
	const uint64_t now = run_clock_ns();
	size_t taken = 0;

	for (size_t i = 0; i < count; i++) {
		struct stamp stamp;

		memcpy(&stamp, pingpong->piece + i * pingpong->size, sizeof(stamp));
		if (stamp.round != pingpong->round)
			continue;
		histogram_add(&pingpong->times, now - stamp.sent_ns);
		taken++;
	}
	memmove(pingpong->piece, pingpong->piece + count * pingpong->size, pingpong->part);
	pingpong->under_way -= taken;
	return taken;
}

static int send_messages(struct pingpong *pingpong, size_t count)
{
	if (count == 0)
		return 0;
	write_messages(pingpong, count);
	pingpong->under_way += count;
	return pingpong->protocol->send(pingpong, count);
}

/*
 * Whole windows that are lost are given up; a single message of a window is given up with the rest
 * of it.
 */
static int start_round(struct pingpong *pingpong)
{
	pingpong->lost += pingpong->under_way;
	pingpong->under_way = 0;
	pingpong->round++;
	return send_messages(pingpong, pingpong->window);
}

static int play(struct pingpong *pingpong)
{
	const uint64_t begin = run_clock_ns();
	uint64_t heard = begin;
	int n = start_round(pingpong);

	while (n >= 0 && !run_stopped() && run_clock_ns() - begin < pingpong->seconds_ns) {
		n = pingpong->protocol->receive(pingpong);
		if (n >= 0) {
			heard = run_clock_ns();
			n = send_messages(pingpong, take_messages(pingpong, (size_t)n));
		} else if (n == -EAGAIN || n == -EINTR) {
			n = 0;
			if (pingpong->protocol->type == SOCK_DGRAM &&
				run_clock_ns() - heard > LOST_NS) {
				heard = run_clock_ns();
				n = start_round(pingpong);
			}
		}
	}
	pingpong->took_ns = run_clock_ns() - begin;
	return n < 0 && !run_stopped() ? n : 0;
}

static int print_report(const struct pingpong *pingpong)
{
	const double seconds = (double)pingpong->took_ns / 1e9;
	cJSON *report = report_new();

	report_count(report, "round_trips", pingpong->times.count);
	report_real(report, "seconds", seconds);
	report_real(report, "per_s", (double)pingpong->times.count / seconds);
	report_count(report, "lost", pingpong->lost);
	report_histogram(report, "rtt_ns", &pingpong->times);
	report_count(report, "cpu_us", run_cpu_us());
	return report_print(report);
}

static int run(struct pingpong *pingpong)
{
	const int room = ROOM;
	int err;

	pingpong->fd = peer_connect(
		pingpong->protocol->type, &pingpong->to.first, pingpong->port.first);
	err = pingpong->fd < 0 ? pingpong->fd : 0;
	if (err == 0) {
		setsockopt(pingpong->fd, SOL_SOCKET, SO_SNDBUFFORCE, &room, sizeof(room));
		setsockopt(pingpong->fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room));
		err = play(pingpong);
		close(pingpong->fd);
	}
	if (err == 0)
		return print_report(pingpong);
	fprintf(stderr, "podgate-load pingpong: %s\n", strerror(-err));
	return LOAD_PROBLEM;
}

int command_pingpong(int argc, char **argv)
{
	static struct pingpong pingpong = {.window = 1, .size = 64};
	const char *protocol = "udp";
	const struct option_row rows[] = {
		{"to", OPTION_ADDRESS, .required = true, .value = &pingpong.to,
			.help = "where podgate-load echo runs"},
		{"port", OPTION_PORTS, .required = true, .value = &pingpong.port,
			.help = "its port, the first of them"},
		{"seconds", OPTION_SECONDS, .required = true, .value = &pingpong.seconds_ns,
			.least = 1, .most = OPTIONS_SECONDS_MOST, .help = "how long"},
		{"window", OPTION_NUMBER, .value = &pingpong.window, .least = 1,
			.most = WINDOW_MOST, .help = "messages under way, 1"},
		{"size", OPTION_NUMBER, .value = &pingpong.size, .least = SIZE_LEAST,
			.most = SIZE_MOST, .help = "bytes of each, 64"},
		{"proto", OPTION_WORD, .words = "udp|tcp", .value = &protocol, .help = "udp"},
	};
	const struct option_table table = {
		.program = "podgate-load pingpong",
		.rows = rows,
		.count = sizeof(rows) / sizeof(rows[0]),
		.help = "Sends small messages over one flow; each that comes back is sent again.\n",
	};
	int code;

	if (!load_options_take(&table, argc, argv, &code))
		return code;
	pingpong.protocol = &protocols[strcmp(protocol, "tcp") == 0];
	return run(&pingpong);
}
