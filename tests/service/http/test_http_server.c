/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The HTTP server: what it answers, and what it does with clients that mean no good. */

#include "service/http/http_server.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "service/http/listen_socket.h"
#include "tests/between.h"
#include "tests/support/netns.h"

enum { PORT = 9477, LARGE = 8 * 1024 * 1024, GRACE_MS = 2500 };

struct room {
	struct http_server *server;
	pthread_t thread;
	atomic_bool stop;
	atomic_uint answered;
};

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void answer(void *context, const char *path, struct http_answer *out)
{
	struct room *room = context;

	atomic_fetch_add(&room->answered, 1);
	out->status = 200;
	if (strcmp(path, "/nothing") == 0)
		return; /* as when memory is short */
	if (strcmp(path, "/large") == 0) {
		out->length = LARGE;
		out->body = calloc(1, LARGE);
		return;
	}
	out->length = (size_t)asprintf(&out->body, "you asked for %s", path);
}

static void *serve(void *context)
{
	struct room *room = context;
	struct pollfd fd = {.fd = http_server_fd(room->server), .events = POLLIN};

	while (!atomic_load(&room->stop)) {
		const int wait_ms = http_server_run(room->server);

		poll(&fd, 1, wait_ms < 50 ? wait_ms : 50);
	}
	return NULL;
}

static int setup(void **state)
{
	struct room *room = calloc(1, sizeof(*room));
	char problem[PROBLEM_SIZE];
	const struct http_server_options options = {
		.listen_fd = listen_socket_open("test", "0.0.0.0:9477", problem),
		.answer = answer,
		.context = room,
	};

	if (options.listen_fd < 0 || http_server_open(&room->server, &options, problem) != 0)
		fail_msg("%s", problem);
	assert_int_equal(pthread_create(&room->thread, NULL, serve, room), 0);
	*state = room;
	return 0;
}

static int teardown(void **state)
{
	struct room *room = *state;

	atomic_store(&room->stop, true);
	pthread_join(room->thread, NULL);
	http_server_close(room->server);
	free(room);
	return 0;
}

/* From 127.0.0.`host`. Nobody waits here for more than ten seconds. */
static int connect_from(unsigned int host)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET, .sin_addr.s_addr = htonl(0x7f000000U + host)};
	const struct timeval patience = {.tv_sec = 10};
	const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	assert_int_equal(bind(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	address.sin_port = htons(PORT);
	assert_int_equal(connect(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
	return fd;
}

static void send_text(int fd, const char *text)
{
	assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), (ssize_t)strlen(text));
}

/* All that comes until the server closes, as a text to free; "" when it closes without a word. */
static char *read_all(int fd)
{
	size_t used = 0;
	char *text = malloc(LARGE + 4096);
	ssize_t got;

	while ((got = recv(fd, text + used, LARGE + 4095 - used, 0)) > 0)
		used += (size_t)got;
	if (got < 0 && errno != ECONNRESET)
		fail_msg("it does not close: %s", strerror(errno));
	text[used] = '\0';
	return realloc(text, used + 1);
}

static char *ask(const char *request)
{
	const int fd = connect_from(1);
	char *text;

	send_text(fd, request);
	text = read_all(fd);
	close(fd);
	return text;
}

static void expect_in(const char *text, const char *wanted)
{
	if (strstr(text, wanted) == NULL)
		fail_msg("no \"%s\" in: %.300s", wanted, text);
}

static void expect_served(void)
{
	char *text = ask("GET /x HTTP/1.1\r\nHost: x\r\n\r\n");

	expect_in(text, "HTTP/1.1 200 ");
	free(text);
}

static void answers_get_and_head(void **state)
{
	char *text = ask("GET /some/page?query HTTP/1.1\r\nHost: x\r\n\r\n");

	(void)state;
	expect_in(text, "HTTP/1.1 200 ");
	expect_in(text, "Content-Length: 24\r\n");
	expect_in(text, "Connection: close\r\n");
	expect_in(text, "\r\n\r\nyou asked for /some/page");
	free(text);
	text = ask("HEAD /some/page HTTP/1.1\r\nHost: x\r\n\r\n");
	expect_in(text, "Content-Length: 24\r\n");
	assert_string_equal(strstr(text, "\r\n\r\n"), "\r\n\r\n");
	free(text);
	text = ask("GET /old HTTP/1.0\r\n\r\n");
	expect_in(text, "you asked for /old");
	free(text);
	text = ask("GET /nothing HTTP/1.1\r\nHost: x\r\n\r\n");
	expect_in(text, "HTTP/1.1 503 ");
	free(text);
}

static void answers_nothing_else(void **state)
{
	static const char *const methods[] = {
		"POST", "PUT", "DELETE", "OPTIONS", "TRACE", "CONNECT", "PATCH", "get"};
	struct room *room = *state;

	for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++) {
		char request[128], *text;

		snprintf(request, sizeof(request),
			"%s /x HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc", methods[i]);
		text = ask(request);
		expect_in(text, "HTTP/1.1 405 ");
		expect_in(text, "Allow: GET, HEAD\r\n");
		free(text);
	}
	assert_int_equal(atomic_load(&room->answered), 0);
}

