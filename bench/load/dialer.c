/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bench/load/dialer.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bench/load/run.h"
#include "bench/load/wildcard.h"

enum {
	EVENTS = 64,
	LATE_NS = 1000000,
	/* no answer sooner than this was sent for again: SYNs are, after a second */
	SLOW_NS = 500000000,
};

/*
 * A flow without an answer. They form a list by their age, so that the oldest, which times out
 * next, is its head.
 */
struct call {
	int fd;
	uint64_t begun_ns;
	struct call *older, *newer; /* `newer` also links the free ones */
};

struct dialer {
	const struct dialer_options *options;
	struct dialer_result *result;
	struct flow_walk walk;
	int epoll;
	uint64_t start_ns, end_ns; /* of the time in which flows are begun */
	uint64_t rest_until_ns;	   /* thinking */
	uint64_t open;		   /* in the list */
	struct call *calls, *free, *oldest, *newest;
};

/* ---- One flow ---- */

/*
 * SO_LINGER 0: close(2) resets the connection, so that no TIME_WAIT keeps its port and the
 * gateway's conntrack sees it end. SO_REUSEADDR: flows to several destinations come from one port.
 * FREEBIND: IPv6 has no other way to use the addresses of a local route.
 */
static int prepare_socket(int fd, int type, sa_family_t family)
{
	const struct linger reset = {.l_onoff = 1};
	const int on = 1;

	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) != 0)
		return -1;
	if (family == AF_INET6 && setsockopt(fd, IPPROTO_IPV6, IPV6_FREEBIND, &on, sizeof(on)) != 0)
		return -1;
	return type == SOCK_STREAM ? setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset))
				   : 0;
}

static int begin(
	const struct dialer *dialer, int fd, const struct flow_step *flow, uint64_t *begun_ns)
{
	struct sockaddr_storage from, to;
	const socklen_t length = span_sockaddr(&from, &flow->from, flow->from_port);

	span_sockaddr(&to, &flow->to, flow->to_port);
	if (prepare_socket(fd, dialer->options->type, from.ss_family) != 0 ||
		bind(fd, (const struct sockaddr *)&from, length) != 0)
		return -errno;
	*begun_ns = run_clock_ns();
	if (connect(fd, (const struct sockaddr *)&to, length) != 0 && errno != EINPROGRESS)
		return -errno;
	if (dialer->options->type == SOCK_STREAM)
		return 0;
	*begun_ns = run_clock_ns(); /* a datagram socket's connect(2) sends nothing */
	return send(fd, begun_ns, sizeof(*begun_ns), 0) < 0 ? -errno : 0;
}

static int open_flow(struct dialer *dialer, uint64_t *begun_ns)
{
	const struct flow_step flow = flow_walk_next(&dialer->walk);
	const int family = flow.from.family == IP_FAMILY_V4 ? AF_INET : AF_INET6;
	const int fd = socket(family, dialer->options->type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int err;

	if (fd < 0)
		return -errno;
	err = begin(dialer, fd, &flow, begun_ns);
	if (err == 0)
		return fd;
	close(fd);
	return err;
}

static void note_failure(struct dialer *dialer, int err)
{
	if (dialer->result->failed++ == 0)
		dialer->result->failure = err;
}

/* Sooner nothing was sent twice, so most flows need not be asked. */
static void count_retransmits(struct dialer *dialer, int fd, uint64_t took_ns)
{
	struct tcp_info info;
	socklen_t length = sizeof(info);

	if (dialer->options->type != SOCK_STREAM || took_ns < SLOW_NS)
		return;
	if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &length) == 0)
		dialer->result->retransmits += info.tcpi_total_retrans;
}

/* ---- The list ---- */

static void call_append(struct dialer *dialer, int fd, uint64_t begun_ns)
{
	struct call *call = dialer->free;

	dialer->free = call->newer;
	*call = (struct call){.fd = fd, .begun_ns = begun_ns, .older = dialer->newest};
	if (dialer->newest != NULL)
		dialer->newest->newer = call;
	else
		dialer->oldest = call;
	dialer->newest = call;
	dialer->open++;
}

static void call_remove(struct dialer *dialer, struct call *call)
{
	if (call->older != NULL)
		call->older->newer = call->newer;
	else
		dialer->oldest = call->newer;
	if (call->newer != NULL)
		call->newer->older = call->older;
	else
		dialer->newest = call->older;
	call->newer = dialer->free;
	dialer->free = call;
	dialer->open--;
}

static void call_end(struct dialer *dialer, struct call *call, uint64_t now)
{
	count_retransmits(dialer, call->fd, now - call->begun_ns);
	close(call->fd);
	call_remove(dialer, call);
	dialer->rest_until_ns = now + dialer->options->think_ns;
}

/* ---- The loop ---- */

static void begin_flow(struct dialer *dialer)
{
	struct epoll_event event = {
		.events = dialer->options->type == SOCK_STREAM ? EPOLLOUT : EPOLLIN};
	uint64_t begun_ns = 0;
	const int fd = open_flow(dialer, &begun_ns);

	dialer->result->begun++;
	if (fd < 0) {
		note_failure(dialer, -fd);
		return;
	}
	call_append(dialer, fd, begun_ns);
	event.data.ptr = dialer->newest;
	if (epoll_ctl(dialer->epoll, EPOLL_CTL_ADD, fd, &event) == 0)
		return;
	note_failure(dialer, errno);
	call_end(dialer, dialer->newest, begun_ns);
}

static bool is_finished(const struct dialer *dialer, uint64_t now)
{
	return dialer->result->begun >= dialer->options->count || now >= dialer->end_ns;
}

