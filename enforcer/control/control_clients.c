/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "enforcer/control/control_clients.h"

static void piece_begins(void *context)
{
	struct control_clients *clients = context;

	clients->references++;
}

static void piece_rests(void *context)
{
	control_clients_release(context);
}

void control_clients_init(struct control_clients *clients, const struct control_options *options,
	void (*gone)(void *context), void *context)
{
	*clients = (struct control_clients){
		.options = options,
		.references = 1,
		.gone = gone,
		.context = context,
	};
	control_streams_init(&clients->streams, options->loop, piece_begins, piece_rests, clients);
}

void control_clients_release(struct control_clients *clients)
{
	if (--clients->references == 0)
		clients->gone(clients->context);
}

bool control_clients_have_heir(const struct control_clients *clients)
{
	return clients->heir != NULL || clients->handed_over;
}
