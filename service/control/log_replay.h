/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SERVICE_CONTROL_LOG_REPLAY_H
#define SERVICE_CONTROL_LOG_REPLAY_H

/*
 * The verdict log's past, for a session that asks for it: the lines of the log file and of its
 * rotated predecessors from a time on, oldest first, as far as they pass the session's filter. It
 * reads while the log thread writes and rotates, and ends where the lines that are written now take
 * over: none is missing in between, and none comes twice.
 *
 * The line that follows is found by the file, not by its name: when the one in hand is read to its
 * end, the next is the one before it in FILE, FILE.1, FILE.2... by then. Where so many rotations
 * have passed meanwhile that files are gone, or somebody cut one short, {"event": "lost", "count":
 * N} says how many lines of this run are missing.
 */

#include <stdbool.h>
#include <stdint.h>

#include "enforcer/log/verdict_log.h"
#include "process/problem.h"
#include "service/control/stream.h"
#include "service/control/filter.h"

/*
 * A replay ends where the lines that are written now begin. When it has sent all there was, it says
 * STREAM_CAUGHT_UP: the server keeps the lines that are written from then on, and sets `followed`.
 * The replay goes on from there to the end of the file once more. By STREAM_END it has sent, of
 * this run of the daemon, every line in the file up to number `seq`: the server skips these among
 * the lines that it kept. The reader and the server use both fields in turn, never at once.
 */
struct replay {
	struct stream stream;
	bool followed;
	uint64_t seq;
};

struct log_replay_options {
	const char *path;	       /* of the log file; stays as long as the stream */
	unsigned int keep;	       /* how many rotated ones there may be */
	const struct verdict_log *log; /* who writes there; likewise */
	struct filter filter;
};

/*
 * 0; or, with a sentence in `problem`, -ENOTSUP where the log is no file that can be read again,
 * and -EACCES where one of them may not be read by whoever podgate runs as; or -ENOMEM.
 */
int log_replay_open(
	struct replay **out, const struct log_replay_options *options, char problem[PROBLEM_SIZE]);

#endif
