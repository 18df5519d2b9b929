/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/control/control_stream.h"

#include <stdlib.h>

struct control_stream {
	struct control_streams *streams;
	struct control_stream *next, **link; /* while it waits for its turn */
	struct stream *source;
	control_stream_ready *ready; /* NULL: cancelled */
	void *context;
	uv_work_t work;
	struct piece piece;
	enum stream_step step;
};

void control_streams_init(struct control_streams *streams, uv_loop_t *loop,
	void (*begins)(void *context), void (*rests)(void *context), void *context)
{
	*streams = (struct control_streams){
		.loop = loop,
		.end = &streams->first,
		.begins = begins,
		.rests = rests,
		.context = context,
	};
}

struct control_stream *control_stream_create(struct control_streams *streams, struct stream *source,
	control_stream_ready *ready, void *context)
{
	struct control_stream *stream = calloc(1, sizeof(*stream));

	if (stream == NULL) {
		source->free(source);
		return NULL;
	}
	stream->streams = streams;
	stream->source = source;
	stream->ready = ready;
	stream->context = context;
	stream->work.data = stream;
	return stream;
}

static void destroy(struct control_stream *stream)
{
	stream->source->free(stream->source);
	piece_deinit(&stream->piece);
	free(stream);
}

/* ---- beside the loop ---- */

static void work(uv_work_t *request)
{
	struct control_stream *stream = request->data;

	stream->step = stream->source->next(stream->source, &stream->piece);
}

/* ---- on the loop ---- */

static void begin_next(struct control_streams *streams);

static void work_done(uv_work_t *request, int status)
{
	struct control_stream *stream = request->data;
	struct control_streams *streams = stream->streams;
	struct piece piece = stream->piece;
	const enum stream_step step = stream->step;
	control_stream_ready *ready = stream->ready;
	void *context = stream->context;

	(void)status; /* never cancelled in the pool */
	streams->running = NULL;
	stream->piece = (struct piece){.text = NULL};
	if (ready == NULL)
		piece_deinit(&piece);
	else
		ready(context, &piece, step); /* which may cancel it, unless this was its end */
	if (ready == NULL || step == STREAM_END)
		destroy(stream);
	begin_next(streams);
	streams->rests(streams->context);
}

static void begin_next(struct control_streams *streams)
{
	struct control_stream *stream = streams->first;

	if (stream == NULL || streams->running != NULL)
		return;
	streams->first = stream->next;
	if (stream->next != NULL)
		stream->next->link = &streams->first;
	else
		streams->end = &streams->first;
	stream->link = NULL;
	streams->running = stream;
	streams->begins(streams->context);
	/* can't fail: loop and callback are there */
	uv_queue_work(streams->loop, &stream->work, work, work_done);
}

void control_stream_ask(struct control_stream *stream)
{
	struct control_streams *streams = stream->streams;

	stream->next = NULL;
	stream->link = streams->end;
	*streams->end = stream;
	streams->end = &stream->next;
	begin_next(streams);
}

void control_stream_cancel(struct control_stream *stream)
{
	struct control_streams *streams = stream->streams;

	if (streams->running == stream) {
		stream->ready = NULL;
		return;
	}
	if (stream->link != NULL) {
		*stream->link = stream->next;
		if (stream->next != NULL)
			stream->next->link = stream->link;
		else
			streams->end = stream->link;
	}
	destroy(stream);
}

struct stream *control_stream_source(struct control_stream *stream)
{
	return stream->source;
}
