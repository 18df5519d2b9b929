/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/http/http_server.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "process/clock.h"
#include "service/http/http_library.h"

enum { WAIT_MOST_MS = 1000 };

/* A connection, to be ended when its time is over: the library only ends those that do nothing. */
struct slot {
	int fd;		  /* -1: unused */
	uint64_t ends_ns; /* UINT64_MAX: it is being ended */
};

struct http_server {
	struct http_server_options options;
	struct http_library library;
	struct MHD_Daemon *daemon;
	int fd;
	struct slot slots[HTTP_SERVER_CONNECTIONS];
};

/* ---- connections ---- */

static void open_slot(
	struct http_server *server, struct MHD_Connection *connection, void **socket_context)
{
	const union MHD_ConnectionInfo *info = server->library.get_connection_info(
		connection, MHD_CONNECTION_INFO_CONNECTION_FD);

	*socket_context = NULL;
	for (size_t i = 0; info != NULL && i < HTTP_SERVER_CONNECTIONS; i++) {
		if (server->slots[i].fd >= 0)
			continue;
		server->slots[i] = (struct slot){
			.fd = info->connect_fd, .ends_ns = clock_ns() + HTTP_SERVER_S * NS_PER_S};
		*socket_context = &server->slots[i];
		return;
	}
}

static void note_connection(void *context, struct MHD_Connection *connection, void **socket_context,
	enum MHD_ConnectionNotificationCode code)
{
	struct slot *slot = *socket_context;

	if (code == MHD_CONNECTION_NOTIFY_STARTED)
		open_slot(context, connection, socket_context);
	else if (slot != NULL)
		slot->fd = -1;
}

/* With what was not sent yet: else the kernel would keep it for a client that never reads. */
static void end_connection(int fd)
{
	const struct linger at_once = {.l_onoff = 1, .l_linger = 0};

	setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
	shutdown(fd, SHUT_RDWR); /* which the library finds, and closes it */
}

/* Ends what is over its time. Returns when the next one is over. */
static uint64_t end_overdue(struct http_server *server, uint64_t now)
{
	uint64_t next = UINT64_MAX;

	for (size_t i = 0; i < HTTP_SERVER_CONNECTIONS; i++) {
		struct slot *slot = &server->slots[i];

		if (slot->fd < 0)
			continue;
		if (now >= slot->ends_ns) {
			end_connection(slot->fd);
			slot->ends_ns = UINT64_MAX;
		}
		if (slot->ends_ns < next)
			next = slot->ends_ns;
	}
	return next;
}

/* ---- requests ---- */

static enum MHD_Result send_answer(const struct http_server *server,
	struct MHD_Connection *connection, const struct http_answer *answer, bool allow)
{
	static char short_of_memory[] = "out of memory\n";
	const struct http_library *library = &server->library;
	const bool failed = answer->body == NULL;
	struct MHD_Response *response = failed
		? library->create_response_from_buffer(
			  sizeof(short_of_memory) - 1, short_of_memory, MHD_RESPMEM_PERSISTENT)
		: library->create_response_from_buffer(
			  answer->length, answer->body, MHD_RESPMEM_MUST_FREE);
	enum MHD_Result result;

	if (response == NULL) {
		free(answer->body);
		return MHD_NO; /* which ends the connection */
	}
	library->add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, answer->content_type);
	library->add_response_header(response, MHD_HTTP_HEADER_CONNECTION, "close");
	library->add_response_header(response, "X-Content-Type-Options", "nosniff");
	if (allow)
		library->add_response_header(response, MHD_HTTP_HEADER_ALLOW, "GET, HEAD");
	result = library->queue_response(
		connection, failed ? MHD_HTTP_SERVICE_UNAVAILABLE : answer->status, response);
	library->destroy_response(response);
	return result;
}

/*
 * Called when a request's head was read. Its body, if it brings one, is nobody's: an answer now
 * makes an end of it.
 */
static enum MHD_Result handle(void *context, struct MHD_Connection *connection, const char *url,
	const char *method, const char *version, const char *upload, size_t *upload_size,
	void **request_context)
{
	const struct http_server *server = context;
	struct http_answer answer = {
		.status = MHD_HTTP_METHOD_NOT_ALLOWED, .content_type = "text/plain; charset=utf-8"};
	const bool allowed = strcmp(method, MHD_HTTP_METHOD_GET) == 0 ||
		strcmp(method, MHD_HTTP_METHOD_HEAD) == 0;

	(void)version;
	(void)upload;
	(void)upload_size;
	(void)request_context;
	if (allowed) {
		server->options.answer(server->options.context, url, &answer);
	} else {
		answer.body = strdup("only GET and HEAD\n");
		answer.length = answer.body == NULL ? 0 : strlen(answer.body);
	}
	return send_answer(server, connection, &answer, !allowed);
}

