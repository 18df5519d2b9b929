/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SERVICE_CONTROL_CONTROL_CONNECTION_H
#define SERVICE_CONTROL_CONTROL_CONNECTION_H

/*
 * One client's connection to the control socket: what is sent to it, and its end. Private to
 * control_client.c, which reads its requests, and control_watch.c, which sends it what takes many
 * lines. On the loop's thread.
 */

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include <cjson/cJSON.h>
#include <uv.h>

#include "service/control/control_clients.h"
#include "service/control/kept_lines.h"

struct control_client {
	struct control_clients *clients;
	/* what was written is out: does the next thing */
	void (*go_on)(struct control_client *client);
	struct control_client *next, **link; /* in clients->first, until it is closing */
	uv_pipe_t pipe;
	uv_timer_t idle;
	uid_t user;	      /* who connected */
	bool trusted;	      /* that is root or the user that we run as */
	unsigned int handles; /* not yet closed */
	bool closing;
	bool last_answer; /* close when what was written is out */
	bool said_all;	  /* it has shut down its sending side, and waits for answers */
	struct control_stream *stream; /* its long answer, or NULL */
	bool awaits_piece;	       /* the next piece of that was asked for */
	bool watching;		       /* it asks nothing more */
	bool follows; /* it watches, and not only the past: lines that are written now concern it */
	struct watch_filter filter;
	struct kept_lines kept;	 /* such lines, while it is still being told of the past */
	unsigned long long lost; /* lines it was not sent, and not yet told of */
	char *buffer;
	size_t used, capacity;
};

/*
 * What may follow a send: the connection is being closed (client->closing) when memory was short or
 * it is broken. Its memory stays until control returns to the loop.
 */
void control_connection_close(struct control_client *client); /* may be called again */
void control_connection_restart_idle(struct control_client *client);
/* bytes that were not taken yet */
size_t control_connection_backlog(const struct control_client *client);
/* Takes ownership of `text`, which may be NULL for want of memory: then the client is dropped. */
void control_connection_send(struct control_client *client, char *text, size_t length);
/* Sends a value as a line and deletes it; NULL, for want of memory, drops the client. */
void control_connection_send_json(struct control_client *client, cJSON *json);
/* {"ok": false, "error": ...}; NULL when memory is short. */
cJSON *control_connection_refusal(const char *problem);
/* Answers what can't be served, for the last time. */
void control_connection_refuse(struct control_client *client, const char *problem);

#endif
