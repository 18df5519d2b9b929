/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/control/control_connection.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "config/text/utf8.h"

struct outgoing {
	uv_write_t request;
	struct control_client *client;
	char *text;
};

static void free_client(uv_handle_t *handle)
{
	struct control_client *client = handle->data;

	if (--client->handles > 0)
		return;
	control_clients_release(client->clients);
	kept_lines_deinit(&client->kept);
	free(client->buffer);
	free(client);
}

void control_connection_close(struct control_client *client)
{
	struct control_clients *clients = client->clients;

	if (client->closing)
		return;
	client->closing = true;
	*client->link = client->next;
	if (client->next != NULL)
		client->next->link = client->link;
	clients->count--;
	if (clients->large[client->trusted] == client)
		clients->large[client->trusted] = NULL;
	if (clients->heir == client) {
		clients->heir = NULL;
		clients->options->abandoned(clients->options->context);
	}
	if (client->stream != NULL)
		control_stream_cancel(client->stream);
	client->stream = NULL;
	if (client->follows && --clients->watchers == 0)
		clients->options->watched(clients->options->context, false);
	uv_close((uv_handle_t *)&client->pipe, free_client);
	uv_close((uv_handle_t *)&client->idle, free_client);
}

static void idle_too_long(uv_timer_t *timer)
{
	control_connection_close(timer->data);
}

void control_connection_restart_idle(struct control_client *client)
{
	uv_timer_start(&client->idle, idle_too_long, client->clients->options->idle_ms, 0);
}

size_t control_connection_backlog(const struct control_client *client)
{
	return uv_stream_get_write_queue_size((const uv_stream_t *)&client->pipe);
}

static void sent(uv_write_t *request, int status)
{
	struct outgoing *outgoing = (struct outgoing *)request;
	struct control_client *client = outgoing->client;

	free(outgoing->text);
	free(outgoing);
	if (client->closing)
		return;
	if (status != 0) {
		control_connection_close(client);
	} else if (control_connection_backlog(client) == 0) {
		if (!client->watching)
			control_connection_restart_idle(client);
		client->go_on(client);
	}
}

void control_connection_send(struct control_client *client, char *text, size_t length)
{
	struct outgoing *outgoing = text == NULL ? NULL : malloc(sizeof(*outgoing));
	uv_buf_t buffer;

	if (outgoing == NULL || length > UINT32_MAX) {
		free(outgoing);
		free(text);
		control_connection_close(client);
		return;
	}
	outgoing->client = client;
	outgoing->text = text;
	buffer = uv_buf_init(text, (unsigned int)length);
	if (uv_write(&outgoing->request, (uv_stream_t *)&client->pipe, &buffer, 1, sent) != 0) {
		free(text);
		free(outgoing);
		control_connection_close(client);
	}
}

void control_connection_send_json(struct control_client *client, cJSON *json)
{
	char *text = json == NULL ? NULL : cJSON_PrintUnformatted(json);
	const size_t length = text == NULL ? 0 : strlen(text);
	char *line = text == NULL ? NULL : realloc(text, length + 2);

	cJSON_Delete(json);
	if (line != NULL)
		utf8_mend(line, length);
	if (line == NULL)
		free(text);
	else
		memcpy(line + length, "\n", 2);
	control_connection_send(client, line, length + 1);
}

cJSON *control_connection_refusal(const char *problem)
{
	cJSON *json = cJSON_CreateObject();

	if (cJSON_AddFalseToObject(json, "ok") != NULL &&
		cJSON_AddStringToObject(json, "error", problem) != NULL)
		return json;
	cJSON_Delete(json);
	return NULL;
}

void control_connection_refuse(struct control_client *client, const char *problem)
{
	client->last_answer = true;
	uv_read_stop((uv_stream_t *)&client->pipe);
	control_connection_send_json(client, control_connection_refusal(problem));
}
