/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "conntrack/flow_room.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { LINE = 512 };

static uint64_t read_number(const char *path)
{
	FILE *file = fopen(path, "re");
	uint64_t value = 0;

	if (file == NULL)
		return 0;
	if (fscanf(file, "%" SCNu64, &value) != 1)
		value = 0;
	fclose(file);
	return value;
}

/* Which word of the heading `name` is, from 0; or -1. */
static int find_column(const char *heading, const char *name)
{
	const size_t length = strlen(name);
	int column = 0;

	while (*heading != '\0' && *heading != '\n') {
		const size_t word = strcspn(heading, " \n");

		if (word == length && strncmp(heading, name, length) == 0)
			return column;
		heading += word;
		heading += strspn(heading, " ");
		column++;
	}
	return -1;
}

/* Hexadecimal, as the kernel writes them. */
static uint64_t read_column(const char *row, int column)
{
	uint64_t value = 0;

	for (int i = 0; i < column; i++) {
		row += strcspn(row, " \n");
		row += strspn(row, " ");
	}
	return sscanf(row, "%" SCNx64, &value) == 1 ? value : 0;
}

/* A column's sum over all rows; those that this kernel has not are 0. */
struct column {
	const char *name;
	int place;
	uint64_t sum;
};

int flow_room_read_losses(FILE *file, struct flow_room *out)
{
	enum { DROP, EARLY_DROP, INSERT_FAILED, CHAIN, COLUMNS };
	struct column columns[COLUMNS] = {[DROP] = {.name = "drop"},
		[EARLY_DROP] = {.name = "early_drop"},
		[INSERT_FAILED] = {.name = "insert_failed"},
		[CHAIN] = {.name = "chainlength"}};
	char line[LINE];

	out->dropped = out->evicted = out->clashed = 0;
	if (fgets(line, sizeof(line), file) == NULL)
		return -EPROTO;
	for (size_t i = 0; i < COLUMNS; i++)
		columns[i].place = find_column(line, columns[i].name);
	if (columns[DROP].place < 0 && columns[EARLY_DROP].place < 0)
		return -EPROTO;
	while (fgets(line, sizeof(line), file) != NULL)
		for (size_t i = 0; i < COLUMNS; i++)
			columns[i].sum += columns[i].place >= 0
				? read_column(line, columns[i].place)
				: 0;
	out->evicted = columns[EARLY_DROP].sum;
	if (columns[INSERT_FAILED].sum > columns[CHAIN].sum)
		out->clashed = columns[INSERT_FAILED].sum - columns[CHAIN].sum;
	out->dropped = columns[DROP].sum > out->clashed ? columns[DROP].sum - out->clashed : 0;
	return 0;
}

int flow_room_read(struct flow_room *out)
{
	int err;
	FILE *file = fopen("/proc/thread-self/net/stat/nf_conntrack", "re");

	*out = (struct flow_room){
		.flows = read_number("/proc/sys/net/netfilter/nf_conntrack_count"),
		.most = read_number("/proc/sys/net/netfilter/nf_conntrack_max"),
	};
	if (file == NULL)
		return -errno;
	err = flow_room_read_losses(file, out);
	fclose(file);
	return err;
}
