/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "enforcer/log/verdict_lines.h"

#include <stdlib.h>
#include <string.h>

enum { WAITING_MOST = 1024 };

struct verdict_line *verdict_line_create(
	const char *text, size_t length, uint64_t seq, bool in_file)
{
	struct verdict_line *line = malloc(sizeof(*line) + length);

	if (line == NULL)
		return NULL;
	line->next = NULL;
	line->seq = seq;
	line->in_file = in_file;
	line->length = length;
	memcpy(line->text, text, length);
	return line;
}

void verdict_lines_init(struct verdict_lines *lines)
{
	*lines = (struct verdict_lines){.end = &lines->first};
	pthread_mutex_init(&lines->lock, NULL);
}

void verdict_lines_deinit(struct verdict_lines *lines)
{
	struct verdict_line *line = lines->first, *next;

	for (; line != NULL; line = next) {
		next = line->next;
		free(line);
	}
	pthread_mutex_destroy(&lines->lock);
}

void verdict_lines_add(struct verdict_lines *lines, struct verdict_line *line)
{
	pthread_mutex_lock(&lines->lock);
	if (line != NULL && lines->waiting < WAITING_MOST) {
		*lines->end = line;
		lines->end = &line->next;
		lines->waiting++;
		line = NULL;
	} else {
		lines->lost++;
	}
	pthread_mutex_unlock(&lines->lock);
	free(line);
}

struct verdict_line *verdict_lines_take(struct verdict_lines *lines, uint64_t *lost)
{
	struct verdict_line *line;

	pthread_mutex_lock(&lines->lock);
	line = lines->first;
	*lost = lines->lost;
	lines->first = NULL;
	lines->end = &lines->first;
	lines->waiting = 0;
	lines->lost = 0;
	pthread_mutex_unlock(&lines->lock);
	return line;
}
