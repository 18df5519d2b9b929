/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "enforcer/control_client.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "enforcer/control_peer.h"

enum {
	CLIENTS_MOST = 64,
	REQUEST_FIRST = 4 * 1024,		/* what a client's buffer begins with */
	REQUEST_MOST = 64 * 1024,
	LARGE_REQUEST_MOST = 4 * 1024 * 1024,	/* judge, by one client at a time */
	WATCH_BACKLOG_MOST = 256 * 1024,	/* of lines that a watcher has not read */
};

struct control_client {
	struct control_clients *clients;
	struct control_client *next, **link;	/* in clients->first, until it is closing */
	uv_pipe_t pipe;
	uv_timer_t idle;
	unsigned int handles;		/* not yet closed */
	bool closing;
	bool last_answer;		/* close when what was written is out */
	bool watching;
	struct watch_filter filter;
	unsigned long long lost;	/* lines it was not sent, and not yet told of */
	char *buffer;
	size_t used, capacity;
};

struct outgoing {
	uv_write_t request;
	struct control_client *client;
	char *text;
};

void control_clients_init(struct control_clients *clients, const struct control_options *options,
	void (*gone)(void *context), void *context)
{
	*clients = (struct control_clients){
		.options = options,
		.references = 1,
		.gone = gone,
		.context = context,
	};
}

void control_clients_release(struct control_clients *clients)
{
	if (--clients->references == 0)
		clients->gone(clients->context);
}

static void free_client(uv_handle_t *handle)
{
	struct control_client *client = handle->data;

	if (--client->handles > 0)
		return;
	control_clients_release(client->clients);
	free(client->buffer);
	free(client);
}

static void close_client(struct control_client *client)
{
	struct control_clients *clients = client->clients;

	if (client->closing)
		return;
	client->closing = true;
	*client->link = client->next;
	if (client->next != NULL)
		client->next->link = client->link;
	clients->count--;
	if (clients->large == client)
		clients->large = NULL;
	if (clients->heir == client) {
		clients->heir = NULL;
		clients->options->abandoned(clients->options->context);
	}
	if (client->watching && --clients->watchers == 0)
		clients->options->watched(clients->options->context, false);
	uv_close((uv_handle_t *)&client->pipe, free_client);
	uv_close((uv_handle_t *)&client->idle, free_client);
}

static void close_idle(uv_timer_t *timer)
{
	close_client(timer->data);
}

static void restart_idle(struct control_client *client)
{
	uv_timer_start(&client->idle, close_idle, client->clients->options->idle_ms, 0);
}

static size_t backlog(const struct control_client *client)
{
	return uv_stream_get_write_queue_size((const uv_stream_t *)&client->pipe);
}

static void serve_buffered(struct control_client *client);
static void tell_lost(struct control_client *client);

static void sent(uv_write_t *request, int status)
{
	struct outgoing *outgoing = (struct outgoing *)request;
	struct control_client *client = outgoing->client;

	free(outgoing->text);
	free(outgoing);
	if (client->closing)
		return;
	if (status != 0) {
		close_client(client);
	} else if (backlog(client) == 0) {
		if (client->last_answer)
			close_client(client);
		else if (client->watching)
			tell_lost(client);
		else
			serve_buffered(client);
	}
}

/* Takes ownership of `text`, which may be NULL for want of memory: then the client is dropped. */
static void send_text(struct control_client *client, char *text, size_t length)
{
	struct outgoing *outgoing = text == NULL ? NULL : malloc(sizeof(*outgoing));
	uv_buf_t buffer;

	if (outgoing == NULL || length > UINT32_MAX) {
		free(outgoing);
		free(text);
		close_client(client);
		return;
	}
	outgoing->client = client;
	outgoing->text = text;
	buffer = uv_buf_init(text, (unsigned int)length);
	if (uv_write(&outgoing->request, (uv_stream_t *)&client->pipe, &buffer, 1, sent) != 0) {
		free(text);
		free(outgoing);
		close_client(client);
	}
}

