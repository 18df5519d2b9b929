/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ENFORCER_CONTROL_CONTROL_CLIENT_H
#define ENFORCER_CONTROL_CONTROL_CLIENT_H

/*
 * The clients of the control socket: reads their requests a line at a time and within limits, has each answered
 * before the next is looked at, and sends watchers their lines. Long answers come in pieces (stream.h). For control.c, on
 * the loop's thread.
 */

#include <stdbool.h>

#include <uv.h>

#include "enforcer/control/control.h"
#include "enforcer/control/control_stream.h"

struct control_client;

/* All clients of one socket. Embedded; it may go when `gone` was called. */
struct control_clients {
	const struct control_options *options;
	struct control_client *first;
	struct control_client *heir;	/* the one that has begun to take over, or NULL */
	struct control_client *large;	/* the one that may send a large request now, or NULL */
	bool handed_over;
	unsigned int count, watchers;
	unsigned int references;	/* clients not yet closed, a piece under way, and the owner */
	struct control_streams streams;
	void (*gone)(void *context);
	void *context;
};

/* `options` is borrowed. `gone` is called when the owner and the last client have let go. */
void control_clients_init(struct control_clients *clients, const struct control_options *options,
	void (*gone)(void *context), void *context);
void control_clients_accept(struct control_clients *clients, uv_stream_t *listener);
void control_clients_send_line(struct control_clients *clients, const struct verdict_line *line);
void control_clients_send_lost(struct control_clients *clients, unsigned long long count);
bool control_clients_have_heir(const struct control_clients *clients);	/* or had one, who has it all */
void control_clients_close(struct control_clients *clients);	/* all connections */
void control_clients_release(struct control_clients *clients);	/* the owner lets go */

#endif
