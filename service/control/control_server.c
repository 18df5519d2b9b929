/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/control/control_server.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "service/control/control_session.h"
#include "service/control/control_socket.h"

#define TEXT_OF(number) #number
#define TEXT(number) TEXT_OF(number)

enum { BACKLOG = 16, IDLE_MS = 30000 };

const char *control_server_full(
	const struct control_server *server, const struct control_session *session)
{
	unsigned int untrusted = 0, same = 0;

	if (server->count > CONTROL_CLIENTS_MOST)
		return "too many clients (" TEXT(
			CONTROL_CLIENTS_MOST) "): end a podgate watch that is no longer needed";
	if (session->trusted)
		return NULL;
	for (const struct control_session *other = server->first; other != NULL;
		other = other->next) {
		untrusted += !other->trusted;
		same += other->user == session->user;
	}
	if (same > CONTROL_CLIENTS_OF_A_USER)
		return "too many clients of this user (" TEXT(
			CONTROL_CLIENTS_OF_A_USER) "): end a podgate watch that is no longer "
						   "needed";
	if (untrusted > CONTROL_CLIENTS_MOST - CONTROL_CLIENTS_KEPT)
		return "too many clients: the places that are left are kept for root and the user "
		       "that podgate runs as";
	return NULL;
}

void control_server_release(struct control_server *server)
{
	if (--server->references == 0)
		free(server);
}

static void listener_closed(uv_handle_t *listener)
{
	control_server_release(listener->data);
}

static void connected(uv_stream_t *listener, int status)
{
	if (status == 0)
		control_session_accept(listener->data);
}

int control_server_start(struct control_server **out, const struct control_server_options *options,
	char problem[PROBLEM_SIZE])
{
	struct control_server *server;
	int fd = options->inherited, err;

	/* Not uv_pipe_bind(): libuv would remove the file, even if another daemon listens there. */
	if (fd == 0)
		fd = control_socket_bind(options->path, options->group, problem);
	if (fd < 0)
		return fd;
	server = calloc(1, sizeof(*server));
	if (server == NULL) {
		close(fd);
		return control_socket_fail(options->path, -ENOMEM, problem);
	}
	server->options = *options;
	if (server->options.idle_ms == 0)
		server->options.idle_ms = IDLE_MS;
	server->ours = options->inherited == 0;
	server->references = 1;
	server->end = &server->waiting;
	uv_pipe_init(options->loop, &server->listener, 0);
	server->listener.data = server;
	err = uv_pipe_open(&server->listener, fd);
	if (err != 0)
		close(fd);
	else
		err = uv_listen((uv_stream_t *)&server->listener, BACKLOG, connected);
	if (err != 0)
		control_socket_fail(options->path, err, problem);
	else
		err = control_socket_open_to(options->path, options->group, problem);
	if (err != 0) {
		control_server_stop(server);
		return err;
	}
	*out = server;
	return 0;
}

void control_server_own(struct control_server *server)
{
	server->ours = true;
}

int control_server_listener(const struct control_server *server)
{
	uv_os_fd_t fd;

	return uv_fileno((const uv_handle_t *)&server->listener, &fd) == 0 ? fd : -1;
}

void control_server_stop(struct control_server *server)
{
	if (server == NULL)
		return;
	if (server->ours && server->heir == NULL && !server->handed_over)
		unlink(server->options.path);
	uv_close((uv_handle_t *)&server->listener, listener_closed);
	while (server->first != NULL)
		control_session_close(server->first);
}
