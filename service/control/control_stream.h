/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SERVICE_CONTROL_CONTROL_STREAM_H
#define SERVICE_CONTROL_CONTROL_STREAM_H

/*
 * Has the pieces of the clients' streams made, one at a time whoever's they are, on a thread of
 * libuv's pool: so the jobs of the publisher, which matter more, always find a thread of their own.
 * For control_client.c, on the loop's thread.
 */

#include <uv.h>

#include "service/control/stream.h"

struct control_stream;

/* The streams of one socket. Embedded. */
struct control_streams {
	uv_loop_t *loop;
	struct control_stream *first, **end; /* those whose turn is to come */
	struct control_stream *running;	     /* a thread makes a piece of it, or NULL */
	/* Called around the time in which `running` is set: this struct must stay then. */
	void (*begins)(void *context);
	void (*rests)(void *context);
	void *context;
};

void control_streams_init(struct control_streams *streams, uv_loop_t *loop,
	void (*begins)(void *context), void (*rests)(void *context), void *context);

/*
 * Takes ownership of `stream`. `ready` is called for each piece that was asked for, on the loop;
 * the piece is its own to deinit. With STREAM_END the control_stream may be looked at for the last
 * time, and goes by itself. NULL when memory is short, and `stream` freed.
 */
typedef void control_stream_ready(void *context, struct piece *piece, enum stream_step step);
struct control_stream *control_stream_create(struct control_streams *streams, struct stream *stream,
	control_stream_ready *ready, void *context);
/* Asks for the next piece. Not twice for one. */
void control_stream_ask(struct control_stream *stream);
/* `ready` is not called any more; it is gone, as soon as it can be. */
void control_stream_cancel(struct control_stream *stream);
/* What it is a stream of. Not between asking and `ready`. */
struct stream *control_stream_source(struct control_stream *stream);

#endif
