/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef TESTS_SUPPORT_STREAM_READER_H
#define TESTS_SUPPORT_STREAM_READER_H

/*
 * A stream (service/control/stream.h) read to its end without a socket, and its lines as values.
 * Failures fail the test.
 */

#include <stddef.h>

#include <cjson/cJSON.h>

#include "service/control/stream.h"

enum { STREAM_READER_LINES = 32768 };

struct stream_reader {
	cJSON *lines[STREAM_READER_LINES]; /* the first of them */
	size_t count;			   /* of all */
	size_t pieces, longest;		   /* the bytes of the longest piece */
};

/* Reads one piece; returns what the stream says of it. */
enum stream_step stream_reader_read(struct stream_reader *reader, struct stream *stream);
/* Reads to STREAM_END and frees the stream. */
void stream_reader_read_all(struct stream_reader *reader, struct stream *stream);
void stream_reader_deinit(struct stream_reader *reader);

/* By a path such as "source.pod"; NULL when there is no such thing. */
const cJSON *stream_reader_at(const cJSON *line, const char *path);
void stream_reader_expect_text(const cJSON *line, const char *path, const char *wanted);
void stream_reader_expect_number(const cJSON *line, const char *path, double wanted);

#endif
