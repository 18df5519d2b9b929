/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/control/control_clients.h"

#include <stddef.h>

#include "service/control/control_connection.h"

#define TEXT_OF(number) #number
#define TEXT(number) TEXT_OF(number)

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

const char *control_clients_full(
	const struct control_clients *clients, const struct control_client *client)
{
	unsigned int untrusted = 0, same = 0;

	if (clients->count > CONTROL_CLIENTS_MOST)
		return "too many clients (" TEXT(
			CONTROL_CLIENTS_MOST) "): end a podgate watch that is no longer needed";
	if (client->trusted)
		return NULL;
	for (const struct control_client *other = clients->first; other != NULL;
		other = other->next) {
		untrusted += !other->trusted;
		same += other->user == client->user;
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

bool control_clients_have_heir(const struct control_clients *clients)
{
	return clients->heir != NULL || clients->handed_over;
}
