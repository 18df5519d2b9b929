/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SERVICE_CONTROL_CONTROL_WATCH_H
#define SERVICE_CONTROL_CONTROL_WATCH_H

/*
 * Answers of many lines: those that come in pieces (stream.h), and the verdict log's lines for
 * those who watch. Private to control_client.c and control.c. On the loop's thread.
 */

#include "service/control/control_connection.h"

/* Begins a long answer. Whether it does; else the client was told why not. */
bool control_watch_open(struct control_client *client, const struct control_request *request);
/* Begins to watch, with the past first if that is asked for. */
void control_watch_begin(struct control_client *client, const struct control_request *request);
/* Asks for the next piece of client->stream, if that was not done yet. */
void control_watch_ask(struct control_client *client);
/* Tells a watcher what it was not sent, if anything. */
void control_watch_tell_lost(struct control_client *client);
/*
 * A line that was written now, for whoever watches and wants it; and how many lines there was no
 * room for.
 */
void control_clients_send_line(struct control_clients *clients, const struct verdict_line *line);
void control_clients_send_lost(struct control_clients *clients, unsigned long long count);

#endif
