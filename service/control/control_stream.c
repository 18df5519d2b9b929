/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/control/control_stream.h"

#include <stdlib.h>

#include "service/control/control_watch.h"

struct control_stream {
	struct control_server *server;
	struct control_session *session;     /* NULL: cancelled */
	struct control_stream *next, **link; /* while it waits for its turn */
	struct stream *source;
	bool asked; /* for a piece that has not come yet */
	uv_work_t work;
	struct json_writer piece;
	enum stream_step step;
};

static void destroy(struct control_stream *stream)
{
	stream->source->free(stream->source);
	json_writer_deinit(&stream->piece);
	free(stream);
}

static void leave_queue(struct control_stream *stream)
{
	*stream->link = stream->next;
	if (stream->next != NULL)
		stream->next->link = stream->link;
	else
		stream->server->end = stream->link;
	stream->link = NULL;
}

/* Beside the loop. */
static void work(uv_work_t *request)
{
	struct control_stream *stream = request->data;

	stream->step = stream->source->next(stream->source, &stream->piece);
}

static void begin_next(struct control_server *server);

static void work_done(uv_work_t *request, int status)
{
	struct control_stream *stream = request->data;
	struct control_server *server = stream->server;
	struct control_session *session = stream->session;
	struct json_writer piece = stream->piece;
	const enum stream_step step = stream->step;

	(void)status; /* never cancelled in the pool */
	server->running = NULL;
	stream->asked = false;
	stream->piece = (struct json_writer){.text = NULL};
	if (session == NULL || piece.err != 0 || piece.length == 0)
		json_writer_deinit(&piece);
	if (session != NULL) {
		if (step == STREAM_END)
			session->stream = NULL;
		else if (step == STREAM_CAUGHT_UP)
			control_watch_follow(session);
		/* From here on the session may close, and cancel the stream, unless this was its
		 * end. */
		if (piece.err != 0)
			control_session_close(session);
		else if (piece.length > 0)
			control_session_send(session, piece.text, piece.length);
		if (step == STREAM_END && session->watching)
			control_watch_catch_up(session);
		control_session_go_on(session);
	}
	if (session == NULL || step == STREAM_END)
		destroy(stream);
	begin_next(server);
	control_server_release(server);
}

static void begin_next(struct control_server *server)
{
	struct control_stream *stream = server->waiting;

	if (stream == NULL || server->running != NULL)
		return;
	leave_queue(stream);
	server->running = stream;
	server->references++;
	/* can't fail: loop and callback are there */
	uv_queue_work(server->options.loop, &stream->work, work, work_done);
}

void control_stream_begin(struct control_session *session, struct stream *source)
{
	struct control_stream *stream = calloc(1, sizeof(*stream));

	if (stream == NULL) {
		source->free(source);
		control_session_close(session);
		return;
	}
	stream->server = session->server;
	stream->session = session;
	stream->source = source;
	stream->work.data = stream;
	session->stream = stream;
	control_stream_ask(stream);
}

void control_stream_ask(struct control_stream *stream)
{
	struct control_server *server = stream->server;

	if (stream->asked)
		return;
	stream->asked = true;
	stream->next = NULL;
	stream->link = server->end;
	*server->end = stream;
	server->end = &stream->next;
	begin_next(server);
}

void control_stream_cancel(struct control_stream *stream)
{
	stream->session = NULL;
	if (stream->server->running == stream)
		return;
	if (stream->link != NULL)
		leave_queue(stream);
	destroy(stream);
}
