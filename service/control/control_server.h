/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SERVICE_CONTROL_CONTROL_SERVER_H
#define SERVICE_CONTROL_CONTROL_SERVER_H

/*
 * The control socket: how `podgate status`, `watch`, `explain` and others speak with the running
 * daemon. A UNIX stream socket, mode 0600, so that only root may connect; or 0660 and of a group.
 * A client that may connect may send any command but hand_over: none of them changes what is
 * enforced. podgate-control(7) describes the protocol, its commands (control_command.h) and its
 * limits. Runs on the loop's thread.
 */

#include <stdbool.h>

#include <uv.h>

#include "enforcer/log/verdict_lines.h"
#include "process/problem.h"
#include "service/control/control_command.h"

/*
 * Macros, as the refusals quote them. Of all places some are kept for root and the user that the
 * daemon runs as.
 */
#define CONTROL_CLIENTS_MOST 64
#define CONTROL_CLIENTS_KEPT 16
#define CONTROL_CLIENTS_OF_A_USER 16 /* of a user who is neither */

struct control_server;

struct control_server_options {
	/* a socket that listens at `path` already, the server's from here on; 0: none */
	int inherited;
	uv_loop_t *loop;
	const char *path;     /* stays as long as the server */
	const char *group;    /* its members may connect, too; NULL or "": no group */
	unsigned int idle_ms; /* 0: the 30 s of the protocol */
	const struct control_command *commands; /* the last has no name; stays as long */
	void (*abandoned)(void *context);	/* the client that asked to hand over is gone */
	void (*handed_over)(void *context);
	/* The first session watches now, or the last one watches no more. */
	void (*watched)(void *context, bool any);
	void *context; /* of the commands, too */
};

/*
 * Makes the socket (control_socket.h) and serves it. Returns 0; or -errno with a sentence and its
 * remedy in `problem`.
 */
int control_server_start(struct control_server **out, const struct control_server_options *options,
	char problem[PROBLEM_SIZE]);
/* Sends a line of the verdict log to the sessions that watch for it. It is copied. */
void control_server_send_line(struct control_server *server, const struct verdict_line *line);
/* Tells all sessions that watch how many lines were lost before they came here. */
void control_server_send_lost(struct control_server *server, unsigned long long count);
/*
 * The socket is ours alone from here on. Until then an inherited one may still be needed by its
 * first owner.
 */
void control_server_own(struct control_server *server);
/* The listening socket, for handing it on; it stays the server's. */
int control_server_listener(const struct control_server *server);
/*
 * Removes the socket, if it is ours and no session is about to take it over or has, and closes all;
 * the memory goes when the loop has run the close callbacks. NULL is allowed.
 */
void control_server_stop(struct control_server *server);

#endif