/* ---- the server ---- */

/* No error log: what clients do wrong is no business of ours. */
static int start_daemon(struct http_server *server)
{
	const struct MHD_OptionItem options[] = {
		{MHD_OPTION_NOTIFY_CONNECTION, (intptr_t)note_connection, server},
		{MHD_OPTION_CONNECTION_LIMIT, HTTP_SERVER_CONNECTIONS, NULL},
		{MHD_OPTION_PER_IP_CONNECTION_LIMIT, HTTP_SERVER_CONNECTIONS_ADDRESS, NULL},
		{MHD_OPTION_CONNECTION_TIMEOUT, HTTP_SERVER_S, NULL},
		{MHD_OPTION_CONNECTION_MEMORY_LIMIT, HTTP_SERVER_REQUEST, NULL},
		{MHD_OPTION_LISTEN_SOCKET, server->options.listen_fd, NULL},
		{MHD_OPTION_SIGPIPE_HANDLED_BY_APP, 1, NULL},
		{MHD_OPTION_END, 0, NULL},
	};
	const union MHD_DaemonInfo *info;

	server->daemon = server->library.start_daemon(MHD_USE_EPOLL, 0, NULL, NULL, handle, server,
		MHD_OPTION_ARRAY, options, MHD_OPTION_END);
	if (server->daemon == NULL)
		return errno != 0 ? -errno : -EIO;
	server->options.listen_fd = -1; /* the daemon's from here on */
	info = server->library.get_daemon_info(server->daemon, MHD_DAEMON_INFO_EPOLL_FD);
	if (info == NULL)
		return -EIO;
	server->fd = info->epoll_fd;
	return 0;
}

int http_server_check(char problem[PROBLEM_SIZE])
{
	struct http_library library;

	return http_library_load(&library, problem);
}

int http_server_open(struct http_server **out, const struct http_server_options *options,
	char problem[PROBLEM_SIZE])
{
	struct http_server *server = calloc(1, sizeof(*server));
	int err;

	if (server == NULL) {
		close(options->listen_fd);
		snprintf(problem, PROBLEM_SIZE, "out of memory");
		return -ENOMEM;
	}
	server->options = *options;
	for (size_t i = 0; i < HTTP_SERVER_CONNECTIONS; i++)
		server->slots[i].fd = -1;
	err = http_library_load(&server->library, problem);
	if (err == 0) {
		err = start_daemon(server);
		if (err != 0)
			snprintf(problem, PROBLEM_SIZE, "can't start the HTTP server: %s",
				strerror(-err));
	}
	if (err != 0) {
		http_server_close(server);
		return err;
	}
	*out = server;
	return 0;
}

void http_server_close(struct http_server *server)
{
	if (server == NULL)
		return;
	if (server->daemon != NULL)
		server->library.stop_daemon(server->daemon);
	if (server->options.listen_fd >= 0)
		close(server->options.listen_fd);
	free(server);
}

int http_server_listener(const struct http_server *server)
{
	const union MHD_DaemonInfo *info = server->library.get_daemon_info(
		server->daemon, MHD_DAEMON_INFO_LISTEN_FD);

	return info != NULL ? info->listen_fd : -1;
}

int http_server_fd(const struct http_server *server)
{
	return server->fd;
}

int http_server_run(struct http_server *server)
{
	MHD_UNSIGNED_LONG_LONG timeout_ms;
	uint64_t now, next;
	int wait_ms = WAIT_MOST_MS;

	end_overdue(server, clock_ns());
	server->library.run(server->daemon);
	now = clock_ns();
	next = end_overdue(server, now);
	if (next != UINT64_MAX && next - now < WAIT_MOST_MS * NS_PER_MS)
		wait_ms = (int)((next - now) / NS_PER_MS) + 1;
	if (server->library.get_timeout(server->daemon, &timeout_ms) == MHD_YES &&
		timeout_ms < (unsigned int)wait_ms)
		wait_ms = (int)timeout_ms;
	return wait_ms;
}
