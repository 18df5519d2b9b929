/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SERVICE_CONTROL_KEPT_LINES_H
#define SERVICE_CONTROL_KEPT_LINES_H

/*
 * Lines of the verdict log that were written while a watcher is still being told of the past
 * (stream.h): kept until that has come to its end. Bounded. One thread at a time.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "enforcer/log/verdict_lines.h"

struct kept_lines {
	struct verdict_line *first, *last;
	size_t bytes;
};

enum { KEPT_LINES_BYTES = 256 * 1024 };

/* Copies the line. False: there was no room, or no memory. */
bool kept_lines_add(struct kept_lines *kept, const struct verdict_line *line);
/*
 * The oldest that was not in the file up to line number `seq`, for the caller to free(); those
 * before it are gone.
 */
struct verdict_line *kept_lines_take(struct kept_lines *kept, uint64_t seq);
void kept_lines_deinit(struct kept_lines *kept);

#endif
