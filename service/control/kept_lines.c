/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/control/kept_lines.h"

#include <stdlib.h>

bool kept_lines_add(struct kept_lines *kept, const struct verdict_line *line)
{
	struct verdict_line *copy;

	if (line->length > KEPT_LINES_BYTES - kept->bytes)
		return false;
	copy = verdict_line_create(line->text, line->length, line->seq, line->in_file);
	if (copy == NULL)
		return false;
	if (kept->last != NULL)
		kept->last->next = copy;
	else
		kept->first = copy;
	kept->last = copy;
	kept->bytes += line->length;
	return true;
}

static struct verdict_line *take_first(struct kept_lines *kept)
{
	struct verdict_line *line = kept->first;

	if (line == NULL)
		return NULL;
	kept->first = line->next;
	if (kept->first == NULL)
		kept->last = NULL;
	kept->bytes -= line->length;
	return line;
}

struct verdict_line *kept_lines_take(struct kept_lines *kept, uint64_t seq)
{
	struct verdict_line *line = take_first(kept);

	while (line != NULL && line->in_file && line->seq <= seq) {
		free(line);
		line = take_first(kept);
	}
	return line;
}

void kept_lines_deinit(struct kept_lines *kept)
{
	struct verdict_line *line;

	while ((line = take_first(kept)) != NULL)
		free(line);
}
