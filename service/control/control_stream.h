/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SERVICE_CONTROL_CONTROL_STREAM_H
#define SERVICE_CONTROL_CONTROL_STREAM_H

/*
 * The long answers (stream.h) of all sessions. A thread of libuv's pool makes their pieces, one at
 * a time for all of them: so the jobs of the publisher, which matter more, always find a thread.
 * Private to control_*.c. On the loop's thread.
 */

#include "service/control/control_session.h"
#include "service/control/stream.h"

/*
 * Begins session->stream, and asks for the first piece. Each piece is sent to the session. Takes
 * ownership of `source`. The session is closed when memory is short.
 */
void control_stream_begin(struct control_session *session, struct stream *source);
/* Asks for the next piece, if that was not done yet. */
void control_stream_ask(struct control_stream *stream);
/* The session takes no more of it; the stream goes as soon as it can. */
void control_stream_cancel(struct control_stream *stream);

#endif
