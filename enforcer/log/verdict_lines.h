/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ENFORCER_LOG_VERDICT_LINES_H
#define ENFORCER_LOG_VERDICT_LINES_H

/*
 * Lines of the verdict log on their way from the log thread to the sessions that watch: bounded, so
 * that a slow loop loses lines rather than filling memory. Any thread.
 */

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One line, for free(). */
struct verdict_line {
	struct verdict_line *next;
	uint64_t seq; /* its number */
	bool in_file; /* false: it could not be written */
	size_t length;
	char text[]; /* with its newline, no NUL byte */
};
/* Copies the text. NULL when memory is short. */
struct verdict_line *verdict_line_create(
	const char *text, size_t length, uint64_t seq, bool in_file);

struct verdict_lines {
	pthread_mutex_t lock;
	struct verdict_line *first, **end;
	size_t waiting;
	uint64_t lost;
};

void verdict_lines_init(struct verdict_lines *lines);
void verdict_lines_deinit(struct verdict_lines *lines);

/*
 * Takes ownership of `line`. Without room the line is dropped and counted; so is NULL, for a line
 * that there was no memory for.
 */
void verdict_lines_add(struct verdict_lines *lines, struct verdict_line *line);
/*
 * All that wait, oldest first; the caller frees each. *lost: how many were dropped since the last
 * call.
 */
struct verdict_line *verdict_lines_take(struct verdict_lines *lines, uint64_t *lost);

#endif
