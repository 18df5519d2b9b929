/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "process/inheritance.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const char prefix[] = "queue-";

static struct inheritance_item *find(struct inheritance *inheritance, uint16_t queue)
{
	for (unsigned int i = 0; i < inheritance->count; i++)
		if (inheritance->items[i].queue == queue)
			return &inheritance->items[i];
	return NULL;
}

int inheritance_add(struct inheritance *inheritance, uint16_t queue, int fd)
{
	if (find(inheritance, queue) != NULL)
		return -EEXIST;
	if (inheritance->count == INHERITANCE_MOST)
		return -ENOSPC;
	inheritance->items[inheritance->count++] = (struct inheritance_item){
		.fd = fd, .queue = queue};
	return 0;
}

int inheritance_take(struct inheritance *inheritance, uint16_t queue)
{
	struct inheritance_item *item = find(inheritance, queue);
	int fd;

	if (item == NULL)
		return -1;
	fd = item->fd;
	*item = inheritance->items[--inheritance->count];
	return fd;
}

bool inheritance_take_any(struct inheritance *inheritance, struct inheritance_item *out)
{
	if (inheritance->count == 0)
		return false;
	*out = inheritance->items[--inheritance->count];
	return true;
}

void inheritance_deinit(struct inheritance *inheritance)
{
	struct inheritance_item item;

	while (inheritance_take_any(inheritance, &item))
		close(item.fd);
}

void inheritance_name(uint16_t queue, char name[INHERITANCE_NAME])
{
	snprintf(name, INHERITANCE_NAME, "%s%u", prefix, queue);
}

/* Written again it must be the same: so there is one name for each number. */
bool inheritance_parse_name(uint16_t *queue, const char *name)
{
	char again[INHERITANCE_NAME];
	unsigned int number;

	if (strlen(name) >= sizeof(again) || sscanf(name, "queue-%5u", &number) != 1 ||
		number > UINT16_MAX)
		return false;
	inheritance_name((uint16_t)number, again);
	if (strcmp(name, again) != 0)
		return false;
	*queue = (uint16_t)number;
	return true;
}

void inheritance_print_origin(const struct inheritance *inheritance, char words[INHERITANCE_WORDS])
{
	switch (inheritance->origin) {
	case INHERITANCE_NONE:
		snprintf(words, INHERITANCE_WORDS, "nobody");
		break;
	case INHERITANCE_SERVICE_MANAGER:
		snprintf(words, INHERITANCE_WORDS, "the service manager");
		break;
	case INHERITANCE_PREDECESSOR:
		snprintf(words, INHERITANCE_WORDS, "pid %d", (int)inheritance->from);
		break;
	}
}
