/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SERVICE_CONTROL_CONTROL_SESSION_H
#define SERVICE_CONTROL_CONTROL_SESSION_H

/*
 * One client of the control socket: its requests are read a line at a time and within limits, and
 * each is answered before the next is looked at. Private to control_*.c. On the loop's thread.
 */

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "config/text/json_writer.h"
#include <uv.h>

#include "service/control/control_server.h"
#include "service/control/kept_lines.h"

struct control_session;
struct control_stream;

/* The server, and what its sessions share. */
struct control_server {
	struct control_server_options options;
	uv_pipe_t listener;
	bool ours; /* the socket is ours to remove */
	struct control_session *first;
	unsigned int count, watchers;
	unsigned int references; /* sessions not yet closed, a piece under way, and the listener */
	struct control_session *heir; /* the one that has begun to take over, or NULL */
	bool handed_over;
	/*
	 * The sessions that may send a large request now, or NULL: [false] one of any user, and
	 * [true] one of root or of our own user.
	 */
	struct control_session *large[2];
	struct control_stream *waiting, **end; /* the streams whose turn is to come */
	struct control_stream *running;	       /* a thread makes a piece of it, or NULL */
};

struct control_session {
	struct control_server *server;
	struct control_session *next, **link; /* in server->first, until it is closing */
	uv_pipe_t pipe;
	uv_timer_t idle;
	uid_t user;	      /* the user that connected */
	bool trusted;	      /* that is root or the user that we run as */
	unsigned int handles; /* not yet closed */
	bool closing;
	bool last_answer; /* close when what was written is out */
	bool said_all;	  /* it has shut down its sending side, and waits for answers */
	char *buffer;	  /* requests not yet served */
	size_t used, capacity;
	struct control_stream *stream; /* its long answer, or NULL */

	/* A session that watches (control_watch.h). It asks nothing more. */
	bool watching;
	bool follows; /* lines that are written now concern it: not while it reads old ones */
	struct filter filter;
	struct replay *replay;	 /* of `stream`, while that sends the past */
	struct kept_lines kept;	 /* lines that were written meanwhile */
	unsigned long long lost; /* lines that it was not sent, and was not told about */
};

/* Serves a connection that waits at the listener, if there is a place left for it. */
void control_session_accept(struct control_server *server);
/*
 * What may follow a send: the session is being closed (session->closing) when memory was short or
 * the connection is broken. Its memory stays until control returns to the loop.
 */
void control_session_close(struct control_session *session); /* may be called again */
/* Bytes that the client has not taken yet. */
size_t control_session_backlog(const struct control_session *session);
/* Takes ownership of `text`, which may be NULL for want of memory: then the session is closed. */
void control_session_send(struct control_session *session, char *text, size_t length);
/* Ends the line and sends it. Takes ownership of the buffer; a failed writer closes the session. */
void control_session_send_json(struct control_session *session, struct json_writer *line);
/* Sends {"ok": false, "error": ...}. */
void control_session_send_refusal(struct control_session *session, const char *problem);
/*
 * Does the next thing that can be done: the next piece of a long answer, the next request. For when
 * something has come, has left or is ready.
 */
void control_session_go_on(struct control_session *session);

/* A session, a piece or the listener lets go of the server. */
void control_server_release(struct control_server *server);
/*
 * Why a session that has just been added must go again: the places that it may take are taken.
 * NULL: it may stay. Root and our own user keep places that nobody else gets, so that they can
 * always look and take over.
 */
const char *control_server_full(
	const struct control_server *server, const struct control_session *session);

#endif
