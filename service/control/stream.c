/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/control/stream.h"

#include <stdlib.h>
#include <string.h>

#include "config/text/utf8.h"

enum { PIECE_FIRST = 4096, LINE_USUAL = 1024 };

void piece_deinit(struct piece *piece)
{
	free(piece->text);
	*piece = (struct piece){.text = NULL};
}

static bool make_room(struct piece *piece, size_t length)
{
	size_t capacity = piece->capacity == 0 ? PIECE_FIRST : piece->capacity;
	char *larger;

	if (length > SIZE_MAX / 4 - piece->length)
		return false;
	while (capacity < piece->length + length)
		capacity *= 2;
	if (capacity == piece->capacity)
		return true;
	larger = realloc(piece->text, capacity);
	if (larger == NULL)
		return false;
	piece->text = larger;
	piece->capacity = capacity;
	return true;
}

void piece_add_text(struct piece *piece, const char *text, size_t length)
{
	if (!make_room(piece, length)) {
		piece->failed = true;
		return;
	}
	memcpy(piece->text + piece->length, text, length);
	piece->length += length;
}

void piece_add_json(struct piece *piece, cJSON *line)
{
	char *text = line != NULL ? cJSON_PrintBuffered(line, LINE_USUAL, 0) : NULL;

	cJSON_Delete(line);
	if (text == NULL) {
		piece->failed = true;
		return;
	}
	utf8_mend(text, strlen(text));
	piece_add_text(piece, text, strlen(text));
	piece_add_text(piece, "\n", 1);
	free(text);
}