/* When the next flow may begin, given a place for it. */
static uint64_t next_due(const struct dialer *dialer)
{
	const uint64_t due = run_due_ns(
		dialer->start_ns, dialer->result->begun, dialer->options->rate);

	return due > dialer->rest_until_ns ? due : dialer->rest_until_ns;
}

/*
 * At most `parallel` of them, so that flows which fail at once don't keep us from looking at the
 * others.
 */
static void begin_flows(struct dialer *dialer)
{
	for (uint64_t i = 0;
		i < dialer->options->parallel && dialer->open < dialer->options->parallel; i++) {
		const uint64_t now = run_clock_ns(), due = next_due(dialer);

		if (is_finished(dialer, now) || now < due)
			return;
		if (dialer->options->rate != 0 && now - due > LATE_NS)
			dialer->result->late++;
		begin_flow(dialer);
	}
}

static int socket_error(int fd)
{
	int err = 0;
	socklen_t length = sizeof(err);

	return getsockopt(fd, SOL_SOCKET, SO_ERROR, &err, &length) == 0 ? err : errno;
}

static void finish_flow(struct dialer *dialer, struct call *call, uint32_t events, uint64_t now)
{
	struct dialer_result *result = dialer->result;
	uint64_t echoed;

	if ((events & EPOLLERR) != 0) {
		note_failure(dialer, socket_error(call->fd));
	} else if (dialer->options->type == SOCK_DGRAM &&
		(recv(call->fd, &echoed, sizeof(echoed), 0) != sizeof(echoed) ||
			echoed != call->begun_ns)) {
		note_failure(dialer, EBADMSG);
	} else {
		histogram_add(&result->times, now - call->begun_ns);
		result->answered++;
		result->answered_in_time += now < dialer->end_ns;
	}
	call_end(dialer, call, now);
}

static void expire_flows(struct dialer *dialer, uint64_t now)
{
	while (dialer->oldest != NULL &&
		now - dialer->oldest->begun_ns >= dialer->options->timeout_ns) {
		dialer->result->timeouts++;
		call_end(dialer, dialer->oldest, now);
	}
}

/* Until the next flow's time or the oldest one's timeout; a tick at the most. */
static uint64_t time_to_wait(const struct dialer *dialer, uint64_t now)
{
	uint64_t until = now + (uint64_t)RUN_TICK_MS * 1000000;

	if (dialer->oldest != NULL &&
		dialer->oldest->begun_ns + dialer->options->timeout_ns < until)
		until = dialer->oldest->begun_ns + dialer->options->timeout_ns;
	if (dialer->open < dialer->options->parallel && !is_finished(dialer, now) &&
		next_due(dialer) < until)
		until = next_due(dialer);
	return until > now ? until - now : 0;
}

/*
 * Whoever paces needs finer pauses than epoll_wait(2) knows, and gets them from ppoll(2): not every
 * kernel has epoll_pwait2(2). In a closed loop that would be a system call too many.
 */
static int wait_events(struct dialer *dialer, struct epoll_event events[EVENTS])
{
	const uint64_t wait = time_to_wait(dialer, run_clock_ns());
	const struct timespec pause = {.tv_nsec = (long)wait};
	struct pollfd polled = {.fd = dialer->epoll, .events = POLLIN};

	if (dialer->options->rate == 0 && dialer->options->think_ns == 0)
		return epoll_wait(dialer->epoll, events, EVENTS, (int)((wait + 999999) / 1000000));
	ppoll(&polled, 1, &pause, NULL);
	return epoll_wait(dialer->epoll, events, EVENTS, 0);
}

static bool answers_all_in(struct dialer *dialer)
{
	return dialer->open == 0 && is_finished(dialer, run_clock_ns());
}

static void loop(struct dialer *dialer)
{
	struct epoll_event events[EVENTS];

	while (!run_stopped() && !answers_all_in(dialer)) {
		uint64_t now;
		int n;

		begin_flows(dialer);
		n = wait_events(dialer, events);
		now = run_clock_ns();
		for (int i = 0; i < n; i++)
			finish_flow(dialer, events[i].data.ptr, events[i].events, now);
		expire_flows(dialer, now);
	}
}

static int set_up(struct dialer *dialer)
{
	dialer->calls = calloc(dialer->options->parallel, sizeof(dialer->calls[0]));
	if (dialer->calls == NULL)
		return -ENOMEM;
	for (uint64_t i = 0; i < dialer->options->parallel; i++) {
		dialer->calls[i].newer = dialer->free;
		dialer->free = &dialer->calls[i];
	}
	dialer->epoll = epoll_create1(EPOLL_CLOEXEC);
	return dialer->epoll < 0 ? -errno : 0;
}

static void tear_down(struct dialer *dialer)
{
	while (dialer->oldest != NULL)
		call_end(dialer, dialer->oldest, run_clock_ns());
	if (dialer->epoll >= 0)
		close(dialer->epoll);
	free(dialer->calls);
}

int dialer_run(const struct dialer_options *options, struct dialer_result *out)
{
	struct dialer dialer = {
		.options = options, .result = out, .walk = options->walk, .epoll = -1};
	int err;

	memset(out, 0, sizeof(*out));
	wildcard_allow_files();
	run_wake_exactly();
	err = set_up(&dialer);
	if (err == 0) {
		dialer.start_ns = run_clock_ns();
		dialer.end_ns = options->seconds_ns != 0 ? dialer.start_ns + options->seconds_ns
							 : UINT64_MAX;
		loop(&dialer);
		out->took_ns = run_clock_ns() - dialer.start_ns;
		if (options->seconds_ns != 0 && out->took_ns > options->seconds_ns)
			out->took_ns = options->seconds_ns;
	}
	tear_down(&dialer);
	return err;
}
