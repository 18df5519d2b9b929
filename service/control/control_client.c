/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/control/control_client.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "service/control/control_connection.h"
#include "service/control/control_peer.h"
#include "service/control/control_watch.h"

enum {
	REQUEST_FIRST = 4 * 1024, /* what a client's buffer begins with */
	REQUEST_MOST = 64 * 1024,
	LARGE_REQUEST_MOST = 1024 * 1024, /* judge, by one client at a time */
};

/*
 * Its idle timer stands still: while it reads the queues, nobody else may, so it is waited for as
 * long as it lives.
 */
static void hand_over(struct control_client *client, const struct control_request *request)
{
	struct control_clients *clients = client->clients;
	const struct control_options *options = clients->options;
	struct control_offer offer = {.count = 0};
	uv_os_fd_t fd = -1;
	cJSON *json;
	char *line;
	size_t length;

	clients->heir = client;
	uv_timer_stop(&client->idle);
	json = options->hand_over(options->context, request, &offer);
	clients->handed_over = offer.last;
	line = json == NULL ? NULL : cJSON_PrintUnformatted(json);
	cJSON_Delete(json);
	length = line == NULL ? 0 : strlen(line);
	if (line != NULL)
		line[length] = '\n'; /* in the place of its end */
	/*
	 * Past libuv, which passes handles of its own only: nothing is waiting to be written before
	 * it.
	 */
	if (line == NULL || uv_fileno((const uv_handle_t *)&client->pipe, &fd) != 0 ||
		control_peer_send(fd, line, length + 1, &offer) != 0)
		control_connection_close(client);
	free(line);
	if (offer.last)
		options->handed_over(options->context);
}

static void serve_hand_over(struct control_client *client, const struct control_request *request)
{
	const struct control_clients *clients = client->clients;

	if (clients->options->hand_over == NULL)
		control_connection_refuse(client, "this daemon hands nothing over");
	else if (!client->trusted)
		control_connection_refuse(client,
			"only root and the user that podgate runs as may take over from it");
	else if (clients->heir != NULL && clients->heir != client)
		control_connection_refuse(client, "another podgate is taking over");
	else
		hand_over(client, request);
}

static void serve_line(struct control_client *client, const char *line, size_t length)
{
	const struct control_options *options = client->clients->options;
	char problem[CONTROL_PROBLEM] = "out of memory";
	struct control_request request;

	if (control_request_parse(&request, line, length, problem) != 0) {
		control_connection_refuse(client, problem);
		return;
	}
	request.trusted = client->trusted;
	if (length > REQUEST_MOST && request.command != CONTROL_JUDGE) {
		control_connection_refuse(client, "the request is longer than 64 KiB");
	} else if (request.command == CONTROL_WATCH) {
		control_watch_begin(client, &request);
	} else if (request.command == CONTROL_HAND_OVER) {
		serve_hand_over(client, &request);
	} else if (request.command == CONTROL_FLOWS || request.command == CONTROL_POLICIES) {
		control_connection_restart_idle(client);
		control_watch_open(client, &request);
	} else {
		cJSON *json = options->answer(options->context, &request);

		/*
		 * The time that we took is not the client's, so the timer must not begin where the
		 * loop last looked.
		 */
		uv_update_time(options->loop);
		control_connection_restart_idle(client);
		control_connection_send_json(client, json);
	}
	control_request_deinit(&request);
}

/* Back to a small buffer once a large request is served, and the next client's turn. */
static void shrink(struct control_client *client)
{
	char *smaller;

	if (client->clients->large[client->trusted] != client || client->used > REQUEST_FIRST)
		return;
	smaller = realloc(client->buffer, REQUEST_FIRST);
	if (smaller == NULL)
		return;
	client->buffer = smaller;
	client->capacity = REQUEST_FIRST;
	client->clients->large[client->trusted] = NULL;
}

static void give_room(uv_handle_t *handle, size_t suggested, uv_buf_t *out);
static void received(uv_stream_t *stream, ssize_t length, const uv_buf_t *buffer);

/*
 * While a whole request waits for its turn nothing more is read: a client that asks and never
 * listens costs one buffer. Who has said all is done with when all is answered.
 */
static void read_or_wait(struct control_client *client)
{
	int err = 0;

	shrink(client);
	if (client->said_all) {
		if (client->stream == NULL && control_connection_backlog(client) == 0)
			control_connection_close(client);
		return;
	}
	if (client->used > 0 && memchr(client->buffer, '\n', client->used) != NULL)
		uv_read_stop((uv_stream_t *)&client->pipe);
	else
		err = uv_read_start((uv_stream_t *)&client->pipe, give_room, received);
	if (err != 0 && err != UV_EALREADY)
		control_connection_close(client);
}

/*
 * Serves the requests that are here, one by one; the next waits until the answer to the last has
 * left.
 */