/* A connection is one request: what is sent behind it is not read. */
static void one_request_a_connection(void **state)
{
	struct room *room = *state;
	char *text = ask("GET /1 HTTP/1.1\r\nHost: x\r\n\r\nGET /2 HTTP/1.1\r\nHost: x\r\n\r\n");

	expect_in(text, "you asked for /1");
	assert_null(strstr(text, "/2"));
	free(text);
	assert_int_equal(atomic_load(&room->answered), 1);
}

static void survives_what_is_no_http(void **state)
{
	static const char *const requests[] = {
		"\r\n\r\n\r\n",
		"\xff\xfe\x16\x03\x01\x02\r\n\r\n",
		"GET\r\n\r\n",
		"GET / HTTP/9.9\r\n\r\n",
		"GET / HTTP/1.1\r\nContent-Length: 99999999999999999999\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
		"GET / HTTP/1.1\r\nno colon\r\n\r\n",
		"GET /%00%ff%zz HTTP/1.1\r\nHost: x\r\n\r\n",
	};
	unsigned char noise[4096];

	(void)state;
	for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++) {
		const int fd = connect_from(1);

		send_text(fd, requests[i]);
		shutdown(fd, SHUT_WR);
		free(read_all(fd));
		close(fd);
		expect_served();
	}
	srandom(20261124);
	for (int round = 0; round < 50; round++) {
		const int fd = connect_from(1);

		for (size_t i = 0; i < sizeof(noise); i++)
			noise[i] = (unsigned char)random();
		send(fd, noise, sizeof(noise), MSG_NOSIGNAL);
		shutdown(fd, SHUT_WR);
		free(read_all(fd));
		close(fd);
	}
	expect_served();
}

static void heads_are_bounded(void **state)
{
	const int fd = connect_from(1);
	char line[1024];
	struct room *room = *state;

	memset(line, 'a', sizeof(line));
	memcpy(line, "X: ", 3);
	memcpy(line + sizeof(line) - 2, "\r\n", 2);
	send_text(fd, "GET /x HTTP/1.1\r\n");
	/* Far more than the sockets between us hold: it is not read to its end. */
	for (int i = 0; i < 16 * 1024 &&
		send(fd, line, sizeof(line), MSG_NOSIGNAL) == (ssize_t)sizeof(line);
		i++)
		;
	shutdown(fd, SHUT_WR);
	free(read_all(fd));
	close(fd);
	assert_int_equal(atomic_load(&room->answered), 0);
	expect_served();
}

/* A byte now and then is no reason to wait: the connection has its time, and that is all. */
static void slow_requests_are_ended(void **state)
{
	const int fd = connect_from(1), silent = connect_from(1);
	const int64_t began = now_ms();
	char byte;

	(void)state;
	send_text(fd, "GET /x HTTP/1.1\r\nX: ");
	while (now_ms() - began < HTTP_SERVER_S * 1000 + GRACE_MS &&
		send(fd, "a", 1, MSG_NOSIGNAL) == 1) {
		struct pollfd poll_fd = {.fd = fd, .events = POLLIN};

		if (poll(&poll_fd, 1, 100) > 0)
			break;
	}
	assert_between(
		now_ms() - began, HTTP_SERVER_S * 1000 - 100, HTTP_SERVER_S * 1000 + GRACE_MS);
	assert_true(recv(silent, &byte, 1, 0) <= 0);
	assert_between(now_ms() - began, 0, HTTP_SERVER_S * 1000 + GRACE_MS);
	close(fd);
	close(silent);
	expect_served();
}