/* Sends a value as a line and deletes it; NULL, for want of memory, drops the client. */
static void send_json(struct control_client *client, cJSON *json)
{
	char *text = json == NULL ? NULL : cJSON_PrintUnformatted(json);
	const size_t length = text == NULL ? 0 : strlen(text);
	char *line = text == NULL ? NULL : realloc(text, length + 2);

	cJSON_Delete(json);
	if (line == NULL)
		free(text);
	else
		memcpy(line + length, "\n", 2);
	send_text(client, line, length + 1);
}

/* Answers what can't be served, for the last time. */
static void refuse(struct control_client *client, const char *problem)
{
	cJSON *json = cJSON_CreateObject();

	client->last_answer = true;
	uv_read_stop((uv_stream_t *)&client->pipe);
	if (cJSON_AddFalseToObject(json, "ok") == NULL || cJSON_AddStringToObject(json, "error", problem) == NULL) {
		cJSON_Delete(json);
		json = NULL;
	}
	send_json(client, json);
}

static void begin_watch(struct control_client *client, const struct watch_filter *filter)
{
	struct control_clients *clients = client->clients;
	cJSON *json = cJSON_CreateObject();

	client->watching = true;
	client->filter = *filter;
	uv_timer_stop(&client->idle);
	if (++clients->watchers == 1)
		clients->options->watched(clients->options->context, true);
	if (cJSON_AddTrueToObject(json, "ok") == NULL || cJSON_AddTrueToObject(json, "watching") == NULL) {
		cJSON_Delete(json);
		json = NULL;
	}
	send_json(client, json);
}

/* ---- handing over ---- */

/* Its idle timer stands still: while it reads the queues, nobody else may, so it is waited for as long as it lives. */
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
		line[length] = '\n';	/* in the place of its end */
	/* Past libuv, which passes handles of its own only: nothing is waiting to be written before it. */
	if (line == NULL || uv_fileno((const uv_handle_t *)&client->pipe, &fd) != 0 ||
		control_peer_send(fd, line, length + 1, &offer) != 0)
		close_client(client);
	free(line);
	if (offer.last)
		options->handed_over(options->context);
}

static void serve_hand_over(struct control_client *client, const struct control_request *request)
{
	const struct control_clients *clients = client->clients;
	uv_os_fd_t fd = -1;

	if (clients->options->hand_over == NULL)
		refuse(client, "this daemon hands nothing over");
	else if (uv_fileno((const uv_handle_t *)&client->pipe, &fd) != 0 || !control_peer_is_trusted(fd))
		refuse(client, "only root and the user that podgate runs as may take over from it");
	else if (clients->heir != NULL && clients->heir != client)
		refuse(client, "another podgate is taking over");
	else
		hand_over(client, request);
}

static void serve_line(struct control_client *client, const char *line, size_t length)
{
	const struct control_options *options = client->clients->options;
	char problem[CONTROL_PROBLEM] = "out of memory";
	struct control_request request;

	if (control_request_parse(&request, line, length, problem) != 0) {
		refuse(client, problem);
		return;
	}
	if (length > REQUEST_MOST && request.command != CONTROL_JUDGE) {
		refuse(client, "the request is longer than 64 KiB");
	} else if (request.command == CONTROL_WATCH) {
		begin_watch(client, &request.filter);
	} else if (request.command == CONTROL_HAND_OVER) {
		serve_hand_over(client, &request);
	} else {
		cJSON *json = options->answer(options->context, &request);

		/* The time that we took is not the client's, so the timer must not begin where the loop last looked. */
		uv_update_time(options->loop);
		restart_idle(client);
		send_json(client, json);
	}
	control_request_deinit(&request);
}

/* Back to a small buffer once a large request is served, and the next client's turn. */
static void shrink(struct control_client *client)
{
	char *smaller;

	if (client->clients->large != client || client->used > REQUEST_FIRST)
		return;
	smaller = realloc(client->buffer, REQUEST_FIRST);
	if (smaller == NULL)
		return;
	client->buffer = smaller;
	client->capacity = REQUEST_FIRST;
	client->clients->large = NULL;
}