static void serve_buffered(struct control_client *client)
{
	char *newline;

	while (!client->closing && !client->last_answer && !client->watching &&
		client->stream == NULL && control_connection_backlog(client) == 0 &&
		client->used > 0 &&
		(newline = memchr(client->buffer, '\n', client->used)) != NULL) {
		const size_t length = (size_t)(newline - client->buffer);

		serve_line(client, client->buffer, length);
		client->used -= length + 1;
		memmove(client->buffer, newline + 1, client->used);
	}
	if (client->watching)
		client->used = 0;
	if (!client->closing && !client->last_answer)
		read_or_wait(client);
}

/* Makes room to read on. Or refuses, when the request is longer than it may be. */
static bool grow(struct control_client *client)
{
	struct control_clients *clients = client->clients;
	const size_t wanted = client->capacity == 0 ? REQUEST_FIRST : client->capacity * 2;
	char *larger;

	if (wanted > REQUEST_MOST) {
		/* Large requests are judge's; the command comes long before the end of 64 KiB. */
		if (wanted > LARGE_REQUEST_MOST ||
			memmem(client->buffer, client->used, "\"judge\"", strlen("\"judge\"")) ==
				NULL ||
			(clients->large[client->trusted] != NULL &&
				clients->large[client->trusted] != client))
			return false;
		clients->large[client->trusted] = client;
	}
	larger = realloc(client->buffer, wanted);
	if (larger == NULL)
		return false;
	client->buffer = larger;
	client->capacity = wanted;
	return true;
}

static void give_room(uv_handle_t *handle, size_t suggested, uv_buf_t *out)
{
	struct control_client *client = handle->data;

	(void)suggested;
	if (client->watching)
		client->used = 0;    /* it has nothing more to say; only its end is waited for */
	*out = uv_buf_init(NULL, 0); /* which libuv reports as UV_ENOBUFS */
	if (client->used == client->capacity && !grow(client))
		return;
	*out = uv_buf_init(
		client->buffer + client->used, (unsigned int)(client->capacity - client->used));
}

static void received(uv_stream_t *stream, ssize_t length, const uv_buf_t *buffer)
{
	struct control_client *client = stream->data;

	(void)buffer;
	if (length == UV_ENOBUFS) {
		control_connection_refuse(client,
			"the request is too long (64 KiB; judge 4 MiB, one client at a time)");
	} else if (length == UV_EOF && !client->watching && client->used > 0 &&
		client->used < client->capacity && client->buffer[client->used - 1] != '\n') {
		/*
		 * The last line may lack its newline: it is a request all the same, or is refused
		 * as one that can't be read.
		 */
		client->buffer[client->used++] = '\n';
		client->said_all = true;
		serve_buffered(client);
	} else if (length == UV_EOF && !client->watching &&
		(client->stream != NULL || control_connection_backlog(client) > 0)) {
		client->said_all = true;
	} else if (length < 0) {
		control_connection_close(client);
	} else if (!client->watching) {
		client->used += (size_t)length;
		serve_buffered(client);
	}
}

/* What was written is out, and the next thing may be done. */
static void go_on(struct control_client *client)
{
	if (client->last_answer)
		control_connection_close(client);
	else if (client->stream != NULL)
		control_watch_ask(client);
	else if (client->watching)
		control_watch_tell_lost(client);
	else
		serve_buffered(client);
}

static void look_who_it_is(struct control_client *client)
{
	uv_os_fd_t fd = -1;

	client->user = uv_fileno((const uv_handle_t *)&client->pipe, &fd) == 0
		? control_peer_user(fd)
		: (uid_t)-1;
	client->trusted = control_peer_is_trusted(client->user);
}

void control_clients_accept(struct control_clients *clients, uv_stream_t *listener)
{
	struct control_client *client = calloc(1, sizeof(*client));
	const char *full;

	if (client == NULL)
		return;
	client->clients = clients;
	client->go_on = go_on;
	client->handles = 2;
	uv_pipe_init(clients->options->loop, &client->pipe, 0);
	uv_timer_init(clients->options->loop, &client->idle);
	client->pipe.data = client->idle.data = client;
	client->next = clients->first;
	client->link = &clients->first;
	if (client->next != NULL)
		client->next->link = &client->next;
	clients->first = client;
	clients->count++;
	clients->references++;
	if (uv_accept(listener, (uv_stream_t *)&client->pipe) != 0) {
		control_connection_close(client);
		return;
	}
	look_who_it_is(client);
	control_connection_restart_idle(client);
	full = control_clients_full(clients, client);
	if (full != NULL)
		control_connection_refuse(client, full);
	else
		read_or_wait(client);
}

void control_clients_close(struct control_clients *clients)
{
	while (clients->first != NULL)
		control_connection_close(clients->first);
}