/* It asks for much and takes a little at a time. */
static void slow_readers_are_ended(void **state)
{
	const struct timeval patience = {.tv_usec = 300000};
	const int fd = connect_from(1), small = 4096;
	const int64_t began = now_ms();
	size_t taken = 0;
	char piece[512];
	ssize_t got;

	(void)state;
	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small));
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	send_text(fd, "GET /large HTTP/1.1\r\nHost: x\r\n\r\n");
	while ((got = recv(fd, piece, sizeof(piece), 0)) > 0 || (got < 0 && errno == EAGAIN)) {
		/*
		 * A reset that meets a closed window may be dropped (RFC 9293, 3.10.7.4): the next
		 * byte that is sent gets another.
		 */
		if (got < 0 && send(fd, "a", 1, MSG_NOSIGNAL) != 1)
			break;
		taken += got > 0 ? (size_t)got : 0;
		usleep(50000);
	}
	assert_between(
		now_ms() - began, HTTP_SERVER_S * 1000 - 100, HTTP_SERVER_S * 1000 + GRACE_MS);
	assert_between(taken, 1, LARGE - 1);
	close(fd);
	expect_served();
}

/* How many of these silent connections the server has closed. */
static int count_closed(const int *fds, int count)
{
	int closed = 0;

	for (int i = 0; i < count; i++) {
		char byte;
		const ssize_t got = recv(fds[i], &byte, 1, MSG_DONTWAIT);

		closed += got == 0 || (got < 0 && errno != EAGAIN);
	}
	return closed;
}

static void one_address_has_few_connections(void **state)
{
	enum { MANY = 500 };
	int fds[MANY], closed = 0;
	char *text;
	int other;

	(void)state;
	for (int i = 0; i < MANY; i++)
		fds[i] = connect_from(7);
	for (int tries = 0; tries < 200 && closed < MANY - HTTP_SERVER_CONNECTIONS_ADDRESS;
		tries++) {
		usleep(10000);
		closed = count_closed(fds, MANY);
	}
	assert_int_equal(closed, MANY - HTTP_SERVER_CONNECTIONS_ADDRESS);
	/* Others are served meanwhile. */
	other = connect_from(8);
	send_text(other, "GET /x HTTP/1.1\r\nHost: x\r\n\r\n");
	text = read_all(other);
	expect_in(text, "HTTP/1.1 200 ");
	free(text);
	close(other);
	for (int i = 0; i < MANY; i++)
		close(fds[i]);
}

/*
 * Whoever has many addresses takes all connections there are, for as long as each lasts; then it is
 * others' turn.
 */
static void all_have_so_many(void **state)
{
	enum { ADDRESSES = 6, MANY = ADDRESSES * HTTP_SERVER_CONNECTIONS_ADDRESS };
	const int64_t began = now_ms();
	int fds[MANY], late;
	char *text;

	(void)state;
	for (int i = 0; i < MANY; i++)
		fds[i] = connect_from(10 + (unsigned int)i % ADDRESSES);
	usleep(300000);
	assert_int_equal(count_closed(fds, MANY), 0); /* 32 are open, the rest are in the backlog */
	for (int i = 0; i < HTTP_SERVER_CONNECTIONS; i++)
		assert_true(recv(fds[i], &(char){0}, 1, 0) <= 0);
	assert_between(
		now_ms() - began, HTTP_SERVER_S * 1000 - 100, HTTP_SERVER_S * 1000 + GRACE_MS);
	late = connect_from(1);
	send_text(late, "GET /x HTTP/1.1\r\nHost: x\r\n\r\n");
	text = read_all(late);
	expect_in(text, "HTTP/1.1 200 ");
	free(text);
	close(late);
	for (int i = 0; i < MANY; i++)
		close(fds[i]);
}

static int enter(void **state)
{
	netns_enter(state);
	return netns_run("ip link set lo up");
}

#define IN_ROOM(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_ROOM(answers_get_and_head),
		IN_ROOM(answers_nothing_else),
		IN_ROOM(one_request_a_connection),
		IN_ROOM(survives_what_is_no_http),
		IN_ROOM(heads_are_bounded),
		IN_ROOM(slow_requests_are_ended),
		IN_ROOM(slow_readers_are_ended),
		IN_ROOM(one_address_has_few_connections),
		IN_ROOM(all_have_so_many),
	};

	return cmocka_run_group_tests(tests, enter, NULL);
}
