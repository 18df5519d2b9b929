/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SERVICE_CONTROL_STREAM_H
#define SERVICE_CONTROL_STREAM_H

/*
 * An answer of many lines, made a piece at a time beside the loop: the next piece is asked for when
 * the client has taken the last. So a long answer costs the memory of one piece, and a slow client
 * the time of nobody else. Its maker embeds struct stream; control_stream.c sends it.
 */

#include "config/text/json_writer.h"

/* Bytes that make a piece; a single step past it is fine. */
enum { PIECE_ENOUGH = 32 * 1024 };

enum stream_step {
	STREAM_MORE,	  /* ask again */
	STREAM_END,	  /* that was all */
	STREAM_CAUGHT_UP, /* a replay only (log_replay.h): set `followed` and ask again */
};

struct stream {
	/*
	 * Beside the loop, never two at once: adds the next lines to *out, which is empty. Some
	 * milliseconds.
	 */
	enum stream_step (*next)(struct stream *stream, struct json_writer *out);
	/* On the loop, and not while next() runs: it may not have come to its end. */
	void (*free)(struct stream *stream);
};

#endif
