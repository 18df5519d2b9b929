/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/control/control_watch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WATCH_BACKLOG_MOST = 256 * 1024 }; /* of lines that a watcher has not read */

void control_watch_tell_lost(struct control_client *client)
{
	char line[96];
	int length;

	if (client->lost == 0)
		return;
	length = snprintf(
		line, sizeof(line), "{\"event\":\"lost\",\"count\":%llu}\n", client->lost);
	client->lost = 0;
	control_connection_send(client, strdup(line), (size_t)length);
}

static void send_copy(struct control_client *client, const char *text, size_t length)
{
	char *copy;

	if (control_connection_backlog(client) > WATCH_BACKLOG_MOST) {
		client->lost++;
		return;
	}
	copy = malloc(length);
	if (copy != NULL)
		memcpy(copy, text, length);
	control_connection_send(client, copy, length);
}

/* The past was told up to line `seq`: now what was kept meanwhile, and from here on what comes. */
static void catch_up(struct control_client *client, uint64_t seq)
{
	struct kept_line *line;

	while (!client->closing && (line = kept_lines_take(&client->kept, seq)) != NULL) {
		send_copy(client, line->text, line->length);
		free(line);
	}
	kept_lines_deinit(&client->kept);
}

/* ---- in pieces ---- */

void control_watch_ask(struct control_client *client)
{
	if (client->awaits_piece)
		return;
	client->awaits_piece = true;
	control_stream_ask(client->stream);
}

/* Takes ownership of the piece. Whether something of it is on its way. */
static bool send_piece(struct control_client *client, struct piece *piece)
{
	if (piece->failed) {
		piece_deinit(piece);
		control_connection_close(client);
		return true;
	}
	if (piece->length == 0) {
		piece_deinit(piece);
		return false;
	}
	control_connection_send(client, piece->text, piece->length);
	return true;
}

static void follow(struct control_client *client)
{
	struct control_clients *clients = client->clients;

	client->follows = true;
	if (++clients->watchers == 1)
		clients->options->watched(clients->options->context, true);
}

static void piece_ready(void *context, struct piece *piece, enum stream_step step)
{
	struct control_client *client = context;
	struct stream *source = control_stream_source(client->stream);
	bool sent_some;

	client->awaits_piece = false;
	if (step == STREAM_END) {
		client->stream = NULL;
	} else if (step == STREAM_CAUGHT_UP) {
		follow(client);
		source->followed = true;
	}
	sent_some = send_piece(client, piece);
	if (client->closing)
		return;
	if (step == STREAM_END && client->watching)
		catch_up(client, source->seq);
	if (!sent_some)
		client->go_on(client);
}

bool control_watch_open(struct control_client *client, const struct control_request *request)
{
	struct control_clients *clients = client->clients;
	char problem[CONTROL_PROBLEM] = "out of memory";
	struct stream *source;

	if (clients->options->open(clients->options->context, request, &source, problem) != 0) {
		control_connection_send_json(client, control_connection_refusal(problem));
		return false;
	}
	client->stream = control_stream_create(&clients->streams, source, piece_ready, client);
	if (client->stream == NULL) {
		control_connection_close(client);
		return false;
	}
	control_watch_ask(client);
	return true;
}

void control_watch_begin(struct control_client *client, const struct control_request *request)
{
	cJSON *json;

	if (request->since_ns > 0 && !control_watch_open(client, request))
		return;
	client->watching = true;
	client->filter = request->filter;
	uv_timer_stop(&client->idle);
	if (client->stream == NULL)
		follow(client);
	json = cJSON_CreateObject();
	if (cJSON_AddTrueToObject(json, "ok") == NULL ||
		cJSON_AddTrueToObject(json, "watching") == NULL) {
		cJSON_Delete(json);
		json = NULL;
	}
	control_connection_send_json(client, json);
}

/* ---- the lines that are written now ---- */

void control_clients_send_line(struct control_clients *clients, const struct verdict_line *line)
{
	struct control_client *client, *next;

	for (client = clients->first; client != NULL; client = next) {
		next = client->next;
		if (!client->follows || !watch_filter_matches(&client->filter, line->json))
			continue;
		if (client->stream == NULL)
			send_copy(client, line->text, line->length);
		else if (!kept_lines_add(&client->kept, line))
			client->lost++;
	}
}

/*
 * A client that is still being told of the past may find some of these there: then they are
 * counted, and not lost.
 */
void control_clients_send_lost(struct control_clients *clients, unsigned long long count)
{
	struct control_client *client, *next;

	for (client = clients->first; client != NULL; client = next) {
		next = client->next;
		if (!client->follows)
			continue;
		client->lost += count;
		if (client->stream == NULL && control_connection_backlog(client) == 0)
			control_watch_tell_lost(client);
	}
}
