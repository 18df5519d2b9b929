/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "enforcer/log/verdict_lines.h"

#include <stdbool.h>
#include <stdlib.h>

enum { WAITING_MOST = 1024 };

void verdict_line_free(struct verdict_line *line)
{
	if (line == NULL)
		return;
	cJSON_Delete(line->json);
	free(line->text);
	free(line);
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
		verdict_line_free(line);
	}
	pthread_mutex_destroy(&lines->lock);
}

/* Whether there was room. */
static bool append(struct verdict_lines *lines, struct verdict_line *line)
{
	bool room;

	pthread_mutex_lock(&lines->lock);
	room = line != NULL && lines->waiting < WAITING_MOST;
	if (room) {
		*lines->end = line;
		lines->end = &line->next;
		lines->waiting++;
	} else {
		lines->lost++;
	}
	pthread_mutex_unlock(&lines->lock);
	return room;
}

void verdict_lines_add(struct verdict_lines *lines, const struct verdict_line *line)
{
	struct verdict_line *copy = malloc(sizeof(*copy));

	if (copy != NULL) {
		*copy = *line;
		copy->next = NULL;
	}
	if (append(lines, copy))
		return;
	free(copy);
	cJSON_Delete(line->json);
	free(line->text);
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
