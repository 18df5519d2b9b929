/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bench/load/load.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bench/load/datagram.h"
#include "bench/load/flow_walk.h"
#include "bench/load/load_options.h"
#include "bench/load/report.h"
#include "bench/load/run.h"

enum { BURST_MOST = 256, SEND_ROOM = 64 << 20, REFUSALS_MOST = 1000 };

struct flows {
	struct addr_span from, to;
	struct number_span ports;
	uint64_t count, seconds_ns, rate, burst;

	int fd;
	struct flow_walk walk;
	uint64_t most; /* datagrams: of --count, and of flows that there are */
	uint64_t sent, errors, start_ns, end_ns;
	unsigned int refusals; /* in a row */
	struct mmsghdr headers[BURST_MOST];
	struct iovec vectors[BURST_MOST];
	struct sockaddr_storage targets[BURST_MOST];
	uint8_t packets[BURST_MOST][DATAGRAM_BYTES];
};

static int open_socket(struct flows *flows)
{
	const int family = flows->from.first.family == IP_FAMILY_V4 ? AF_INET : AF_INET6,
		  room = SEND_ROOM;

	/* implies IP_HDRINCL (raw(7)) */
	flows->fd = socket(family, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW);
	if (flows->fd < 0) {
		fprintf(stderr, "podgate-load flows: no raw socket (it takes CAP_NET_RAW): %s\n",
			strerror(errno));
		return LOAD_PROBLEM;
	}
	/* Where the sender and the queue share a namespace, what is queued counts against this. */
	setsockopt(flows->fd, SOL_SOCKET, SO_SNDBUFFORCE, &room, sizeof(room));
	return 0;
}

static void prepare(struct flows *flows)
{
	for (size_t i = 0; i < BURST_MOST; i++) {
		flows->vectors[i].iov_base = flows->packets[i];
		flows->headers[i].msg_hdr = (struct msghdr){
			.msg_name = &flows->targets[i],
			.msg_iov = &flows->vectors[i],
			.msg_iovlen = 1,
		};
	}
}

static void write_burst(struct flows *flows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct flow_step flow = flow_walk_next(&flows->walk);

		flows->vectors[i].iov_len = datagram_write(
			flows->packets[i], &flow, flows->sent + i);
		flows->headers[i].msg_hdr.msg_namelen = span_sockaddr(
			&flows->targets[i], &flow.to, 0);
	}
}

/*
 * Sends them all, but for those that the kernel refuses. Returns false when it seems to refuse them
 * all.
 */
static bool send_burst(struct flows *flows, size_t count)
{
	size_t done = 0;

	while (done < count) {
		const int n = sendmmsg(
			flows->fd, flows->headers + done, (unsigned int)(count - done), 0);

		if (n > 0) {
			flows->sent += (size_t)n;
			flows->refusals = 0;
			done += (size_t)n;
		} else if (errno == EINTR) {
			if (run_stopped())
				return true;
		} else {
			flows->errors++;
			done++;
			if (++flows->refusals == REFUSALS_MOST)
				return false;
		}
	}
	return true;
}

static int send_all(struct flows *flows)
{
	uint64_t done;

	flows->start_ns = run_clock_ns();
	while ((done = flows->sent + flows->errors) < flows->most && !run_stopped()) {
		const uint64_t now = run_clock_ns(),
			       due = run_due_ns(flows->start_ns, done, flows->rate);
		const uint64_t left = flows->most - done;
		const size_t count = left < flows->burst ? (size_t)left : (size_t)flows->burst;

		if (flows->seconds_ns != 0 && now - flows->start_ns >= flows->seconds_ns)
			break;
		if (now < due) {
			run_sleep_until(due);
			continue;
		}
		write_burst(flows, count);
		if (!send_burst(flows, count)) {
			fprintf(stderr, "podgate-load flows: nothing can be sent: %s\n",
				strerror(errno));
			return LOAD_PROBLEM;
		}
	}
	flows->end_ns = run_clock_ns();
	return 0;
}

static int check(struct flows *flows)
{
	uint64_t total;

	flow_walk_init(&flows->walk, &flows->from, &flows->to, &flows->ports);
	total = flow_walk_total(&flows->walk);
	flows->most = flows->count != 0 && flows->count < total ? flows->count : total;
	if (flows->from.first.family != flows->to.first.family)
		fputs("podgate-load flows: --from and --to are of different families\n", stderr);
	else if ((flows->count == 0) == (flows->seconds_ns == 0))
		fputs("podgate-load flows: either --count or --seconds is wanted\n", stderr);
	else if (flows->count > total)
		fprintf(stderr,
			"podgate-load flows: there are only %llu different flows: more addresses "
			"or ports are wanted\n",
			(unsigned long long)total);
	else
		return 0;
	return LOAD_PROBLEM;
}

static int print_report(const struct flows *flows)
{
	cJSON *report = report_new();

	report_count(report, "sent", flows->sent);
	report_count(report, "errors", flows->errors);
	report_count(report, "start_ns", flows->start_ns);
	report_count(report, "end_ns", flows->end_ns);
	report_count(report, "cpu_us", run_cpu_us());
	/* With --seconds: it ended early, as there are no more flows. */
	cJSON_AddBoolToObject(report, "exhausted",
		flows->count == 0 && flows->sent + flows->errors == flows->most);
	return report_print(report);
}

int command_flows(int argc, char **argv)
{
	static struct flows flows = {.burst = 64};
	const struct option_row rows[] = {
		{"from", OPTION_ADDRESSES, .required = true, .value = &flows.from,
			.help = "sources, assigned or not"},
		{"to", OPTION_ADDRESSES, .required = true, .value = &flows.to,
			.help = "destinations"},
		{"port", OPTION_PORTS, .required = true, .value = &flows.ports,
			.help = "destination ports"},
		{"count", OPTION_NUMBER, .value = &flows.count, .least = 1, .most = UINT64_MAX,
			.help = "datagrams, at most as many as there are flows"},
		{"seconds", OPTION_SECONDS, .value = &flows.seconds_ns, .least = 1,
			.most = OPTIONS_SECONDS_MOST, .help = "or for so long"},
		{"rate", OPTION_NUMBER, .value = &flows.rate, .least = 1, .most = UINT32_MAX,
			.help = "a second; else as fast as it goes"},
		{"burst", OPTION_NUMBER, .value = &flows.burst, .least = 1, .most = BURST_MOST,
			.help = "datagrams a sendmmsg(2), 64; what comes at once when paced"},
	};
	const struct option_table table = {
		.program = "podgate-load flows",
		.rows = rows,
		.count = sizeof(rows) / sizeof(rows[0]),
		.help = "Sends UDP datagrams of 8 bytes, each a flow of its own: source addresses "
			"turn fastest, then\n"
			"destinations, destination ports and, from 1024 on, source ports. They "
			"leave through a raw\n"
			"socket (CAP_NET_RAW), so that no source needs to be assigned; routers on "
			"the way need\n"
			"rp_filter off, or a route back to the sources.\n",
	};
	int code;

	if (!load_options_take(&table, argc, argv, &code))
		return code;
	code = check(&flows);
	if (code == 0)
		code = open_socket(&flows);
	if (code != 0)
		return code;
	prepare(&flows);
	run_wake_exactly();
	code = send_all(&flows);
	close(flows.fd);
	return code != 0 ? code : print_report(&flows);
}
