/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SERVICE_CONTROL_CONTROL_CLIENTS_H
#define SERVICE_CONTROL_CONTROL_CLIENTS_H

/* What the clients of one control socket share. Private to control*.c. On the loop's thread. */

#include <stdbool.h>

#include "service/control/control.h"
#include "service/control/control_stream.h"

struct control_client;

/* All clients of one socket. Embedded; it may go when `gone` was called. */
struct control_clients {
	const struct control_options *options;
	struct control_client *first;
	struct control_client *heir; /* the one that has begun to take over, or NULL */
	/*
	 * The ones that may send a large request now, or NULL: one of any user's, and one of root's
	 * and of our own user's.
	 */
	struct control_client *large[2];
	bool handed_over;
	unsigned int count, watchers;
	unsigned int references; /* clients not yet closed, a piece under way, and the owner */
	struct control_streams streams;
	void (*gone)(void *context);
	void *context;
};

/* `options` is borrowed. `gone` is called when the owner and the last client have let go. */
void control_clients_init(struct control_clients *clients, const struct control_options *options,
	void (*gone)(void *context), void *context);
void control_clients_release(struct control_clients *clients); /* the owner, or a client, lets go */
/*
 * Why a client that has just been added must go again: the places that it may take are taken. NULL:
 * it may stay. Root and our own user keep places that nobody else gets, so that they can always
 * look and take over.
 */
const char *control_clients_full(
	const struct control_clients *clients, const struct control_client *client);
/* or had one, who has it all */
bool control_clients_have_heir(const struct control_clients *clients);

#endif