static void give_room(uv_handle_t *handle, size_t suggested, uv_buf_t *out);
static void received(uv_stream_t *stream, ssize_t length, const uv_buf_t *buffer);

/*
 * While a whole request waits for its turn nothing more is read: a client that asks and never listens costs one
 * buffer.
 */
static void read_or_wait(struct control_client *client)
{
	int err = 0;

	shrink(client);
	if (client->used > 0 && memchr(client->buffer, '\n', client->used) != NULL)
		uv_read_stop((uv_stream_t *)&client->pipe);
	else
		err = uv_read_start((uv_stream_t *)&client->pipe, give_room, received);
	if (err != 0 && err != UV_EALREADY)
		close_client(client);
}

/* Serves the requests that are here, one by one; the next waits until the answer to the last has left. */
static void serve_buffered(struct control_client *client)
{
	char *newline;

	while (!client->closing && !client->last_answer && !client->watching && backlog(client) == 0 &&
	       client->used > 0 && (newline = memchr(client->buffer, '\n', client->used)) != NULL) {
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
		    memmem(client->buffer, client->used, "\"judge\"", strlen("\"judge\"")) == NULL ||
		    (clients->large != NULL && clients->large != client))
			return false;
		clients->large = client;
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
		client->used = 0;	/* it has nothing more to say; only its end is waited for */
	*out = uv_buf_init(NULL, 0);	/* which libuv reports as UV_ENOBUFS */
	if (client->used == client->capacity && !grow(client))
		return;
	*out = uv_buf_init(client->buffer + client->used, (unsigned int)(client->capacity - client->used));
}

static void received(uv_stream_t *stream, ssize_t length, const uv_buf_t *buffer)
{
	struct control_client *client = stream->data;

	(void)buffer;
	if (length == UV_ENOBUFS) {
		refuse(client, "the request is too long (64 KiB; judge 4 MiB, one client at a time)");
	} else if (length < 0) {
		close_client(client);
	} else if (!client->watching) {
		client->used += (size_t)length;
		serve_buffered(client);
	}
}

void control_clients_accept(struct control_clients *clients, uv_stream_t *listener)
{
	struct control_client *client = calloc(1, sizeof(*client));

	if (client == NULL)
		return;
	client->clients = clients;
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
		close_client(client);
		return;
	}
	restart_idle(client);
	if (clients->count > CLIENTS_MOST)
		refuse(client, "too many clients (64)");
	else
		read_or_wait(client);
}

static void tell_lost(struct control_client *client)
{
	char line[96];
	int length;

	if (client->lost == 0)
		return;
	length = snprintf(line, sizeof(line), "{\"event\":\"lost\",\"count\":%llu}\n", client->lost);
	client->lost = 0;
	send_text(client, strdup(line), (size_t)length);
}

static void send_copy(struct control_client *client, const char *text, size_t length)
{
	char *copy;

	if (backlog(client) > WATCH_BACKLOG_MOST) {
		client->lost++;
		return;
	}
	copy = malloc(length);
	if (copy != NULL)
		memcpy(copy, text, length);
	send_text(client, copy, length);
}

void control_clients_send_record(struct control_clients *clients, const cJSON *record, const char *text, size_t length)
{
	struct control_client *client, *next;

	for (client = clients->first; client != NULL; client = next) {
		next = client->next;
		if (client->watching && watch_filter_matches(&client->filter, record))
			send_copy(client, text, length);
	}
}

void control_clients_send_lost(struct control_clients *clients, unsigned long long count)
{
	struct control_client *client, *next;

	for (client = clients->first; client != NULL; client = next) {
		next = client->next;
		if (!client->watching)
			continue;
		client->lost += count;
		if (backlog(client) == 0)
			tell_lost(client);
	}
}

bool control_clients_have_heir(const struct control_clients *clients)
{
	return clients->heir != NULL || clients->handed_over;
}

void control_clients_close(struct control_clients *clients)
{
	while (clients->first != NULL)
		close_client(clients->first);
}
